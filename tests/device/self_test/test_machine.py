"""The machine's checks: each passes on a sound machine, fails on one that is not, and says so where nothing is known."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.host.clock import ClockState, Instant
from device.self_test import machine
from device.self_test.finding import Finding, Outcome

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("state", "error_ms", "outcome", "words"),
    [
        ("synchronised", 12, Outcome.PASS, "right to within 12 ms"),
        ("synchronised", None, Outcome.PASS, "set by the network"),
        ("unsynchronised", None, Outcome.FAIL, "nobody vouches for it"),
        ("unknown", None, Outcome.SKIP, "may not be asked"),
    ],
)
def test_a_clock_that_nobody_set_fails(
    state: ClockState, error_ms: int | None, outcome: Outcome, words: str
) -> None:
    found = machine.clock(Instant(NOW, 5.0, "boot", state, error_ms))
    assert found.outcome is outcome
    assert words in found.words
    assert bool(found.advice) == (outcome is not Outcome.PASS)


def test_a_disk_that_writes_in_time_passes_and_keeps_nothing(tmp_path: Path) -> None:
    found = machine.disk_speed(tmp_path)
    assert (
        found.outcome is Outcome.PASS or "ms a write in the middle" in found.words
    )  # a busy machine is slow
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_slow_each_time_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_writes", lambda _: [0.1, 0.3, 0.3, 0.4])
    found = machine.disk_speed(tmp_path)
    assert (found.outcome, found.words) == (
        Outcome.FAIL,
        "300 ms a write in the middle, 400 ms the slowest of 4",
    )
    monkeypatch.setattr(machine, "_writes", lambda _: [0.01, 0.01, 9.0])  # once is no habit
    assert machine.disk_speed(tmp_path).outcome is Outcome.PASS


@pytest.mark.parametrize("check", [machine.disk_speed, machine.disk_room, machine.disk_health])
def test_a_folder_that_is_not_there_fails(tmp_path: Path, check: Callable[[Path], Finding]) -> None:
    assert check(tmp_path / "none").outcome is Outcome.FAIL


def test_a_disk_with_little_room_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    monkeypatch.setattr(machine, "LEAST_ROOM", free // 2)
    assert machine.disk_room(tmp_path).outcome is Outcome.PASS
    monkeypatch.setattr(machine, "LEAST_ROOM", free * 2)
    found = machine.disk_room(tmp_path)
    assert found.outcome is Outcome.FAIL
    assert "GB free of" in found.words


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A `/sys` in which the folder of the test lies on an eMMC with a file system."""
    device = tmp_path.stat().st_dev
    sys = tmp_path / "sys"
    part = sys / "devices" / "mmc0" / "block" / "mmcblk0" / "mmcblk0p2"
    part.mkdir(parents=True)
    link = sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(part)
    put(sys / "fs" / "ext4" / "mmcblk0p2" / "errors_count", "0\n")
    put(sys / "devices" / "mmc0" / "block" / "mmcblk0" / "device" / "pre_eol_info", "0x01\n")
    return sys


def test_a_healthy_card_says_so(tmp_path: Path, card: Path) -> None:
    found = machine.disk_health(tmp_path, card)
    assert found.outcome is Outcome.PASS
    assert found.words == "the file system has counted 0 errors; the card's reserve is normal"


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("fs/ext4/mmcblk0p2/errors_count", "7", "counted 7 errors"),
        ("devices/mmc0/block/mmcblk0/device/pre_eol_info", "0x03", "nearly gone"),
        ("devices/mmc0/block/mmcblk0/device/pre_eol_info", "0x02", "four fifths used"),
    ],
)
def test_a_card_that_wears_out_fails(tmp_path: Path, card: Path, file: str, text: str, words: str) -> None:
    put(card / file, text)
    found = machine.disk_health(tmp_path, card)
    assert found.outcome is Outcome.FAIL
    assert words in found.words


def test_a_disk_that_says_nothing_is_skipped(tmp_path: Path) -> None:
    assert machine.disk_health(tmp_path, tmp_path / "no-sys").outcome is Outcome.SKIP


@pytest.mark.parametrize(
    ("milli", "outcome"), [("45123", Outcome.PASS), ("79999", Outcome.PASS), ("80000", Outcome.FAIL)]
)
def test_a_processor_that_is_too_hot_fails(tmp_path: Path, milli: str, outcome: Outcome) -> None:
    put(tmp_path / "class/thermal/thermal_zone0/temp", f"{milli}\n")
    assert machine.temperature(tmp_path).outcome is outcome
    assert machine.temperature(tmp_path / "none").outcome is Outcome.SKIP


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("0", Outcome.PASS),
        ("0x80000", Outcome.PASS),  # it was warm once; that is another check's
        ("50005", Outcome.FAIL),
        ("0x10000", Outcome.FAIL),
        ("1", Outcome.FAIL),
    ],
)
def test_a_supply_that_is_or_was_too_weak_fails(tmp_path: Path, word: str, outcome: Outcome) -> None:
    put(tmp_path / "devices/platform/soc/soc:firmware/get_throttled", f"{word}\n")
    assert machine.supply(tmp_path).outcome is outcome
    assert machine.supply(tmp_path / "none").outcome is Outcome.SKIP


@pytest.mark.parametrize(
    ("alarm", "log", "outcome", "words"),
    [
        ("0", "6,339,5140900,-;usb 1-1: new device\n", Outcome.PASS, "never too low"),
        ("1", "", Outcome.FAIL, "too low now"),
        ("0", "2,412,88800900,-;hwmon hwmon1: Undervoltage detected!\n" * 2, Outcome.FAIL, "2 times"),
        ("0", None, Outcome.SKIP, "not too low now"),
    ],
)
def test_under_debians_kernel_the_driver_and_the_kernels_log_say_how_the_supply_is(
    tmp_path: Path, alarm: str, log: str | None, outcome: Outcome, words: str
) -> None:
    put(tmp_path / "class/hwmon/hwmon0/name", "cpu_thermal\n")
    put(tmp_path / "class/hwmon/hwmon1/name", "rpi_volt\n")
    put(tmp_path / "class/hwmon/hwmon1/in0_lcrit_alarm", f"{alarm}\n")
    if log is not None:
        put(tmp_path / "kmsg", log)
    found = machine.supply(tmp_path, tmp_path / "kmsg")
    assert found.outcome is outcome
    assert words in found.words
    assert bool(found.advice) is (outcome is not Outcome.PASS)
