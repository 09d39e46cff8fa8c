"""Taking boxes into the register, all of a batch or none.

- A box that gets a card is only written down here. Its label's code is drawn when the label is made (`labels`), its keys
  when the card is flashed (`flashing`).
- A box that is made by hand gets its identity at once, in a folder. Folder and register go together: what fails in
  between leaves neither. Only a crash between the two can leave a folder without a line in the register; it is worth
  nothing then and may be removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from provisioning.box import Box
from provisioning.certificates import Issuer
from provisioning.identity import NETWORK_FOLDER, make_identity
from provisioning.label_code import draw_label_code
from provisioning.network import CABLE
from provisioning.new_files import NewFiles, new_files
from provisioning.register import Platform, Register
from provisioning.sealed_secret import seal_secret
from provisioning.settings_file import Places


@dataclass(frozen=True)
class Order:
    """One box to make by hand."""

    box: Box
    folder: Path  # where its files are written, here
    places: Places  # where they will lie, there


@dataclass(frozen=True)
class Enrolled:
    """A box that was made by hand; the only place where its label code is ever readable."""

    order: Order
    label_code: str
    kid: str
    expires: datetime  # UTC, of its certificate


def declare(
    boxes: Iterable[Box],
    platform: Platform,
    authority: x509.Certificate,
    register: Register,
    actor: str,
    now: datetime,
) -> None:
    """Write boxes down that will get their cards by `flash`: all of them, or none if anything fails.

    Args:
        boxes: As they were declared.
        platform: What they will be told.
        authority: Wi-Fi passwords are sealed to its key.
        register: Remembers them.
        actor: Who does it, for the audit trail.
        now: UTC.

    Raises:
        Refused: An id is taken.
    """
    with register.change():
        for box in boxes:
            register.enrol(box, platform, seal_secret(box.network.wifi_password, authority), actor, now)


def enrol(
    orders: Iterable[Order], platform: Platform, issuer: Issuer, register: Register, actor: str, now: datetime
) -> list[Enrolled]:
    """Enrol boxes and give each its identity in a folder: all of them, or none if anything fails.

    Args:
        orders: The boxes.
        platform: What they are told.
        issuer: Signs their certificates.
        register: Remembers them.
        actor: Who does it, for the audit trail.
        now: UTC.

    Raises:
        Refused: An id is taken, or a file of a box exists already.
    """
    with new_files() as files, register.change():
        return [_enrol(order, platform, issuer, register, files, actor, now) for order in orders]


def _enrol(
    order: Order,
    platform: Platform,
    issuer: Issuer,
    register: Register,
    files: NewFiles,
    actor: str,
    now: datetime,
) -> Enrolled:
    box = order.box
    sealed = seal_secret(box.network.wifi_password, issuer.certificate)
    register.enrol(box, platform, sealed, actor, now)
    code, hashed = draw_label_code()
    identity = make_identity(box, platform, hashed, order.places, issuer, now)

    files.folder(order.folder)
    written = dict(identity.files)
    if box.network != CABLE:
        files.folder(order.folder / NETWORK_FOLDER)
        written |= {f"{NETWORK_FOLDER}/{name}": file for name, file in identity.network.items()}
    for name, file in written.items():
        files.write(order.folder / name, file.content, file.mode)

    register.label(box.id, hashed, actor, now)
    register.issue(box.id, identity.keys, actor, now)
    register.confirm(box.id, identity.keys.serial, now)
    register.note("write-folder", box.id, {"folder": str(order.folder)}, actor, now)
    return Enrolled(order, code, identity.keys.signing_key.kid, identity.keys.certificate.not_valid_after_utc)
