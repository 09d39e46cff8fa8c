"""The code on each label is drawn when the label is made, shown on it, and kept as a hash only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from device.errors import Refused
from device.page.label_code import is_label_code
from provisioning.label_code import draw_label_code
from provisioning.label_sheet import Label
from provisioning.register import Register


def draw_labels(
    register: Register, boxes: Sequence[str], support: str, actor: str, now: datetime
) -> list[Label]:
    """Draw a code for each box and write its hash down, within `change`.

    Args:
        register: The register.
        boxes: Their ids; nothing: all that have no label yet.
        support: Whom to ask for help, in words that stand on each label.
        actor: Who does it, for the audit trail.
        now: UTC.

    Raises:
        Refused: A box is unknown or retired, has its card already, or there is none to label.
    """
    rows = (
        [_unflashed(register, box) for box in dict.fromkeys(boxes)]
        if boxes
        else [row for row in register.boxes() if row["status"] == "enrolled" and row["label_code"] is None]
    )
    if not rows:
        raise Refused(
            "nothing-to-label",
            "Every box in the register has its label.",
            "Name the boxes to draw new codes for those without a card; a flashed box needs --code.",
        )
    labels = []
    for row in rows:
        code, hashed = draw_label_code()
        register.label(row["id"], hashed, actor, now)
        labels.append(_label(row, code, support))
    return labels


def known_label(register: Register, box: str, code: str, support: str, actor: str, now: datetime) -> Label:
    """Make a label anew, its code being read off the old one, within `change`.

    Raises:
        Refused: The box is unknown or retired, or has another code.
    """
    row = register.refuse_unfit_to_retire(box)
    if row["label_code"] is None or not is_label_code(code, row["label_code"]):
        raise Refused(
            "label-code-wrong",
            f"This is not the code of box {box}.",
            "Read it off the label again. Nobody can look it up: if it is lost, retire the box and enrol it anew.",
        )
    register.note("label-again", box, {}, actor, now)
    plain = code.upper().translate(str.maketrans("OIL", "011", " -"))
    return _label(row, f"{plain[:5]}-{plain[5:]}", support)


def _unflashed(register: Register, box: str) -> dict[str, Any]:
    row = register.refuse_unfit_to_retire(box)
    if row["status"] == "active":
        raise Refused(
            "box-flashed",
            f"Box {box} has its card already, and the hash of its label's code is on it.",
            "Read the code off the old label and give it with --code.",
        )
    return row


def _label(row: dict[str, Any], code: str, support: str) -> Label:
    return Label(row["id"], row["venue"], row["hall"], row["language"], code, support)
