"""A technician's day: fifty boxes from a spreadsheet, one reader, one card after the other."""

import csv
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning import card_commands
from provisioning.card import disk as disks
from provisioning.card.disk import Disk
from provisioning.register import Register

Provision = Callable[..., int]


class Reader:
    """A card reader with a technician before it, who does what is asked and says yes."""

    def __init__(self, slot: Path, answers: list[str]) -> None:
        """Begin with a new card in the reader; `answers` are typed before every other is yes."""
        self.slot = slot
        self.answers = answers
        self.asked: list[str] = []
        self.taken_out: list[Path] = []
        self.put_in()

    def put_in(self) -> None:
        self.slot.write_bytes(b"camera" * (30 * 1024 * 1024 // 6))

    def find(self, path: Path) -> Disk:
        assert path == self.slot
        return Disk(str(path), "disk", 31_900_000_000, True, False, "Generic 1206 usb", (), ())

    def eject(self, path: Path) -> None:
        self.taken_out.append(path.with_name(f"card-{len(self.taken_out)}"))
        shutil.move(path, self.taken_out[-1])

    def answer(self, question: str) -> str:
        self.asked.append(question)
        if "Put in the card" in question or "another card" in question:
            self.put_in()
        return self.answers.pop(0) if self.answers else "yes"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A simulated reader in the place of the kernel's and of the keyboard."""
    simulated = Reader(tmp_path / "sdb", [])
    monkeypatch.setattr(disks, "find", simulated.find)
    monkeypatch.setattr(card_commands, "_eject", simulated.eject)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", simulated.answer)
    return simulated


def table(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(
            [
                "box",
                "venue",
                "hall",
                "language",
                "contract",
                "ssid",
                "wifi_password",
                "address",
                "gateway",
                "dns",
            ]
        )
        for number in range(1, count + 1):
            wifi = ["Hall", "the password"] if number % 2 else ["", ""]
            fixed = [f"192.0.2.{number}/24", "192.0.2.254", "192.0.2.254"] if number % 3 else ["", "", ""]
            language = ("kk", "ru", "en")[number % 3]
            rows.writerow(
                [f"estu-{number:04d}", f"Театр {number}", "Зал", language, f"2026-{number}", *wifi, *fixed]
            )
    return path


@pytest.fixture
def enrolled(provision: Provision, platform_keys: Path, tmp_path: Path) -> Callable[[int], None]:
    """Enrol so many boxes from a spreadsheet and print their labels."""

    def many(count: int) -> None:
        words = ["--batch", table(tmp_path / "boxes.csv", count), "--platform-keys", platform_keys]
        assert provision("enrol", *words, "--broker", "mqtts://broker.example") == 0
        assert provision("label", "--support", "+7 727", "--out", tmp_path / "labels.pdf") == 0

    return many


def test_fifty_boxes_are_enrolled_labelled_and_flashed_by_three_commands(
    enrolled: Callable[[int], None], provision: Provision, image: Path, reader: Reader, tmp_path: Path,
    register: Callable[[], Register],
) -> None:  # fmt: skip
    enrolled(50)
    boxes = [f"estu-000{number}" for number in (1, 2, 3, 4)]  # enough to see the cards change
    assert provision("flash", image, reader.slot, *boxes) == 0
    assert [path.name for path in reader.taken_out] == ["card-0", "card-1", "card-2", "card-3"]
    assert [question for question in reader.asked if "Put in" in question] == [
        f"\nPut in the card for estu-000{number} ({number} of 4) and press Enter. " for number in (2, 3, 4)
    ]
    assert len([question for question in reader.asked if "Erase it" in question]) == 4
    for card in reader.taken_out:
        assert provision("verify", card) == 0
    verified = [line["subject"] for line in register().audit() if line["action"] == "verify"]
    assert verified == ["estu-0001", "estu-0002", "estu-0003", "estu-0004"]
    standing = [row["status"] for row in register().boxes()]
    assert standing == ["active"] * 4 + ["enrolled"] * 46


def test_the_next_day_goes_on_where_this_one_ended(
    enrolled: Callable[[int], None], provision: Provision, image: Path, reader: Reader,
    register: Callable[[], Register],
) -> None:  # fmt: skip
    enrolled(3)
    assert provision("flash", image, reader.slot, "estu-0001") == 0
    reader.put_in()
    assert provision("flash", image, reader.slot) == 0
    flashed = [line["subject"] for line in register().audit() if line["action"] == "flash"]
    assert flashed == ["estu-0001", "estu-0002", "estu-0003"]


def test_whoever_does_not_say_yes_keeps_the_card(
    enrolled: Callable[[int], None], provision: Provision, image: Path, reader: Reader,
    register: Callable[[], Register], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    enrolled(1)
    reader.answers = ["y"]
    before = reader.slot.read_bytes()
    assert provision("flash", image, reader.slot) == 1
    shown = capsys.readouterr()
    assert "[not-agreed]" in shown.err
    assert "This will be erased:" in shown.out
    assert "31.9 GB  Generic 1206 usb" in shown.out
    assert reader.slot.read_bytes() == before
    assert "make-keys" not in [line["action"] for line in register().audit()]


def test_a_card_left_in_the_reader_is_not_erased_and_the_technician_asked_for_another(
    enrolled: Callable[[int], None], provision: Provision, image: Path, reader: Reader,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    enrolled(2)
    ejected = []
    monkeypatch.setattr(card_commands, "_eject", ejected.append)  # and nobody takes it out
    put_in = reader.put_in
    monkeypatch.setattr(reader, "put_in", lambda: put_in() if "another card" in reader.asked[-1] else None)
    assert provision("flash", image, reader.slot) == 0
    assert "[card-of-active-box]" in capsys.readouterr().err
    assert [question for question in reader.asked if "another card" in question] == [
        "Try again, with this or another card? Type yes: "
    ]
    assert provision("verify", reader.slot) == 0
