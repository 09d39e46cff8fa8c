"""A whole small evaluation: clips made, asked, kept, told; and unknown sound heard without a break."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from central.evaluation import answers, material, plots, report, unknown
from central.evaluation.conditions import PROTOCOL, RATE
from central.evaluation.evaluate_command import raise_thresholds
from central.evaluation.evaluating import Measured, Order, evaluate
from device.match import calibration, chance
from device.recogniser import recogniser
from tests.central.catalogue.conftest import Onlooker
from tests.central.catalogue.music import melody, write


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    folder = tmp_path_factory.mktemp("evaluation")
    for seed in range(3):
        write(folder / "known" / f"{seed}.flac", seed, 24.0)
    write(folder / "unknown" / "9.flac", 9, 24.0)
    rng = np.random.default_rng(5)
    for number in range(3):
        write(folder / "speech" / f"{number}.wav", int(rng.integers(1000)), 3.0)
    names = ("dry, no noise", "hall, audience 0 dB")
    return Order(
        material=material.from_folders([folder / "known"], [folder / "unknown"], [folder / "speech"]),
        out=folder / "out",
        conditions=tuple(one for one in PROTOCOL if one.name in names),
        clips=2,
        lengths=(3.0, 5.0),
        hours=0.0,
        jobs=1,
        seed=1,
        float_model=None,
        chromaprint=True,
    )


@pytest.fixture(scope="module")
def measured(order: Order) -> Measured:
    order.out.mkdir()
    return evaluate(order, Onlooker())


def asked(measured: Measured) -> list[answers.Asked]:
    return [one for one in measured.answers if isinstance(one, answers.Asked)]


def test_every_clip_is_asked_of_everybody_at_every_length(measured: Measured) -> None:
    found = asked(measured)
    assert sorted(one.key for one in found) == [
        *(f"known/{name}/{number}" for name in ("dry, no noise", "hall, audience 0 dB") for number in (0, 1)),
        *(f"unknown/{name}/0" for name in ("dry, no noise", "hall, audience 0 dB")),
    ]
    assert {(a.who, a.seconds) for one in found for a in one.answers} == {
        (who, seconds) for who in ("int8", "chromaprint") for seconds in (3.0, 5.0)
    }


def test_clean_clips_are_answered_right_and_at_their_place(measured: Measured) -> None:
    dry = [one for one in asked(measured) if one.known and one.condition == "dry, no noise"]
    box = [a for one in dry for a in one.answers if a.who == "int8" and a.seconds == 5.0]
    assert all(a.right and a.off is not None and abs(a.off) < 0.5 for a in box)
    unknown_scores = [
        a.score for one in asked(measured) if not one.known for a in one.answers if a.who == "int8"
    ]
    assert min(a.score for a in box) > max(unknown_scores)


def test_a_second_run_asks_only_what_is_new_and_says_the_same(order: Order, measured: Measured) -> None:
    def kept() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in order.out.glob("answers-*.jsonl")}

    before = kept()
    again = evaluate(order, Onlooker())
    assert len(before) == 2  # the box's and the peer's
    assert kept() == before
    assert again.answers == measured.answers


def test_other_answers_of_the_box_need_neither_the_sound_nor_the_peer(
    order: Order, measured: Measured
) -> None:
    for file in order.out.glob("answers-*.jsonl"):
        if b"chromaprint" not in file.read_bytes():
            file.unlink()  # as if the score had changed
    embeddings = {file: file.stat().st_mtime_ns for file in (order.out / "embeddings").rglob("*.npz")}
    again = evaluate(order, Onlooker())
    assert again.answers == measured.answers
    assert {file: file.stat().st_mtime_ns for file in (order.out / "embeddings").rglob("*.npz")} == embeddings


def test_the_report_says_the_figures_and_draws_them(order: Order, measured: Measured) -> None:
    cells = report.write(order, measured)
    plots.draw(order.out, cells, measured.answers, measured.thresholds.accept)
    told = json.loads((order.out / "report.json").read_text())
    assert told["clips"] == {"known": 4, "unknown": 2}
    assert len(told["cells"]) == 2 * 2 * 2
    assert {cell["recall"]["of"] for cell in told["cells"]} == {2}
    page = (order.out / "report.md").read_text()
    assert "## Clips of 5 s" in page
    assert "| audience 0 dB | - | - | - |" in page
    for picture in report.PICTURES:
        assert (order.out / picture).read_bytes().startswith(b"\x89PNG")


def test_unknown_sound_is_heard_without_a_break_and_known_music_in_it_is_told(
    order: Order, measured: Measured
) -> None:
    pieces = [
        unknown.Piece("noise", "hiss", np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)),
        unknown.Piece("music", "music 0, dry", melody(0, 24.0, RATE)),  # which the catalogue holds
    ]
    with recogniser(order.out / "catalogue") as parts:
        lenient = replace(
            parts.catalogue.manifest,
            thresholds=replace(parts.catalogue.thresholds, accept=1.0, candidate=1.0),
        )
        believing = replace(parts, catalogue=replace(parts.catalogue, manifest=lenient))
        heard = unknown.hear("stretch/0", unknown.embed(pieces, parts.model), believing)
        nothing = unknown.hear("stretch/1", unknown.embed(pieces[:1], parts.model), believing)
    assert heard.seconds == {"music": 24.0, "speech": 0.0, "noise": 5.0}
    assert {(play.recording, play.during) for play in heard.plays} == {("00000 0", "music 0, dry")}
    assert heard.highest == pytest.approx(heard.plays[0].score, abs=0.01)
    assert nothing.plays == ()


def test_a_stretch_is_the_same_for_the_same_number_and_full() -> None:
    evening = unknown.Evening(
        music=[melody(seed, 60.0, RATE) for seed in range(2)],
        speech=[melody(5, 3.0, RATE)],
        noise=[],
        applause=lambda length, rng: rng.normal(0, 0.1, length).astype(np.float32),
    )
    one, again, other = (unknown.stretch(evening, number, 1, seconds=200.0) for number in (4, 4, 5))
    assert sum(len(piece.sound) for piece in one) == 200 * RATE
    assert (
        [piece.during for piece in one]
        == [piece.during for piece in again]
        != [piece.during for piece in other]
    )
    np.testing.assert_array_equal(one[0].sound, again[0].sound)


def heard_all_evening(measured: Measured, highest: float) -> Measured:
    """A measurement that heard an hour of unknown sound beside its clips, one stretch of which scored high."""
    spans = np.append(np.random.default_rng(2).exponential(0.3, 239), highest)
    stretch = answers.Heard("stretch/0", {"music": 2700.0, "speech": 900.0}, (), tuple(spans.tolist()))
    return replace(measured, answers=(*measured.answers, stretch))


def test_unknown_sound_that_scored_higher_than_before_raises_the_thresholds_and_nothing_else(
    measured: Measured, tmp_path: Path
) -> None:
    shutil.copy(calibration.SHIPPED, path := tmp_path / "calibration.json")
    before = calibration.load()
    assert raise_thresholds(heard_all_evening(measured, 40.0), path)
    after = calibration.load(path)
    assert after.accept == 40.05  # above the highest that was seen
    assert before.candidate <= after.candidate <= after.accept
    assert replace(after, accept=before.accept, candidate=before.candidate) == before
    assert chance.load(path).rate == 24.0  # the highest tenth of the 240 spans of an hour


def test_unknown_sound_that_scored_lower_leaves_the_thresholds_alone(
    measured: Measured, tmp_path: Path
) -> None:
    shutil.copy(calibration.SHIPPED, path := tmp_path / "calibration.json")
    before = path.read_bytes()
    assert not raise_thresholds(heard_all_evening(measured, 0.1), path)
    assert not raise_thresholds(measured, path)  # it heard no unknown sound at all
    assert path.read_bytes() == before
