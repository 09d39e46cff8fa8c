"""A deaf and a covered microphone are told from a quiet hall: halls by the NC curves, covers by what they take."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest

from demo.applause import applause
from demo.speech import say
from device.errors import Refused
from device.sound import baseline
from device.sound.baseline import Baseline
from device.sound.deafness import COVERED_FOR, FLOOR_FOR, Deafness
from device.sound.second import Second, measure
from tests.simulated.hall_noise import RATE, Sound, at_level, captured, covered, hall, own_noise

NOW = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
MICROPHONE = {"vendor": "0d8c", "product": "0014", "port": "1-1.2"}
QUIETEST_HALL, OFFICE_LIKE = 15, 40
GOOD, CHEAP = 32.0, 42.0  # dB of own noise
AMPLIFIER = 24.0  # dB of what is left when the capsule is dead


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def measured(*sounds: Sound) -> list[Second]:
    samples = captured(*sounds)
    return [measure(samples[at : at + RATE], RATE) for at in range(0, len(samples) - RATE + 1, RATE)]


def quiet(nc: int, own: float, seconds: int = 20, seed: int = 1) -> list[Second]:
    return measured(hall(nc, seconds, rng(seed)), own_noise(own, seconds, rng(seed + 100)))


@cache
def voices(seconds: int) -> Sound:
    """Speech with its pauses."""
    said = say("ru", seconds, RATE).astype(np.float64)
    return at_level(said, 66.0)


@cache
def claps(seconds: int) -> Sound:
    return at_level(applause(seconds, RATE, 40, rng()).astype(np.float64)[: seconds * RATE], 72.0)


@cache
def organ(seconds: int) -> Sound:
    """Soft low pipes, a chord every two seconds: the darkest music there is."""
    at = np.arange(seconds * RATE) / RATE
    sound = np.zeros_like(at)
    for number in range(seconds // 2):
        inside = slice(number * 2 * RATE, (number + 1) * 2 * RATE)
        swell = 0.02 + np.sin(np.pi * (at[inside] - number * 2) / 2) ** 2
        for pipe in (65.4, 130.8, 196.0, 261.6):
            pitch = pipe * 2 ** ((number * 5 % 12) / 12)
            sound[inside] += swell * sum(
                np.sin(2 * np.pi * k * pitch * at[inside]) / k**2 for k in range(1, 5)
            )
    return at_level(sound, 72.0)


@cache
def commissioned(nc: int, own: float) -> Baseline:
    """Half a minute of quiet, then somebody speaks and claps."""
    said = measured(hall(nc, 12, rng(3)), own_noise(own, 12, rng(4)), voices(12))
    clapped = measured(hall(nc, 6, rng(5)), own_noise(own, 6, rng(6)), claps(6))
    return baseline.of([*quiet(nc, own), *said, *clapped], MICROPHONE, NOW)


def long(seconds: list[Second], count: int) -> Iterator[Second]:
    """Go on with seconds like these, in another order each time."""
    order = rng(7)
    shuffled = (seconds[at] for _ in cycle([0]) for at in order.permutation(len(seconds)))
    return islice(shuffled, count)


def judged(judge: Deafness, seconds: Iterator[Second]) -> tuple[int, int]:
    """Count the seconds after which the microphone was called deaf, and covered."""
    deaf = hidden = 0
    for second in seconds:
        judge.hear(second)
        deaf, hidden = deaf + judge.deaf, hidden + judge.covered
    return deaf, hidden


@pytest.mark.parametrize("own", [GOOD, CHEAP])
@pytest.mark.parametrize("commissioned_at", [QUIETEST_HALL, OFFICE_LIKE])
def test_a_quiet_hall_is_neither_deaf_nor_covered_though_it_was_loud_when_commissioned(
    own: float, commissioned_at: int
) -> None:
    judge = Deafness(commissioned(commissioned_at, own))
    for nc in (QUIETEST_HALL, 25, QUIETEST_HALL):
        assert judged(judge, long(quiet(nc, own, seconds=10), 2_000)) == (0, 0)


@pytest.mark.parametrize("own", [GOOD, CHEAP])
def test_a_machine_that_hums_all_night_covers_nothing(own: float) -> None:
    judge = Deafness(commissioned(QUIETEST_HALL, own))
    hum = [
        second
        for level in (50.0, 70.0)
        for second in measured(
            hall(QUIETEST_HALL, 5, rng()), own_noise(own, 5, rng(2)), at_level(hall(40, 5, rng(3)), level)
        )
    ]
    for at in range(0, len(hum), 5):
        assert judged(judge, long(hum[at : at + 5], 2_500)) == (0, 0)


def test_a_dead_capsule_is_deafness_after_a_minute_and_over_with_the_first_word() -> None:
    judge = Deafness(commissioned(25, GOOD))
    assert judged(judge, long(quiet(QUIETEST_HALL, GOOD, 10), 100)) == (0, 0)
    dead = measured(own_noise(AMPLIFIER, 10, rng(9)))
    assert judged(judge, long(dead, 2 * FLOOR_FOR)) == (FLOOR_FOR + 1, 0)
    spoken = measured(hall(25, 3, rng()), own_noise(GOOD, 3, rng()), voices(3))
    judged(judge, iter(spoken))
    assert not judge.deaf


def test_digital_silence_is_deafness_with_or_without_a_baseline() -> None:
    nothing = measured(np.zeros(RATE * 4))
    assert judged(Deafness(), iter(nothing)) == (3, 0)
    assert judged(Deafness(commissioned(25, GOOD)), iter(nothing)) == (3, 0)


@cache
def evening(cover: str | None, own: float) -> list[Second]:
    """A minute of everything: dark music, words, applause, and quiet between."""
    made: list[Second] = []
    for seed, sound in enumerate((organ(20), voices(20), claps(4), np.zeros(6 * RATE))):
        heard, length = hall(25, len(sound) / RATE, rng(seed)) + sound, len(sound) / RATE
        made += measured(covered(heard, cover) if cover else heard, own_noise(own, length, rng(seed + 50)))
    return made


@pytest.mark.parametrize("own", [GOOD, CHEAP])
def test_an_evening_through_a_free_microphone_is_never_called_covered(own: float) -> None:
    assert judged(Deafness(commissioned(25, own)), long(evening(None, own), 2 * COVERED_FOR)) == (0, 0)


@pytest.mark.parametrize("cover", ["cloth", "box", "tape"])
def test_a_cover_is_told_within_an_hour_of_programme_and_taken_back_within_minutes(cover: str) -> None:
    judge = Deafness(commissioned(25, GOOD))
    judged(judge, long(evening(None, GOOD), 600))
    deaf, hidden = judged(judge, long(evening(cover, GOOD), 3_600 + 600))
    assert judge.covered
    assert deaf == 0
    assert hidden > 300
    judged(judge, long(evening(None, GOOD), 180))
    assert not judge.covered


def test_another_microphones_baseline_says_nothing() -> None:
    judge = Deafness(
        commissioned(25, GOOD), suits=lambda kept: kept.suits({"vendor": "b58e", "product": "9e84"})
    )
    assert judged(judge, long(measured(own_noise(AMPLIFIER, 10, rng(9))), 200)) == (0, 0)


def test_a_baseline_suits_its_microphone_in_any_socket() -> None:
    kept = commissioned(25, GOOD)
    assert kept.suits(MICROPHONE | {"port": "1-1.4"})
    assert not kept.suits(MICROPHONE | {"product": "0015"})
    assert not kept.suits({})


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = commissioned(25, GOOD)
    assert baseline.read(tmp_path / "baseline.json") is None
    baseline.write(tmp_path / "baseline.json", kept)
    assert baseline.read(tmp_path / "baseline.json") == kept


@pytest.mark.parametrize("content", ["", "[]", '{"floor": 3}', "\udcff"])
def test_a_damaged_baseline_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(Refused, match=r"baseline\.json"):
        baseline.read(path)


def test_a_baseline_without_voices_tells_no_cover_but_a_dead_capsule() -> None:
    kept = baseline.of(quiet(25, GOOD), MICROPHONE, NOW)
    assert kept.bright is None
    judge = Deafness(kept)
    assert not judge.tells_covered
    judged(judge, long(measured(own_noise(AMPLIFIER, 10, rng(9))), 100))
    assert judge.deaf


def test_a_baseline_of_nothing_or_of_too_little_is_refused() -> None:
    with pytest.raises(Refused, match="digital silence"):
        baseline.of(measured(np.zeros(RATE * 25)), MICROPHONE, NOW)
    with pytest.raises(Refused, match="only 3 s"):
        baseline.of(quiet(25, GOOD, 3), MICROPHONE, NOW)


def test_the_halls_are_as_loud_as_the_criteria_say() -> None:
    second = measured(hall(40, 2, rng()))[0]
    assert second.octaves == pytest.approx([level - 120.0 for level in (56, 50, 45, 41, 39, 38, 37)], abs=2.0)
