"""What was answered, kept as it comes, so that a measurement that was cut off goes on where it was."""

from collections.abc import Iterator
from pathlib import Path

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """What one contestant said of the first seconds of one clip."""

    who: str  # "int8", "float", "chromaprint"
    seconds: float  # of the clip that it heard
    right: bool  # whether its best answer is the recording that sounded
    off: float | None  # seconds by which the position differs; None if the recording is another
    score: float  # on the contestant's own scale; 0 if it said nothing


class Asked(msgspec.Struct, frozen=True, tag="clip"):
    """A clip, and all that was said of it."""

    key: str  # see `plan.Wanted`
    file: str
    start: float  # seconds in the file that sound at the clip's begin
    condition: str
    known: bool  # whether the catalogue holds the file
    answers: tuple[Answer, ...]


class FalsePlay(msgspec.Struct, frozen=True):
    """A play that the box made of sound that its catalogue does not hold."""

    recording: str
    status: str
    score: float
    at: float  # seconds in the stretch
    during: str  # what sounded


class Heard(msgspec.Struct, frozen=True, tag="stretch"):
    """A stretch of unknown sound that the box listened to without a break."""

    key: str
    seconds: dict[str, float]  # of music, of speech, of noise
    plays: tuple[FalsePlay, ...]
    best: tuple[float, ...]  # the best score of each `calibration.STRETCH` seconds

    @property
    def highest(self) -> float:
        """The best score of all that was heard."""
        return max(self.best, default=0.0)


class Kept:
    """A file of answers, a line each."""

    def __init__(self, path: Path) -> None:
        """Name the file; it need not exist."""
        self._path = path

    def read(self) -> Iterator[Asked | Heard]:
        """Give what was kept; a last line that was cut off is left out, and asked again."""
        if self._path.exists():
            for line in self._path.read_bytes().splitlines():
                try:
                    yield msgspec.json.decode(line, type=Asked | Heard)
                except msgspec.DecodeError:
                    continue

    def keep(self, found: list[Asked | Heard]) -> None:
        """Add answers."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        whole = not self._path.exists() or self._path.read_bytes()[-1:] in (b"", b"\n")
        with self._path.open("ab") as file:
            file.write(b"" if whole else b"\n")
            file.writelines(msgspec.json.encode(one) + b"\n" for one in found)
