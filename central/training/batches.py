"""Batches of pairs from prepared chunks: one place a track, one view of it clean, the other degraded.

The tracks of a batch are drawn at random, or in groups of places that the network finds alike (`likeness.py`).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.training.likeness import Embed, Likeness
from central.training.pool import unpacked
from device.features import PARAMETERS

DEGRADED_PAIRS = 0.1  # share of pairs whose reference is degraded too: it makes the space smoother
CUT_OUTS = 0.5  # share of queries with a band and a stretch of time blanked
LARGEST_CUT_OUT = (12, 10)  # bands, frames


class Pool:
    """All chunks of a folder; new ones are seen at the next `refresh`."""

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        """Open a folder of chunks.

        Args:
            folder: Where `central.training.pool` writes chunks.
            rng: Where the luck comes from.
        """
        self._folder, self._rng = folder, rng
        self._views: dict[Path, NDArray[np.uint8]] = {}
        self._where: list[tuple[Path, int]] = []  # of each place: chunk and row
        self._places: dict[int, list[int]] = {}  # of each track: numbers
        self._likeness: Likeness | None = None
        self._group = 1
        self._shown: list[int] = []  # places of the last batch
        self.refresh()

    def refresh(self) -> None:
        """Take up the chunks that appeared since."""
        for chunk in sorted(self._folder.glob("[!.]*")):
            if chunk not in self._views:
                self._views[chunk] = np.load(chunk / "views.npy", mmap_mode="r")
                for row, track in enumerate(np.load(chunk / "tracks.npy")):
                    self._places.setdefault(int(track), []).append(len(self._where))
                    self._where.append((chunk, row))
                if self._likeness is not None:
                    self._take_up(chunk, self._likeness)

    def group(self, embed: Embed, size: int) -> None:
        """Draw batches from now on in groups of places that sound alike, of different tracks or far apart in one.

        Args:
            embed: What the network makes of spectrograms now.
            size: Places in a group.
        """
        self._likeness, self._group = Likeness(embed, self._rng), size
        for chunk in self._views:
            self._take_up(chunk, self._likeness)

    def told(self, vectors: NDArray[np.float32]) -> None:
        """Learn what the network made of the last batch's references, (pairs, dimension) of unit length."""
        if self._likeness is not None:
            self._likeness.move(self._shown, vectors)

    @property
    def tracks(self) -> int:
        """How many tracks there are; no batch has more pairs."""
        return len(self._places)

    @property
    def anchors(self) -> int:
        """How many places there are."""
        return len(self._where)

    def views(self, count: int) -> NDArray[np.float32]:
        """Draw views of any kind, to measure a network's ranges on.

        Args:
            count: How many.

        Returns:
            Shape (count, bands, frames).
        """
        drawn = []
        for number in self._rng.integers(len(self._where), size=count):
            chunk, row = self._where[number]
            drawn.append(self._views[chunk][row, self._rng.integers(self._views[chunk].shape[1])])
        return unpacked(np.stack(drawn))

    def batches(self, pairs: int, queries: int = 1) -> Iterator[NDArray[np.float32]]:
        """Give batches for ever.

        Args:
            pairs: Places in a batch, each of another track, so that none is wrongly pushed apart; in groups, two of one
                track only where they share no sound.
            queries: Degraded views of each place, at most as many as there are.

        Yields:
            Shape ((1 + queries) * pairs, 1, bands, frames): all references, then queries in the same order, one row
            of them after the other.
        """
        while True:
            self._shown = self._drawn(pairs)
            shape = (1 + queries, len(self._shown), PARAMETERS.bands, PARAMETERS.frames)
            sides = np.empty(shape, dtype=np.uint8)
            for column, place in enumerate(self._shown):
                chunk, row = self._where[place]
                views = self._views[chunk][row]
                shown = 1 + self._rng.permutation(len(views) - 1)
                # A degraded reference is one that is no query, where there are enough views.
                degraded = self._rng.random() < DEGRADED_PAIRS and len(shown) > queries
                sides[0, column] = views[shown[queries] if degraded else 0]
                for side, view in enumerate(shown[:queries], 1):
                    sides[side, column] = views[view]
                    self._cut_out(sides[side, column])
            yield unpacked(sides.reshape(-1, 1, PARAMETERS.bands, PARAMETERS.frames))

    def _take_up(self, chunk: Path, likeness: Likeness) -> None:
        tracks, told = np.load(chunk / "tracks.npy"), chunk / "places.npy"
        places = np.load(told) if told.exists() else np.full(len(tracks), np.nan, dtype=np.float32)
        likeness.add(self._views[chunk][:, 0], tracks, places)

    def _drawn(self, pairs: int) -> list[int]:
        """Draw places, each of another track."""
        if self._likeness is not None:
            return self._likeness.groups(-(-pairs // self._group), self._group)[:pairs]
        tracks = self._rng.permutation(list(self._places))[:pairs]
        of_each = (self._places[int(track)] for track in tracks)
        return [places[self._rng.integers(len(places))] for places in of_each]

    def _cut_out(self, view: NDArray[np.uint8]) -> None:
        if self._rng.random() > CUT_OUTS:
            return
        band, frame = self._rng.integers(PARAMETERS.bands), self._rng.integers(PARAMETERS.frames)
        view[band : band + self._rng.integers(LARGEST_CUT_OUT[0])] = 0
        view[:, frame : frame + self._rng.integers(LARGEST_CUT_OUT[1])] = 0
