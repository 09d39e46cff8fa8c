"""Letting in whoever knows the code on the label."""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.page.label_code import is_label_code, read_hash
from device.page.lock import Lock
from device.page.sessions import Session, Sessions


@dataclass(frozen=True)
class Let:
    """What came of showing a code."""

    token: str | None  # for the cookie; None if the code was not right or not looked at
    waits: float = 0.0  # seconds until a code is looked at again


class Door:
    """Checks codes, one at a time: each takes a third of a second and 32 MiB."""

    def __init__(self, hash_path: Path, monotonic: Callable[[], float]) -> None:
        """Stand before what needs the code.

        Args:
            hash_path: The file with the hash of the code.
            monotonic: Gives seconds; only differences count.
        """
        self._path = hash_path
        self._monotonic = monotonic
        self._lock = Lock()
        self._sessions = Sessions()
        self._one_at_a_time = threading.Lock()

    def show(self, code: str) -> Let:
        """Show a code.

        Raises:
            Refused: The box has no code.
        """
        with self._one_at_a_time:
            waits = self._lock.waits(self._monotonic())
            if waits:
                return Let(None, waits)
            hashed = read_hash(self._path)
            if not is_label_code(code, hashed):
                self._lock = self._lock.after_wrong(self._monotonic())
                return Let(None, self._lock.waits(self._monotonic()))
            self._lock = Lock()
            return Let(self._sessions.begin(self._monotonic()))

    def waits(self) -> float:
        """Give the seconds until a code is looked at again."""
        return self._lock.waits(self._monotonic())

    def session(self, token: str | None) -> Session | None:
        """Give the session that a cookie's token opens."""
        return self._sessions.find(token, self._monotonic()) if token else None

    def leave(self, token: str | None) -> None:
        """End a session."""
        self._sessions.end(token)


def is_own_form(session: Session, form_token: str) -> bool:
    """Say whether a form was made for this session."""
    return hmac.compare_digest(session.form_token.encode(), form_token.encode("utf-8", "replace"))
