"""The register: which boxes there are, where each one stands, and who changed what, when.

- A box is never removed, only retired, and its id and keys never change: signed events refer to them for years.
- Keys are written down before they go on a card and count once they were read back from it. Those that never came that
  far are revoked: what lies on a card that was given up opens nothing.
- Every change and its line in the audit trail are one transaction (`register_file`). The database itself refuses to alter
  either (`register_form`).
- Nothing secret is in it: public keys, certificates, the hash of the label's code. A Wi-Fi password is sealed.

The rules above hold against mistakes, not against somebody who owns the file; keep backups elsewhere.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device.errors import Refused
from device.record.keys import PublicKey
from provisioning import authority
from provisioning.box import Box
from provisioning.certificates import Revocation
from provisioning.register_file import RegisterFile, stamp
from provisioning.updates import Updates

# Why a box is retired, in the technician's words and in X.509's.
REASONS = {
    "lost": x509.ReasonFlags.key_compromise,
    "replaced": x509.ReasonFlags.superseded,
    "ended": x509.ReasonFlags.cessation_of_operation,
}

# A box with the identity that counts, or counted.
_BOXES = """
SELECT boxes.*, kid, signing_key, serial, certificate, confirmed AS made FROM boxes
LEFT JOIN identities ON identities.box = boxes.id AND confirmed IS NOT NULL
"""


@dataclass(frozen=True)
class Keys:
    """What the register keeps of a box's identity: the public half."""

    signing_key: PublicKey
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        """The certificate's number in hexadecimal, by which the register finds these keys."""
        return f"{self.certificate.serial_number:x}"


@dataclass(frozen=True)
class Platform:
    """What a box is told of the platform."""

    broker: str  # URL
    keys: bytes  # JWKS, public
    fallback: tuple[str, ...] = ()  # URLs of the broker for halls where the first is shut
    updates: Updates | None = None  # where catalogues come from


