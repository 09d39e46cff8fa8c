"""Who signs what, how many of them, and for how long it holds.

| role      | says                                       | signs when                    | where its key lies |
|-----------|--------------------------------------------|-------------------------------|--------------------|
| root      | whose keys count for each role             | keys change; once a year      | offline, sealed    |
| targets   | which files there are, by length and hash  | something is published        | offline, sealed    |
| snapshot  | which version of targets holds             | something is published        | online             |
| timestamp | which snapshot is the newest               | every day, by a timer         | online             |

(The Update Framework, specification 1.0.33, section 2.1.)
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
ROLES: Final = (ROOT, TARGETS, SNAPSHOT, TIMESTAMP)
OFFLINE: Final = (ROOT, TARGETS)
ONLINE: Final = (SNAPSHOT, TIMESTAMP)


@dataclass(frozen=True)
class Share:
    """So many of so many keys."""

    threshold: int
    keys: int

    def __str__(self) -> str:
        """Write it as the command line takes it."""
        return f"{self.threshold}/{self.keys}"


# One of three root keys may be lost, and one stolen; either of two publishers may be away.
SHARES: Final = {ROOT: Share(2, 3), TARGETS: Share(1, 2), SNAPSHOT: Share(1, 1), TIMESTAMP: Share(1, 1)}

# How long a signature holds. A box that was away for a season starts from an old root and needs no valid one; but it takes
# nothing that a timestamp of the last days does not vouch for.
LIFETIMES: Final = {
    ROOT: timedelta(days=400),
    TARGETS: timedelta(days=180),
    SNAPSHOT: timedelta(days=14),
    TIMESTAMP: timedelta(days=3),
}

# So long before an offline role expires, each refresh says so: people have to meet.
WARNED: Final = timedelta(days=45)
