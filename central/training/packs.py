"""A stock in pieces that fit through a narrow way to another machine, and back into a stock there.

Music travels as Opus, voices and noises too; rooms without loss, because their last decibels matter. A piece is a ZIP
archive that tells its number and how many there are, so that a missing one is named.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from central.training.stock import KINDS, Sounds, Stock
from device.errors import Refused

RATE = 8000
PIECE = 48 * 2**20  # bytes that a piece has at most, if no single sound is larger
# libsndfile's compression level for Opus, from 0 to 1; at 8 kHz this one is some 27 kbit/s, 12 MB an hour.
_OPUS_LEVEL = 0.92
_INDEX = "piece.json"


def pack(stock: Stock, folder: Path, largest: int = PIECE) -> list[Path]:
    """Write a stock in pieces.

    Args:
        stock: What to pack.
        folder: Where to write `piece-001.zip` and so on; pieces that lie there already are replaced.
        largest: Bytes of a piece.

    Returns:
        The pieces.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups: list[list[tuple[dict[str, str], bytes]]] = [[]]
    size = 0
    for kind in KINDS:
        sounds: Sounds = getattr(stock, kind)
        for number, span in enumerate(sounds.spans):
            coded = _coded(kind, sounds.of(number))
            entry = {"name": f"{kind}/{number:05d}", "kind": kind, "label": span.label}
            if size + len(coded) > largest and groups[-1]:
                groups.append([])
                size = 0
            groups[-1].append((entry | {"samples": str(span.length)}, coded))
            size += len(coded) + 512  # of the archive's own about each
    for old in folder.glob("piece-*.zip"):
        old.unlink()
    return [_write_piece(folder, number, len(groups), group) for number, group in enumerate(groups, 1)]


def unpack(folder: Path) -> Iterator[tuple[str, str, NDArray[np.int16]]]:
    """Read the pieces of a folder, for `stock.write`.

    Args:
        folder: Where all of them lie.

    Yields:
        Kind, label and samples of each sound.

    Raises:
        Refused: A piece is missing or broken.
    """
    pieces = sorted(folder.glob("piece-*.zip"))
    try:
        heads = [_head(piece) for piece in pieces]
        if not heads or {head["of"] for head in heads} != {len(heads)}:
            wanted = max((head["of"] for head in heads), default=0)
            raise Refused(
                "pack-incomplete",
                f"{folder} holds {len(heads)} pieces of {wanted or 'none'}.",
                "Bring all pieces of one packing into one folder.",
            )
        for piece, head in zip(pieces, heads, strict=True):
            with zipfile.ZipFile(piece) as archive:
                for entry in head["sounds"]:
                    samples = _decoded(archive.read(entry["name"]), int(entry["samples"]))
                    yield entry["kind"], entry["label"], samples
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RuntimeError) as reason:
        raise Refused(
            "pack-broken", f"A piece in {folder} cannot be read: {reason}.", "Bring it here again."
        ) from reason


def _write_piece(folder: Path, number: int, of: int, group: list[tuple[dict[str, str], bytes]]) -> Path:
    target = folder / f"piece-{number:03d}.zip"
    with zipfile.ZipFile(target, "w") as archive:  # what is coded already is only stored
        archive.writestr(_INDEX, json.dumps({"of": of, "sounds": [entry for entry, _ in group]}))
        for entry, coded in group:
            archive.writestr(entry["name"], coded)
    return target


def _head(piece: Path) -> Any:
    with zipfile.ZipFile(piece) as archive:
        return json.loads(archive.read(_INDEX))


def _coded(kind: str, samples: NDArray[np.int16]) -> bytes:
    import soundfile

    coded = io.BytesIO()
    if kind == "rooms":
        soundfile.write(coded, samples, RATE, format="FLAC", subtype="PCM_16")
    else:
        soundfile.write(coded, samples, RATE, format="OGG", subtype="OPUS", compression_level=_OPUS_LEVEL)
    return coded.getvalue()


def _decoded(coded: bytes, length: int) -> NDArray[np.int16]:
    """Decode one sound, of exactly its length: a codec's frames end where they like."""
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(coded), dtype="int16")
    return np.asarray(np.pad(samples[:length], (0, max(0, length - len(samples)))), dtype=np.int16)
