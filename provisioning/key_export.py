"""The public keys of all boxes, as the platform's receiver reads them."""

import json
from collections.abc import Iterable
from typing import Any


def boxes_jwks(boxes: Iterable[dict[str, Any]]) -> bytes:
    """Write the signing keys of boxes as a JWKS (RFC 7517, RFC 8037).

    Retired boxes are in it, with their status: what they signed before stays provable.

    Args:
        boxes: Rows of the register's table `boxes`.

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
    ]
    return json.dumps({"keys": keys}, ensure_ascii=False, indent=2).encode() + b"\n"
