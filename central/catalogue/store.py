"""Store: fingerprints that are not in a catalogue yet, so that a kill costs only the files being worked on.

A fingerprint's name comes from everything that it depends on. It is written beside and renamed; whatever is
damaged all the same, by a power cut say, does not open and is made again.
"""

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from central.catalogue.fingerprinting import Fingerprint
from device.errors import Broken

# Raised when the steps between file and vectors change in a way that neither the model nor the parameters tell.
_METHOD = 1

_ARRAYS = ("vectors", "seconds", "last_seconds")


@dataclass(frozen=True)
class Store:
    """A folder of fingerprints, all of one model, parameters and hop."""

    folder: Path
    model: str  # hex SHA-256
    parameters: str  # hex SHA-256
    hop: float  # seconds

    def path(self, content: str) -> Path:
        """Say where the fingerprint of a content is, or would be.

        Args:
            content: Hex SHA-256 of the sound file.
        """
        depends = f"{_METHOD} {content} {self.model} {self.parameters} {self.hop}"
        return self.folder / f"{hashlib.sha256(depends.encode()).hexdigest()}.npz"

    def write(self, content: str, fingerprint: Fingerprint) -> None:
        """Keep a fingerprint."""
        path = self.path(content)
        beside = path.with_suffix(f".{os.getpid()}")
        with beside.open("wb") as file:
            np.savez(
                file,
                vectors=fingerprint.vectors,
                seconds=np.float64(fingerprint.seconds),
                last_seconds=np.float64(fingerprint.last_seconds),
            )
        beside.replace(path)

    def __contains__(self, content: str) -> bool:
        """Say whether a fingerprint is there and has its end; only that is read."""
        try:
            with zipfile.ZipFile(self.path(content)) as archive:
                files = archive.infolist()
                # Where the end lacks only its last bytes, places are counted from elsewhere than the file's begin.
                return len(files) == len(_ARRAYS) and files[0].header_offset == 0
        except (OSError, zipfile.BadZipFile):
            return False

    def read(self, content: str) -> Fingerprint:
        """Give a fingerprint back.

        Raises:
            Broken: It is damaged. It is gone then, and the next build makes it again.
        """
        path = self.path(content)
        try:
            with np.load(path, allow_pickle=False) as found:
                vectors, seconds, last_seconds = (found[name] for name in _ARRAYS)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            path.unlink(missing_ok=True)
            raise Broken(
                "builder-store-damaged",
                f"{path} is damaged: {error}.",
                "Build again; check the disk if it recurs.",
            ) from error
        return Fingerprint(vectors, float(seconds), float(last_seconds))
