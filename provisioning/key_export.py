"""What others get of the register: the public keys of all boxes for the platform's receiver, and a table for people."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any


def boxes_jwks(boxes: Iterable[dict[str, Any]]) -> bytes:
    """Write the signing keys of boxes as a JWKS (RFC 7517, RFC 8037).

    Retired boxes are in it, with their status: what they signed before stays provable.

    Args:
        boxes: As `Register.boxes` gives them; one without a card has no key, and is left out.

    Returns:
        JSON, which `device.record.keys.Jwks` reads; beside the members of the RFCs each key has `box`, `venue` and `status` (active, retired).
    """
    keys = [
        {
            **json.loads(row["signing_key"]),
            "use": "sig",
            "alg": "EdDSA",
            "venue": row["venue"],
            "status": row["status"],
        }
        for row in boxes
        if row["signing_key"] is not None
    ]
    return json.dumps({"keys": keys}, ensure_ascii=False, indent=2).encode() + b"\n"


COLUMNS = (
    "id",
    "status",
    "venue",
    "hall",
    "contract",
    "language",
    "microphone",
    "network",
    "broker",
    "kid",
    "serial",
    "enrolled",
    "made",
    "retired",
    "reason",
)


def boxes_csv(boxes: Iterable[dict[str, Any]]) -> bytes:
    """Write the register as a table for a spreadsheet: no secret is in it, and no formula.

    Args:
        boxes: As `Register.boxes` gives them.

    Returns:
        CSV (RFC 4180) in UTF-8 with its mark; the first row names COLUMNS.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for box in boxes:
        network = ", ".join(f"{name} {value}" for name, value in json.loads(box["network"]).items())
        writer.writerow(_harmless({**box, "network": network}[name] or "") for name in COLUMNS)
    return text.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a name for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
