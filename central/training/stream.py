"""Batches made on the fly from a stock, all of it on one device: cut, mixed, convolved, coloured, turned into spectrograms.

On an accelerator the stock lies in its memory and the processor only gives orders. On a processor the same code runs and the
stock stays mapped from the disk; there, views prepared beforehand (`pool.py`) hold more steps an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from central.training.batches import CUT_OUTS, DEGRADED_PAIRS, LARGEST_CUT_OUT
from central.training.fate import Chances
from central.training.hall import Fates, Hall
from central.training.passage import Passage
from central.training.pool import LARGEST_SHIFT, LOWEST_LEVEL
from central.training.spectrogram import Spectrogram
from central.training.stock import BED_LEVEL, BLOCK, Sounds, Stock
from device.features import PARAMETERS, FeatureParameters

_FULL_SCALE = 32768.0
_QUIETEST_BED = 0.02  # of its RMS; below it a stretch of a bed is a pause


@dataclass(frozen=True)
class Cutting:
    """What is done to pairs beside the fates of their passages; experiments leave parts out."""

    shift: float = LARGEST_SHIFT  # s by which each view is moved at most
    cut_outs: float = CUT_OUTS  # share of queries with a band and a stretch of time blanked
    degraded_pairs: float = DEGRADED_PAIRS  # share of pairs whose reference is degraded too


class Stream:
    """A source of batches for the training, like `batches.Pool`."""

    def __init__(
        self,
        stock: Stock,
        device: torch.device,
        seed: int,
        tracks: Sequence[int] | None = None,
        chances: Chances | None = None,
        cutting: Cutting | None = None,
        parameters: FeatureParameters = PARAMETERS,
    ) -> None:
        """Bring a stock to a device.

        Args:
            stock: What to train on.
            device: Where everything is to happen.
            seed: Where the luck begins.
            tracks: Numbers of the tracks to use; all if not given.
            chances: How hard the degradation may be.
            cutting: What else is done to pairs.
            parameters: Those of the box, or an experiment's.
        """
        self._chances, self._cutting = chances or Chances(), cutting or Cutting()
        self._parameters = parameters
        self._passage = Passage(parameters.window)
        self._shift = int(self._cutting.shift * parameters.sample_rate)
        self._luck = Generator(device).manual_seed(seed)
        self._hall = Hall(stock.responses(), device, self._passage)
        self._spectrogram = Spectrogram(device, parameters)
        around = self._passage.length + 2 * self._shift
        heard = (self._passage.past + self._shift, parameters.window)
        quietest = LOWEST_LEVEL * _FULL_SCALE
        self._music = _Places(stock.music, device, around, heard, quietest, tracks)
        whole = (0, self._passage.length)
        self._beds = _Places(stock.beds, device, self._passage.length, whole, _QUIETEST_BED * BED_LEVEL)
        dialogue = [span.label == "dialogue" for span in stock.beds.spans]
        self._dialogue = torch.tensor([dialogue[number] for number in self._beds.numbers], device=device)

    @property
    def tracks(self) -> int:
        """How many tracks there are; no batch has more pairs."""
        return len(self._music.numbers)

    @property
    def anchors(self) -> int:
        """How many places there are, a quarter of a second apart."""
        return len(self._music.starts)

    def refresh(self) -> None:
        """Do nothing: a stock does not grow."""

    def views(self, count: int) -> NDArray[np.float32]:
        """Draw views of any kind, to measure a network's ranges on.

        Args:
            count: How many.

        Returns:
            Shape (count, bands, frames).
        """
        made: list[Tensor] = []
        while sum(map(len, made)) < count:
            made.append(next(self.batches(min(64, self.tracks)))[:, 0].cpu())
        views: NDArray[np.float32] = torch.cat(made)[:count].numpy()
        return views

    def batches(self, pairs: int, queries: int = 1) -> Iterator[Tensor]:
        """Give batches for ever.

        Args:
            pairs: Places in a batch, each of another track, so that none is wrongly pushed apart.
            queries: Degraded views of each place.

        Yields:
            Shape ((1 + queries) * pairs, 1, bands, frames): all references, then queries in the same order, one row
            of them after the other.
        """
        while True:
            yield self._batch(min(pairs, self.tracks), queries)

    # Around the batch only: held over a `yield`, it would also keep whoever trains from learning.
    @torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
    def _batch(self, pairs: int, queries: int) -> Tensor:
        luck, device = self._luck, self._luck.device
        chosen = torch.randperm(self.tracks, generator=luck, device=device)[:pairs]
        starts = self._music.drawn(chosen, luck)
        # Degraded references come first, so that they and the queries are one piece; which tracks they are is luck.
        degraded = round(self._cutting.degraded_pairs * pairs)
        shifts = torch.randint(2 * self._shift + 1, (1 + queries, pairs), generator=luck, device=device)
        begins = (starts + shifts).flatten()
        clean = self._music.cut(begins[degraded:pairs] + self._passage.past, self._parameters.window)
        segments = [self._degraded(torch.cat([begins[:degraded], begins[pairs:]])), clean]
        views = self._spectrogram(torch.cat(segments))
        edge = degraded + queries * pairs
        asked = self._cut_out(views[degraded:edge])
        return torch.cat([views[:degraded], views[edge:], asked])[:, None]

    def _degraded(self, begins: Tensor) -> Tensor:
        luck, count = self._luck, len(begins)
        beds = torch.randint(len(self._beds.numbers), (count,), generator=luck, device=luck.device)
        beside = self._beds.cut(self._beds.drawn(beds, luck), self._passage.length)
        beside = beside / (beside.square().mean(dim=1, keepdim=True).sqrt() + 1e-6)
        fates = Fates.drawn(count, self._chances, self._hall.rooms, luck)
        fates.on_stage.logical_or_(self._dialogue[beds])
        hiss = torch.randn(count, self._parameters.window, generator=luck, device=luck.device)
        return self._hall.degrade(self._music.cut(begins, self._passage.length), beside, hiss, fates)

    def _cut_out(self, views: Tensor) -> Tensor:
        """Blank a band and a stretch of time of some views."""
        count, bands, frames = views.shape
        blanked = torch.zeros_like(views, dtype=torch.bool)
        for axis, (length, largest) in enumerate(zip((bands, frames), LARGEST_CUT_OUT, strict=True), 1):
            first, width = (
                torch.randint(ends, (count,), generator=self._luck, device=views.device)
                for ends in (length, largest)
            )
            places = torch.arange(length, device=views.device)
            inside = (places >= first[:, None]) & (places < (first + width)[:, None])
            blanked |= inside.unsqueeze(3 - axis)
        cut = torch.rand(count, generator=self._luck, device=views.device) < self._cutting.cut_outs
        return views.masked_fill(blanked & cut[:, None, None], self._parameters.low)


class _Places:
    """Where in each of many sounds a piece may begin, so that something is heard in it."""

    def __init__(
        self,
        sounds: Sounds,
        device: torch.device,
        length: int,
        heard: tuple[int, int],
        quietest: float,
        chosen: Sequence[int] | None = None,
    ) -> None:
        """Look for places.

        Args:
            sounds: Where to look.
            device: Where pieces will be cut.
            length: Samples of a piece.
            heard: Which part of it must sound: where that begins, and its length, in samples.
            quietest: RMS from which on it does.
            chosen: Numbers of the sounds to use; all if not given.
        """
        energy = _energies(sounds.samples)
        self.numbers: list[int] = []
        starts: list[NDArray[np.int64]] = []
        begin, wide = (round(part / BLOCK) for part in heard)
        for number in range(len(sounds.spans)) if chosen is None else chosen:
            span = sounds.spans[number]
            # The last block is left out: a start is moved by up to a block.
            blocks = np.arange(max(0, (span.length - length) // BLOCK))
            first = span.begin // BLOCK + blocks
            level = np.sqrt((energy[first + begin + wide] - energy[first + begin]) / (wide * BLOCK))
            if len(found := first[level >= quietest]):
                self.numbers.append(number)
                starts.append(found * BLOCK)
        if not starts:
            raise ValueError("There is no sound in the stock that is long and loud enough.")
        counts = [len(found) for found in starts]
        self.starts = torch.from_numpy(np.concatenate(starts)).to(device)
        self._counts = torch.tensor(counts, device=device)
        self._firsts = torch.from_numpy(np.cumsum([0, *counts[:-1]])).to(device)
        self._samples = torch.from_numpy(sounds.samples).to(device)

    def drawn(self, rows: Tensor, luck: Generator) -> Tensor:
        """Draw a place in each of some sounds, given by their place in `numbers`."""
        share = torch.rand(len(rows), generator=luck, device=luck.device)
        place = (share * self._counts[rows]).long().minimum(self._counts[rows] - 1)
        moved = torch.randint(BLOCK, (len(rows),), generator=luck, device=luck.device)
        return self.starts[self._firsts[rows] + place] + moved

    def cut(self, begins: Tensor, length: int) -> Tensor:
        """Cut pieces, float32 of full scale 1, shape (n, length)."""
        return self._samples.unfold(0, length, 1)[begins].float() / _FULL_SCALE


def _energies(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Sum the squares up to each block, from 0."""
    blocks = samples.reshape(-1, BLOCK)
    sums = [
        np.einsum("ij,ij->i", part, part)
        for part in map(np.float64, np.array_split(blocks, 1 + len(blocks) // 4096))
    ]
    return np.concatenate([[0.0], np.cumsum(np.concatenate(sums))])
