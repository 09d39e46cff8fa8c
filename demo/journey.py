"""The demonstration from its first step to its last, each announced in a line."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console

from central.evaluation.rooms import Room, impulse_response
from demo import hall, music, picture
from demo.account import Account
from demo.evening import Programme, plan
from demo.live import Screen
from demo.music import Repertoire
from demo.processes import Processes, end_leftovers
from demo.score import Score, score
from demo.stage import Places, Stage
from demo.summary import Summary, truth
from demo.watch import Watch

# A concert hall of 13,000 cubic metres. The microphone hangs 10 m from the stage, twice the distance at which
# direct sound and echo are equally loud, and nearer to some of the audience.
FROM_STAGE = Room("concert hall, from the stage", t60=1.8, size=(40.0, 24.0, 14.0), distance=10.0)
FROM_SEATS = Room("concert hall, from the seats", t60=1.8, size=(40.0, 24.0, 14.0), distance=5.0)

LEVEL_STEP = 0.5  # seconds of sound for each level in the picture


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be shown."""

    folder: Path  # emptied first
    music: Path | None = None  # the user's own; the packaged music if not given
    microphone: str | None = None  # part of its name; None plays the simulated evening
    minutes: float | None = None  # how long to listen to the microphone; until Ctrl-C if not given
    seed: int = 1
    speed: float = 12.0  # seconds of the evening in a second


class Journey:
    """One demonstration."""

    def __init__(self, wish: Wish, console: Console) -> None:
        """Take the wish, and where to tell about it."""
        self._wish = wish
        self._console = console
        self._places = Places(wish.folder)
        self._began = time.monotonic()

    def go(self) -> bool:
        """Go all the way, and tell whether the box did what it is for.

        Raises:
            EstuError: A step failed.
        """
        self._clear()
        with self._step("Fetching the music"):
            own = self._wish.music
            repertoire = music.owned(own) if own else music.packaged()
            metadata = music.shelve(repertoire.known, self._places.music)
        self._tell(
            f"{len(repertoire.known)} pieces the platform will know, {len(repertoire.unknown)} it will not"
        )
        with Processes(self._places.words) as processes:
            stage = Stage(self._places, processes)
            with self._step("Making the identities of platform, broker and box"):
                stage.give_identities(self._wish.microphone or "")
            with self._step("Building the catalogue"):
                stage.build_catalogue(metadata)
            if self._wish.microphone is None:
                summary = self._evening(repertoire, stage, processes)
            else:
                summary = self._microphone(stage, processes)
        summary.write(self._places.folder / "summary.json")
        self._console.print()
        summary.show(self._console)
        return summary.good

    def _evening(self, repertoire: Repertoire, stage: Stage, processes: Processes) -> Summary:
        with self._step("Rehearsing the evening in a simulated hall"):
            programme = plan(repertoire, music.audible, self._wish.seed)
            sound, levels = self._perform(programme)
        with self._step("Opening the platform: broker and receiver"):
            stage.open_platform()
        self._tell(
            f"The box hears {programme.seconds / 60:.0f} minutes, {self._wish.speed:g} times as fast\n"
        )
        begins = datetime.now(UTC) - timedelta(seconds=programme.seconds)  # so that it ends about now
        listening = stage.start_replay(sound, begins, self._wish.speed)
        with Screen(self._console) as screen:
            watch = Watch(self._places.log, begins, processes, screen, self._wish.speed, programme)
            watch.until_begun(listening)
            stage.start_sync()
            watch.until_ended(listening)
            account = watch.until_receipted(listening)
        result = score(programme.scenes, account.entries)
        picture.draw(programme, account.entries, result, levels, self._places.folder / "evening.png")
        self._tell(f"\nThe evening as a picture: {self._places.folder / 'evening.png'}")
        return self._summary(result, account, stage, programme.seconds)

    def _microphone(self, stage: Stage, processes: Processes) -> Summary:
        with self._step("Opening the platform: broker and receiver"):
            stage.open_platform()
        self._tell(f"The box listens. Play it something from {self._places.music}\n")
        begins = datetime.now(UTC)
        listening = stage.start_listening()
        with Screen(self._console) as screen:
            watch = Watch(self._places.log, begins, processes, screen)
            try:
                watch.until_begun(listening)
                stage.start_sync()
                watch.until_ended(listening, self._wish.minutes)
            except KeyboardInterrupt:
                self._tell("Ending")
            processes.end(listening)
            account = watch.until_receipted(listening)
        return self._summary(Score((), ()), account, stage, (datetime.now(UTC) - begins).total_seconds())

    def _perform(self, programme: Programme) -> tuple[Path, np.ndarray]:
        """Write the evening's sound and the truth about it."""
        rng = np.random.default_rng(programme.seed)
        stage, seats = (impulse_response(room, rng, hall.RATE) for room in (FROM_STAGE, FROM_SEATS))
        heard = hall.perform(programme, stage, seats)
        sound = self._places.folder / "evening.flac"
        soundfile.write(sound, heard, hall.RATE, subtype="PCM_16")
        written = json.dumps(truth(programme.scenes), ensure_ascii=False, indent=2)
        (self._places.folder / "evening.json").write_text(written + "\n", encoding="utf-8")
        return sound, hall.levels(heard, hall.RATE, LEVEL_STEP)

    def _summary(self, result: Score, account: Account, stage: Stage, seconds: float) -> Summary:
        with self._step("Verifying the box's log"):
            verified = stage.verified()
        return Summary(result, account, verified, seconds, time.monotonic() - self._began)

    def _clear(self) -> None:
        """Remove an earlier demonstration, and end what it left running."""
        left = end_leftovers(self._places.words)
        if left:
            self._tell(f"Ended {left} processes of an earlier demonstration")
        if self._wish.folder.exists():
            shutil.rmtree(self._wish.folder)
        self._wish.folder.mkdir(parents=True)

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        self._console.print(f"{what} … ", end="", highlight=False, markup=False)
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._console.print("failed", style="red")
            raise
        self._console.print(f"{time.monotonic() - began:.0f} s", style="dim", highlight=False)

    def _tell(self, what: str) -> None:
        self._console.print(what, highlight=False, markup=False)
