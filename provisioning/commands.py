"""What each command of `estu-provision` does: the parts put together, and what the technician reads afterwards."""

import json
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from device.host import atomic_file
from provisioning import authority
from provisioning.certificates import server_certificate
from provisioning.key_export import COLUMNS, boxes_csv, boxes_jwks
from provisioning.new_files import PUBLIC, new_files
from provisioning.passphrase import passphrase
from provisioning.register import Register, opened


def authority_init(arguments: Namespace, actor: str, now: datetime) -> None:
    """Make a new authority with its empty register."""
    folder: Path = arguments.folder
    authority.refuse_existing(folder)
    secret = passphrase(arguments.passphrase_file, new=True)
    with new_files() as files:
        certificate = authority.create_authority(files, folder, secret, now)
        files.written_by(folder / authority.REGISTER, Register.create)
        with opened(folder) as register, register.change():
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
    with opened(arguments.authority) as register:
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


def list_boxes(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Show the register."""
    with opened(arguments.authority) as register:
        boxes = register.boxes()
    if arguments.json:
        told = [{name: box[name] for name in COLUMNS} for box in boxes]
        told = [{**box, "network": json.loads(box["network"])} for box in told]
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    rows = [("BOX", "STATUS", "ENROLLED", "VENUE, HALL")]
    rows += [
        (box["id"], _standing(box), box["enrolled"][:10], f"{box['venue']}, {box['hall']}") for box in boxes
    ]
    _print_table(rows)


def _standing(box: dict[str, Any]) -> str:
    """Say how far a box has come, in a word."""
    return "labelled" if box["status"] == "enrolled" and box["label_code"] else str(box["status"])


def history(arguments: Namespace, actor: str, now: datetime) -> None:  # noqa: ARG001 (all commands have one form)
    """Show who changed what, when."""
    with opened(arguments.authority) as register:
        lines = [line for line in register.audit() if arguments.box in (None, line["subject"])]
    rows = [("TIME", "WHO", "DID", "TO", "DETAIL")]
    for line in lines:
        detail = ", ".join(f"{name} {value}" for name, value in line["detail"].items())
        rows.append((line["time"], line["actor"], line["action"], line["subject"], detail))
    _print_table(rows)


def export(arguments: Namespace, actor: str, now: datetime) -> None:
    """Write the public keys of all boxes for the platform."""
    with opened(arguments.authority) as register:
        boxes = register.boxes()
        with register.change():
            register.note("export", str(arguments.out), {"boxes": len(boxes)}, actor, now)
            atomic_file.replace(arguments.out, boxes_jwks(boxes))
            if arguments.csv:
                atomic_file.replace(arguments.csv, boxes_csv(boxes), mode=0o600)
    active, retired = (
        sum(box["status"] == status and box["kid"] is not None for box in boxes)
        for status in ("active", "retired")
    )
    print(f"{arguments.out} holds the keys of {active} active and {retired} retired boxes.")
    if arguments.csv:
        print(f"{arguments.csv} lists all {len(boxes)} boxes.")


def retire(arguments: Namespace, actor: str, now: datetime) -> None:
    """Retire a box, and write the new list of revoked certificates."""
    folder: Path = arguments.authority
    with opened(folder) as register:
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


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
