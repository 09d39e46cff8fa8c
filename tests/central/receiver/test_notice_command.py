"""`estu-central notice`: from the platform's words to the page of a box, through a real broker."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.__main__ import main
from device.record.keys import Jwks
from device.record.notice import Notice
from device.record.signing_key import SigningKey
from device.sync import topics
from device.sync.link import from_url
from tests.central.receiver.conftest import Delivery, deliver
from tests.simulated.broker import Broker, ShippedBroker
from tests.simulated.venue import Venue, wait_until

BOX = "kz-ala-0001"
SAID = {
    "--kk": "Техник сейсенбіде келеді.",
    "--ru": "Техник придёт во вторник.",
    "--en": "He comes on Tuesday.",
}


@dataclass
class Voice:
    """The platform's command, and the key that it signs with."""

    folder: Path
    broker: list[str]  # how it is reached

    def __post_init__(self) -> None:
        self.key = SigningKey.create(None)
        self.key.save(self.folder / "platform.pem")

    @property
    def keys(self) -> Jwks:
        return Jwks.of([self.key.public])

    def say(self, *boxes: str, **changes: str) -> int:
        options = {"--id": "visit-7", "--code": "visit"} | SAID
        options |= {f"--{name}": value for name, value in changes.items()}
        line = [part for pair in options.items() for part in pair]
        key = ["--signing-key", str(self.folder / "platform.pem")]
        return main(["notice", *boxes, *self.broker, *key, *line])


@pytest.fixture
def voice(tmp_path: Path, broker: Broker) -> Voice:
    return Voice(tmp_path, ["--broker", broker.url])


@pytest.fixture
def venue(tmp_path: Path, broker: Broker, voice: Voice) -> Iterator[Venue]:
    with Venue.at(tmp_path / "box", voice.keys, broker.url, BOX) as running:
        wait_until(lambda: running.state is not None and running.state.connected, "the box is connected")
        yield running


def shown(venue: Venue) -> list[Notice]:
    return venue.notices.shown(datetime.now(UTC))


def test_what_the_platform_says_is_kept_by_the_box_until_it_is_taken_back(voice: Voice, venue: Venue) -> None:
    assert voice.say(BOX, until="2100-01-01T00:00:00+05:00") == 0
    wait_until(lambda: shown(venue), "the box has the notice")
    (notice,) = shown(venue)
    assert (notice.id, notice.code, notice.text.ru) == ("visit-7", "visit", SAID["--ru"])
    assert voice.say(BOX, until="2026-01-01T00:00:00Z") == 0
    wait_until(lambda: not shown(venue), "it is taken back")


def test_a_box_that_was_away_finds_what_was_said_meanwhile(voice: Voice, venue: Venue) -> None:
    venue.stop()
    assert voice.say(BOX) == 0
    assert shown(venue) == []
    venue.start()
    wait_until(lambda: shown(venue), "the box has the notice")


def test_what_somebody_else_says_is_not_kept_and_holds_up_no_event(
    voice: Voice, venue: Venue, broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    assert Voice(tmp_path / "stranger", voice.broker).say(BOX, id="stranger") == 0
    deliver(broker, Delivery(topics.notice(BOX), b"\x00\xff"), Delivery(topics.notice(BOX), b""))
    assert voice.say(BOX) == 0
    wait_until(lambda: shown(venue), "the box has the platform's own")
    assert [notice.id for notice in shown(venue)] == ["visit-7"]
    assert venue.state is not None
    assert venue.state.connected


def test_a_box_that_nobody_knows_is_named(
    voice: Voice, venue: Venue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert voice.say(BOX, "kz-ala-0002") == 1
    assert "kz-ala-0002: the broker knows no session of it" in capsys.readouterr().err
    wait_until(lambda: shown(venue), "the other box has it")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "Visit 7"}, "event-malformed"),
        ({"kk": "х" * 1_001}, "event-malformed"),
        ({"until": "tomorrow"}, "until-invalid"),
        ({"until": "2026-07-08T18:00:00"}, "until-without-zone"),
        ({"broker": "mqtt://platform.example.kz"}, "broker-plain"),
    ],
)
def test_what_the_contract_does_not_allow_is_not_said(
    voice: Voice, changes: dict[str, str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert voice.say(BOX, **changes) == 2
    assert code in capsys.readouterr().err


def test_through_the_shipped_broker_it_reaches_its_box_and_no_other(tmp_path: Path) -> None:
    with ShippedBroker(tmp_path / "broker") as broker:
        certificates = []
        for authority, name in (
            (broker.platform, "platform-receiver"),
            (broker.boxes, BOX),
            (broker.boxes, "kz-2"),
        ):
            pair = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
            authority.issue(name, *pair)
            certificates.append(pair)
        (certificate, key), own, others = certificates
        way = ["--broker", broker.platform_url, "--ca", str(broker.server_authority)]
        voice = Voice(tmp_path, [*way, "--certificate", str(certificate), "--key", str(key)])
        links = [
            from_url(broker.url, name, broker.server_authority, *pair)
            for name, pair in ((BOX, own), ("kz-2", others))
        ]
        with (
            Venue(tmp_path / "box", voice.keys, [links[0]], BOX) as venue,
            Venue(tmp_path / "other", voice.keys, [links[1]], "kz-2") as other,
        ):
            for one in (venue, other):
                wait_until(lambda one=one: one.state and one.state.connected, "the box is connected")  # type: ignore[misc]
            assert voice.say(BOX) == 0
            wait_until(lambda: shown(venue), "the box has the notice")
            assert shown(other) == []
