"""Sound files of any kind, decoded to mono samples."""

import subprocess
from pathlib import Path

import numpy as np

RATE = 8000  # samples a second wanted, if nothing else is said


def read(file: Path, rate: int = RATE, seconds: float = float("inf")) -> np.ndarray | None:
    """Decode one file of any format to mono samples.

    What libsndfile reads is decoded without starting a process: most speech is in thousands of files of a second.

    Args:
        file: Anything that libsndfile or ffmpeg reads.
        rate: Samples a second wanted.
        seconds: Where to stop.

    Returns:
        int16 samples, or None if neither can read the file.
    """
    if (samples := _read_in_process(file, rate, seconds)) is not None:
        return samples
    asked = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", str(file)]
    asked += ["-map", "0:a:0", "-ac", "1"]
    if seconds != float("inf"):
        asked += ["-t", f"{seconds:.3f}"]
    asked += ["-af", "aresample=resampler=soxr", "-ar", str(rate), "-f", "s16le", "-"]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        return None
    return np.frombuffer(done.stdout, dtype="<i2")


def _read_in_process(file: Path, rate: int, seconds: float) -> np.ndarray | None:
    import soundfile
    import soxr

    try:
        with soundfile.SoundFile(file) as sound:
            count = -1 if seconds == float("inf") else int(seconds * sound.samplerate)
            channels = sound.read(count, dtype="float32", always_2d=True)
            resampled = soxr.resample(channels.mean(axis=1), sound.samplerate, rate)
    except soundfile.LibsndfileError:
        return None
    if not len(resampled):
        return None
    return np.asarray(np.clip(np.rint(resampled * 32768), -32768, 32767), dtype="<i2")


def seconds_of(file: Path) -> float:
    """Read a file's length from its head; 0 for what is no sound."""
    import soundfile  # hundreds of times faster than to start ffprobe, which knows more kinds

    try:
        return float(soundfile.info(file).duration)
    except soundfile.LibsndfileError:
        asked = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(file)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        return float(done.stdout.strip())
    except ValueError:
        return 0.0
