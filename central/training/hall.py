"""What happens to many passages at once, on whatever device they lie: the batched twin of `degradation.py`.

Every step is the same product, sum or curve, in the same order, and a test gives both the same fates. Luck is drawn on
the device too, so that nothing waits for the processor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from central.training import fate
from central.training.fate import Chances, Fate
from central.training.passage import PASSAGE, Passage
from device.features import PARAMETERS

_RATE = PARAMETERS.sample_rate
_LEVEL_EVERY = 4  # every so many-th sample tells where a microphone clips


@dataclass(frozen=True, eq=False)
class Fates:
    """What happens to each of n passages; see `Fate`, whose fields these are, one row a passage."""

    faster: Tensor
    ratio: Tensor
    on_stage: Tensor  # bool
    room: Tensor  # int64
    bends: Tensor  # (n, bends)
    low_pass: Tensor
    low_pass_slope: Tensor
    high_pass: Tensor
    high_pass_slope: Tensor
    hiss: Tensor
    clipped: Tensor
    softly: Tensor  # bool

    @classmethod
    def of(cls, given: Sequence[Fate], device: torch.device) -> "Fates":
        """Bring fates to a device."""
        rows = {field.name: [getattr(one, field.name) for one in given] for field in fields(cls)}
        return cls(**{name: torch.tensor(values, device=device) for name, values in rows.items()})

    @classmethod
    def drawn(cls, count: int, chances: Chances, rooms: int, luck: Generator) -> "Fates":
        """Draw as `fate.drawn` does, `count` at once.

        Args:
            count: How many.
            chances: How hard they may be.
            rooms: How many responses there are.
            luck: Where the luck comes from; its device is where the fates will lie.
        """
        drawer = _Drawer(count, luck)
        coloured = drawer.even() < chances.colour
        spread = fate.SPREAD_OF_BENDS * drawer.even()
        bends = torch.randn(count, len(fate.BENDS), generator=luck, device=luck.device) * spread[:, None]
        bends = bends.clamp(-fate.DEEPEST_BEND, fate.DEEPEST_BEND) * coloured[:, None]
        room = torch.randint(max(1, rooms), (count,), generator=luck, device=luck.device)
        in_room = drawer.even() < (chances.room if rooms else 0.0)
        half = 0.5 * coloured
        return cls(
            faster=drawer.maybe(chances.speed, (-chances.largest_speed, chances.largest_speed), 0.0),
            ratio=drawer.maybe(
                chances.disturbance, (chances.lowest_ratio, chances.highest_ratio), fate.NOTHING
            ),
            on_stage=drawer.even() < fate.ON_STAGE,
            room=torch.where(in_room, room, -1),
            bends=bends,
            low_pass=drawer.between(fate.LOW_PASS),
            low_pass_slope=drawer.maybe(half, fate.LOW_PASS_SLOPE, 0.0),
            high_pass=drawer.between(fate.HIGH_PASS),
            high_pass_slope=drawer.maybe(half, fate.HIGH_PASS_SLOPE, 0.0),
            hiss=drawer.maybe(chances.self_noise, fate.HISS, fate.NOTHING),
            clipped=drawer.maybe(chances.clipping, fate.CLIPPED, 1.0),
            softly=drawer.even() < 0.5,
        )


class Hall:
    """Degrades batches of passages with a fixed stock of rooms."""

    def __init__(
        self, responses: Sequence[NDArray[np.float32]], device: torch.device, passage: Passage = PASSAGE
    ) -> None:
        """Bring the rooms to the device.

        Args:
            responses: Impulse responses at 8 kHz, at most `LONGEST_RESPONSE` samples each.
            device: Where passages will lie.
            passage: How passages are cut.
        """
        self._passage = passage
        self._length = passage.transform
        # One row at the end changes nothing: the place of those that are in no room.
        self._rooms = torch.ones(len(responses) + 1, self._length // 2 + 1, dtype=torch.complex64)
        for row, response in enumerate(responses):
            self._rooms[row] = torch.fft.rfft(torch.from_numpy(np.array(response)), n=self._length)
        self._rooms = self._rooms.to(device)
        hertz = np.linspace(1.0, _RATE / 2, self._length // 2 + 1, dtype=np.float32)
        octaves, bends = np.log2(hertz), np.log2(fate.BENDS)
        lines = [np.interp(octaves, bends, one) for one in np.eye(len(bends))]
        self._octaves = torch.from_numpy(octaves).to(device)
        self._lines = torch.from_numpy(np.stack(lines).astype(np.float32)).to(device)

    @property
    def rooms(self) -> int:
        """How many responses there are."""
        return len(self._rooms) - 1

    def degrade(self, passages: Tensor, beside: Tensor, hiss: Tensor, fates: Fates) -> Tensor:
        """Degrade passages, each by its fate.

        Args:
            passages: float32, shape (n, passage.length), at any level.
            beside: The same shape, of RMS 1: what sounds beside the music.
            hiss: Shape (n, window), of RMS 1: the microphone's own noise.
            fates: n of them.

        Returns:
            The segments as a box would hear them, shape (n, window).
        """
        music = self._faster(passages / self._level(passages), fates.faster)
        sound = beside * self._level(music) * _factor(-fates.ratio)
        staged = fates.on_stage[:, None]
        stage = music + torch.where(staged, sound, 0.0)
        spectrum = torch.fft.rfft(stage, n=self._length) * self._rooms[fates.room]
        spectrum += torch.fft.rfft(torch.where(staged, 0.0, sound), n=self._length)
        heard = torch.fft.irfft(spectrum * self._gains(fates), n=self._length)
        begin = self._passage.past
        heard = heard[:, begin : begin + self._passage.window]
        heard = heard + self._level(heard) * _factor(-fates.hiss) * hiss
        return _clipped(heard, fates)

    def _level(self, samples: Tensor) -> Tensor:
        """RMS of the part that will be the segment, shape (n, 1)."""
        part = samples[:, -(self._passage.window + self._passage.spare) :]
        return part.square().mean(dim=1, keepdim=True).sqrt() + 1e-6

    def _faster(self, samples: Tensor, by: Tensor) -> Tensor:
        length = self._passage.length
        places = torch.arange(length, device=samples.device)
        # How far each sample moves, not where to: a float's 24 bits are enough for hundreds of samples, not for
        # tens of thousands.
        moved = (places - (self._passage.past + self._passage.window / 2)) * by[:, None]
        whole = moved.floor()
        left = places + whole.long()
        share = (moved - whole).masked_fill(left < 0, 0.0).masked_fill(left > length - 2, 1.0)
        left = left.clamp(0, length - 2)
        return torch.lerp(samples.gather(1, left), samples.gather(1, left + 1), share)

    def _gains(self, fates: Fates) -> Tensor:
        decibels = fates.bends @ self._lines
        above = (self._octaves - fates.low_pass.log2()[:, None]).clamp_min(0.0)
        below = (fates.high_pass.log2()[:, None] - self._octaves).clamp_min(0.0)
        decibels = decibels - fates.low_pass_slope[:, None] * above - fates.high_pass_slope[:, None] * below
        return 10 ** (decibels / 20)


class _Drawer:
    """Draws rows of numbers."""

    def __init__(self, count: int, luck: Generator) -> None:
        self._count, self._luck = count, luck

    def even(self) -> Tensor:
        return torch.rand(self._count, generator=self._luck, device=self._luck.device)

    def between(self, ends: tuple[float, float]) -> Tensor:
        return ends[0] + (ends[1] - ends[0]) * self.even()

    def maybe(self, chance: float | Tensor, ends: tuple[float, float], otherwise: float) -> Tensor:
        return torch.where(self.even() < chance, self.between(ends), otherwise)


def _factor(decibels: Tensor) -> Tensor:
    """Amplitude of so many decibels, shape (n, 1)."""
    return (10 ** (decibels / 20))[:, None]


def _clipped(samples: Tensor, fates: Fates) -> Tensor:
    """Overload those that are to be, softly or hard."""
    rows = torch.nonzero(fates.clipped < 1.0)[:, 0]
    loud = samples[rows]
    sizes = loud[:, ::_LEVEL_EVERY].abs().sort(dim=1).values
    # The quantile that numpy takes; torch has none with another share for each row.
    place = fates.clipped[rows, None] * (sizes.shape[1] - 1)
    left = place.long().clamp(max=sizes.shape[1] - 2)
    limits = torch.lerp(sizes.gather(1, left), sizes.gather(1, left + 1), place - left) + 1e-9
    overloaded = torch.where(
        fates.softly[rows, None], torch.tanh(loud / limits), torch.clamp(loud, -limits, limits)
    )
    return samples.index_copy(0, rows, overloaded)
