"""A box is told where its catalogues come from, and whom to trust in that."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from device import settings
from device.errors import Refused
from provisioning import updates

Enrol = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What `estu-central repository init` gives for cards, as far as this side looks at it."""
    path = tmp_path / "1.root.json"
    path.write_text('{"signed": {"_type": "root", "version": 1}, "signatures": []}')
    return path


def test_a_box_is_told_where_catalogues_come_from_and_whom_to_trust(enrol: Enrol, root: Path) -> None:
    folder = enrol("estu-0001", "--updates", "https://updates.example/estu", "--root", str(root))
    chosen = settings.load(folder / "settings.toml")
    assert chosen.updates.url == "https://updates.example/estu"
    assert chosen.updates.root == Path("/etc/estu/root.json")
    assert (folder / "root.json").read_bytes() == root.read_bytes()
    for name in ("ca", "certificate", "key"):
        assert getattr(chosen.updates, name) == getattr(chosen.broker, name)


def test_a_public_server_is_shown_no_certificate(enrol: Enrol, root: Path) -> None:
    where = ("--updates", "https://bucket.example/estu", "--root", str(root), "--updates-public")
    chosen = settings.load(enrol("estu-0001", *where) / "settings.toml")
    assert (chosen.updates.ca, chosen.updates.certificate, chosen.updates.key) == (None, None, None)


def test_a_box_that_is_told_nothing_looks_nowhere(enrol: Enrol) -> None:
    folder = enrol()
    assert settings.load(folder / "settings.toml").updates.url == ""
    assert not (folder / "root.json").exists()


@pytest.mark.parametrize(
    ("url", "content", "code"),
    [
        ("https://updates.example", None, "updates-half"),
        (None, "{}", "updates-half"),
        ("http://updates.example", "{}", "updates-url-faulty"),
        ("https://[", "{}", "updates-url-faulty"),
        ("https://updates.example", "{}", "root-faulty"),
        ("https://updates.example", "[" * 100_000, "root-faulty"),
        ("https://updates.example", '{"signed": {"_type": "targets"}}', "root-faulty"),
    ],
)
def test_what_is_told_wrongly_is_refused(tmp_path: Path, url: str, content: str | None, code: str) -> None:
    path = None
    if content is not None:
        path = tmp_path / "root.json"
        path.write_text(content)
    with pytest.raises(Refused) as refusal:
        updates.read(Namespace(updates=url, root=path, updates_public=False))
    assert refusal.value.code == code


def test_a_root_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nowhere"):
        updates.read(Namespace(updates="https://x", root=tmp_path / "nowhere", updates_public=False))
