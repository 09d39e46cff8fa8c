"""What may be declared of a box."""

import pytest

from device.errors import Refused
from provisioning.box import Box

FIT = {"id": "estu-0001", "venue": "Опера «Абай»", "hall": "Main", "language": "kk", "microphone": ""}


@pytest.mark.parametrize("box", ["abc", "0-0", "estu-0001", "a" * 32])
def test_fit_ids_are_taken(box: str) -> None:
    assert Box(**{**FIT, "id": box}).id == box


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("id", "ab"),
        ("id", "a" * 33),
        ("id", "-abc"),
        ("id", "Estu-1"),
        ("id", "estu_1"),
        ("id", "estu-1\n"),
        ("id", "../etc"),
        ("id", "есту-1"),
        ("venue", ""),
        ("venue", "   "),
        ("venue", "x" * 121),
        ("hall", "two\nlines"),
        ("hall", "bell\x07"),
        ("microphone", "USB\tPnP"),
        ("language", "kz"),
        ("language", ""),
    ],
)
def test_an_unfit_declaration_is_refused_and_names_the_field(field: str, text: str) -> None:
    with pytest.raises(Refused, match=f"The {field} of the box is not fit") as refusal:
        Box(**{**FIT, field: text})
    assert refusal.value.code == "declaration-faulty"


def test_all_faults_are_found_at_once() -> None:
    faults = Box.faults({**FIT, "id": "", "venue": "", "language": "de"})
    assert [field for field, _ in faults] == ["id", "venue", "language"]
