"""The file system on the data partition, written and read in its place: nothing is ever mounted.

`debugfs` of e2fsprogs does it, on a file as on a disk, and without being root. What is written goes to it through
memory (memfd), so that private keys lie on the card and in no file on the way there.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused
from provisioning import programs
from provisioning.card.partitions import Partition
from provisioning.identity import File

_NAME = re.compile(r"[a-zA-Z0-9._-]+(/[a-zA-Z0-9._-]+)*")
_LARGEST_FILE = 1024 * 1024  # bytes that are read of one file
_ENTRY = re.compile(
    r"/(\d+)/(\d{6})/(\d+)/(\d+)/([^/]*)/(\d*)/"
)  # `ls -p`: inode, mode, uid, gid, name, size


@dataclass(frozen=True)
class Entry:
    """A file or a folder, as the file system has it."""

    path: str  # below the partition's root, without a leading slash
    is_folder: bool
    mode: int  # permissions
    uid: int
    gid: int
    size: int  # bytes


class DataPartition:
    """The ext4 in one partition of a disk or a file."""

    def __init__(self, path: Path, partition: Partition) -> None:
        """Take the disk or file, and where in it the file system is."""
        self._place = f"{path}?offset={partition.start}"
        self._start = partition.start

    def write(self, files: Mapping[str, File]) -> None:
        """Write files with the folders above them; the folders are open to all, the files as they say.

        The caller reads them back: `debugfs` does not tell by its exit status whether it could do everything.

        Args:
            files: By their paths below the partition's root; none of them is there yet.
        """
        folders = sorted(
            {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
        )
        requests = []
        for folder in folders:
            if self.entry(folder) is None:
                requests += [f"mkdir /{folder}"]
            requests += [f"sif /{folder} mode 040755", f"sif /{folder} uid 0", f"sif /{folder} gid 0"]
        descriptors = []
        try:
            for name, file in files.items():
                if not _NAME.fullmatch(name):
                    raise ValueError(name)
                descriptors.append(os.memfd_create("card"))
                with os.fdopen(os.dup(descriptors[-1]), "wb") as memory:
                    memory.write(file.content)
                requests += [
                    f"write /proc/self/fd/{descriptors[-1]} /{name}",
                    f"sif /{name} mode 010{file.mode:04o}",
                    f"sif /{name} uid 0",
                    f"sif /{name} gid 0",
                ]
            text = "\n".join([*requests, ""]).encode()
            programs.run(["debugfs", "-w", "-f", "-", self._place], text, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def read(self, path: str) -> bytes:
        """Give a file's content.

        Raises:
            Refused: There is no such file, or it is larger than any that is written here.
        """
        entry = self.entry(path)
        if entry is None or entry.is_folder:
            raise Refused(
                "card-file-missing",
                f"The file {path} is not on the card.",
                "Write it with `estu-provision flash`.",
            )
        if entry.size > _LARGEST_FILE:
            raise Refused(
                "card-file-large", f"The file {path} on the card has {entry.size} bytes.", "Flash it again."
            )
        return self._ask(f"cat /{path}")

    def entry(self, path: str) -> Entry | None:
        """Look at one file or folder."""
        folder, _, name = path.rpartition("/")
        return next((each for each in self.folder(folder) if each.path == path), None) if name else None

    def folder(self, path: str) -> list[Entry]:
        """List a folder; one that is not there is empty."""
        found = []
        for _, mode, uid, gid, name, size in _ENTRY.findall(
            self._ask(f"ls -p /{path}").decode(errors="replace")
        ):
            if name not in (".", ".."):
                bits = int(mode, 8)
                full = f"{path}/{name}" if path else name
                found.append(
                    Entry(
                        full, bits & 0o170000 == 0o040000, bits & 0o7777, int(uid), int(gid), int(size or 0)
                    )
                )
        return found

    def stretches(self, path: str) -> list[tuple[int, int]]:
        """Tell where a file's content lies: start and end of each block, in bytes from the disk's beginning."""
        found = re.search(rb"^Block size:\s*(\d+)", self._ask("show_super_stats -h"), re.MULTILINE)
        size = int(found[1]) if found else 0
        blocks = [int(each) for each in self._ask(f"blocks /{path}").split()]
        return [(self._start + block * size, self._start + (block + 1) * size) for block in blocks if block]

    def objection(self) -> str | None:
        """Have the whole file system checked, and give what is wrong with it."""
        ended = programs.run(["e2fsck", "-f", "-n", self._place])
        if ended.returncode == 0:
            return None
        said = (ended.stdout + ended.stderr).decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"e2fsck ended with status {ended.returncode}"

    def _ask(self, request: str) -> bytes:
        return programs.run(["debugfs", "-R", request, self._place]).stdout
