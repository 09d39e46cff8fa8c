"""What lossy coding does to sound: encoded and decoded again by ffmpeg, as on a player's disk or in a stream."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import Broken


@dataclass(frozen=True)
class Coding:
    """A codec at a rate at which it can be heard."""

    name: str
    encoder: str  # as ffmpeg calls it
    suffix: str  # of the file
    kilobits: int  # a second, of mono sound up to 4 kHz


MP3 = Coding("mp3", "libmp3lame", ".mp3", 16)
OPUS = Coding("opus", "libopus", ".opus", 8)


def coded(sound: NDArray[np.float32], coding: Coding, rate: int) -> NDArray[np.float32]:
    """Encode and decode.

    Args:
        sound: Mono, full scale -1..1.
        coding: How.
        rate: Samples a second; one that the codec knows.

    Returns:
        As many samples, at the same places in time: both codecs say how much they delay, and ffmpeg takes it back.

    Raises:
        Broken: ffmpeg is missing, or lacks the encoder.
    """
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", "1"]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "coded").with_suffix(coding.suffix))  # a pipe has no place for the delay
        encode = [*raw, "-i", "-", "-c:a", coding.encoder, "-b:a", f"{coding.kilobits}k", file]
        _ffmpeg(encode, sound.astype("<f4").tobytes())
        heard = np.frombuffer(_ffmpeg(["-i", file, *raw, "-"]), dtype="<f4")
    fitted = np.zeros(len(sound), dtype=np.float32)
    fitted[: len(heard)] = heard[: len(sound)]
    return fitted


def _ffmpeg(arguments: list[str], sound: bytes = b"") -> bytes:
    command = ["ffmpeg", "-v", "error", "-nostdin" if not sound else "-y", *arguments]
    try:
        return subprocess.run(command, input=sound, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        raise Broken(
            "coding-failed",
            f"ffmpeg does not code sound: {said.decode(errors='replace').strip()}.",
            "Install an ffmpeg with libmp3lame and libopus: `apt install ffmpeg`.",
        ) from error
