"""What `enrol` does: one box or a batch, for cards to be flashed or in folders for boxes made by hand."""

import getpass
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from cryptography import x509

from device.errors import Refused
from provisioning import authority, updates
from provisioning.batch import read_batch
from provisioning.box import NEEDED, OPTIONAL, Box
from provisioning.enrolment import Order, declare, enrol
from provisioning.passphrase import passphrase
from provisioning.platform_keys import platform_keys
from provisioning.register import Platform, Register, opened
from provisioning.settings_file import Places, broker_url

# What the command line may say of a single box, and the CSV file of many.
_WORDS = tuple("box" if name == "id" else name for name in (*NEEDED, *OPTIONAL) if name != "wifi_password")
_SECRET_WORDS = ("wifi_password_file", "wifi_open")


def enrol_boxes(arguments: Namespace, actor: str, now: datetime) -> None:
    """Enrol one box, or all of a batch."""
    if arguments.prefix is not None and arguments.out is None:
        raise Refused(
            "prefix-alone", "--prefix is for boxes made by hand.", "Give --out too, or leave --prefix out."
        )
    platform = Platform(
        broker_url(arguments.broker),
        platform_keys(arguments.platform_keys),
        tuple(map(broker_url, arguments.fallback)),
        updates.read(arguments),
    )
    with opened(arguments.authority) as register:
        boxes = _batch(arguments, register) if arguments.batch else [_single(arguments, register)]
        if arguments.out is None:
            declare(boxes, platform, _certificate(arguments.authority), register, actor, now)
            _tell_declared(boxes)
        else:
            orders = [_order(arguments, box) for box in boxes]
            issuer = authority.open_authority(arguments.authority, passphrase(arguments.passphrase_file))
            for each in enrol(orders, platform, issuer, register, actor, now):
                box = each.order.box
                print(
                    f"{box.id}  {box.venue}, {box.hall}\n  folder      {each.order.folder}\n"
                    f"  signing key {each.kid}\n  certificate good until {each.expires:%Y-%m-%d}\n"
                    f"  label code  {each.label_code}"
                )
            print(
                "The label codes are shown this once and stored nowhere: put them on the labels now.\n"
                "The private keys are in the folders above and nowhere else.\n"
                "The platform knows new boxes after `estu-provision export`."
            )


def _tell_declared(boxes: Sequence[Box]) -> None:
    for box in boxes:
        print(f"{box.id}  {box.venue}, {box.hall}")
    print(
        "Next: `estu-provision label` prints their labels, `estu-provision flash` makes their keys and cards."
    )


def _certificate(folder: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate((folder / authority.CERTIFICATE).read_bytes())
    except ValueError as reason:
        raise Refused(
            "authority-unreadable",
            f"The certificate in {folder} cannot be read.",
            "Restore the authority's folder from its backup.",
        ) from reason


def _single(arguments: Namespace, register: Register) -> Box:
    needed = ["box" if name == "id" else name for name in NEEDED]
    missing = [name for name in needed if getattr(arguments, name) is None]
    if missing:
        raise Refused(
            "declaration-incomplete",
            f"To enrol a box, {', '.join(_option(name) for name in missing)} must be given.",
            "See `estu-provision enrol --help`, also for --batch.",
        )
    fields = {name: getattr(arguments, name) or "" for name in _WORDS if name != "box"}
    box = Box.declared({**fields, "id": arguments.box, "wifi_password": _wifi_password(arguments)})
    register.refuse_known(box.id)
    return box


def _batch(arguments: Namespace, register: Register) -> list[Box]:
    given = [name for name in (*_WORDS, *_SECRET_WORDS) if getattr(arguments, name)]
    if given:
        raise Refused(
            "declaration-twice",
            f"With --batch, {', '.join(_option(name) for name in given)} comes from the file.",
            "Leave it out.",
        )
    return read_batch(arguments.batch, {row["id"] for row in register.boxes()})


def _order(arguments: Namespace, box: Box) -> Order:
    """Say where a box made by hand gets its files: in a batch, below the folders that were given."""
    folder: Path = arguments.out / box.id if arguments.batch else arguments.out
    prefix: Path | None = arguments.prefix
    if prefix is None:
        return Order(box, folder, Places.shipped())
    prefix = (prefix / box.id if arguments.batch else prefix).absolute()
    return Order(box, folder, Places.below(PurePosixPath(prefix)))


def _wifi_password(arguments: Namespace) -> str:
    """Get the Wi-Fi's password: there is no option that takes it itself, which the shell's history would keep."""
    path: Path | None = arguments.wifi_password_file
    if path is not None:
        try:
            return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
        except UnicodeDecodeError as reason:
            raise Refused(
                "wifi-password-unreadable", f"{path} is no text in UTF-8.", "Check the file."
            ) from reason
    if not arguments.ssid or arguments.wifi_open:
        return ""
    if not sys.stdin.isatty():
        raise Refused(
            "wifi-password-missing",
            "The Wi-Fi's password is needed, and nobody is there to type it.",
            "Give --wifi-password-file FILE, or --wifi-open if it has none.",
        )
    return getpass.getpass(f"Password of the Wi-Fi {arguments.ssid}: ")


def _option(name: str) -> str:
    return "BOX" if name == "box" else f"--{name.replace('_', '-')}"
