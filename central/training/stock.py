"""All sound that training draws on, in three long arrays: music, disturbances, rooms.

A folder that a training maps into memory, or brings to an accelerator whole. It is made from the corpus once; `packs.py`
takes it to another machine.

    music.npy  beds.npy  rooms.npy   int16, one sound after the other
    stock.json                       where each begins, how long it is, what it is
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.training import disturbance
from central.training.degradation import responses
from device.errors import Refused

# Sounds begin at multiples of this many samples, a quarter of a second, so that the level of each such block is one
# row of a table.
BLOCK = 2000
BED_LEVEL = 2048  # int16 that stands for an RMS of 1 in beds: talk peaks at a dozen times its level
KINDS = ("music", "beds", "rooms")
_INDEX = "stock.json"


@dataclass(frozen=True)
class Span:
    """One sound of an array."""

    label: str  # a track's file below the corpus, a bed's kind, a room's number
    begin: int  # sample
    length: int  # samples


@dataclass(frozen=True, eq=False)
class Sounds:
    """Many sounds in one array."""

    samples: NDArray[np.int16]
    spans: tuple[Span, ...]

    def of(self, number: int) -> NDArray[np.int16]:
        """Give one sound."""
        span = self.spans[number]
        return self.samples[span.begin : span.begin + span.length]


@dataclass(frozen=True, eq=False)
class Stock:
    """What there is to train on."""

    music: Sounds
    beds: Sounds
    rooms: Sounds

    def responses(self) -> list[NDArray[np.float32]]:
        """Give the rooms' impulse responses, each of unit energy."""
        found = []
        for number in range(len(self.rooms.spans)):
            response = self.rooms.of(number).astype(np.float32)
            found.append(response / np.sqrt(np.sum(np.square(response))))
        return found


def gather(
    music: Sequence[tuple[str, Path]],
    speech: Sequence[Path],
    effects: Sequence[Path],
    rng: np.random.Generator,
    bed_seconds: float = 300.0,
    bed_sets: int = 6,
    rooms: int = 400,
) -> Iterable[tuple[str, str, NDArray[np.int16]]]:
    """Go through everything that training draws on.

    Args:
        music: Label and decoded file of each track.
        speech: Decoded speech, `.npy` of int16 at 8 kHz.
        effects: Decoded short sounds.
        rng: Where the luck comes from.
        bed_seconds: Length of each bed.
        bed_sets: How many sets of beds, each with other voices.
        rooms: How many rooms.

    Yields:
        Kind, label and samples of each sound.
    """
    for label, path in music:
        yield "music", label, np.load(path, mmap_mode="r")
    for _ in range(bed_sets):
        for bed in disturbance.beds(speech, effects, rng, bed_seconds):
            yield "beds", bed.kind, np.clip(np.rint(bed.samples * BED_LEVEL), -32768, 32767).astype(np.int16)
    for number, response in enumerate(responses(rng, rooms)):
        loudest = np.abs(response).max()
        yield "rooms", str(number), np.rint(response * (32767 / loudest)).astype(np.int16)


def write(folder: Path, sounds: Iterable[tuple[str, str, NDArray[np.int16]]]) -> None:
    """Write a stock; the folder appears whole.

    Args:
        folder: What to make.
        sounds: Kind, label and samples of each sound, in any order.
    """
    beside = folder.with_name(f".{folder.name}.part")
    beside.mkdir(parents=True, exist_ok=True)
    spans: dict[str, list[Span]] = {kind: [] for kind in KINDS}
    ends = dict.fromkeys(KINDS, 0)
    files = {kind: (beside / f"{kind}.raw").open("wb") for kind in KINDS}
    for kind, label, samples in sounds:
        spans[kind].append(Span(label, ends[kind], len(samples)))
        files[kind].write(samples.astype("<i2").tobytes())
        padding = -len(samples) % BLOCK
        files[kind].write(bytes(2 * padding))
        ends[kind] += len(samples) + padding
    for kind, file in files.items():
        file.close()
        _as_array(beside / f"{kind}.raw", beside / f"{kind}.npy", ends[kind])
    index = {kind: [asdict(span) for span in spans[kind]] for kind in KINDS}
    (beside / _INDEX).write_text(json.dumps(index), encoding="utf-8")
    beside.rename(folder)


def read(folder: Path) -> Stock:
    """Open a stock, mapped into memory.

    Args:
        folder: What `write` made.

    Returns:
        The stock.

    Raises:
        Refused: There is none.
    """
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        return Stock(
            *(
                Sounds(
                    np.load(folder / f"{kind}.npy", mmap_mode="c"),
                    tuple(Span(**span) for span in index[kind]),
                )
                for kind in KINDS
            )
        )
    except (OSError, ValueError, KeyError) as reason:
        raise Refused(
            "stock-unreadable",
            f"{folder} is no stock to train on.",
            "Make one with `python -m central.training stock`, or unpack one.",
        ) from reason


def _as_array(raw: Path, target: Path, count: int) -> None:
    """Put a head before samples, block by block: they may be more than there is memory."""
    array = np.lib.format.open_memmap(target, mode="w+", dtype=np.int16, shape=(count,))
    if count:
        array[:] = np.memmap(raw, dtype="<i2", mode="r", shape=(count,))
    array.flush()
    raw.unlink()
