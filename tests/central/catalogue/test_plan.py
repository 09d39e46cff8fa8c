"""What stays and what is written again, played through many evenings of changes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.catalogue import folder, part_writing, plan, stock
from central.catalogue.fingerprinting import Fingerprint
from central.catalogue.metadata import Metadata
from central.catalogue.naming import Wanted
from central.catalogue.part_writing import Reference
from central.catalogue.plan import Plan
from central.catalogue.stock import StockReference
from device.catalogue.catalogue import Catalogue
from device.catalogue.manifest import FORMAT, Manifest
from device.catalogue.thresholds import Thresholds

DIGEST = "0" * 64


def wanted(name: str, version: int, title: str = "") -> Wanted:
    metadata = Metadata(name, None, title or None, None, None, (), False)
    return Wanted(metadata, Path(name), f"{ord(name):032x}{version:032x}")


def reference(one: Wanted) -> Reference:
    """Make up a sound that only depends on the content."""
    random = np.random.default_rng(int(one.content, 16) % 2**32)
    vectors = random.integers(-127, 128, (random.integers(1, 5), 4), dtype=np.int8)
    return Reference(one.metadata.recording(9.0), one.content, Fingerprint(vectors, 9.0, 7.0))


def carry_out(planned: Plan, out: Path) -> None:
    parts = list(planned.kept)
    if planned.added:
        added = (
            one.reference() if isinstance(one, StockReference) else reference(one) for one in planned.added
        )
        parts.append(part_writing.write(out / "parts", added))
    thresholds = Thresholds(1.0, 0.0, DIGEST, "made up")
    written = Manifest(FORMAT, "2026-01-01T00:00:00Z", DIGEST, DIGEST, 4, 0.5, thresholds, tuple(parts), None)
    folder.write_manifest(out, written)
    folder.tidy(out, written)


def build(out: Path, now: list[Wanted], failed: frozenset[str] = frozenset()) -> Plan:
    """Bring a catalogue up to date, the way the builder does."""
    if not (out / "catalogue.json").exists():
        planned = plan.make(now, failed, [])
    else:
        with Catalogue.open(out, DIGEST, DIGEST) as catalogue:
            planned = plan.make(now, failed, stock.take(catalogue))
            carry_out(planned, out)
            return planned
    carry_out(planned, out)
    return planned


def valid(out: Path) -> Mapping[str, tuple[str | None, bytes]]:
    """Tell what a box finds: title and vectors by id; an id that is found twice is an error."""
    found: dict[str, tuple[str | None, bytes]] = {}
    with Catalogue.open(out, DIGEST, DIGEST) as catalogue:
        catalogue.verify()
        for number in set(range(len(catalogue))) - catalogue.withdrawn_numbers:
            recording = catalogue.recording(number)
            assert recording.id not in found
            span = catalogue.span(number)
            vectors = catalogue.vectors(np.arange(span.start, span.stop)).tobytes()
            found[recording.id] = (recording.title, vectors)
    return found


def told(one: Wanted) -> tuple[str | None, bytes]:
    return (one.metadata.title, reference(one).fingerprint.vectors.tobytes())


FILES = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 2), st.sampled_from(["", "x"])))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(evenings=st.lists(FILES.filter(bool), min_size=1, max_size=5))
def test_after_any_changes_a_catalogue_says_what_one_built_anew_would_say(
    tmp_path_factory: pytest.TempPathFactory, evenings: list[dict[str, tuple[int, str]]]
) -> None:
    out = tmp_path_factory.mktemp("catalogue")
    for files in evenings:
        now = [wanted(name, *file) for name, file in sorted(files.items())]
        build(out, now)
        assert valid(out) == {one.metadata.id: told(one) for one in now}


def test_only_what_is_new_or_changed_is_written(tmp_path: Path) -> None:
    many = [wanted(chr(number), 0) for number in range(65, 91)]
    first = build(tmp_path, many)
    assert (first.kept, len(first.added), first.unchanged, first.gone) == ((), 26, 0, 0)
    second = build(tmp_path, [*many[:-3], wanted("Y", 1), wanted("Z", 0, "titled"), wanted("ä", 0)])
    assert [one.metadata.id for one in second.added if isinstance(one, Wanted)] == ["Y", "Z", "ä"]
    assert [entry.replaced for entry in second.kept] == [(23, 24, 25)]
    assert (second.unchanged, second.gone) == (23, 1)
    third = build(tmp_path, [*many[:-3], wanted("Y", 1), wanted("Z", 0, "titled"), wanted("ä", 0)])
    assert (third.added, third.kept, third.unchanged, third.gone) == ((), parts_of(tmp_path), 26, 0)


def parts_of(out: Path) -> tuple[object, ...]:
    with Catalogue.open(out, DIGEST, DIGEST) as catalogue:
        return catalogue.manifest.parts


def test_a_catalogue_that_is_mostly_replaced_becomes_one_part_again(tmp_path: Path) -> None:
    many = [wanted(chr(number), 0) for number in range(65, 91)]
    build(tmp_path, many)
    changed = [wanted(one.metadata.id, 1) for one in many[:13]] + many[13:]
    planned = build(tmp_path, changed)
    assert planned.kept == ()
    assert len(planned.added) == 26
    assert sum(isinstance(one, Wanted) for one in planned.added) == 13


def test_many_small_additions_become_one_part_again(tmp_path: Path) -> None:
    letters = [chr(number) for number in range(200, 200 + plan.PARTS_AT_MOST + 1)]
    now: list[Wanted] = []
    for letter in letters:
        now.append(wanted(letter, 0))
        build(tmp_path, now)
    assert len(parts_of(tmp_path)) == 1
    assert valid(tmp_path).keys() == set(letters)


def test_a_recording_whose_file_cannot_be_read_now_stays_as_it_was(tmp_path: Path) -> None:
    build(tmp_path, [wanted("a", 0), wanted("b", 0)])
    planned = build(tmp_path, [wanted("a", 0)], failed=frozenset({"b"}))
    assert (planned.unchanged, planned.gone) == (2, 0)
    assert valid(tmp_path) == {"a": told(wanted("a", 0)), "b": told(wanted("b", 0))}
