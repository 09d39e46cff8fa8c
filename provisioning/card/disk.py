"""Which disk is meant, and whether it may be erased.

- A partition, a disk that is in use, write-protected, without a card in it or smaller than the image is never written.
- A disk that is not removable, or of a size that cards have not, is written only if its exact name was given twice.
- Everything else is shown with what is on it, and a person says yes.
"""

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import Refused
from provisioning import programs

LARGEST_CARD = 137_500_000_000  # bytes: cards sold as 128 GB; larger ones are more often somebody's backup
SMALLEST_CARD = (
    1_900_000_000  # bytes: sold as 2 GB; the smallest that an SD card's own rules for this size allow
)
_COLUMNS = "NAME,TYPE,SIZE,RM,HOTPLUG,RO,TRAN,VENDOR,MODEL,SERIAL,MOUNTPOINTS,FSTYPE,LABEL,PARTLABEL"
_HELD = (
    "crypt",
    "lvm",
    "mpath",
    "raid",
)  # types of what may stand on a disk; raid0, raid1 and so on begin so


@dataclass(frozen=True)
class Part:
    """A partition that is on a disk, as the kernel sees it now."""

    path: str
    size: int  # bytes
    kind: str  # of its file system, or nothing
    name: str  # its label, or nothing


@dataclass(frozen=True)
class Disk:
    """A block device."""

    path: str
    kind: str  # disk, loop, part, ...
    size: int  # bytes
    removable: bool  # the medium or the whole device is meant to be taken out
    read_only: bool
    described: str  # maker, model, serial number, how it is connected
    parts: tuple[Part, ...]
    uses: tuple[str, ...]  # where it or a part of it is mounted, or what stands on it

    def objections(self, needed: int) -> list[Refused]:
        """Give the reasons for which it is never written.

        Args:
            needed: Bytes of the image.
        """
        found = []
        if self.kind not in ("disk", "loop"):
            found.append(
                _refused("target-no-disk", f"{self.path} is no whole disk ({self.kind}).", "Name the disk.")
            )
        if self.uses:
            found.append(
                _refused(
                    "target-in-use",
                    f"{self.path} is in use: {', '.join(self.uses)}.",
                    "If it is the card, unmount it (`umount`, or in the file manager) and try again.",
                )
            )
        if self.size == 0:
            found.append(
                _refused("target-empty", f"There is no card in {self.path}.", "Put it in and try again.")
            )
        elif self.size < needed:
            found.append(
                _refused(
                    "target-small",
                    f"{self.path} has {self.size} bytes, the image needs {needed}.",
                    "Take a larger card.",
                )
            )
        if self.read_only:
            found.append(
                _refused(
                    "target-read-only",
                    f"{self.path} is write-protected.",
                    "Move the slide at the card's edge, or take another card: worn-out ones lock themselves.",
                )
            )
        return found

    def doubts(self) -> list[str]:
        """Give the reasons for which it may be the wrong disk, each a sentence without its full stop."""
        found = []
        if not self.removable:
            found.append("it is not removable")
        if not SMALLEST_CARD <= self.size <= LARGEST_CARD:
            found.append(
                f"it has {gigabytes(self.size)}, and cards have {gigabytes(SMALLEST_CARD)} to {gigabytes(LARGEST_CARD)}"
            )
        return found


def find(path: Path) -> Disk:
    """Look at a disk, without changing anything.

    Raises:
        Refused: There is none of this name.
    """
    try:
        is_device = stat.S_ISBLK(path.stat().st_mode)
    except OSError as reason:
        raise _refused(
            "target-missing", f"There is no {path}: {reason.strerror}.", "`lsblk` shows the disks there are."
        ) from reason
    if not is_device:
        raise _refused(
            "target-no-disk",
            f"{path} is no disk.",
            "Name a disk such as /dev/sdb; a file goes with --simulate.",
        )
    ended = programs.run(["lsblk", "--json", "--bytes", "--paths", "--output", _COLUMNS, str(path)])
    if ended.returncode != 0:
        raise _refused(
            "target-unreadable",
            f"{path} cannot be looked at: {programs.complaint(ended)}.",
            "Plug it in again.",
        )
    return read(json.loads(ended.stdout)["blockdevices"][0])


def read(told: dict[str, Any]) -> Disk:
    """Read one disk as `lsblk --json --bytes --paths` tells of it."""
    below = list(_below(told))
    uses = [
        f"{each['name']} is {'swap space' if place == '[SWAP]' else f'mounted on {place}'}"
        for each in (told, *below)
        for place in each.get("mountpoints") or ()
        if place
    ]
    uses += [f"{each['name']} stands on it" for each in below if each["type"].startswith(_HELD)]
    words = [told.get(name) or "" for name in ("vendor", "model", "serial", "tran")]
    return Disk(
        path=told["name"],
        kind=told["type"],
        size=int(told["size"] or 0),
        removable=bool(told["rm"] or told["hotplug"]),
        read_only=bool(told["ro"]),
        described=" ".join(word.strip() for word in words if word.strip()) or "of unknown make",
        parts=tuple(
            Part(
                each["name"],
                int(each["size"] or 0),
                each["fstype"] or "",
                each["partlabel"] or each["label"] or "",
            )
            for each in below
            if each["type"] == "part"
        ),
        uses=tuple(dict.fromkeys(uses)),
    )


def permit(disk: Disk, needed: int, named: str, again: str | None) -> None:
    """Let a disk be erased, or say why not.

    Args:
        disk: It.
        needed: Bytes of the image.
        named: The name under which it was asked for.
        again: The name as it was given a second time, if it was.

    Raises:
        Refused: It must not be written; or is doubtful, and was not named twice.
    """
    for objection in disk.objections(needed):
        raise objection
    if again is not None and again != named:
        raise _refused(
            "target-named-differently",
            f"The disk was named {named} and then {again}.",
            "Give one name, twice, letter by letter; or leave --really out.",
        )
    doubts = disk.doubts()
    if doubts and again is None:
        raise _refused(
            "target-doubtful",
            f"{disk.path} ({disk.described}) may be the wrong disk: {', and '.join(doubts)}.",
            f"If it is to be erased nevertheless, add: --really {named}",
        )


def gigabytes(size: int) -> str:
    """Write a size as it is printed on cards."""
    return f"{size / 1e9:.1f} GB"


def _below(told: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for child in told.get("children", ()):
        found += [child, *_below(child)]
    return found


def _refused(code: str, message: str, advice: str) -> Refused:
    return Refused(code, message, advice)
