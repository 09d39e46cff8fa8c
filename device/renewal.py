"""A newer catalogue while the box listens: looked for and opened beside the stream, handed over between two blocks.

Rules:
1. The loop that hears never waits: it asks whether there is a newer one, and the answer is there at once.
2. What is handed over is open and ready. What cannot be opened is said once, and the box hears on with what it has.
3. The one in use is closed only after the loop has gone over to the newer one.

`estu listen` has no network; whoever replaces the catalogue (`estu sync`, or somebody by hand) replaces its manifest last.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from device.catalogue.manifest import MANIFEST, MANIFEST_BYTES, read_checked
from device.errors import EstuError
from device.recogniser import Recogniser

_log = logging.getLogger("estu.listen")

EVERY = 5.0  # seconds from one look at the manifest to the next
_ENDS_WITHIN = 10.0  # seconds

_Sign = tuple[int, int, int]


class Renewal:
    """Keeps the recogniser in use, and brings a newer one; a context that looks while it lasts."""

    def __init__(
        self,
        folder: Path,
        used: Recogniser,
        opened: Callable[[Recogniser], Recogniser],
        every: float = EVERY,
    ) -> None:
        """Begin with what is in use, which is closed at the end.

        Args:
            folder: The catalogue's.
            used: What the loop uses.
            opened: Opens what is there now, given what is in use.
            every: Seconds from one look to the next.
        """
        self._manifest = folder / MANIFEST
        self._used, self._opened, self._every = used, opened, every
        self._ready: Recogniser | None = None
        self._seen: _Sign | None = None  # of the manifest that was looked into last
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="renewal", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking, and close what is open."""
        self._stop.set()
        self._thread.join(_ENDS_WITHIN)
        with self._lock:
            for each in (self._ready, self._used):
                if each is not None:
                    each.close()
            self._ready = None

    @property
    def used(self) -> Recogniser:
        """What the loop uses."""
        return self._used

    def newer(self) -> Recogniser | None:
        """Give a newer one, if it is open and ready; the loop goes over to it and says so by `gone_over`."""
        with self._lock:
            return self._ready

    def gone_over(self, newer: Recogniser) -> None:
        """Close the one that was used so far.

        Args:
            newer: What `newer` gave, and what is in use from now on.
        """
        with self._lock:
            self._used, former, self._ready = newer, self._used, None
        former.close()

    def look(self) -> None:
        """Look at the manifest, and open what is new."""
        sign = self._sign()
        if sign is None or sign == self._seen:
            return
        self._seen = sign
        with self._lock:
            used, waiting = self._used, self._ready is not None
        if waiting:
            self._seen = None  # the loop is to take that one first
            return
        try:
            digest = hashlib.sha256(read_checked(self._manifest, MANIFEST_BYTES)).hexdigest()
            if digest == used.catalogue.digest:
                return
            opened = self._opened(used)
        except EstuError as error:
            _log.warning("The new catalogue is not taken, the box hears on with the one it has. %s", error)
            return
        with self._lock:
            if not self._stop.is_set():
                self._ready = opened
                return
        opened.close()

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self.look()

    def _sign(self) -> _Sign | None:
        """Give what changes when the file is replaced."""
        try:
            found = self._manifest.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
