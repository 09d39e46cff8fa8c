"""What `verify` does: everything that can be told of a card, said line by line."""

from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from device.errors import Refused
from provisioning import authority
from provisioning.card.inspection import (
    Expected,
    Finding,
    box_on,
    identity_findings,
    image_findings,
    secret_findings,
)
from provisioning.card.target import open_target
from provisioning.identity import network_files, public_files, recorded
from provisioning.image import block_map
from provisioning.image.manifest import image_keys, open_signed
from provisioning.progress import bar
from provisioning.register import Register, opened
from provisioning.settings_file import Places


def verify_card(arguments: Namespace, actor: str, now: datetime) -> None:
    """Look whether a card is the one that the register knows."""
    path: Path = arguments.target
    with opened(arguments.authority) as register:
        with open_target(path, writing=False) as target:
            target.settle()
            table, box = box_on(path)
            row = register.box(box)
            findings = [_standing(box, row)]
            mapped = _map_of(arguments, register, box)
            image_is_good = False
            if mapped is None:
                findings.append(
                    Finding(False, "it is not known which image was flashed; give it with --image")
                )
            else:
                with bar("Reading the image", mapped.mapped) as advance:
                    found = list(image_findings(target, mapped, table, advance))
                image_is_good = all(each.good for each in found)
                findings += found
            if row is not None and row["kid"] is not None:
                findings += identity_findings(path, table, _expected(arguments.authority, row))
            size = mapped.size if mapped else table.data.end
            with bar("Looking for keys", size) as advance:
                findings += secret_findings(target, mapped if image_is_good else None, table, size, advance)
        wrong = [each.text for each in findings if not each.good]
        with register.change():
            register.note("verify", box, {"target": str(path), "faults": wrong}, actor, now)
    for each in findings:
        print(f"{'good ' if each.good else 'WRONG'}  {each.text}.")
    if wrong:
        raise Refused(
            "card-faulty",
            f"The card in {path} (box {box}) has {len(wrong)} fault{'s' if len(wrong) != 1 else ''}.",
            "Do not ship it. Flash it again while the box is not yet active; else retire the box and enrol the next.",
        )
    print(f"The card in {path} is that of box {box}.")


def _standing(box: str, row: dict[str, Any] | None) -> Finding:
    if row is None:
        return Finding(False, f"box {box} is not in the register")
    return Finding(row["status"] == "active", f"box {box} is {row['status']} in the register")


def _map_of(arguments: Namespace, register: Register, box: str) -> block_map.BlockMap | None:
    """Find the map of the image that was flashed: the one given, else the one that the register remembers."""
    if arguments.image is not None:
        return open_signed(arguments.image, image_keys(arguments.authority, arguments.image_keys)).block_map
    flashed = [
        line["detail"] for line in register.audit() if (line["action"], line["subject"]) == ("flash", box)
    ]
    image = register.image(flashed[-1]["sha256"]) if flashed else None
    return block_map.parse(image["map"].encode()) if image else None


def _expected(folder: Path, row: dict[str, Any]) -> Expected:
    # The password is sealed; lines of the card that tell of it are not compared.
    box, platform = recorded(row, "unknown here" if row["wifi_password"] else "")
    trusted = (folder / authority.CERTIFICATE).read_bytes()
    return Expected(
        row["kid"],
        row["certificate"].encode(),
        public_files(box, platform, row["label_code"], Places.shipped(), trusted),
        network_files(box),
    )
