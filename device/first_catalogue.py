"""The first catalogue: a box that is fresh from its card has none until `estu sync` has brought one, and waits for it."""

import logging
import threading
from pathlib import Path

from device.bulletin import EVERY, Bulletin
from device.catalogue.manifest import MANIFEST
from device.errors import Waiting
from device.host import service

_log = logging.getLogger("estu.listen")


def wait(folder: Path, bulletin: Bulletin, stop: threading.Event) -> bool:
    """Wait until there is a catalogue, good or bad: whoever opens it says what is wrong with it.

    Args:
        folder: The catalogue's.
        bulletin: Is told, every second, what is waited for.
        stop: Ends the waiting.

    Returns:
        Whether there is one; not if the waiting was ended.
    """
    if _is_there(folder):
        return True
    awaited = Waiting(
        "catalogue-awaited",
        f"There is no catalogue in {folder} yet, so nothing can be recognised.",
        "Wait until `estu sync` has brought one; `estu status` tells how far it is.",
    )
    _log.warning("%s", awaited)
    service.ready(awaited.message)
    while not _is_there(folder):
        bulletin.waiting(awaited)
        service.alive()
        if stop.wait(EVERY):
            return False
    return True


def _is_there(folder: Path) -> bool:
    try:
        (folder / MANIFEST).stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # who opens it says why it cannot be read
    return True
