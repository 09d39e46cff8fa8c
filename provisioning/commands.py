"""What each command of `estu-provision` does: the parts put together, and what the technician reads afterwards."""

import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from device.errors import Refused
from device.host import atomic_file
from provisioning import authority
from provisioning.batch import read_batch
from provisioning.box import Box
from provisioning.certificates import server_certificate
from provisioning.enrolment import Order, Platform, enrol
from provisioning.key_export import boxes_jwks
from provisioning.new_files import PUBLIC, new_files
from provisioning.passphrase import passphrase
from provisioning.platform_keys import platform_keys
from provisioning.register import Register
from provisioning.settings_file import Places, broker_url


def authority_init(arguments: Namespace, actor: str, now: datetime) -> None:
    """Make a new authority with its empty register."""
    folder: Path = arguments.folder
    authority.refuse_existing(folder)
    secret = passphrase(arguments.passphrase_file, new=True)
    with new_files() as files:
        certificate = authority.create_authority(files, folder, secret, now)
        files.written_by(folder / authority.REGISTER, Register.create)
        with _register(folder) as register, register.change():
            register.note(
                "create-authority", str(folder), {"serial": f"{certificate.serial_number:x}"}, actor, now
            )
    print(
        f"The authority is in {folder}. Its certificate is good until {certificate.not_valid_after_utc:%Y-%m-%d}."
    )
    print("Keep a copy of the folder and of the passphrase, apart from each other: neither can be replaced.")


def authority_issue_server(arguments: Namespace, actor: str, now: datetime) -> None:
    """Issue a broker's certificate, with all the files that a broker's TLS listener reads."""
    names = authority.server_names(arguments.name)
    folder: Path = arguments.out
    with _register(arguments.authority) as register:
        issuer = authority.open_authority(arguments.authority, passphrase(arguments.passphrase_file))
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = server_certificate(issuer, names, key.public_key(), now)
        with new_files() as files, register.change():
            files.folder(folder)
            files.write(
                folder / "server-key.pem",
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            )
            files.write(folder / "server.pem", certificate.public_bytes(Encoding.PEM), PUBLIC)
            files.write(folder / authority.CERTIFICATE, issuer.certificate.public_bytes(Encoding.PEM), PUBLIC)
            files.write(
                folder / authority.REVOKED, (arguments.authority / authority.REVOKED).read_bytes(), PUBLIC
            )
            detail = {"names": names, "serial": f"{certificate.serial_number:x}"}
            register.note("issue-server", names[0], detail, actor, now)
    print(
        f"The broker {', '.join(names)} has its certificate in {folder}, good until "
        f"{certificate.not_valid_after_utc:%Y-%m-%d}. For mosquitto.conf:"
    )
    print(
        f"  cafile {folder / authority.CERTIFICATE}\n  certfile {folder / 'server.pem'}\n"
        f"  keyfile {folder / 'server-key.pem'}\n  crlfile {folder / authority.REVOKED}\n"
        "  require_certificate true\n  use_identity_as_username true"
    )


def enrol_boxes(arguments: Namespace, actor: str, now: datetime) -> None:
    """Enrol one box, or all of a batch."""
    platform = Platform(
        broker_url(arguments.broker),
        platform_keys(arguments.platform_keys),
        tuple(map(broker_url, arguments.fallback)),
    )
    with _register(arguments.authority) as register:
        orders = (
            _batch_orders(arguments, register) if arguments.batch else [_single_order(arguments, register)]
        )
        issuer = authority.open_authority(arguments.authority, passphrase(arguments.passphrase_file))
        enrolled = enrol(orders, platform, issuer, register, actor, now)
    for each in enrolled:
        box = each.order.box
        print(
            f"{box.id}  {box.venue}, {box.hall}\n  folder      {each.order.folder}\n  signing key {each.kid}\n"
            f"  certificate good until {each.expires:%Y-%m-%d}\n  label code  {each.label_code}"
        )
    print(
        "The label codes are shown this once and stored nowhere: put them on the labels now.\n"
        "The private keys are in the folders above and nowhere else.\n"
        "The platform knows new boxes after `estu-provision export`."
    )


