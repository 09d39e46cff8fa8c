"""A FAT file system as a file, the same bytes for the same files; nothing is mounted."""

import tempfile
from pathlib import Path

from estu_image.program import run

_CHECKS_OFF = {"MTOOLS_SKIP_CHECK": "1", "TZ": "UTC"}


def write(target: Path, size: int, label: str, number: int, files: dict[str, bytes], date: int) -> None:
    """Make a FAT32 file system.

    Args:
        target: The file.
        size: Bytes.
        label: At most 11 letters.
        number: Its serial number.
        files: All in its root, written in this order: the first lies in the first cluster after the root's.
        date: Seconds since 1970, of every file.

    Raises:
        Broken: They do not fit, or a tool is missing.
    """
    with target.open("wb") as file:
        file.truncate(size)
    run(
        ["mkfs.vfat", "-F", "32", "-s", "1", "-n", label, "-i", f"{number:08x}", "--invariant", target],
        {"SOURCE_DATE_EPOCH": str(date)},
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.write_bytes(content)
            run(["touch", f"--date=@{date}", path])
            run(
                ["mcopy", "-m", "-i", target, path, f"::{name}"],
                {**_CHECKS_OFF, "SOURCE_DATE_EPOCH": str(date)},
            )


def read(source: Path, offset: int = 0) -> dict[str, bytes]:
    """Give the files of a FAT file system's root.

    Args:
        source: The file or disk it lies on.
        offset: Byte at which it begins.

    Raises:
        Broken: It is none.
    """
    image = f"{source}@@{offset}"
    with tempfile.TemporaryDirectory() as folder:
        run(["mcopy", "-n", "-i", image, "::*", folder], _CHECKS_OFF)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
