"""The words that `estu-provision` understands, and its help."""

import argparse
import os
from pathlib import Path

from provisioning import card_commands, commands, enrol_command, image_commands, updates, verify_command
from provisioning.box import LANGUAGES
from provisioning.help_texts import BATCH, EXAMPLES, FLASH
from provisioning.image.manifest import IMAGE_KEYS
from provisioning.label_sheet import SHEETS
from provisioning.register import REASONS

Commands = argparse._SubParsersAction  # argparse gives the type no public name


def parser() -> argparse.ArgumentParser:
    """Make the parser; `command` of what it parses is the function to call."""
    whole = argparse.ArgumentParser(
        prog="estu-provision",
        description="Give boxes their identity and their cards, and keep the register of them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    chosen = whole.add_subparsers(required=True, metavar="COMMAND")
    _add_authority(chosen)
    _add_enrol(chosen)
    _add_cards(chosen)
    _add_register(chosen)
    _add_image(chosen)
    return whole


def _add_authority(chosen: "Commands[argparse.ArgumentParser]") -> None:
    about = chosen.add_parser("authority", help="make the authority; issue a broker's certificate")
    parts = about.add_subparsers(required=True, metavar="COMMAND")
    command = parts.add_parser(
        "init", parents=[_secret()], help="make a new authority with an empty register"
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="where; nothing is ever overwritten")
    command.set_defaults(command=commands.authority_init)
    command = parts.add_parser(
        "issue-server", parents=[_place(), _secret()], help="issue a broker's certificate"
    )
    command.add_argument(
        "name", nargs="+", metavar="NAME", help="host name or IP address that boxes call it by"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the key and certificates"
    )
    command.set_defaults(command=commands.authority_issue_server)


def _add_enrol(chosen: "Commands[argparse.ArgumentParser]") -> None:
    command = chosen.add_parser(
        "enrol",
        parents=[_place(), _secret()],
        help="take a box, or a batch of boxes, into the register",
        epilog=BATCH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = command.add_argument
    option("box", nargs="?", metavar="BOX", help="id of the box: a-z, 0-9 and hyphens, such as estu-0001")
    option("--batch", type=Path, metavar="FILE", help="enrol the boxes of this CSV file instead")
    option("--venue", help="the venue, as the register of users of music knows it")
    option("--hall", help="where in the venue")
    option("--language", choices=LANGUAGES, help="what the box's page speaks at first")
    option(
        "--contract",
        metavar="NUMBER",
        help="the venue's contract for the use of music; it stands in the reports",
    )
    option(
        "--microphone",
        metavar="NAME",
        help="USB identity such as 0d8c:0014, or part of the name (default: the only USB one)",
    )
    option("--ssid", metavar="NAME", help="name of the Wi-Fi; its password is asked for")
    option("--wifi-password-file", type=Path, metavar="FILE", help="its first line is the Wi-Fi's password")
    option("--wifi-open", action="store_true", help="the Wi-Fi has no password")
    option("--address", metavar="IP/LENGTH", help="fixed address, such as 192.0.2.10/24 (default: DHCP)")
    option("--gateway", metavar="IP", help="goes with --address")
    option("--dns", metavar="IP[,IP]", help="goes with --address")
    option("--broker", required=True, metavar="URL", help="such as mqtts://broker.example:8883")
    option(
        "--fallback",
        action="append",
        default=[],
        metavar="URL",
        help="another way to it where that one is blocked, such as wss://broker.example:443; may be given again",
    )
    updates.add_arguments(command)
    option("--platform-keys", type=Path, required=True, metavar="JWKS", help="public keys of receipts")
    option(
        "--out",
        type=Path,
        metavar="DIR",
        help="make the keys now, into this folder, for a box made by hand without `flash`",
    )
    option(
        "--prefix",
        type=Path,
        metavar="DIR",
        help="let the settings name this folder, not /etc/estu and /var/lib/estu",
    )
    command.set_defaults(command=enrol_command.enrol_boxes)


def _add_cards(chosen: "Commands[argparse.ArgumentParser]") -> None:
    command = chosen.add_parser(
        "label", parents=[_place()], help="print labels with the boxes' codes, as PDF"
    )
    option = command.add_argument
    option("box", nargs="*", metavar="BOX", help="boxes (default: all that have no label yet)")
    option("--out", type=Path, required=True, metavar="FILE", help="the PDF; never overwritten")
    option(
        "--support",
        default=os.environ.get("ESTU_SUPPORT"),
        metavar="TEXT",
        help="whom to ask (or $ESTU_SUPPORT)",
    )
    option(
        "--sheet", choices=SHEETS, default="a4-14", help="14 labels on A4 (Avery L7163), or a roll of 102 mm"
    )
    option(
        "--skip",
        type=int,
        default=0,
        metavar="N",
        help="places at the sheet's beginning that have no label left",
    )
    option(
        "--code", metavar="CODE", help="make the label of a flashed box anew, with the code of its old one"
    )
    command.set_defaults(command=card_commands.label)

    command = chosen.add_parser(
        "flash",
        parents=[_place(), _secret(), _trusted()],
        help="write a card: image, keys and settings, read back",
        epilog=FLASH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = command.add_argument
    option("image", type=Path, metavar="IMAGE")
    option("target", type=Path, metavar="TARGET")
    option("box", nargs="*", metavar="BOX")
    option(
        "--really",
        metavar="TARGET",
        help="the disk's exact name once more, for one that does not look like a card",
    )
    option("--overwrite", metavar="BOX", help="the active box whose card may be lost")
    option("--yes", action="store_true", help="do not ask before erasing a disk that passes the checks")
    option("--no-eject", action="store_true", help="leave the card in")
    option(
        "--simulate",
        action="store_true",
        help="TARGET is a file, or a folder in which each box gets a file BOX.img",
    )
    option("--size", type=int, metavar="BYTES", help="of a simulated card (default: as large as the image)")
    command.set_defaults(command=card_commands.flash_cards)

    command = chosen.add_parser(
        "verify", parents=[_place(), _trusted()], help="is this card the one in the register?"
    )
    command.add_argument("target", type=Path, metavar="TARGET", help="the disk, or a file")
    command.add_argument(
        "--image",
        type=Path,
        help="hold it against this image (default: the one it was flashed with, as the register has it)",
    )
    command.set_defaults(command=verify_command.verify_card)


def _add_register(chosen: "Commands[argparse.ArgumentParser]") -> None:
    command = chosen.add_parser("list", parents=[_place()], help="show the register")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(command=commands.list_boxes)

    command = chosen.add_parser("history", parents=[_place()], help="show who changed what, when")
    command.add_argument("box", nargs="?", metavar="BOX", help="only of this box")
    command.set_defaults(command=commands.history)

    command = chosen.add_parser(
        "export", parents=[_place()], help="write the boxes' public keys for the platform"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the JWKS; replaced if it is there"
    )
    command.add_argument("--csv", type=Path, metavar="FILE", help="also the whole list, for a spreadsheet")
    command.set_defaults(command=commands.export)

    command = chosen.add_parser(
        "retire", parents=[_place(), _secret()], help="revoke a box's certificate, for good"
    )
    command.add_argument("box", metavar="BOX")
    command.add_argument("--reason", choices=sorted(REASONS), required=True, help="what has become of it")
    command.set_defaults(command=commands.retire)


def _add_image(chosen: "Commands[argparse.ArgumentParser]") -> None:
    about = chosen.add_parser("image", help="sign an image, or check one")
    parts = about.add_subparsers(required=True, metavar="COMMAND")
    command = parts.add_parser("key", help="make the pair of keys that images are signed with")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for both")
    command.set_defaults(command=image_commands.image_key)
    command = parts.add_parser("sign", help="map an image and sign for it, as its builder")
    command.add_argument("image", type=Path, metavar="IMAGE")
    command.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="private key, from `image key`"
    )
    command.add_argument("--version", required=True, metavar="TEXT", help="such as 1.2.0")
    command.set_defaults(command=image_commands.image_sign)
    command = parts.add_parser(
        "check", parents=[_place(), _trusted()], help="check signature and digest of an image"
    )
    command.add_argument("image", type=Path, metavar="IMAGE")
    command.set_defaults(command=image_commands.image_check)


def _place() -> argparse.ArgumentParser:
    option = argparse.ArgumentParser(add_help=False)
    option.add_argument(
        "--authority",
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get("ESTU_AUTHORITY", "authority")),
        help="folder of the authority (default: %(default)s)",
    )
    return option


def _secret() -> argparse.ArgumentParser:
    option = argparse.ArgumentParser(add_help=False)
    option.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line is the passphrase"
    )
    return option


def _trusted() -> argparse.ArgumentParser:
    option = argparse.ArgumentParser(add_help=False)
    option.add_argument(
        "--image-keys",
        type=Path,
        metavar="JWKS",
        help=f"public keys of who may publish images (default: {IMAGE_KEYS} in the authority's folder)",
    )
    return option
