"""`estu-central database boxes`: what is missing of each box, and what was set aside and why."""

import json
from pathlib import Path

import pytest

from central.__main__ import main
from central.receiver.contract import Contract
from central.receiver.intake import Delivery, examine
from central.receiver.ledger import Ledger
from device.record.keys import Jwks
from device.record.signed_event import hash_of
from device.sync import topics
from tests.central.receiver.conftest import NOW
from tests.simulated.signing_box import SigningBox


@pytest.fixture
def keys() -> dict[str, SigningBox]:
    return {name: SigningBox(name) for name in ("kz-ala-0001", "kz-ala-0002", "kz-ala-0003")}


def keep(ledger: Ledger, contract: Contract, boxes: dict[str, SigningBox], *come: tuple[str, bytes]) -> None:
    known = Jwks.of([box.key.public for box in boxes.values()])
    ledger.keep([examine(Delivery(topic, jws), known, contract, NOW) for topic, jws in come], NOW)


def test_gaps_forks_and_strangers_are_told_by_box(
    database_url: str, contract: Contract, keys: dict[str, SigningBox], capsys: pytest.CaptureFixture[str]
) -> None:
    whole, holed, cloned = keys.values()
    stranger = SigningBox("kz-ala-0009")
    for box in (whole, holed, cloned, stranger):
        box.write(5)
    ledger = Ledger.open(database_url)
    events = [(topics.event(whole.name), jws) for jws in whole.events]
    events += [(topics.event(holed.name), jws) for jws in holed.events if jws != holed.events[2]]
    events += [(topics.event(cloned.name), jws) for jws in (*cloned.events, cloned.signed(3, "ab" * 32))]
    events += [(topics.event(stranger.name), stranger.events[0]), ("estu/v9/x", b"?")]
    keep(ledger, contract, keys, *events)
    ledger.close()
    assert main(["database", "boxes", "--database", database_url]) == 1
    first, second, third, fourth, fifth = sorted(capsys.readouterr().out.splitlines())
    assert "(no box)" in first
    assert "topic-unknown" in first
    assert "whole through 5," in second
    assert "MISSING" not in second
    assert "event 3 is MISSING, 2 wait behind it" in third
    assert "whole through 5," in fourth
    assert fourth.endswith("set aside: 1 event-fork")
    assert "nothing is kept of it; set aside: 1 key-unknown" in fifth
    assert main(["database", "boxes", "--json", "--database", database_url]) == 1
    told = {one["box"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (told[holed.name]["missing"], told[holed.name]["waiting"], told[holed.name]["counted"]) == (
        3,
        2,
        2,
    )
    assert told[holed.name]["place"] == {"through": 2, "head": hash_of(holed.events[1])}
    assert told[cloned.name]["set_aside"]["event-fork"] == 1


def test_where_all_is_well_it_says_so_by_its_exit_status(
    database_url: str, contract: Contract, keys: dict[str, SigningBox], capsys: pytest.CaptureFixture[str]
) -> None:
    box = keys["kz-ala-0001"]
    box.write(3)
    ledger = Ledger.open(database_url)
    keep(ledger, contract, keys, *((topics.event(box.name), jws) for jws in box.events))
    ledger.close()
    assert main(["database", "boxes", "--database", database_url]) == 0
    assert "whole through 3" in capsys.readouterr().out


def test_a_look_at_a_ledger_that_is_not_there_makes_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    assert main(["database", "boxes", "--database", url]) == 2
    assert list(tmp_path.iterdir()) == []
