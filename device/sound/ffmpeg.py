"""One ffmpeg at work on one file, its sound and its words.

Rules:
1. No ffmpeg survives the reading of its file, however that ends.
2. It opens local files only, also where a file (a playlist) names others.
3. What it says is read all the time, so that it never waits for us, and little of that is kept.
"""

import os
import re
import struct
import subprocess
import threading
from pathlib import Path
from typing import IO, Self, cast

import numpy as np

from device.errors import Broken, Refused
from device.sound.block import Samples

# Apple's CAF is a format that ffmpeg writes to a pipe without an end mark, so the rate is known without a second program
# and the length needs no limit; and its samples may have the order of this machine's bytes.
_CAF_BEGIN = struct.Struct(">4sHH")  # "caff", version, flags
_CAF_CHUNK = struct.Struct(">4sq")  # name, bytes; -1 for all that follows
_CAF_RATE = struct.Struct(">d")  # Hz, at the beginning of the chunk "desc"
_CAF_EDITS = 4  # bytes of a count of edits, before the samples
_SAMPLE = np.dtype("<f4")

# A cut file shows as an end long before what its header announced; announced lengths are rounded.
_SHORT_SECONDS = 1.0
_SHORT_SHARE = 0.02

_COMPLAINTS_KEPT = 3  # a damaged hour is one complaint, not thousands
_LINE_BYTES = 4096
# Six seconds of sound; in the usual 64 KiB the two programs would wait for each other all the time.
_PIPE_BYTES = 2**20
# Some filter of ffmpeg links OpenBLAS, which makes a thread for each core when it is loaded; none is needed here, and
# making them is a fifth of what starting the program takes.
_NO_THREADS = {"OPENBLAS_NUM_THREADS": "1"}
_LINE = re.compile(r"^(?:\[[^]]* @ 0x[0-9a-f]+] )*\[(?P<level>info|warning|error|fatal|panic)] (?P<text>.*)")
_DURATION = re.compile(r"^ *Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")


class Ffmpeg:
    """Decodes the first sound track of a file to mono float samples at the file's own rate.

    A context manager: entering it waits for the first sound, leaving it ends the program.
    """

    def __init__(self, path: Path) -> None:
        """Start decoding.

        Raises:
            Refused: There is no such file.
            Broken: ffmpeg is not installed.
        """
        if not path.exists():
            raise Refused("sound-file-missing", f"There is no file {path}.", "Check its name and folder.")
        self._path = path
        self._announced = 0.0  # seconds that the file says it is long, where it does
        self._complaints: list[str] = []
        command = [
            "ffmpeg",
            "-nostdin",
            "-hide_banner",
            "-nostats",
            "-loglevel",
            "level+info",
            "-threads",
            "1",
        ]
        command += ["-protocol_whitelist", "file", "-vn", "-sn", "-dn", "-i", f"file:{path}", "-map", "0:a:0"]
        # By itself ffmpeg mixes stereo to mono 3 dB too loud, past full scale; so mixed, it is the average.
        command += ["-af", "aresample=rematrix_maxval=1", "-ac", "1"]
        command += ["-map_metadata", "-1", "-c:a", "pcm_f32le", "-f", "caf", "pipe:1"]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        try:
            # In a process group of its own: Ctrl-C is ours to answer, or it would look like a file cut short.
            self._program = subprocess.Popen(
                command,
                stdin=nothing,
                stdout=pipe,
                stderr=pipe,
                env=os.environ | _NO_THREADS,
                process_group=0,
                pipesize=_PIPE_BYTES,
            )
        except FileNotFoundError:
            advice = "Install it, for example with `sudo apt install ffmpeg`."
            message = "Sound files are read by ffmpeg, which is not installed."
            raise Broken("ffmpeg-missing", message, advice) from None
        self._sound = cast("IO[bytes]", self._program.stdout)
        self._words = cast("IO[bytes]", self._program.stderr)
        self._listener = threading.Thread(target=self._follow_words, name="ffmpeg-words", daemon=True)
        self._listener.start()
        self.rate = 0  # Hz, known once entered

    def __enter__(self) -> Self:
        """Wait for the first sound.

        Raises:
            Refused: There is none, in ffmpeg's own words.
        """
        try:
            self._read_header()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, count: int) -> Samples:
        """Give the next samples, the caller's: as many as asked for, fewer at the end, none after it."""
        raw = self._sound.read(count * _SAMPLE.itemsize)
        samples = np.frombuffer(raw, _SAMPLE, count=len(raw) // _SAMPLE.itemsize).astype(np.float32)
        if not np.isfinite(samples).all():
            # A float file may hold anything, and one NaN would go through a filter into all that follows.
            np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return samples

    def damage(self, seconds: float) -> str | None:
        """Say, after the end, what was wrong with a file of which something could be read; None if nothing.

        Args:
            seconds: How much was read.
        """
        status = self._wait()
        missing = self._announced - seconds
        if status or self._complaints:
            said = self._said() or f"(nothing, it ended with status {status})"
            return f"{self._path} is damaged: {seconds:.1f} s could be read. ffmpeg says: {said}."
        if missing > max(_SHORT_SECONDS, _SHORT_SHARE * self._announced):
            return f"{self._path} is cut short: {seconds:.1f} s could be read of {self._announced:.1f} s."
        return None

    def refusal(self) -> Refused:
        """Say, after the end, why a file gave no sound."""
        self._wait()
        said = self._said()
        if "matches no streams" in said or not said:
            message = f"{self._path} has no sound in it."
            return Refused("sound-file-without-sound", message, "Give a file with sound.")
        message = f"{self._path} cannot be read as sound. ffmpeg says: {said}."
        return Refused("sound-file-unreadable", message, "Check that it is whole and plays elsewhere.")

    def _read_header(self) -> None:
        if len(self._sound.read(_CAF_BEGIN.size)) < _CAF_BEGIN.size:
            raise self.refusal()
        while len(chunk := self._sound.read(_CAF_CHUNK.size)) == _CAF_CHUNK.size:
            name, length = _CAF_CHUNK.unpack(chunk)
            if name == b"data":
                self._sound.read(_CAF_EDITS)
                return
            content = self._sound.read(length)
            if name == b"desc":
                self.rate = round(_CAF_RATE.unpack_from(content)[0])
        raise self.refusal()

    def _follow_words(self) -> None:
        guessed = False
        while line := self._words.readline(_LINE_BYTES):
            said = _LINE.match(line.decode(errors="replace").rstrip())
            if said is None:
                continue
            level, text = said["level"], said["text"]
            if duration := _DURATION.match(text):
                hours, minutes, seconds = duration.groups()
                if not guessed:
                    self._announced = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            elif text.startswith("Estimating duration"):
                guessed = True  # from the bit rate, and often far off
            elif (level not in {"info", "warning"} or "corrupt" in text) and (
                len(self._complaints) < _COMPLAINTS_KEPT and text not in self._complaints
            ):
                self._complaints.append(text)

    def _said(self) -> str:
        path = f"file:{self._path}: "
        return "; ".join(text.removeprefix(path).rstrip(".") for text in self._complaints)

    def _wait(self) -> int:
        status = self._program.wait()
        self._listener.join()
        return status

    def _end(self) -> None:
        self._program.kill()
        self._wait()
        self._sound.close()
        self._words.close()
