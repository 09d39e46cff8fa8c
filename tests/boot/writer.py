"""What writes in the booted image while its power is cut: the box's own log, an event after the other, each told once it is committed.

It runs as the first program, in systemd's place, on the image's own kernel, Python and packages; the data partition was checked and
mounted by the image's own first program, as at every boot. Each committed number goes to the console, and into a sector of the empty
slot's partition, past all caches: so a record of the card's writes says what was promised when.
"""

import mmap
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, "/usr/lib/estu/python")

from device.host.clock import Instant
from device.record.log import EventLog
from device.record.reports import IncidentReport
from device.record.signing_key import SigningKey

SAY = "estu-writer"
PROMISE = b"ESTU-COMMITTED "
BEGIN = "mkdir -p /run/lock; exec /usr/bin/python3 -I /data/trial/writer.py\n"
_BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2"


def main(box: str) -> None:
    """Append until the power goes."""
    checked = " ".join(Path("/run/estu-fsck").read_text().split())
    key = SigningKey.load(Path("/data/etc-estu/signing.pem"), box)
    promises = _promises()
    with EventLog.open(Path("/data/lib-estu/log.sqlite"), box, key) as log:
        head = log.head()
        lost = sum(len(bridge.numbers) for bridge in log.losses())
        print(
            f"{SAY} found {0 if head is None else head.seq} cut {log.opening.cut} lost {lost} checked {checked}",
            flush=True,
        )
        while True:
            number = 0 if head is None else head.seq
            now = Instant(datetime.now(UTC), float(number), _BOOT, "unsynchronised", None)
            head = log.append(
                IncidentReport("trial", f"Event after {number}, and some words to fill a page." * 4), now
            )
            promises.seek(0)
            promises.write((PROMISE + str(head.seq).encode()).ljust(512, b"\0"))
            os.pwritev(_card(), [promises], _PLACE)
            print(f"{SAY} committed {head.seq}", flush=True)


def _promises() -> mmap.mmap:
    """Give memory that begins at a page, as a write past all caches wants it."""
    return mmap.mmap(-1, 512)


def _card() -> int:
    global _FILE  # noqa: PLW0603 - opened once
    if _FILE is None:
        # Partition 6, the empty slot's root, of the disk on whose partition 7 the data lie.
        data = next(
            line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if " /data ext4" in line
        )
        _FILE = os.open(data[:-1] + "6", os.O_WRONLY | os.O_DIRECT | os.O_SYNC)
    return _FILE


_FILE: int | None = None
_PLACE = 0

if __name__ == "__main__":
    main("estu-demo")
