"""Says once a second, and at each change, what is heard now: fills `hearing.json`."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from device import hearing
from device.errors import EstuError
from device.hearing import Hearing, Sounding, State
from device.host import service
from device.host.clock import Clock
from device.trouble import Trouble
from device.vigil import Vigil

EVERY = 1.0  # seconds

# For `systemctl status`, where nothing is wrong that has words of its own.
_IN_WORDS: dict[State, str] = {
    "starting": "Waiting for the first sound.",
    "hearing": "Hearing the hall.",
    "silent": "Hearing a silent hall.",
    "deaf": "The microphone gives nothing.",
    "covered": "Hearing through a covered microphone.",
    "lost": "The microphone is away.",
    "muted": "Muted: nothing is heard.",
    "broken": "Listening has ended with an error.",
}


class Bulletin:
    """The file, for its one writer."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Begin to write; what stands there is replaced.

        Args:
            path: The file; its folder is made if it is not there.
            clock: Asked at each writing.
        """
        self._path, self._clock = path, clock
        self._state: State | None = None
        self._since: datetime | None = None
        self._written = float("-inf")  # monotonic seconds
        # Where it cannot be made, the first writing says so.
        if not path.parent.is_dir() and path.parent.parent.is_dir():
            path.parent.mkdir(exist_ok=True)

    def starting(self) -> None:
        """Say that the box begins."""
        self._write("starting")

    def waiting(self, error: EstuError) -> None:
        """Say that the box cannot begin yet."""
        self._write("starting", trouble=Trouble.of(error))

    def broken(self, error: EstuError) -> None:
        """Say that listening has ended with an error."""
        self._write("broken", trouble=Trouble.of(error))

    def post(
        self,
        vigil: Vigil,
        sounding: Callable[[], tuple[Sounding, ...]],
        monotonic: float,
        trouble: Trouble | None = None,
    ) -> None:
        """Say what is heard, if it is time or the state has changed.

        Args:
            vigil: Knows the state and the levels.
            sounding: Gives what is under way; asked only if something is written.
            monotonic: Seconds, now.
            trouble: What is wrong with the log; it goes before what is wrong with the microphone.
        """
        if vigil.state != self._state or not 0.0 <= monotonic - self._written < EVERY:
            self._written = monotonic
            self._write(vigil.state, vigil, sounding(), trouble or vigil.trouble)

    def _write(
        self,
        state: State,
        vigil: Vigil | None = None,
        sounding: tuple[Sounding, ...] = (),
        trouble: Trouble | None = None,
    ) -> None:
        now = self._clock.now()
        if self._since is None or state != self._state:
            service.status(trouble.message if trouble else _IN_WORDS[state])
            self._state, self._since = state, now.utc
        second, floor = (vigil.second, vigil.noise_floor) if vigil else (None, None)
        told = Hearing(
            state=state,
            since=self._since,
            level_dbfs=round(second.level, 1) if second else None,
            peak_dbfs=round(second.peak, 1) if second else None,
            noise_floor_dbfs=round(floor, 1) if floor is not None else None,
            microphone=vigil.microphone if vigil else None,
            sounding=sounding,
            clock=now.state,
            trouble=trouble,
            written=now.utc,
            monotonic=now.monotonic,
        )
        hearing.write(self._path, told)
