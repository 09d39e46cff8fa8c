"""A box that was without a network for months: a log full of signed events, none of them receipted.

Making it takes longer than most measurements, so that it is kept in `build/bench` for the next time.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from central.receiver.contract import shipped_schemas
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from tests.benchmarks.log_growth import BOX, fill


@dataclass(frozen=True)
class Backlog:
    """A log and its key, in a folder."""

    folder: Path
    events: int

    @property
    def log(self) -> Path:
        """The log."""
        return self.folder / "log.sqlite"

    @property
    def boxes(self) -> Path:
        """The register's export: the box's public key."""
        return self.folder / "boxes.jwks"

    def copied_to(self, folder: Path) -> "Backlog":
        """Copy it to where it may be drained."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)


def _contract() -> str:
    """Tell one contract from another: by the next one, what was made by this one may be objected to."""
    return hashlib.sha256(json.dumps(shipped_schemas(), sort_keys=True).encode()).hexdigest()[:12]


def backlog(events: int, under: Path) -> Backlog:
    """Give a backlog of so many events, made now or by an earlier run."""
    name = f"backlog-{events}-{_contract()}"
    whole = Backlog(under / name, events)
    if whole.folder.exists():
        with EventLog.read(whole.log) as log:
            if log.count() == events:
                return whole
        shutil.rmtree(whole.folder)
    made = Backlog(under / f"{name}.{os.getpid()}", events)
    made.folder.mkdir(parents=True)
    key = SigningKey.create(BOX)
    made.boxes.write_bytes(Jwks.of([key.public]).as_json())
    fill(made.log, key, events)
    made.folder.rename(whole.folder)
    return whole
