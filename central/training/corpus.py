"""Real music, speech and noise from Debian packages, in a cache outside the repository.

Rules:

- `corpus.tsv` says which packages there are and which side of the split each is on. A package is on one side only.
- `train` is for training, `test` for measuring, tests and the demonstration.
- `reserved` is neither trained nor tuned on. No list here gives those packages; they must be asked for by name.
- What is in the cache is not fetched again; a fetch that was cut off goes on where it stopped.
- Several processes may fetch and decode into one cache: each package is unpacked by one, the others wait for it.
"""

import csv
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from central.training.decoding import read, seconds_of
from central.training.packages import download, unpack
from device.errors import Refused

Split = Literal["train", "test", "reserved"]
Holds = Literal["music", "speech", "noise"]
Word = TypeVar("Word", bound=str)

TABLE = Path(__file__).with_name("corpus.tsv")
SHORTEST_MUSIC = 30.0  # seconds; what is shorter in a music package is a sound effect
# Seconds between which a file is what its package is listed for.
LENGTHS: dict[Holds, tuple[float, float]] = {
    "music": (SHORTEST_MUSIC, float("inf")),
    "speech": (0.4, 600.0),
    "noise": (0.4, SHORTEST_MUSIC),
}
LONGEST_DECODED = 240.0  # seconds

_INDEX = "index.tsv"


@dataclass(frozen=True)
class Package:
    """A Debian package that carries sound."""

    name: str
    holds: Holds
    split: Split
    hours: float  # of sound, as counted once; 0 where nobody counted
    kinds: str
    without: str  # part of the paths of long files that are no music, such as wind and crickets; mostly empty
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
                without=row["without"],
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


def fetched(split: Literal["train", "test"], holds: Holds = "music", cache: Path | None = None) -> list[str]:
    """Name the packages of one side that are in the cache already.

    Args:
        split: `train` or `test`.
        holds: What the packages were listed for.
        cache: The folder `fetch` was given.

    Returns:
        Package names in the table's order.
    """
    cache = cache or default_cache()
    return [name for name in names(split, holds) if (cache / "corpus" / name / _INDEX).exists()]


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
    known = {package.name: package.without for package in reversed(listed())}
    for package in packages:
        if package not in known:
            raise Refused(
                "corpus-package-unlisted", f"{package} is not in {TABLE.name}.", "Add it with its split."
            )
    found: list[Path] = []
    for package in packages:
        folder = cache / "corpus" / package
        if not (folder / _INDEX).exists():
            with _alone(cache / "debs" / f".{package}.lock"):
                if not (folder / _INDEX).exists():  # another may have unpacked it meanwhile
                    unpack(download(package, cache / "debs"), folder)
                    _write_index(folder)
        without = known[package]
        found += [
            path
            for path, seconds in _read_index(folder)
            if shortest <= seconds < longest and not (without and without in str(path))
        ]
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
            # Another process may decode the same file; each writes its own, and the last to end is as good as the first.
            beside = target.with_name(f".{target.name}.{os.getpid()}.part")
            with beside.open("wb") as out:
                np.save(out, samples)
            beside.replace(target)
        return target

    with ThreadPoolExecutor(jobs) as pool:
        return [target for target in pool.map(one, files) if target is not None]


def decoded(
    split: Literal["train", "test"],
    holds: Holds,
    cache: Path | None = None,
    only_fetched: bool = False,
    most: int | None = None,
) -> list[Path]:
    """Fetch and decode everything that one side of the split has of one kind.

    Args:
        split: `train` or `test`.
        holds: `music`, `speech` or `noise`.
        cache: Folder to keep everything in; `default_cache()` if not given.
        only_fetched: Whether to take what is in the cache and fetch nothing more.
        most: Files of each package, its first, where not all are wanted.

    Returns:
        `.npy` files as `decode` writes them.
    """
    packages = fetched(split, holds, cache) if only_fetched else names(split, holds)
    files = [file for package in packages for file in fetch([package], cache, *LENGTHS[holds])[:most]]
    return decode(files, cache)


def _one_of(word: str, words: tuple[Word, ...]) -> Word:
    for allowed in words:
        if word == allowed:
            return allowed
    raise Refused("corpus-table-wrong", f"{TABLE.name} says {word!r}.", f"Write one of {', '.join(words)}.")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process holds the lock, then hold it; the system frees it if this process dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _write_index(folder: Path) -> None:
    """Note each file's length; the index stands for a package that was unpacked whole."""
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", _INDEX))
    )
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lengths = list(pool.map(seconds_of, files))
    lines = [
        f"{seconds:.2f}\t{path.relative_to(folder)}\n" for path, seconds in zip(files, lengths, strict=True)
    ]
    beside = folder / f".{_INDEX}.part"
    beside.write_text("".join(lines), encoding="utf-8")
    beside.replace(folder / _INDEX)


def _read_index(folder: Path) -> list[tuple[Path, float]]:
    lines = (folder / _INDEX).read_text(encoding="utf-8").splitlines()
    return [(folder / name, float(seconds)) for seconds, name in (line.split("\t", 1) for line in lines)]
