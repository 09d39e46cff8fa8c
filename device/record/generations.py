"""The files of one log: `log.sqlite`, and where that was damaged `log.2.sqlite`, `log.3.sqlite` ...

A damaged file is never touched again: it is evidence, and another process may have it open. What could be read of it
stands in the next one, which appears in one moment, whole.
"""

from pathlib import Path


def newest(path: Path) -> Path:
    """Give the file that is the log now.

    Args:
        path: The first one, as the settings name it.
    """
    found, number = path, 2
    while (following := generation(path, number)).exists():
        found, number = following, number + 1
    return found


def following(path: Path) -> Path:
    """Give the file that would be the log after this one is damaged."""
    number = 2
    while generation(path, number).exists():
        number += 1
    return generation(path, number)


def generation(path: Path, number: int) -> Path:
    """Give one of the files; the first has the path itself."""
    return path if number == 1 else path.with_name(f"{path.stem}.{number}{path.suffix}")


def damaged(path: Path) -> int:
    """Count the damaged files that are kept."""
    number = 1
    while generation(path, number + 1).exists():
        number += 1
    return number - 1
