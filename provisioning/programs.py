"""Programs of the system that do what no library does as well, found where Debian puts them."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence

from device.errors import Refused

# A user's PATH in Debian lacks the folders where what administers lies.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
_PACKAGES = {
    "debugfs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "eject": "eject",
    "lsblk": "util-linux",
    "sfdisk": "fdisk",
}


def run(
    words: Sequence[str], content: bytes | None = None, descriptors: Iterable[int] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, with messages in English.

    Args:
        words: Its name and arguments.
        content: What it reads from its standard input; nothing if left out.
        descriptors: Open files it is handed.

    Returns:
        How it ended and what it said; how it ended is the caller's to judge.

    Raises:
        Refused: It is not installed.
    """
    program = shutil.which(words[0], path=_PATH)
    if program is None:
        raise Refused(
            "program-missing",
            f"The program {words[0]} is not installed.",
            f"Install it with: sudo apt install {_PACKAGES[words[0]]}",
        )
    return subprocess.run(
        [program, *words[1:]],
        input=content if content is not None else b"",
        capture_output=True,
        check=False,
        pass_fds=tuple(descriptors),
        env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": _PATH},
    )


def complaint(ended: subprocess.CompletedProcess[bytes]) -> str:
    """Give the last thing that a program said on its standard error, for an error's sentence."""
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"it ended with status {ended.returncode}"
