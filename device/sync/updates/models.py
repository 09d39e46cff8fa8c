"""The models that the box has, beside the one that its software ships with: each with what belongs to it, whole or not at all.

FOLDER/DIGEST/embedding.tflite, calibration.json, background.npy, gate.tflite
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from device import model_set
from device.errors import Refused
from device.host import in_use
from device.sync.updates import names
from device.sync.updates.download import Downloads
from device.sync.updates.trust import Trust


@dataclass(frozen=True)
class Models:
    """The folder of models that came with updates."""

    folder: Path
    downloads: Downloads  # by way of a folder on the same file system

    def take(self, trust: Trust, digest: str) -> None:
        """Take a model, if it is not there.

        Args:
            trust: Refreshed.
            digest: Hex SHA-256 of the model, as a catalogue names it.

        Raises:
            Refused: It is not published, or is not what its name says.
            Waiting: The connection broke, or the disk takes nothing.
        """
        goal = self.folder / digest
        if digest == model_set.shipped_digest() or goal.exists():
            return
        wanted = {}
        for file in model_set.FILES:
            target = trust.file(names.model_file(digest, file))
            if target is not None:
                wanted[file] = target
            elif file not in model_set.OPTIONAL:
                raise Refused(
                    "updates-other-model",
                    f"The published catalogue was built with model {digest[:12]}, and that is not published.",
                    "The box keeps what it has until the platform publishes the model, or the software brings it.",
                )
        if wanted[model_set.EMBEDDING].hashes["sha256"] != digest:
            raise Refused(
                "updates-mixture",
                f"The model that is published as {digest[:12]} is another one.",
                "The platform's operator must publish it again; the box keeps what it has.",
            )
        self.downloads.refuse_full(list(wanted.values()))
        beside = self.folder / f".{digest}"
        for file, target in wanted.items():
            self.downloads.fetch(target, beside / file)
        beside.rename(goal)
        self.downloads.forget()

    def tidy(self, wanted: str) -> None:
        """Remove models that the catalogue does not name and nobody has open.

        Args:
            wanted: Hex SHA-256 of the model that the catalogue names.
        """
        if not self.folder.exists():
            return
        for folder in self.folder.iterdir():
            if folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)
            elif folder.name != wanted:
                in_use.remove_unused(folder)