class Register(RegisterFile):
    """The boxes, their identities and the images on their cards."""

    def enrol(self, box: Box, platform: Platform, wifi_password: str, actor: str, now: datetime) -> None:
        """Write a new box down, within `change`; it has no keys yet.

        Args:
            box: What was declared.
            platform: What it will be told.
            wifi_password: Sealed, or nothing.
            actor: Who says so.
            now: UTC.

        Raises:
            Refused: The id was given to a box before, be it retired by now.
        """
        self.refuse_known(box.id)
        row = {
            name: getattr(box, name) for name in ("id", "venue", "hall", "language", "contract", "microphone")
        }
        row |= {"broker": platform.broker, "network": json.dumps(box.network.public(), ensure_ascii=False)}
        written = {name: value for name, value in row.items() if name != "id" and value not in ("", "{}")}
        row |= {
            "wifi_password": wifi_password,
            "fallback": json.dumps(platform.fallback),
            "updates": platform.updates.as_json() if platform.updates else "",
            "platform_keys": platform.keys.decode(),
            "enrolled": stamp(now),
            "status": "enrolled",
        }
        self._database.table("boxes").insert(row)
        self.note("enrol", box.id, written, actor, now)

    def label(self, box: str, hashed: str, actor: str, now: datetime) -> None:
        """Write down the hash of the code on a box's label, within `change`; the box has no card yet."""
        self._database.table("boxes").update(box, {"label_code": hashed})
        self.note("label", box, {}, actor, now)

    def issue(self, box: str, keys: Keys, actor: str, now: datetime) -> int | None:
        """Write down keys that were made for a box and are on their way to a card, within `change`.

        Returns:
            What `abandon` does, of keys that were made before and did not arrive: they end here.
        """
        ended = self.abandon(box, actor, now)
        row = {
            "serial": keys.serial,
            "box": box,
            "kid": keys.signing_key.kid,
            "signing_key": json.dumps(keys.signing_key.as_jwk()),
            "certificate": keys.certificate.public_bytes(Encoding.PEM).decode(),
            "made": stamp(now),
        }
        self._database.table("identities").insert(row)
        self.note("make-keys", box, {"kid": row["kid"], "serial": row["serial"]}, actor, now)
        return ended

    def abandon(self, box: str, actor: str, now: datetime) -> int | None:
        """End the keys that were made for a box and are on no finished card, within `change`.

        Returns:
            The number for a list of revoked certificates with them in it; None if there were none.
        """
        ended = None
        unconfirmed = "box = ? AND confirmed IS NULL AND ended IS NULL"
        for row in list(self._database.table("identities").rows_where(unconfirmed, [box])):
            self._database.table("identities").update(
                row["serial"], {"ended": stamp(now), "reason": "replaced"}
            )
            ended = self.note("give-up-keys", box, {"serial": row["serial"]}, actor, now)
        return ended

    def confirm(self, box: str, serial: str, now: datetime) -> None:
        """Write down that a box's keys are where they belong, within `change`: from here on they count."""
        self._database.table("identities").update(serial, {"confirmed": stamp(now)})
        self._database.table("boxes").update(box, {"status": "active"})

    def remember_image(self, sha256: str, version: str, manifest: bytes, block_map: bytes) -> None:
        """Keep an image's manifest and map, within `change`, for checking cards against it later."""
        row = {"sha256": sha256, "version": version, "manifest": manifest.decode(), "map": block_map.decode()}
        self._database.table("images").insert(row, ignore=True)

    def image(self, sha256: str) -> dict[str, Any] | None:
        """Give one image as the table `images` has it, or nothing."""
        return next(iter(self._database.table("images").rows_where("sha256 = ?", [sha256])), None)

    def refuse_known(self, box: str) -> None:
        """Refuse an id that a box has or had.

        Raises:
            Refused: It has.
        """
        row = self.box(box)
        if row is not None:
            raise Refused(
                "box-known",
                f"Box {box} is in the register already: {row['venue']}, {row['hall']}, {row['status']}.",
                "An id is never used twice; give the next free one.",
            )

    def refuse_unfit_to_retire(self, box: str) -> dict[str, Any]:
        """Refuse a box that is unknown or retired; give any other.

        Raises:
            Refused: It is.
        """
        known = self.box(box)
        if known is None:
            raise Refused(
                "box-unknown", f"There is no box {box} in the register.", "See `estu-provision list`."
            )
        if known["status"] == "retired":
            raise Refused(
                "box-retired",
                f"Box {box} was retired on {known['retired']} ({known['reason']}).",
                "Nothing is left to do, once the broker has the list of revoked boxes.",
            )
        return known

    def retire(self, box: str, reason: str, actor: str, now: datetime) -> int:
        """Write down that a box counts no more, within `change`.

        Args:
            box: Its id.
            reason: One of REASONS.
            actor: Who says so.
            now: UTC.

        Returns:
            The number of the line in the audit trail; it serves as the number of the revocation list.

        Raises:
            Refused: The box is unknown or retired already.
        """
        known = self.refuse_unfit_to_retire(box)
        self.abandon(box, actor, now)
        self._database.table("boxes").update(
            box, {"status": "retired", "retired": stamp(now), "reason": reason}
        )
        if known["serial"]:
            self._database.table("identities").update(
                known["serial"], {"ended": stamp(now), "reason": reason}
            )
        return self.note("retire", box, {"reason": reason, "serial": known["serial"]}, actor, now)

    def box(self, box: str) -> dict[str, Any] | None:
        """Give one box as `boxes` does, or nothing."""
        return next(self._database.query(f"{_BOXES} WHERE id = ?", [box]), None)

    def boxes(self) -> list[dict[str, Any]]:
        """Give all boxes ever enrolled, by id: the table `boxes`, and of its identity `kid`, `serial` and so on.

        These are None as long as a box has no card.
        """
        return list(self._database.query(f"{_BOXES} ORDER BY id"))

    def revocations(self) -> list[Revocation]:
        """Give every certificate that counts no more."""
        return [
            Revocation(int(row["serial"], 16), datetime.fromisoformat(row["ended"]), REASONS[row["reason"]])
            for row in self._database.table("identities").rows_where("ended IS NOT NULL", order_by="ended")
        ]


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Register]:
    """Open the register in an authority's folder for the length of a block."""
    register = Register.open(folder / authority.REGISTER)
    try:
        yield register
    finally:
        register.close()
