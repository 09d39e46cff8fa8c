"""What keeps an update or leaves it: sound that arrived and a receipt, both since this start."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from device import health, hearing
from device.hearing import Hearing
from device.host.clock import Instant
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.receipt import Receipt, seal_receipt
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import BootReport, LogFound
from device.record.signing_key import SigningKey
from device.settings import Box, Broker, Paths, Settings

BOX = "kz-ala-0001"
NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
BEFORE, NOW_BOOT = "3cf6d579-34f6-4769-b05c-5739868a08d2", "81c3ff10-0f62-4b3c-a2d8-0d3a2e0f7f10"
BOOT = BootReport("0.1.0", "a1" * 32, None, None, None, LogFound(0, 0))
HEARD = Hearing(
    "hearing", NOW, -30.0, -12.0, -60.0, "A microphone", (), "synchronised", None, NOW, monotonic=100.0
)


class House:
    """A box and its platform."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            Box(BOX), Broker("mqtt://127.0.0.1:1"), paths=Paths(log=folder / "log.sqlite", runtime=folder)
        )
        self.key, self.platform = SigningKey.create(BOX), SigningKey.create(None)

    def start(self, boot: str) -> None:
        with EventLog.open(self.settings.paths.log, BOX, self.key) as log:
            log.append(BOOT, Instant(NOW, 50.0, boot, "synchronised", 12))

    def receipt(self, through: int | None = None) -> None:
        with EventLog.read(self.settings.paths.log) as log:
            at = log.at(through) if through else log.head()
        assert at is not None
        jws = seal_receipt(Receipt(BOX, at.seq, at.hash, NOW), self.platform)
        with ReceiptLedger.open(self.settings.paths.log) as ledger:
            ledger.keep_receipt(jws, Jwks.of([self.platform.public]))

    def hears(self, heard: Hearing = HEARD) -> None:
        hearing.write(self.settings.hearing, heard)

    def missing(self, up: float = 103.0) -> str:
        return health.missing(self.settings, NOW_BOOT, up) or ""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_box_that_hears_and_is_receipted_is_well(house: House) -> None:
    house.start(NOW_BOOT)
    house.receipt()
    house.hears()
    assert house.missing() == ""


def test_a_receipt_from_before_this_start_proves_nothing(house: House) -> None:
    house.start(BEFORE)
    house.receipt()
    house.hears()
    assert "signed since this start" in house.missing()
    house.start(NOW_BOOT)
    assert "receipted nothing" in house.missing()
    house.receipt(through=1)
    assert "receipted nothing" in house.missing()
    house.receipt()
    assert house.missing() == ""


@pytest.mark.parametrize("state", ["starting", "deaf", "covered", "lost", "muted", "broken"])
def test_a_box_that_does_not_hear_is_not_well(house: House, state: hearing.State) -> None:
    house.start(NOW_BOOT)
    house.receipt()
    assert "not said yet" in house.missing()
    house.hears(replace_state(state))
    assert state in house.missing()


def test_a_quiet_hall_is_heard_too(house: House) -> None:
    house.start(NOW_BOOT)
    house.receipt()
    house.hears(replace_state("silent"))
    assert house.missing() == ""


def test_old_words_are_no_hearing(house: House) -> None:
    house.start(NOW_BOOT)
    house.receipt()
    house.hears()
    assert "for a while" in house.missing(up=200.0)


def test_a_box_without_a_log_is_not_well(house: House) -> None:
    assert "no log" in house.missing()


def test_it_waits_as_long_as_it_may_and_no_longer(house: House) -> None:
    house.start(NOW_BOOT)
    house.hears()
    up = [100.0]

    def sleep(seconds: float) -> None:
        up[0] += seconds
        if up[0] >= 106.0:
            house.receipt()

    assert health.wait(house.settings, NOW_BOOT, 4.0, lambda: up[0], sleep) is not None
    assert 104.0 <= up[0] < 106.0
    assert health.wait(house.settings, NOW_BOOT, 20.0, lambda: up[0], sleep) is None


def replace_state(state: hearing.State) -> Hearing:
    return msgspec.structs.replace(HEARD, state=state)
