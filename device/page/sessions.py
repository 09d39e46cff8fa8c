"""Who has shown the label code lately.

Rules:
1. A session is a random token in a cookie; here only its hash is kept, and in memory only.
2. It ends by itself: `IDLE` after its last use, `LONGEST` after its begin, and when the page starts anew.
3. What a form changes, it changes only with the session's own second token in it, which no other site can read.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace

IDLE = 30 * 60.0  # seconds
LONGEST = 8 * 3600.0  # seconds
MOST = 20  # at once; the one that was used least lately goes first


@dataclass(frozen=True)
class Session:
    """Someone who has shown the code. Times are seconds on a monotonic clock."""

    form_token: str
    begun: float
    used: float

    def ended(self, now: float) -> bool:
        """Say whether it is over."""
        return now - self.used >= IDLE or now - self.begun >= LONGEST


class Sessions:
    """Those who are signed in."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._open: dict[bytes, Session] = {}

    def begin(self, now: float) -> str:
        """Let somebody in; give the token for the cookie."""
        self._open = {key: session for key, session in self._open.items() if not session.ended(now)}
        while len(self._open) >= MOST:
            del self._open[min(self._open, key=lambda key: self._open[key].used)]
        token = secrets.token_urlsafe(32)
        self._open[_hash(token)] = Session(secrets.token_urlsafe(32), now, now)
        return token

    def find(self, token: str | None, now: float) -> Session | None:
        """Give the session of a token, and note its use; None if there is none or it is over."""
        key = _hash(token or "")
        session = self._open.get(key)
        if session is None or session.ended(now):
            self._open.pop(key, None)
            return None
        self._open[key] = replace(session, used=now)
        return self._open[key]

    def end(self, token: str | None) -> None:
        """Let somebody out."""
        self._open.pop(_hash(token or ""), None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
