"""Where the passphrase of a sealed key comes from: a file, the environment, or the person at the keyboard."""

import getpass
import os
import sys
from pathlib import Path

from device.errors import Refused

VARIABLE = "ESTU_PUBLISHING_PASSPHRASE"


class Asking:
    """Gives the passphrase of a key file.

    A file comes before the environment, and the environment before the prompt. The first two give one passphrase for all keys.
    """

    def __init__(self, file: Path | None, new: bool) -> None:
        """Remember where to look.

        Args:
            file: Its first line is the passphrase, if given.
            new: Ask twice, since nothing can be compared with yet.
        """
        self._file, self._new = file, new

    def __call__(self, key: Path) -> str:
        """Give the passphrase of a key.

        Raises:
            Refused: The file cannot be read, the two entries differ, or there is nobody to ask.
        """
        if self._file is not None:
            try:
                return self._file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
            except (OSError, UnicodeDecodeError) as reason:
                raise Refused(
                    "passphrase-unreadable",
                    f"The passphrase in {self._file} cannot be read: {reason}.",
                    "Check the file.",
                ) from reason
        if VARIABLE in os.environ:
            return os.environ[VARIABLE]
        if not sys.stdin.isatty():
            raise Refused(
                "passphrase-missing",
                f"The passphrase of {key} is needed, and nobody is there to type it.",
                f"Give --passphrase-file FILE or set {VARIABLE}.",
            )
        typed = getpass.getpass(f"Passphrase of {key}: ")
        if self._new and getpass.getpass("The same again: ") != typed:
            raise Refused("passphrase-differs", "The two passphrases differ.", "Try again.")
        return typed
