"""Opening a catalogue: what is refused, and what it costs."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.catalogue.folder import write_manifest as put_manifest
from central.catalogue.part_writing import Reference
from device.catalogue import manifest
from device.catalogue.catalogue import Catalogue
from device.catalogue.manifest import Manifest, PartEntry, decode_manifest
from device.errors import Refused
from tests.device.catalogue.made_up import DIMENSION, HOP, MODEL, PARAMETERS, reference, write_catalogue

PART_FILES = ("recordings.sqlite", "vectors.i8", "first_rows.i64", "last_seconds.f64", "part.json")


def open_it(folder: Path, model: str = MODEL, parameters: str = PARAMETERS) -> Catalogue:
    return Catalogue.open(folder, model, parameters)


def refusal(folder: Path, model: str = MODEL, parameters: str = PARAMETERS) -> Refused:
    with pytest.raises(Refused) as caught:
        open_it(folder, model, parameters).close()
    return caught.value


def first_part(folder: Path) -> Path:
    manifest_written = decode_manifest((folder / "catalogue.json").read_bytes())
    return folder / "parts" / manifest_written.parts[0].name


def change(folder: Path, edit: Callable[[dict[str, object]], object]) -> None:
    content = json.loads((folder / "catalogue.json").read_text())
    edit(content)
    (folder / "catalogue.json").write_text(json.dumps(content))


def test_vectors_of_another_model_are_refused(folder: Path) -> None:
    error = refusal(folder, model="ab" * 32)
    assert error.code == "catalogue-other-model"
    assert MODEL[:12] in error.message
    assert "abababababab" in error.message


def test_vectors_of_other_features_are_refused(folder: Path) -> None:
    assert refusal(folder, parameters="ab" * 32).code == "catalogue-other-parameters"


def test_another_format_is_refused_before_anything_else_is_read(folder: Path) -> None:
    (folder / "catalogue.json").write_text('{"format": 3, "parts": "quite different"}')
    error = refusal(folder)
    assert error.code == "catalogue-other-format"
    assert "format 3" in error.message


def test_no_catalogue_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").code == "catalogue-missing"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"format": 2}', b"null"])
def test_what_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "catalogue.json").write_bytes(content)
    assert refusal(folder).code == "catalogue-damaged"


def test_an_endless_manifest_is_not_read(folder: Path) -> None:
    with (folder / "catalogue.json").open("ab") as file:
        file.truncate(manifest.MANIFEST_BYTES + 1)
    assert "longer than" in refusal(folder).message


@pytest.mark.parametrize(
    "edit",
    [
        lambda told: told["parts"][0].update(name="../parts"),
        lambda told: told["parts"][0].update(name="/etc"),
        lambda told: told["parts"][0].update(replaced=[3]),
        lambda told: told["parts"][0].update(replaced=[-1]),
        lambda told: told["parts"][0].update(sha256="0" * 64),
        lambda told: told.update(parts=[]),
        lambda told: told.update(dimension=DIMENSION + 1),
        lambda told: told.update(dimension=0),
        lambda told: told.update(reference_hop=0.0),
        lambda told: told["thresholds"].update(candidate=13.0),
        lambda told: told["thresholds"].update(accept="high"),
        lambda told: told.update(withdrawn={"name": "../list", "size": 1, "sha256": "0" * 64}),
    ],
)
def test_a_manifest_with_an_impossible_value_is_refused(
    folder: Path, edit: Callable[[dict[str, object]], object]
) -> None:
    change(folder, edit)
    assert refusal(folder).code == "catalogue-damaged"


@pytest.mark.parametrize("name", PART_FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (first_part(folder) / name).unlink()
    error = refusal(folder)
    assert error.code == "catalogue-missing"
    assert name in error.message


@pytest.mark.parametrize("name", PART_FILES[:-1])
@pytest.mark.parametrize("change_by", [-1, 1])
def test_a_file_of_another_size_is_refused_by_name(folder: Path, name: str, change_by: int) -> None:
    path = first_part(folder) / name
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + change_by)
    error = refusal(folder)
    assert error.code == "catalogue-damaged"
    assert name in error.message


def test_a_part_in_the_place_of_another_is_refused(folder: Path) -> None:
    one, two = sorted((folder / "parts").iterdir())
    one.rename(folder / "aside")
    two.rename(one)
    (folder / "aside").rename(two)
    assert refusal(folder).code == "catalogue-damaged"


def test_a_missing_or_changed_list_of_withdrawn_recordings_is_refused(
    tmp_path: Path, base: list[Reference]
) -> None:
    write_catalogue(tmp_path, [base], withdrawn=["abai"])
    (listed,) = tmp_path.glob("withdrawn-*.json")
    listed.write_text(listed.read_text().replace("abai", "bbai"))
    assert refusal(tmp_path).code == "catalogue-damaged"
    listed.unlink()
    assert refusal(tmp_path).code == "catalogue-missing"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7), which=st.integers(0, 4))
def test_no_flipped_bit_escapes_verification(folder: Path, place: int, bit: int, which: int) -> None:
    path = first_part(folder) / PART_FILES[which]
    before = path.read_bytes()
    content = bytearray(before)
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        with pytest.raises(Refused), open_it(folder) as catalogue:
            catalogue.verify()
    finally:
        path.write_bytes(before)
    with open_it(folder) as catalogue:
        catalogue.verify()


def sparse_catalogue(out: Path, rows: int) -> None:
    """Make a catalogue of one recording whose vectors, but for the first two, are a hole in the disk."""
    written = write_catalogue(out, [[reference("hole", 2, 0)]])
    part = out / "parts" / written.parts[0].name
    with (part / "vectors.i8").open("r+b") as file:
        file.truncate(rows * DIMENSION)
    np.array([0, rows], dtype="<i8").tofile(part / "first_rows.i64")
    told = json.loads((part / "part.json").read_text())
    told["vectors"] = rows
    for file in told["files"]:
        file["size"] = (part / file["name"]).stat().st_size
    (part / "part.json").write_text(json.dumps(told))
    digest = hashlib.sha256((part / "part.json").read_bytes()).hexdigest()
    put_manifest(
        out,
        Manifest(
            2,
            written.created,
            MODEL,
            PARAMETERS,
            DIMENSION,
            HOP,
            written.thresholds,
            (PartEntry(part.name, digest),),
            None,
        ),
    )


OPEN_AND_TELL = """
import sys, time
from pathlib import Path
import numpy as np
from device.catalogue.catalogue import Catalogue

def resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024

Catalogue.open(Path(sys.argv[1]), sys.argv[3], sys.argv[4]).close()  # modules and buffers are there now
before, began = resident(), time.monotonic()
catalogue = Catalogue.open(Path(sys.argv[2]), sys.argv[3], sys.argv[4])
seconds = time.monotonic() - began
rows = np.linspace(2, catalogue.size - 1, 100, dtype=np.int64)
assert not catalogue.vectors(rows).any()
print(catalogue.size, seconds, resident() - before)
"""


def test_a_catalogue_of_gigabytes_opens_at_once_and_stays_on_disk(folder: Path, tmp_path: Path) -> None:
    rows = 4 * 2**30 // DIMENSION
    sparse_catalogue(tmp_path / "sparse", rows)
    command = [sys.executable, "-c", OPEN_AND_TELL, str(folder), str(tmp_path / "sparse"), MODEL, PARAMETERS]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(told[0]) == rows
    assert float(told[1]) < 1.0
    assert int(told[2]) < 32 * 2**20
