"""Fingerprints kept between builds: by what they depend on, and only whole ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.store import Store
from device.errors import Broken

CONTENT = "ab" * 32
FINGERPRINT = Fingerprint(np.arange(-96, 96, dtype=np.int8).reshape(2, 96), 2.7, 0.7)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    kept = Store(tmp_path, "m" * 64, "p" * 64, 0.5)
    kept.write(CONTENT, FINGERPRINT)
    return kept


def test_a_fingerprint_comes_back_as_it_was(store: Store) -> None:
    assert CONTENT in store
    found = store.read(CONTENT)
    np.testing.assert_array_equal(found.vectors, FINGERPRINT.vectors)
    assert (found.seconds, found.last_seconds) == (2.7, 0.7)
    assert [path.suffix for path in store.folder.iterdir()] == [".npz"]


def test_a_fingerprint_is_only_good_for_what_it_was_made_with(store: Store) -> None:
    for other in ({"model": "n" * 64}, {"parameters": "q" * 64}, {"hop": 1.0}):
        assert CONTENT not in replace(store, **other)
    assert "cd" * 32 not in store


def test_a_fingerprint_that_was_cut_off_by_a_power_cut_is_not_there(store: Store) -> None:
    path = store.path(CONTENT)
    whole = path.read_bytes()
    for come in range(len(whole)):
        for broken in (whole[:come], whole[:come].ljust(len(whole), b"\0")):
            path.write_bytes(broken)
            assert broken == whole or CONTENT not in store, f"cut off behind {come} bytes"


def test_a_fingerprint_that_the_disk_changed_is_removed_and_said(store: Store) -> None:
    path = store.path(CONTENT)
    content = bytearray(path.read_bytes())
    content[content.index(bytes(FINGERPRINT.vectors[0][:8].tobytes()))] ^= 1
    path.write_bytes(content)
    with pytest.raises(Broken, match="Build again"):
        store.read(CONTENT)
    assert CONTENT not in store
