"""Where the repository's metadata lies.

    DIR/metadata/1.root.json ... N.root.json    every root there ever was: a box that was away follows them one by one
    DIR/metadata/N.targets.json, N.snapshot.json    the newest, and older ones that a box may be reading just now
    DIR/metadata/timestamp.json                 names the snapshot; it is replaced last, so all that is new holds at once
    DIR/targets/...                             the files, each with its SHA-256 before its name
    DIR/draft/root.json, targets.json           what waits for signatures; not for boxes

Rules:
1. What is the newest is said by timestamp.json alone, not by which files there are: a kill leaves files that nobody names.
2. A file is there whole or not at all (`device/host/atomic_file.py`).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

from device.errors import Broken, Refused
from device.host import atomic_file

METADATA, TARGETS, DRAFT = "metadata", "targets", "draft"

Kind = TypeVar("Kind", Root, Targets, Snapshot, Timestamp)


class Shelf:
    """The metadata files of one repository."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self.folder = folder
        self._metadata, self._drafts = folder / METADATA, folder / DRAFT

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the repository for oneself: two changes at once would use one version twice.

        Raises:
            Refused: Another command is at work in it, or there is none.
        """
        if not self.folder.is_dir():
            raise _missing(self.folder)
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Refused(
                    "repository-busy",
                    f"Another command is at work in {self.folder}.",
                    "Wait for it to end.",
                ) from error
            yield

    def make(self) -> None:
        """Make the folders.

        Raises:
            Refused: A repository is there.
        """
        if (self._metadata / "1.root.json").exists():
            raise Refused(
                "repository-exists", f"There is a repository in {self.folder}.", "Give another folder."
            )
        for folder in (self._metadata, self.folder / TARGETS, self._drafts):
            folder.mkdir(parents=True, exist_ok=True)

    def root(self) -> Metadata[Root]:
        """Give the newest root.

        Raises:
            Refused: There is no repository.
        """
        version = self.root_version()
        if not version:
            raise _missing(self.folder)
        return self._read(Root, self._metadata / f"{version}.root.json")

    def root_version(self) -> int:
        """Give the version of the newest root, 0 if there is none."""
        return max((int(file.name.split(".")[0]) for file in self._metadata.glob("*.root.json")), default=0)

    def timestamp(self) -> Metadata[Timestamp] | None:
        """Give the timestamp, None before the first."""
        path = self._metadata / "timestamp.json"
        return self._read(Timestamp, path) if path.exists() else None

    def snapshot(self) -> Metadata[Snapshot] | None:
        """Give the snapshot that the timestamp names."""
        timestamp = self.timestamp()
        if timestamp is None:
            return None
        return self._read(
            Snapshot, self._metadata / f"{timestamp.signed.snapshot_meta.version}.snapshot.json"
        )

    def targets(self) -> Metadata[Targets] | None:
        """Give the targets that the snapshot names."""
        snapshot = self.snapshot()
        if snapshot is None:
            return None
        version = snapshot.signed.meta["targets.json"].version
        return self._read(Targets, self._metadata / f"{version}.targets.json")

    def draft(self, kind: type[Kind]) -> Metadata[Kind] | None:
        """Give what waits for signatures, None if nothing does."""
        path = self._drafts / f"{kind.type}.json"
        return self._read(kind, path) if path.exists() else None

    def keep_draft(self, metadata: Metadata[Any]) -> None:
        """Let something wait for signatures."""
        self._drafts.mkdir(exist_ok=True)
        atomic_file.replace(self._drafts / f"{metadata.signed.type}.json", metadata.to_bytes())

    def drop_drafts(self, root: int, targets: int) -> None:
        """Let go of what waited and has become valid.

        Args:
            root: The version that is valid.
            targets: The same of targets.
        """
        for draft, version in ((self.draft(Root), root), (self.draft(Targets), targets)):
            if draft is not None and draft.signed.version <= version:
                (self._drafts / f"{draft.signed.type}.json").unlink()

    def put(self, metadata: Metadata[Any]) -> bytes:
        """Put metadata where boxes find it, and give its bytes."""
        content = metadata.to_bytes()
        kind = metadata.signed.type
        name = f"{kind}.json" if kind == Timestamp.type else f"{metadata.signed.version}.{kind}.json"
        atomic_file.replace(self._metadata / name, content)
        return content

    def named(self) -> list[TargetFile]:
        """Give the files that any version of targets names which still lies there, drafts included."""
        versions: list[Metadata[Any]] = [
            self._read(Targets, path) for path in self._metadata.glob("*.targets.json")
        ]
        draft = self.draft(Targets)
        versions += [draft] if draft else []
        return [file for version in versions for file in version.signed.targets.values()]

    def forget_old(self, before: float) -> None:
        """Remove versions of targets and snapshot that were followed by a newer one before a moment (seconds since 1970)."""
        for kind, valid in ((Targets, self.targets()), (Snapshot, self.snapshot())):
            if valid is None:
                continue
            files = [
                self._metadata / f"{version}.{kind.type}.json"
                for version in range(1, valid.signed.version + 1)
            ]
            there = [file for file in files if file.exists()]
            for file, follower in pairwise(there):
                if follower.stat().st_mtime < before:
                    file.unlink()

    def _read(self, kind: type[Kind], path: Path) -> Metadata[Kind]:
        try:
            read: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
        except (OSError, RepositoryError) as error:
            raise Broken(
                "repository-damaged",
                f"{path} cannot be read: {error}.",
                "Put the repository's folder back from its backup or from the server.",
            ) from error
        if not isinstance(read.signed, kind):
            raise Broken(
                "repository-damaged", f"{path} is no {kind.type}.", "Put the folder back from its backup."
            )
        return read


def _missing(folder: Path) -> Refused:
    return Refused(
        "repository-missing",
        f"There is no repository in {folder}.",
        "Make one with `estu-central repository init`.",
    )
