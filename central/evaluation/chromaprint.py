"""The classical peer: Chromaprint's fingerprints, looked for at every offset of every reference.

`fpcalc -raw` gives 32 bits for every eighth of a second. A clip's bits are compared with those of every place of every
reference; the share of differing bits at the best place, told in standard deviations below the mean of all places,
is its score. The clip is fingerprinted twice, the second time half a step later, so that it never lies far from the
reference's own steps. That is denser and slower than Chromaprint's own lookup, and finds more.

Its threshold is the best score that any unknown clip of the same length reaches: no false answer, and not one clip
more lost to caution than that costs.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from central.evaluation.clips import Cut
from central.evaluation.conditions import RATE, Sound
from central.evaluation.contestant import NOTHING, Said
from device.errors import Broken

# Samples at Chromaprint's 11,025 Hz from one fingerprint to the next: a third of its frame of 4,096.
STEP = 4096 // 3 / 11025  # seconds
_SHIFTS = (0.0, STEP / 2)

Bits = NDArray[np.uint32]


class Chromaprint:
    """Looks clips up among the fingerprints of references."""

    name = "chromaprint"

    def __init__(self, references: dict[str, Bits], lengths: Sequence[float]) -> None:
        """Take the fingerprints.

        Args:
            references: By the recording's id.
            lengths: Seconds of the clips that will be asked.
        """
        self._ids = list(references)
        self._begins = np.cumsum([0, *(len(bits) for bits in references.values())])
        self._bits = np.concatenate([*references.values(), np.empty(0, dtype=np.uint32)])
        rng = np.random.default_rng(0)
        self._counts = {
            seconds: len(of_sound(rng.standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1))
            for seconds in lengths
        }

    def answers(self, key: str, clip: Cut, lengths: Sequence[float]) -> list[Said]:  # noqa: ARG002
        """Hear a clip; as `said`."""
        return self.said(clip.sound, lengths)

    def said(self, sound: Sound, lengths: Sequence[float]) -> list[Said]:
        """Compare a sound with every place; the shorter lengths are the begin of the longer ones."""
        best = [NOTHING for _ in lengths]
        for shift in _SHIFTS:
            bits = of_sound(sound[round(shift * RATE) :])
            counts = [min(self._counts[seconds], len(bits)) for seconds in lengths]
            for number, (count, differing) in enumerate(self._differing(bits, counts)):
                said = self._said(differing, count, shift)
                best[number] = max(best[number], said, key=lambda one: one.score)
        return best

    def _differing(self, bits: Bits, counts: Sequence[int]) -> list[tuple[int, NDArray[np.uint16]]]:
        """Count the differing bits at every place, for the first so many fingerprints of the clip."""
        total = np.zeros(len(self._bits), dtype=np.uint16)
        upto: dict[int, NDArray[np.uint16]] = {}
        for place, one in enumerate(bits[: max(counts)]):
            left = len(total) - place
            total[:left] += np.bitwise_count(self._bits[place:] ^ one)
            if place + 1 in counts:
                upto[place + 1] = total.copy()
        return [(count, upto.get(count, total)) for count in counts]

    def _said(self, differing: NDArray[np.uint16], count: int, shift: float) -> Said:
        left = np.repeat(self._begins[1:], np.diff(self._begins)) - np.arange(len(differing))
        whole = left >= count  # places at which the clip would not run over the reference's end
        if count == 0 or not whole.any():
            return NOTHING
        inside = differing[whole]
        place = int(np.flatnonzero(whole)[np.argmin(inside)])
        score = (inside.mean() - float(differing[place])) / max(float(inside.std()), 1e-9)
        number = int(np.searchsorted(self._begins, place, side="right")) - 1
        seconds = (place - self._begins[number]) * STEP
        return Said(frozenset({self._ids[number]}), shift, float(seconds), float(score))


def of_file(path: Path) -> Bits:
    """Fingerprint a whole file at its own rate; empty if fpcalc cannot read it."""
    return _fpcalc(["-length", "0", str(path)])


def of_sound(sound: Sound) -> Bits:
    """Fingerprint samples at `conditions.RATE`."""
    steps = np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2")
    return _fpcalc(
        ["-length", "0", "-format", "s16le", "-rate", str(RATE), "-channels", "1", "-"], steps.tobytes()
    )


def _fpcalc(arguments: list[str], sound: bytes = b"") -> Bits:
    try:
        done = subprocess.run(["fpcalc", "-raw", *arguments], input=sound, capture_output=True, check=False)
    except OSError as error:
        raise Broken(
            "chromaprint-missing",
            f"fpcalc cannot be run: {error.strerror}.",
            "Install it (`apt install libchromaprint-tools`), or measure with --no-chromaprint.",
        ) from error
    # It ends with a status where the last packet is damaged, and has heard the rest.
    for line in done.stdout.splitlines():
        if line.startswith(b"FINGERPRINT=") and len(line) > len(b"FINGERPRINT="):
            return np.array(line.split(b"=")[1].split(b","), dtype=np.int64).astype(np.uint32)
    return np.empty(0, dtype=np.uint32)
