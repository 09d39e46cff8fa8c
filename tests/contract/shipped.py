"""The committed test vectors, as an integrator finds them: read from their files, not from what makes them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from device.record.keys import Jwks

FOLDER = Path(__file__).parents[2] / "central" / "vectors"
BOXES = Jwks.load(FOLDER / "boxes.jwks")
PLATFORM = Jwks.load(FOLDER / "platform.jwks")


def content(name: str) -> dict[str, Any]:
    """Give a whole file."""
    found: dict[str, Any] = json.loads((FOLDER / name).read_text("utf-8"))
    return found


def vectors(name: str) -> list[dict[str, Any]]:
    """Give the vectors of a file."""
    found: list[dict[str, Any]] = content(name)["vectors"]
    return found


def received(name: str) -> datetime:
    """Give when the platform looks at them, UTC."""
    return datetime.fromisoformat(content(name)["received"])
