"""What the last check sees: a true account passes, and every way to spoil it is found."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from central.receiver.contract import Contract
from central.receiver.intake import Delivery, examine
from central.receiver.ledger import Ledger
from device.record.keys import Jwks
from device.record.log_reader import LogReader
from device.record.receipt import Receipt, seal_receipt
from device.record.receipt_ledger import ReceiptLedger
from device.record.signing_key import SigningKey
from device.sync import topics
from tests.chaos.clock import SeasonTime, set_offset
from tests.chaos.evidence import gather
from tests.chaos.verdict import Evidence, Verdict, judge
from tests.chaos.writer import Box, write

EVENTS = 12
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@dataclass
class Season:
    """A small one that went well."""

    box: Box
    keys: Jwks
    platform: SigningKey
    database: Path
    altered: frozenset[str] = frozenset()
    failed: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        platform = Jwks.of([self.platform.public])
        url = f"sqlite:///{self.database}"
        return gather([self.box], self.keys, platform, url, self.altered, self.failed)

    @property
    def verdict(self) -> Verdict:
        return judge(self.evidence)

    def take(self, *payloads: bytes) -> None:
        """Let the platform take what comes."""
        ledger = Ledger.open(f"sqlite:///{self.database}")
        topic, contract = topics.event(self.box.name), Contract.shipped()
        ledger.keep([examine(Delivery(topic, one), self.keys, contract, NOW) for one in payloads], NOW)
        ledger.close()

    def by_hand(self, *statements: str) -> None:
        """Change the ledger at the database's own prompt."""
        with sqlite3.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()


@pytest.fixture
def season(tmp_path: Path) -> Season:
    key, platform = SigningKey.create("kz-box-0001"), SigningKey.create(None)
    box = Box("kz-box-0001", tmp_path, seed=1, goal=EVENTS, time=tmp_path / "time")
    key.save(box.key)
    SeasonTime(box.time).move_to(1.0)
    set_offset(box.clock, 0.0)
    write(box)
    season = Season(box, Jwks.of([key.public]), platform, tmp_path / "ledger.sqlite")
    with LogReader.read(box.log) as log:
        events, head = log.events(0, EVENTS), log.head()
    season.take(*(event.jws for event in events))
    assert head is not None
    with ReceiptLedger.open(box.log) as ledger:
        receipt = Receipt(box.name, head.seq, head.hash, NOW)
        ledger.keep_receipt(seal_receipt(receipt, platform), Jwks.of([platform.public]))
    return season


def test_a_season_that_went_well_is_sound(season: Season) -> None:
    verdict = season.verdict
    assert verdict.findings == []
    assert (verdict.events, verdict.lost, verdict.doubled, verdict.foreign) == (EVENTS, 0, 0, 0)


def test_an_event_dropped_from_the_ledger_by_hand_is_missed(season: Season) -> None:
    season.by_hand("DELETE FROM event WHERE seq = 5")
    verdict = season.verdict
    assert verdict.lost == 1
    assert any("lacks 1 events" in finding for finding in verdict.findings)
    assert any("ledger's chain is not whole" in finding for finding in verdict.findings)


def test_an_event_counted_under_two_numbers_is_doubled(season: Season) -> None:
    season.by_hand(
        "CREATE TEMP TABLE twice AS SELECT * FROM event WHERE seq = 5",
        "UPDATE twice SET seq = 13",
        "INSERT INTO event SELECT * FROM twice",
        "UPDATE box SET through = 13",
    )
    verdict = season.verdict
    assert (verdict.lost, verdict.doubled) == (0, 1)
    assert not verdict.sound


def test_an_event_changed_in_the_ledger_is_lost_and_another_is_foreign(season: Season) -> None:
    season.by_hand("UPDATE event SET jws = CAST(replace(jws, '.', '.A') AS BLOB) WHERE seq = 5")
    verdict = season.verdict
    assert (verdict.lost, verdict.foreign) == (1, 1)
    assert not verdict.sound


def test_two_events_that_changed_their_places_are_found(season: Season) -> None:
    season.by_hand(
        "UPDATE event SET seq = 99 WHERE seq = 5",
        "UPDATE event SET seq = 5 WHERE seq = 6",
        "UPDATE event SET seq = 6 WHERE seq = 99",
    )
    verdict = season.verdict
    assert (verdict.lost, verdict.doubled, verdict.foreign) == (0, 0, 0)
    assert not verdict.sound


def test_an_event_that_the_box_itself_lost_after_it_had_committed_it_is_missed(season: Season) -> None:
    with season.box.witness.open("a") as witness:
        witness.write(f"13 {'ab' * 32}\n")
    verdict = season.verdict
    assert verdict.lost == 1
    assert any("lost 1 committed events" in finding for finding in verdict.findings)


def test_what_the_platform_set_aside_is_excused_only_if_it_was_altered_on_the_way(season: Season) -> None:
    forged = b"\x00\xff"
    season.take(forged)
    assert not season.verdict.sound
    season.altered = frozenset({sha256(forged).hexdigest()})
    assert season.verdict.sound
    assert season.verdict.quarantined == 1


def test_a_process_that_ended_by_itself_is_not_passed_over(season: Season) -> None:
    season.failed = ("sync of kz-box-0001 ended by itself with status 1.",)
    assert season.verdict.findings == list(season.failed)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda box: replace(box, receipt=None),
        lambda box: replace(box, receipt=replace(box.receipt, seq=EVENTS - 1)),
        lambda box: replace(box, place=replace(box.place, hash="ab" * 32)),
        lambda box: replace(box, goal=EVENTS + 1),
    ],
    ids=[
        "no receipt",
        "a receipt before the head",
        "a place on another chain",
        "an event that was never written",
    ],
)
def test_what_does_not_reach_the_head_is_found(season: Season, spoil: Callable[..., object]) -> None:
    evidence = season.evidence
    assert not judge(replace(evidence, boxes=[spoil(evidence.boxes[0])])).sound  # type: ignore[list-item]
