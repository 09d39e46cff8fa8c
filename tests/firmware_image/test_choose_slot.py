"""Which slot the firmware boots: RAUC's backend against a firmware that is simulated, on a real FAT partition of a file."""

import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
from estu_image import fat, layout
from estu_image.boot_files import autoboot

from tests.simulated.script import loaded

SCRIPT = Path(__file__).parents[2] / "firmware-image" / "overlay" / "usr" / "lib" / "estu" / "choose-slot"
DATE = 1_750_000_000


@dataclass
class Firmware:
    """A Pi that is switched on: it reads autoboot.txt as the documentation says, and forgets the wish to try at once."""

    choose: Path
    wish: bool = False  # `reboot "0 tryboot"` was asked for
    booted: list[str] = field(default_factory=list)

    def start(self) -> str:
        """Boot, and say which slot."""
        text = fat.read(self.choose)["autoboot.txt"].decode()
        sections: dict[str, dict[str, str]] = {}
        name = ""
        for line in text.splitlines():
            if section := re.fullmatch(r"\[(\w+)\]", line):
                name = section[1]
            elif "=" in line:
                key, _, value = line.partition("=")
                sections.setdefault(name, {})[key] = value
        said = dict(sections["all"])
        if self.wish:
            assert said["tryboot_a_b"] == "1"
            said.update(sections["tryboot"])
        self.wish = False
        slot = {"2": "A", "3": "B"}[said["boot_partition"]]
        self.booted.append(slot)
        return slot


@dataclass
class Box:
    """A box's card and what runs on it."""

    script: ModuleType
    firmware: Firmware
    running: str = ""

    def boot(self) -> str:
        """Let the firmware choose, and tell the kernel's command line."""
        self.running = self.firmware.start()
        self.script.COMMAND_LINE.write_text(f"root=PARTUUID=45535455-05 ro rauc.slot={self.running} quiet\n")
        return self.running

    def asks(self, *words: str, capsys: pytest.CaptureFixture[str]) -> str:
        """Ask as RAUC does."""
        assert self.script.main(list(words)) == 0, capsys.readouterr().err
        return capsys.readouterr().out.strip()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    choose = tmp_path / "choose.vfat"
    files = {"autoboot.txt": autoboot("A"), "bootcode.bin": b"first program" * 4000}
    fat.write(choose, layout.CHOOSE.size, "ESTU-CHOOSE", 1, files, DATE)
    script = loaded(SCRIPT)
    script.DEVICE = choose
    script.STATE = tmp_path / "data" / "slots.json"
    script.COMMAND_LINE = tmp_path / "cmdline"
    box = Box(script, Firmware(choose))
    box.boot()
    return box


def installed(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    """What RAUC asks while it installs into slot B."""
    box.asks("set-state", "B", "bad", capsys=capsys)
    box.asks("set-primary", "B", capsys=capsys)


def test_a_new_card_boots_slot_a(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    assert box.asks("get-current", capsys=capsys) == "A"
    assert box.asks("get-primary", capsys=capsys) == "A"
    assert box.asks("get-state", "B", capsys=capsys) == "good"


def test_what_was_installed_is_not_booted_for_good_before_it_is_good(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(box, capsys)
    assert box.asks("get-primary", capsys=capsys) == "B"
    assert box.boot() == "A"  # a power cut now does not change anything


def test_a_slot_that_was_tried_and_is_good_is_booted_from_then_on(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(box, capsys)
    box.firmware.wish = True
    assert box.boot() == "B"
    box.asks("set-state", "B", "good", capsys=capsys)
    assert [box.boot(), box.boot()] == ["B", "B"]
    assert box.asks("get-primary", capsys=capsys) == "B"


def test_a_slot_that_was_tried_and_hangs_is_left_at_the_next_reset(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(box, capsys)
    box.firmware.wish = True
    assert box.boot() == "B"
    assert box.boot() == "A"  # the watchdog, or somebody who pulls the plug


def test_good_said_of_the_old_slot_does_not_keep_the_new_one(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(box, capsys)
    box.asks("set-state", "A", "good", capsys=capsys)
    box.asks("set-state", "B", "good", capsys=capsys)  # B does not run: nothing shows that it works
    assert box.boot() == "A"


def test_a_slot_called_bad_waits_no_longer(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    installed(box, capsys)
    box.asks("set-state", "B", "bad", capsys=capsys)
    assert box.asks("get-primary", capsys=capsys) == "A"
    assert box.asks("get-state", "B", capsys=capsys) == "bad"


def test_back_and_forth_for_ever(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        other = "B" if box.running == "A" else "A"
        box.asks("set-primary", other, capsys=capsys)
        box.firmware.wish = True
        assert box.boot() == other
        box.asks("set-state", other, "good", capsys=capsys)
        assert box.boot() == other


def test_choosing_changes_one_sector_and_no_other(box: Box) -> None:
    before = box.script.DEVICE.read_bytes()
    box.script.choose("B")
    after = box.script.DEVICE.read_bytes()
    sectors = {
        at // 512 for at in range(0, len(before), 512) if before[at : at + 512] != after[at : at + 512]
    }
    assert len(sectors) == 1
    assert fat.read(box.script.DEVICE)["autoboot.txt"] == autoboot("B")


def test_a_file_that_is_not_as_expected_is_left_as_it_is(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = bytearray(box.script.DEVICE.read_bytes())
    at = disk.index(autoboot("A"))
    disk[at : at + 5] = b"[pi4]"
    box.script.DEVICE.write_bytes(disk)
    box.running = "B"
    assert box.script.main(["get-primary"]) == 1
    assert "form" in capsys.readouterr().err
    assert box.script.main(["set-primary", "B"]) == 1
    assert box.script.DEVICE.read_bytes() == bytes(disk)


def test_no_damage_to_the_partition_makes_it_write_elsewhere(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = box.script.DEVICE.read_bytes()
    dice = random.Random(7)
    refused = 0
    for _ in range(200):
        disk = bytearray(whole[: 2 << 20])  # tables and the root lie in the first two megabytes
        for _ in range(dice.randrange(1, 4)):
            disk[dice.randrange(96)] = dice.randrange(256)
        box.script.DEVICE.write_bytes(bytes(disk))
        if box.script.main(["set-primary", "B"]) == 0:
            continue
        refused += 1
        assert box.script.DEVICE.read_bytes() == bytes(disk)
    capsys.readouterr()
    assert refused  # some damage is seen


def test_it_runs_as_a_program_and_says_how_it_is_called() -> None:
    told = subprocess.run([sys.executable, "-I", SCRIPT], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "set-primary" in told.stderr
