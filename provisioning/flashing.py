"""A card is written for one box: image, keys, settings; all read back; then it counts.

1. keys are made in memory, and their public half is written down
2. the image goes on the card and is read back
3. the box's files go into its data partition and are read back
4. the first MiB goes on the card, and with it the partition table
5. the register says that these keys count

What fails before 5 can be done again, with new keys; those that were made are revoked then. So no key that somebody
finds on a card that was given up opens anything.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from device.errors import Refused
from provisioning import authority
from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import read_table
from provisioning.card.target import Target, open_target
from provisioning.card.writing import read_back, to_write, write_image
from provisioning.certificates import Issuer
from provisioning.identity import IDENTITY_FOLDER, File, Identity, make_identity, recorded
from provisioning.image.manifest import SignedImage
from provisioning.progress import bar
from provisioning.register import Register
from provisioning.sealed_secret import open_secret
from provisioning.settings_file import SETTINGS, Places


@dataclass(frozen=True)
class Workshop:
    """What every card is made with."""

    register: Register
    folder: Path  # the authority's
    issuer: Issuer
    image: SignedImage
    actor: str  # for the audit trail


def flash(workshop: Workshop, box: str, path: Path, described: str, now: datetime) -> None:
    """Make the card of a box.

    Args:
        workshop: What it is made with.
        box: The id of a box that has a label and no card yet.
        path: The disk or file; whoever calls has made sure that it may be erased.
        described: The disk in words, for the audit trail.
        now: UTC.

    Raises:
        Refused: The box is not to be flashed, or the card cannot be written or reads otherwise than written.
    """
    register, actor = workshop.register, workshop.actor
    row = refuse_unfit_to_flash(register, box)
    declared, platform = recorded(row, open_secret(row["wifi_password"], workshop.issuer.key))
    identity = make_identity(declared, platform, row["label_code"], Places.shipped(), workshop.issuer, now)
    image = workshop.image
    with open_target(path, writing=True) as target:
        with register.change():
            register.remember_image(image.manifest.sha256, image.manifest.version, image.jws, image.map_xml)
            _publish(workshop, register.issue(box, identity.keys, actor, now), now)
        try:
            _write(workshop, target, identity)
        except BaseException as reason:
            with register.change():
                _publish(workshop, register.abandon(box, actor, now), now)
                told = reason.code if isinstance(reason, Refused) else type(reason).__name__
                register.note("flash-failed", box, {"why": told, "target": str(path)}, actor, now)
            raise
        with register.change():
            register.confirm(box, identity.keys.serial, now)
            detail = {
                "image": image.manifest.version,
                "sha256": image.manifest.sha256,
                "serial": identity.keys.serial,
                "target": str(path),
                "card": described,
            }
            register.note("flash", box, detail, actor, now)


def refuse_unfit_to_flash(register: Register, box: str) -> dict[str, Any]:
    """Refuse a box that is not to get a card; give any other.

    Raises:
        Refused: It is unknown, retired, has a card already, or no label yet.
    """
    row = register.refuse_unfit_to_retire(box)
    if row["status"] == "active":
        raise Refused(
            "box-flashed",
            f"Box {box} has its keys already, since {row['made']}.",
            "See with `estu-provision verify` whether its card is good. If it is lost or broken, retire the box and enrol "
            "it under the next id: two cards with one box's events would contradict each other.",
        )
    if row["label_code"] is None:
        raise Refused(
            "box-unlabelled",
            f"Box {box} has no label yet, and the card holds the hash of the label's code.",
            f"Run `estu-provision label {box}` first.",
        )
    return row


def occupant(path: Path) -> str | None:
    """Tell whose card it is, if it is one of Estu's: the box's id."""
    try:
        settings = DataPartition(path, read_table(path).data).read(f"{IDENTITY_FOLDER}/{SETTINGS}")
        return str(tomllib.loads(settings.decode())["box"]["id"])
    except (Refused, ValueError, KeyError, TypeError):
        return None


def _write(workshop: Workshop, target: Target, identity: Identity) -> None:
    image = workshop.image
    target.begin()
    with bar("Writing", to_write(image)) as advance:
        write_image(target, image, advance)
    with bar("Reading back", image.block_map.mapped) as advance:
        read_back(target, image.block_map, advance)
    data = DataPartition(target.path, image.manifest.table.data)
    data.write(identity.on_card)
    target.settle()
    _refuse_differing(data, identity.on_card, target.path)
    target.finish()


def _refuse_differing(data: DataPartition, files: Mapping[str, File], path: Path) -> None:
    """Read the box's files back.

    Raises:
        Refused: One of them is not there as it was written, or the file system is damaged.
    """
    why = data.objection()
    for name, file in files.items():
        entry = data.entry(name)
        if (
            entry is None
            or (entry.mode, entry.uid, entry.gid) != (file.mode, 0, 0)
            or data.read(name) != file.content
        ):
            why = f"{name} is not there as it was written"
            break
    if why is not None:
        raise Refused(
            "card-differs",
            f"The data partition on {path} is not as it should be: {why}.",
            "Try once more; if it happens again, take another card, and see whether the image's data partition is full.",
        )


def _publish(workshop: Workshop, number: int | None, now: datetime) -> None:
    if number is not None:
        revoked = workshop.register.revocations()
        authority.publish_revocations(workshop.issuer, workshop.folder, number, revoked, now)
