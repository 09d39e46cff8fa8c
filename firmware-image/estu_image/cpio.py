"""An archive as the kernel unpacks it at boot ("newc"), the same bytes for the same files.

Source: the Linux kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

import stat
from dataclasses import dataclass, field


@dataclass
class Archive:
    """Files in the order in which they were added; all belong to root and have no date."""

    _parts: list[bytes] = field(default_factory=list)
    _number: int = 0  # of the next entry, its inode

    def folder(self, name: str) -> None:
        """Add a folder; the one it lies in was added before."""
        self._add(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file."""
        self._add(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def console(self) -> None:
        """Add /dev/console, which the first program speaks to before it has mounted anything."""
        self._add("dev/console", stat.S_IFCHR | 0o600, b"", device=(5, 1))

    def packed(self) -> bytes:
        """Give the whole archive."""
        end = Archive([], 0)
        end._add("TRAILER!!!", 0, b"")
        whole = b"".join([*self._parts, *end._parts])
        return whole + b"\0" * (-len(whole) % 512)

    def _add(self, name: str, mode: int, content: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self._number += 1
        named = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        numbers = (self._number, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(named), 0)
        header = b"070701" + b"".join(b"%08X" % number for number in numbers)
        self._parts.append(_padded(header + named) + _padded(content))


def _padded(piece: bytes) -> bytes:
    return piece + b"\0" * (-len(piece) % 4)
