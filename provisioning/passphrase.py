"""Where the authority's passphrase comes from: a file, the environment, or the person at the keyboard."""

import getpass
import os
import sys
from pathlib import Path

from device.errors import Refused

VARIABLE = "ESTU_AUTHORITY_PASSPHRASE"


def passphrase(file: Path | None, *, new: bool = False) -> str:
    """Get the passphrase.

    A file comes before the environment, and the environment before the prompt. There is no option that takes the
    passphrase itself: it would stand in the shell's history and in the list of running programs.

    Args:
        file: The first line of this file is the passphrase, if given.
        new: Ask twice, since nothing can be compared with yet.

    Raises:
        Refused: The file cannot be read, the two entries differ, or there is nobody to ask.
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as reason:
            raise Refused(
                "passphrase-unreadable",
                f"The passphrase in {file} cannot be read: {reason}.",
                "Check the file.",
            ) from reason
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise Refused(
            "passphrase-missing",
            "The authority's passphrase is needed, and nobody is there to type it.",
            f"Give --passphrase-file FILE or set {VARIABLE}.",
        )
    typed = getpass.getpass("Passphrase of the authority: ")
    if new and getpass.getpass("The same again: ") != typed:
        raise Refused("passphrase-differs", "The two passphrases differ.", "Try again.")
    return typed
