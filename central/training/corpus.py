"""Real music, speech and noise from Debian packages, in a cache outside the repository.

Rules:

- `corpus.tsv` says which packages there are and which side of the split each is on. A package is on one side only.
- `train` is for training, `test` for measuring, tests and the demonstration.
- `reserved` is neither trained nor tuned on. No list here gives those packages; they must be asked for by name.
- What is in the cache is not fetched again; a fetch that was cut off goes on where it stopped.
"""

import csv
import os
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO, Literal, TypeVar

import numpy as np

from device.errors import Refused, Waiting

Split = Literal["train", "test", "reserved"]
Holds = Literal["music", "speech", "noise"]
Word = TypeVar("Word", bound=str)

TABLE = Path(__file__).with_name("corpus.tsv")
DECODED_RATE = 8000  # samples a second of what `decode` writes
SHORTEST_MUSIC = 30.0  # seconds; what is shorter in a music package is a sound effect
LONGEST_EFFECT = SHORTEST_MUSIC
LONGEST_DECODED = 240.0  # seconds

_RECORDED = {".ogg", ".oga", ".mp3", ".wav", ".flac", ".opus", ".m4a", ".aif", ".aiff", ".au"}
_TRACKER = {".mod", ".xm", ".it", ".s3m"}  # ffmpeg renders them through libopenmpt
_ARCHIVES = {".zip", ".pk3"}
_INDEX = "index.tsv"


@dataclass(frozen=True)
class Package:
    """A Debian package that carries sound."""

    name: str
    holds: Holds
    split: Split
    hours: float  # of sound, as counted once; 0 where nobody counted
    kinds: str
    licence: str  # as the package states it


def listed() -> list[Package]:
    """Read the table of packages.

    Returns:
        Every package of `corpus.tsv`, reserved ones too, in the table's order.
    """
    with TABLE.open(newline="", encoding="utf-8") as table:
        return [
            Package(
                name=row["package"],
                holds=_one_of(row["holds"], ("music", "speech", "noise")),
                split=_one_of(row["split"], ("train", "test", "reserved")),
                hours=float(row["hours"] or 0),
                kinds=row["kinds"],
                licence=row["licence"],
            )
            for row in csv.DictReader(table, delimiter="\t")
        ]


def names(split: Literal["train", "test"], holds: Holds = "music") -> list[str]:
    """Name the packages of one side of the split.

    Args:
        split: `train` or `test`; the reserved side has no list on purpose.
        holds: What the packages were listed for.

    Returns:
        Package names, largest first as in the table.
    """
    return [package.name for package in listed() if package.split == split and package.holds == holds]


