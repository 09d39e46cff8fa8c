"""Pieces that an evening can be planned of, without any sound in them."""

from pathlib import Path

import pytest

from demo.music import Audible, Piece, Repertoire


def pieces(word: str, count: int) -> tuple[Piece, ...]:
    return tuple(Piece(f"{word}-{n}", f"{word} {n}", "Nobody", Path(f"{word}-{n}.ogg")) for n in range(count))


@pytest.fixture
def repertoire() -> Repertoire:
    return Repertoire(pieces("known", 30), pieces("unknown", 8))


@pytest.fixture
def audible():
    """Pieces of 20 s to 200 s, each loud from its third second on."""

    def part(piece: Piece) -> Audible:
        number = int(piece.recording.rpartition("-")[2])
        return Audible(3.0, 20.0 + 6 * number)

    return part
