"""A newer catalogue while the box listens: no block is lost, a play goes on or ends rightly, and the log says when it was."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from device.catalogue.catalogue import Catalogue
from device.host.in_use import Held, remove_unused
from device.match.chance import Chance
from device.match.match import Match, RunnerUp
from device.recogniser import Recogniser
from device.record.reports import CoverageReport, IncidentReport, PlayReport, UnidentifiedReport
from device.renewal import Renewal
from device.sound.block import Arrival
from tests.device.catalogue.made_up import MODEL, reference, write_catalogue
from tests.device.catalogue.made_up import PARAMETERS as FEATURES
from tests.device.listening.conftest import Box, LevelModel, MusicGate, Stream
from tests.simulated.venue import wait_until


class Model(LevelModel):
    """A model with a name."""

    digest = MODEL


@dataclass
class Matcher:
    """Hears one recording of its catalogue, with another close behind."""

    catalogue: Catalogue
    recording: str = "abai"
    rival: str = "bayan"
    taken_over: "Matcher | None" = None

    def hear(self, position: float, _embedding: np.ndarray) -> list[Match]:
        number, rival = self.catalogue.number(self.recording), self.catalogue.number(self.rival)
        if number is None or number in self.catalogue.withdrawn_numbers:
            return []
        other = None if rival is None else RunnerUp(rival, 3.0)
        return [Match(number, position, position + 2.0, position, 1.0, 20.0, 4, 4, 2, other)]

    def take_over(self, former: "Matcher") -> None:
        self.taken_over = former


def opened(folder: Path, former: Recogniser | None = None, gate: object = None) -> Recogniser:
    catalogue = Catalogue.open(folder, MODEL, FEATURES)
    held = Held(folder / "parts" / part.name for part in catalogue.manifest.parts)
    chance = Chance(onset=2.0, slope=0.3, rate=1.0)
    return Recogniser(
        model=Model(),  # type: ignore[arg-type]
        catalogue=catalogue,
        matcher=Matcher(catalogue),  # type: ignore[arg-type]
        background=None,  # type: ignore[arg-type]  # the made-up matcher asks neither
        calibration=None,  # type: ignore[arg-type]
        chance=chance,
        gate=gate,  # type: ignore[arg-type]
        held=held,
    )


def replace_by(folder: Path, *names: str, withdrawn: tuple[str, ...] = ()) -> None:
    """Put another catalogue in place as `estu sync` does: parts beside, the manifest last."""
    write_catalogue(folder, [[reference(name, 5, sum(name.encode()))] for name in names], withdrawn)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    replace_by(tmp_path / "catalogue", "abai", "bayan")
    return tmp_path / "catalogue"


@pytest.fixture
def box(tmp_path: Path, folder: Path) -> Iterator[Box]:
    used = opened(folder)
    box = Box(tmp_path, used.catalogue)
    box.matcher = used.matcher  # type: ignore[assignment]
    with Renewal(folder, used, lambda former: opened(folder, former), every=3600.0) as box.renewal:
        yield box


def evening(box: Box, change: "tuple[str, ...]", withdrawn: tuple[str, ...] = ()) -> Iterator[Arrival]:
    """Half a minute of music, then another catalogue, then half a minute more."""
    stream = Stream(box)
    yield from stream.sound(30)
    assert box.renewal is not None
    replace_by(box.folder / "catalogue", *change, withdrawn=withdrawn)
    box.renewal.look()
    yield from stream.sound(30)


def test_a_play_under_way_goes_on_in_the_newer_catalogue_under_its_new_number(box: Box, folder: Path) -> None:
    before = box.catalogue.digest
    box.hear(lambda box: evening(box, ("dombyra", "bayan", "abai")))
    (play,) = box.reports(PlayReport)
    (told,) = box.reports(IncidentReport)
    (coverage,) = box.reports(CoverageReport)
    after = opened(folder).catalogue.digest
    assert play.recording.id == "abai"
    assert play.runner_up.recording == "bayan"
    assert (play.end - play.start).total_seconds() >= 58.0
    assert play.catalogue == after
    assert (told.code, told.detail) == ("catalogue-changed", {"before": before, "after": after})
    assert coverage.seconds.listened == 60.0


def test_a_play_whose_recording_is_withdrawn_ends_at_the_change(box: Box) -> None:
    before = box.catalogue.digest
    box.hear(lambda box: evening(box, ("abai", "bayan"), withdrawn=("abai",)))
    (play,) = box.reports(PlayReport)
    assert play.recording.id == "abai"
    assert play.catalogue == before
    assert (play.end - play.start).total_seconds() == pytest.approx(30.0, abs=2.0)
    kinds = [type(event.report) for event in box.events]
    assert kinds == [PlayReport, IncidentReport, CoverageReport]


def test_a_runner_up_that_is_gone_is_left_out(box: Box) -> None:
    box.hear(lambda box: evening(box, ("abai",)))
    (play,) = box.reports(PlayReport)
    assert play.runner_up is None or play.runner_up.recording == "bayan"


def test_unknown_music_is_told_apart_by_the_catalogue_that_does_not_know_it(
    tmp_path: Path, folder: Path
) -> None:
    replace_by(folder, "bayan")
    gate = MusicGate()
    used = opened(folder, gate=gate)
    box = Box(tmp_path, used.catalogue, gate=gate)
    box.matcher = used.matcher  # type: ignore[assignment]
    with Renewal(folder, used, lambda former: opened(folder, former, gate), every=3600.0) as box.renewal:
        box.hear(lambda box: evening(box, ("bayan", "esil")))
    before, after = box.reports(UnidentifiedReport)
    (told,) = box.reports(IncidentReport)
    assert (before.catalogue, after.catalogue) == (told.detail["before"], told.detail["after"])
    assert before.end <= after.end
    assert before.seconds_heard + after.seconds_heard == pytest.approx(60.0, abs=3.0)


def test_what_was_heard_last_is_looked_up_in_the_newer_catalogue(box: Box) -> None:
    assert box.renewal is not None
    former = box.renewal.used.matcher
    box.hear(lambda box: evening(box, ("abai", "esil")))
    newer = box.renewal.used.matcher
    assert newer is not former
    assert newer.taken_over is former  # type: ignore[attr-defined]


def test_a_catalogue_that_cannot_be_opened_is_said_once_and_the_box_hears_on(
    box: Box, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(box: Box) -> Iterator[Arrival]:
        stream = Stream(box)
        yield from stream.sound(10)
        assert box.renewal is not None
        (folder / "catalogue.json").write_text("{}")
        for _ in range(3):
            box.renewal.look()
            yield from stream.sound(5)

    box.hear(broken)
    (play,) = box.reports(PlayReport)
    assert (play.end - play.start).total_seconds() >= 23.0
    assert box.reports(IncidentReport) == []
    assert caplog.text.count("hears on with the one it has") == 1


def test_the_former_catalogue_is_held_until_the_loop_has_gone_over(box: Box, folder: Path) -> None:
    assert box.renewal is not None
    (old, *_) = [part.folder for part in box.catalogue.parts]
    replace_by(folder, "esil")
    box.renewal.look()
    newer = box.renewal.newer()
    assert newer is not None
    assert not remove_unused(old)
    box.renewal.gone_over(newer)
    assert box.renewal.newer() is None
    assert remove_unused(old)
    assert not remove_unused(newer.catalogue.parts[0].folder)


def test_a_catalogue_is_not_handed_over_twice(box: Box, folder: Path) -> None:
    assert box.renewal is not None
    box.renewal.look()
    assert box.renewal.newer() is None
    (folder / "catalogue.json").touch()
    box.renewal.look()
    assert box.renewal.newer() is None


def test_a_second_replacement_before_the_first_was_taken_comes_after_it(box: Box, folder: Path) -> None:
    assert box.renewal is not None
    for names in (("abai", "c"), ("abai", "d")):
        replace_by(folder, *names)
        box.renewal.look()
    first = box.renewal.newer()
    assert first is not None
    assert first.catalogue.number("c") is not None
    box.renewal.gone_over(first)
    box.renewal.look()
    second = box.renewal.newer()
    assert second is not None
    assert second.catalogue.number("d") is not None


def test_a_folder_that_is_just_being_removed_cannot_be_held(folder: Path) -> None:
    parts = list((folder / "parts").iterdir())
    shutil.rmtree(parts[0])
    with pytest.raises(FileNotFoundError):
        Held(parts)
    assert remove_unused(parts[1])


def test_a_thread_brings_the_newer_one_by_itself(folder: Path) -> None:
    with Renewal(folder, opened(folder), lambda former: opened(folder, former), every=0.02) as renewal:
        replace_by(folder, "esil")
        wait_until(lambda: renewal.newer() is not None, "the newer catalogue is handed over")
