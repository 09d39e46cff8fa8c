"""Several new files as one: all of them are there in the end, or none.

- Nothing is ever overwritten: a second identity in the place of the first would lose a private key without a trace.
- A private file is never, not even for an instant, readable by others.
- What was written is taken back if something after it fails.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from device.errors import Refused
from device.host import atomic_file

PRIVATE, PUBLIC = 0o600, 0o644


class NewFiles:
    """The files written so far, for taking them back."""

    def __init__(self) -> None:
        """Begin with none."""
        self._made: list[Path] = []  # files and folders in the order they were made

    def folder(self, path: Path) -> None:
        """Make a folder with those above it, closed to others; one that is there already stays as it is."""
        missing = [each for each in (path, *path.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700)
            self._made.append(each)

    def write(self, path: Path, content: bytes, mode: int = PRIVATE) -> None:
        """Write one new file and see it onto the disk.

        Raises:
            Refused: The file exists.
        """
        self.written_by(path, lambda path: atomic_file.write_new(path, content, mode))

    def written_by(self, path: Path, save: Callable[[Path], None]) -> None:
        """Let a value write itself into a new file.

        Args:
            path: The file.
            save: Writes it, and raises `FileExistsError` rather than overwrite.

        Raises:
            Refused: The file exists.
        """
        try:
            save(path)
        except FileExistsError as reason:
            raise Refused(
                "file-exists",
                f"{path} exists already and is not overwritten.",
                "Give another folder, or move that one away if you are sure.",
            ) from reason
        self._made.append(path)

    def take_back(self) -> None:
        """Remove what was written, and the folders made for it if nothing else came into them."""
        for path in reversed(self._made):
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()
            else:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def new_files() -> Iterator[NewFiles]:
    """Write several files as one: whatever ends the block early takes all of them back."""
    files = NewFiles()
    try:
        yield files
    except BaseException:
        files.take_back()
        raise