def default_cache() -> Path:
    """Give the folder where fetched sound is kept: `$XDG_CACHE_HOME/estu` or `~/.cache/estu`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "estu"


def fetch(
    packages: Sequence[str],
    cache: Path | None = None,
    shortest: float = SHORTEST_MUSIC,
    longest: float = float("inf"),
) -> list[Path]:
    """Download packages and unpack the sound in them.

    Nothing is installed. Archives inside a package (`.zip`, `.pk3`) are opened too. By default only what can be a
    piece of music is returned; speech and effects are asked for by their length.

    Args:
        packages: Names that `corpus.tsv` lists.
        cache: Folder to keep everything in; `default_cache()` if not given.
        shortest: Seconds below which a file is left out.
        longest: Seconds from which on a file is left out.

    Returns:
        Files as packaged, in a stable order.

    Raises:
        Refused: A package is not listed, or holds something unreadable.
        Waiting: The package mirror does not answer.
    """
    cache = cache or default_cache()
    known = {package.name for package in listed()}
    for package in packages:
        if package not in known:
            raise Refused(
                "corpus-package-unlisted", f"{package} is not in {TABLE.name}.", "Add it with its split."
            )
    found: list[Path] = []
    for package in packages:
        folder = cache / "corpus" / package
        if not (folder / _INDEX).exists():
            _unpack(_download(package, cache / "debs"), folder)
            _write_index(folder)
        found += [path for path, seconds in _read_index(folder) if shortest <= seconds < longest]
    return found


def decode(
    files: Iterable[Path], cache: Path | None = None, jobs: int = 2, seconds: float = LONGEST_DECODED
) -> list[Path]:
    """Decode fetched files to 8 kHz mono 16-bit samples, as `.npy` that can be memory-mapped.

    Args:
        files: What `fetch` returned from the same cache.
        cache: The folder `fetch` was given.
        jobs: How many ffmpeg run at the same time.
        seconds: Where to stop in long files: variety comes from many tracks, not from long ones.

    Returns:
        One `.npy` of int16 samples for each file that could be decoded, in order.
    """
    cache = cache or default_cache()

    def one(file: Path) -> Path | None:
        target = cache / "decoded" / file.relative_to(cache / "corpus").with_name(file.name + ".npy")
        if not target.exists():
            samples = read(file, seconds=seconds)
            if samples is None:
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f".{target.name}.part")
            with beside.open("wb") as out:
                np.save(out, samples)
            beside.replace(target)
        return target

    with ThreadPoolExecutor(jobs) as pool:
        return [target for target in pool.map(one, files) if target is not None]


def read(file: Path, rate: int = DECODED_RATE, seconds: float = float("inf")) -> np.ndarray | None:
    """Decode one file of any format to mono samples.

    Args:
        file: Anything that ffmpeg reads.
        rate: Samples a second wanted.
        seconds: Where to stop.

    Returns:
        int16 samples, or None if ffmpeg cannot read the file.
    """
    asked = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-threads",
        "1",
        "-i",
        str(file),
        "-map",
        "0:a:0",
        "-ac",
        "1",
    ]
    if seconds != float("inf"):
        asked += ["-t", f"{seconds:.3f}"]
    asked += ["-af", "aresample=resampler=soxr", "-ar", str(rate), "-f", "s16le", "-"]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        return None
    return np.frombuffer(done.stdout, dtype="<i2")


def _one_of(word: str, words: tuple[Word, ...]) -> Word:
    for allowed in words:
        if word == allowed:
            return allowed
    raise Refused("corpus-table-wrong", f"{TABLE.name} says {word!r}.", f"Write one of {', '.join(words)}.")


def _download(package: str, folder: Path) -> Path:
    """Give the package's file, from the cache if it lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (kept := sorted(folder.glob(f"{package}_*.deb"))):
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            done = subprocess.run(
                ["apt-get", "-q", "download", package],
                cwd=beside,
                capture_output=True,
                text=True,
                check=False,
            )
            for file in Path(beside).glob("*.deb"):
                file.replace(folder / file.name)
        if not (kept := sorted(folder.glob(f"{package}_*.deb"))):
            raise Waiting(
                "corpus-unreachable",
                f"{package} could not be downloaded: {done.stderr.strip()[-200:]}.",
                "Check the network and `apt-get update`, then run it again.",
            )
    return kept[-1]


def _unpack(package: Path, folder: Path) -> None:
    """Write only the sound of a package, without ever unpacking the rest of it."""
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as members,
    ):
        for member in members:
            stream = members.extractfile(member) if member.isreg() else None
            if stream is None:
                continue
            if _is_sound(member.name):
                _write(stream, folder, member.name)
            elif PurePosixPath(member.name).suffix.lower() in _ARCHIVES:
                _unpack_archive(stream, folder, member.name)
        # The archive ends before the stream does; dpkg-deb must be let finish to tell whether all was well.
        while unpacking.stdout is not None and unpacking.stdout.read(2**20):
            pass
    if unpacking.returncode != 0:
        raise Refused(
            "corpus-package-unreadable", f"{package.name} cannot be unpacked.", "Delete it and try again."
        )


def _unpack_archive(stream: IO[bytes], folder: Path, name: str) -> None:
    """Write the sound of an archive that lies in a package."""
    with tempfile.TemporaryFile(dir=folder.parent.parent) as seekable:
        copyfileobj(stream, seekable)
        with zipfile.ZipFile(seekable) as archive:
            for entry in archive.infolist():
                if _is_sound(entry.filename):
                    with archive.open(entry) as inner:
                        _write(inner, folder, f"{name}/{entry.filename}")


def _is_sound(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _RECORDED | _TRACKER


def _write(stream: IO[bytes], folder: Path, name: str) -> None:
    """Write one file under the folder, whatever its name in the archive tries."""
    target = folder.joinpath(*(part for part in PurePosixPath(name).parts if part not in {"/", ".", ".."}))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        copyfileobj(stream, out)


def _write_index(folder: Path) -> None:
    """Note each file's length; the index stands for a package that was unpacked whole."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_sound(path.name))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lengths = list(pool.map(_seconds, files))
    lines = [
        f"{seconds:.2f}\t{path.relative_to(folder)}\n" for path, seconds in zip(files, lengths, strict=True)
    ]
    beside = folder / f".{_INDEX}.part"
    beside.write_text("".join(lines), encoding="utf-8")
    beside.replace(folder / _INDEX)


def _read_index(folder: Path) -> list[tuple[Path, float]]:
    lines = (folder / _INDEX).read_text(encoding="utf-8").splitlines()
    return [(folder / name, float(seconds)) for seconds, name in (line.split("\t", 1) for line in lines)]


def _seconds(file: Path) -> float:
    """Ask ffprobe for a file's length; 0 for what it cannot read."""
    asked = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(file)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        return float(done.stdout.strip())
    except ValueError:
        return 0.0