def list_boxes(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Show the register."""
    with _register(arguments.authority) as register:
        boxes = register.boxes()
    if arguments.json:
        shown = (
            "id",
            "venue",
            "hall",
            "language",
            "microphone",
            "broker",
            "kid",
            "serial",
            "enrolled",
            "status",
            "retired",
            "reason",
        )
        print(
            json.dumps([{name: box[name] for name in shown} for box in boxes], ensure_ascii=False, indent=2)
        )
        return
    rows = [("BOX", "STATUS", "ENROLLED", "VENUE, HALL")]
    rows += [
        (box["id"], box["status"], box["enrolled"][:10], f"{box['venue']}, {box['hall']}") for box in boxes
    ]
    _print_table(rows)


def history(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Show who changed what, when."""
    with _register(arguments.authority) as register:
        lines = [line for line in register.audit() if arguments.box in (None, line["subject"])]
    rows = [("TIME", "WHO", "DID", "TO", "DETAIL")]
    for line in lines:
        detail = ", ".join(f"{name} {value}" for name, value in line["detail"].items())
        rows.append((line["time"], line["actor"], line["action"], line["subject"], detail))
    _print_table(rows)


def export(arguments: Namespace, actor: str, now: datetime) -> None:
    """Write the public keys of all boxes for the platform."""
    with _register(arguments.authority) as register:
        boxes = register.boxes()
        with register.change():
            register.note("export", str(arguments.out), {"boxes": len(boxes)}, actor, now)
            atomic_file.replace(arguments.out, boxes_jwks(boxes))
    active = sum(box["status"] == "active" for box in boxes)
    print(f"{arguments.out} holds the keys of {active} active and {len(boxes) - active} retired boxes.")


def retire(arguments: Namespace, actor: str, now: datetime) -> None:
    """Retire a box, and write the new list of revoked certificates."""
    folder: Path = arguments.authority
    with _register(folder) as register:
        register.refuse_unfit_to_retire(arguments.box)
        issuer = authority.open_authority(folder, passphrase(arguments.passphrase_file))
        with register.change():
            number = register.retire(arguments.box, arguments.reason, actor, now)
            # Before the commit: should this machine fail between the two, a list that is ahead does no harm.
            path = authority.publish_revocations(issuer, folder, number, register.revocations(), now)
    print(
        f"Box {arguments.box} is retired. It is shut out once the broker has the new list:\n"
        f"  1. copy {path} to the broker's `crlfile`\n"
        "  2. restart the broker; a reload leaves connections open that were made before\n"
        "  3. run `estu-provision export` and give the platform the new keys"
    )


@contextmanager
def _register(folder: Path) -> Iterator[Register]:
    register = Register.open(folder / authority.REGISTER)
    try:
        yield register
    finally:
        register.close()


def _single_order(arguments: Namespace, register: Register) -> Order:
    missing = [name for name in ("box", "venue", "hall", "language") if getattr(arguments, name) is None]
    if missing:
        raise Refused(
            "declaration-incomplete",
            f"To enrol a box, {', '.join(_option(name) for name in missing)} must be given.",
            "See `estu-provision enrol --help`, also for --batch.",
        )
    box = Box(arguments.box, arguments.venue, arguments.hall, arguments.language, arguments.microphone or "")
    register.refuse_known(box.id)
    return Order(box, arguments.out, _places(arguments.prefix))


def _batch_orders(arguments: Namespace, register: Register) -> list[Order]:
    given = [
        name
        for name in ("box", "venue", "hall", "language", "microphone")
        if getattr(arguments, name) is not None
    ]
    if given:
        raise Refused(
            "declaration-twice",
            f"With --batch, {', '.join(_option(name) for name in given)} comes from the file.",
            "Leave it out.",
        )
    boxes = read_batch(arguments.batch, {row["id"] for row in register.boxes()})
    prefix: Path | None = arguments.prefix
    return [Order(box, arguments.out / box.id, _places(prefix / box.id if prefix else None)) for box in boxes]


def _places(prefix: Path | None) -> Places:
    return Places.shipped() if prefix is None else Places.below(PurePosixPath(prefix.absolute()))


def _option(name: str) -> str:
    return "BOX" if name == "box" else f"--{name}"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
