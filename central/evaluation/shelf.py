"""A shelf of decoded sounds on the disk: each file is decoded once, by the box's own code, and read in pieces.

They lie there as WAV, so that whoever wants a file instead of samples need not decode the original again.
"""

import wave
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import overload

import numpy as np

from central.evaluation.clips import load
from central.evaluation.conditions import RATE, Sound
from device.errors import Refused

_HEAD = 44  # bytes of a WAV file before its samples, as `wave` writes them


class Shelf(Sequence[Sound]):
    """Sounds at the model's rate, mono, memory-mapped; a process that takes one over reads the same files."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        """Name the sounds.

        Args:
            folder: Where the decoded ones are kept; it is made when it is needed.
            files: Of any format; nothing is read before it is asked for.
        """
        self.folder = (
            folder.resolve()
        )  # tables name these files: relative to where they are read would be another place
        self.files = tuple(files)

    def __len__(self) -> int:
        """How many sounds there are."""
        return len(self.files)

    @overload
    def __getitem__(self, number: int) -> Sound: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Sound]: ...
    def __getitem__(self, number: int | slice) -> Sound | Sequence[Sound]:
        """Give a sound, decoded now if it was not before.

        Returns:
            (samples,), full scale -1..1, the caller's own.

        Raises:
            Refused: Its file cannot be read.
        """
        if isinstance(number, slice):
            return Shelf(self.folder, self.files[number])
        return np.asarray(self._stored(self.files[number]), dtype=np.float32) / np.float32(32767)

    def without_unreadable(self) -> "Shelf":
        """Decode everything, and give the sounds that could be read and are longer than nothing."""
        kept = []
        for file in self.files:
            try:
                if len(self._stored(file)):
                    kept.append(file)
            except Refused:
                continue
        return Shelf(self.folder, kept)

    def lengths(self) -> list[int]:
        """How many samples each sound has; decodes all of them."""
        return [len(self._stored(file)) for file in self.files]

    def decoded(self, file: Path) -> Path:
        """Give where a file's sound lies, as WAV at the model's rate; decoded now if it was not before.

        Raises:
            Refused: The file cannot be read.
        """
        target = self.folder / f"{sha256(str(file.resolve()).encode()).hexdigest()[:24]}.wav"
        if not target.exists():
            sound = np.clip(load(file), -1.0, 1.0)
            self.folder.mkdir(parents=True, exist_ok=True)
            beside = target.with_suffix(f".{np.random.default_rng().integers(2**32):08x}.part")
            with wave.open(str(beside), "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(RATE)
                out.writeframes(np.rint(sound * 32767).astype("<i2").tobytes())
            beside.replace(target)
        return target

    def _stored(self, file: Path) -> np.ndarray:
        target = self.decoded(file)
        if target.stat().st_size <= _HEAD:
            return np.empty(0, dtype="<i2")
        return np.memmap(target, dtype="<i2", mode="r", offset=_HEAD)
