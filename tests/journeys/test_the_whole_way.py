"""A hall's sound in, the platform's receipt out: the way that everything else is there for.

Real music in a simulated hall, the shipped model, a real broker with TLS, the platform's receiver, real keys;
once through a sound card in real time, once from a file.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from device import hearing, settings
from device.record.event import Event
from device.record.log import EventLog
from device.record.reports import BootReport, CoverageReport, PlayReport
from tests.simulated.house import Heard, House, house, perform
from tests.simulated.sound_card import SoundCard

pytestmark = pytest.mark.timeout(900)  # on a busy machine the house alone takes minutes to build

BEGINS = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
RECEIPT_WITHIN = 120.0  # seconds


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), microphone="estu") as put_up:
        put_up.stage.open_platform()
        put_up.stage.start_sync()
        yield put_up


def evening(built: House) -> list[Heard]:
    longest = sorted(built.known, key=lambda file: -file.stat().st_size)
    return [
        Heard(None, 3.0),
        Heard(longest[0], 20.0, start=40.0),
        Heard(None, 8.0),
        Heard(built.unknown[0], 15.0),
        Heard(None, 8.0),
        Heard(longest[1], 18.0, start=25.0),
        Heard(None, 4.0),
    ]


def events(log: Path) -> list[Event]:
    with EventLog.read(log) as reader:
        return [stored.event for stored in reader.events(0, 10_000)]


def wait_for_receipt(built: House) -> int:
    """Wait until the platform has receipted all that the box has written."""
    until = time.monotonic() + RECEIPT_WITHIN
    while True:
        with EventLog.read(built.places.log) as log:
            head, through = log.head(), log.receipt_through()
        if head is not None and head.seq == through:
            return through
        built.processes.check()
        assert time.monotonic() < until, f"receipted {through} of {head}"
        time.sleep(0.2)


def check_plays(built: House, found: list[Event], begins: datetime, late: float = 1.0) -> None:
    """The known pieces were identified when and where they sounded, and nothing else was.

    Args:
        built: The house.
        found: Its events.
        begins: When the evening was to begin.
        late: Seconds by which it may have begun later; a player needs a while on a busy machine.
    """
    plays = [event.report for event in found if isinstance(event.report, PlayReport)]
    identified = [play for play in plays if play.status == "identified"]
    known: list[tuple[Heard, float]] = []
    at = 0.0
    for heard in evening(built):
        if heard.file in built.known:
            known.append((heard, at))
        at += heard.seconds
    assert [play.recording.id for play in identified] == [heard.file.stem for heard, _ in known if heard.file]
    delays = []
    for play, (heard, start) in zip(identified, known, strict=True):
        skipped = play.reference_start - heard.start  # of the piece, before it was recognised
        delays.append((play.start - begins).total_seconds() - start - skipped)
        assert skipped == pytest.approx(0.0, abs=3.0)
        lasted = (play.end - begins).total_seconds() - delays[-1] - start
        assert lasted == pytest.approx(heard.seconds, abs=4.0)
    assert min(delays) >= -1.0
    assert max(delays) <= late
    assert max(delays) - min(delays) <= 1.0


def check_platform(built: House, head: int) -> None:
    """The platform has every event once, in one chain, and nothing in quarantine."""
    ledger = sqlite3.connect(f"file:{built.places.platform}/ledger.sqlite?mode=ro", uri=True)
    assert ledger.execute("SELECT count(*), min(seq), max(seq) FROM event").fetchone() == (head, 1, head)
    assert ledger.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
    ledger.close()


def run_estu(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "device", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_a_hall_is_heard_through_the_sound_card_and_its_plays_are_receipted(
    built: House, tmp_path: Path
) -> None:
    sound = tmp_path / "evening.wav"
    perform(evening(built), sound)
    with SoundCard() as card, card.shown():
        listening = built.stage.start_listening()
        until = time.monotonic() + 120
        bulletin = settings.load(built.places.settings).hearing
        while (said := hearing.read(bulletin)) is None or said.level_dbfs is None:
            assert time.monotonic() < until, listening.last_words()
            time.sleep(0.1)
        begins = datetime.now(UTC)
        assert card.play(sound).wait(timeout=180) == 0
        time.sleep(2.0)
        assert built.processes.end(listening) == 0, listening.last_words()
    found = events(built.places.log)
    check_plays(built, found, begins, late=30.0)
    assert isinstance(found[0].report, BootReport)
    coverage = found[-1].report
    assert isinstance(coverage, CoverageReport)
    assert coverage.seconds.lost + coverage.seconds.deaf < 5.0  # a busy machine may stumble, which counts
    check_platform(built, wait_for_receipt(built))
    assert built.stage.verified()


def test_the_same_hall_from_a_file_gives_the_same_account(built: House, tmp_path: Path) -> None:
    before = len(events(built.places.log)) if built.places.log.exists() else 0
    sound = tmp_path / "evening.flac"
    perform(evening(built), sound)
    replay = built.stage.start_replay(sound, BEGINS, speed=1000.0)
    assert replay.process.wait(timeout=180) == 0, replay.last_words()
    built.processes.end(replay)
    found = events(built.places.log)[before:]
    assert found[0].time == BEGINS
    check_plays(built, found, BEGINS)
    check_platform(built, wait_for_receipt(built))
    assert built.stage.verified()


def test_status_says_what_was_heard_and_what_the_platform_has(built: House, tmp_path: Path) -> None:
    sound = tmp_path / "evening.flac"
    perform(evening(built), sound)
    replay = built.stage.start_replay(sound, BEGINS, speed=1000.0)
    assert replay.process.wait(timeout=180) == 0, replay.last_words()
    built.processes.end(replay)
    head = wait_for_receipt(built)
    told: dict[str, Any] = json.loads(
        run_estu("status", "--settings", built.places.settings, "--json").stdout
    )
    assert (told["head"], told["receipt"], told["waiting"]) == (head, head, 0)
    assert told["sync"]["connected"]
    assert told["last_play"]["status"] == "identified"
    words = run_estu("status", "--settings", built.places.settings)
    assert words.returncode == 0
    assert f"receipted {head} of {head}" in words.stdout


@pytest.mark.parametrize("seconds", [5.0, 10.0, 40.0])
def test_identify_names_the_recording_and_where_in_it_a_clip_begins(
    built: House, tmp_path: Path, seconds: float
) -> None:
    clip, unknown, noise = (tmp_path / f"{name}.flac" for name in ("clip", "unknown", "noise"))
    perform([Heard(built.known[2], seconds, start=20.0)], clip)
    perform([Heard(built.unknown[1], seconds, start=20.0)], unknown)
    soundfile.write(noise, np.random.default_rng(1).normal(0, 0.1, 80_000), 16_000)
    answered = run_estu("identify", clip, unknown, noise, "--catalogue", built.catalogue, "--json")
    assert answered.returncode == 0, answered.stderr
    of_clip, of_unknown, of_noise = map(json.loads, answered.stdout.splitlines())
    assert of_clip["file"] == str(clip)
    assert of_clip["seconds"] == pytest.approx(seconds, abs=0.01)
    best = of_clip["matches"][0]
    assert best["recording"] == built.known[2].stem
    assert best["accepted"]
    assert best["reference_start"] == pytest.approx(20.0 + best["start"], abs=1.0)
    assert best["tempo"] == pytest.approx(1.0, abs=0.02)
    assert of_unknown["matches"] == of_noise["matches"] == []


def test_identify_tells_with_all_what_it_did_not_accept(built: House, tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.flac"
    perform([Heard(built.unknown[1], 10.0)], unknown)
    answered = run_estu("identify", unknown, "--catalogue", built.catalogue, "--json", "--all")
    assert all(not match["accepted"] for match in json.loads(answered.stdout)["matches"])


def test_identify_names_a_file_that_is_no_sound_and_answers_for_the_others(
    built: House, tmp_path: Path
) -> None:
    clip, text = tmp_path / "clip.flac", tmp_path / "words.txt"
    perform([Heard(built.known[0], 8.0)], clip)
    text.write_text("no sound at all")
    answered = run_estu("identify", text, clip, "--catalogue", built.catalogue, "--json")
    assert answered.returncode == 1
    assert str(text) in answered.stderr
    (line,) = answered.stdout.splitlines()
    assert json.loads(line)["file"] == str(clip)
