"""A program of this machine that is run and must succeed."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from device.errors import Broken

_TAIL = 2000  # characters of what it said last


def run(
    words: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    given: bytes | None = None,
) -> str:
    """Run a program to its end.

    Args:
        words: The program and its arguments.
        environment: Added to ours.
        folder: Where it runs.
        given: Its standard input.

    Returns:
        What it wrote to its standard output.

    Raises:
        Broken: It is not installed, or it failed; its last words are in the message.
    """
    program = str(words[0])
    try:
        ended = subprocess.run(
            [str(word) for word in words],
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            cwd=folder,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise Broken(
            "program-missing",
            f"{program} is not installed.",
            "`make image` installs what the image needs (APT_IMAGE in the Makefile).",
        ) from None
    if ended.returncode:
        said = (ended.stdout + ended.stderr).decode(errors="replace")[-_TAIL:].strip()
        raise Broken(
            "program-failed",
            f"{program} ended with status {ended.returncode} and said:\n{said}\n",
            "Mend what it names and run the command again.",
        )
    return ended.stdout.decode(errors="replace")
