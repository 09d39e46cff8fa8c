"""What the platform has to say to the people at the box: kept as it was signed, for page and status to show.

Rules:
- Only the platform's signature makes a notice. It is asked for when one comes, and again by whoever shows it: who may
  write the file cannot put words on the page.
- Of those with one id the youngest counts; an older one that is shown again changes nothing.
- The newest stay, so many; what is over is not shown, and stays all the same, so that it cannot be shown again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from device.errors import Refused
from device.host import atomic_file
from device.record import limits
from device.record.keys import Jwks
from device.record.notice import Notice, unseal_notice

log_of_service = logging.getLogger("estu.sync")

_LARGEST = limits.NOTICES_KEPT * (limits.NOTICE_BYTES + 1)  # bytes


@dataclass(frozen=True)
class NoticeBoard:
    """The notices of one box, in a file: a JWS a line, the newest first."""

    path: Path
    box: str
    platform: Jwks  # whose notices count

    def post(self, jws: bytes) -> Notice:
        """Verify a notice, and keep it.

        Args:
            jws: As it came.

        Raises:
            Refused: It is not the platform's, is for another box, or is no younger than what was said under its id; what
                was kept stays.
            OSError: It cannot be written; what was kept stays.
        """
        notice = unseal_notice(jws, self.platform, self.box)
        kept = self._read()
        before = next(((old, line) for old, line in kept if old.id == notice.id), None)
        if before is not None and before[1] == jws:
            return notice  # at least once is what was promised
        if before is not None and notice.time <= before[0].time:
            raise Refused(
                "notice-older",
                f"The notice {notice.id} of {notice.time:%Y-%m-%d %H:%M:%S} came again.",
                "Nothing is lost; if it comes often, the platform's operator should look at the broker.",
            )
        others = [one for one in kept if one[0].id != notice.id]
        newest = sorted([*others, (notice, jws)], key=lambda one: one[0].time, reverse=True)
        text = b"".join(line + b"\n" for _, line in newest[: limits.NOTICES_KEPT])
        atomic_file.replace(self.path, text)
        return notice

    def shown(self, now: datetime) -> list[Notice]:
        """Give the notices that are to be shown, the newest first; none where the file is missing or spoilt.

        Args:
            now: UTC.
        """
        return [notice for notice, _ in self._read() if notice.until is None or now < notice.until]

    def _read(self) -> list[tuple[Notice, bytes]]:
        try:
            with self.path.open("rb") as file:
                lines = file.read(_LARGEST).splitlines()
        except OSError:
            return []
        found = []
        for line in lines[: limits.NOTICES_KEPT]:
            try:
                found.append((unseal_notice(line, self.platform, self.box), line))
            except Refused as refused:
                log_of_service.warning("A notice that was kept does not count: %s", refused)
        return found


@dataclass(frozen=True)
class NoticeWindow:
    """The same notices, for who only looks."""

    path: Path
    box: str
    platform_keys: Path  # the platform's public keys, as a JWKS file

    def shown(self, now: datetime) -> list[Notice]:
        """Give the notices that are to be shown, the newest first; none where the platform's keys cannot be read.

        Args:
            now: UTC.
        """
        if not self.path.exists():
            return []
        try:
            return NoticeBoard(self.path, self.box, Jwks.load(self.platform_keys)).shown(now)
        except Refused:
            return []
