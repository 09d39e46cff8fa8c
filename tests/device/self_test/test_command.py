"""`estu self-test` as a technician runs it: a virtual sound card, a real broker with TLS, real keys, the shipped model."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec
import pytest

from device import hearing, settings
from device.hearing import Hearing
from device.host import atomic_file, clock
from device.host.clock import StreamClock
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from device.self_test import platform
from device.self_test.finding import Outcome
from device.self_test.run import run
from device.sync.link import from_url
from device.sync.state import SyncState
from device.trouble import Trouble
from tests.device.catalogue.made_up import write_usable
from tests.simulated.broker import ShippedBroker
from tests.simulated.reports import INCIDENT
from tests.simulated.sound_card import NAME, SoundCard

BOX = "kz-ala-0001"
LOUDSPEAKER = "estu_loudspeaker"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path_factory.mktemp("broker")) as running:
        running.boxes.issue(BOX, running.folder / "box.crt", running.folder / "box.key")
        yield running


@pytest.fixture
def box(tmp_path: Path, broker: ShippedBroker) -> Path:
    """A box's folder with nothing wrong in it."""
    SigningKey.create(BOX).save(tmp_path / "signing.pem")
    (tmp_path / "platform.jwks").write_bytes(Jwks.of([SigningKey.create(None).public]).as_json())
    write_usable(tmp_path / "catalogue")
    (tmp_path / "run").mkdir()
    (tmp_path / "settings.toml").write_text(
        f"""
[box]
id = "{BOX}"
[microphone]
device = "{NAME}"
[paths]
log = "log.sqlite"
catalogue = "catalogue"
signing_key = "signing.pem"
runtime = "run"
[broker]
url = "{broker.url}"
ca = "{broker.server_authority}"
certificate = "{broker.folder}/box.crt"
key = "{broker.folder}/box.key"
platform_keys = "platform.jwks"
"""
    )
    return tmp_path


def self_test(box: Path, *words: str, card: SoundCard | None = None) -> tuple[int, dict[int, dict[str, Any]]]:
    """Run the command, and give its exit status and its checks by number."""
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "device", "self-test", "--json"),
            *("--settings", str(box / "settings.toml"), "--loudspeaker", LOUDSPEAKER, *words),
        ],
        env={**os.environ, **(card.environment if card else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout, ended.stderr
    told = json.loads(ended.stdout)
    assert told["box"] == BOX
    assert told["passed"] == (ended.returncode == 0)
    return ended.returncode, {check["number"]: check for check in told["checks"]}


def outcomes(checks: dict[int, dict[str, Any]], *numbers: int) -> list[str]:
    return [checks[number]["outcome"] for number in numbers]


def give_loudspeaker(card: SoundCard) -> None:
    """Show the hall's loudspeaker to ALSA as well."""
    path = Path(card.environment["ALSA_CONFIG_PATH"].partition(":")[2])
    hint = 'hint { show on; description "A virtual loudspeaker" }'
    path.write_text(path.read_text() + f"pcm.{LOUDSPEAKER} {{ type pulse; device hall; {hint} }}\n")


def test_a_box_in_a_hall_hears_its_own_loudspeaker_and_reaches_its_platform(box: Path) -> None:
    with SoundCard(noisy=True) as card:
        give_loudspeaker(card)
        status, checks = self_test(box, card=card)
    assert outcomes(checks, 10, 11, 12, 13, 31, 50, 51, 52, 60) == ["PASS"] * 9, checks
    assert NAME in checks[10]["words"]
    assert "over TLS" in checks[60]["words"]
    assert status == (1 if "FAIL" in [check["outcome"] for check in checks.values()] else 0)
    assert all(check["advice"] for check in checks.values() if check["outcome"] == "FAIL")


def test_without_microphone_keys_catalogue_and_broker_each_is_named(box: Path) -> None:
    (box / "catalogue" / "catalogue.json").unlink(missing_ok=True)
    for part in (box / "catalogue" / "parts").rglob("*"):
        if part.is_file():
            part.write_bytes(b"damaged")
    with EventLog.open(box / "log.sqlite", BOX, SigningKey.load(box / "signing.pem", BOX)) as log:
        log.append(INCIDENT, StreamClock(NOW, "3cf6d579-34f6-4769-b05c-5739868a08d2").now())
    SigningKey.create(BOX).save(box / "other.pem")  # another box's: a key does not say whose it is
    text = (box / "settings.toml").read_text().replace('"signing.pem"', '"other.pem"')
    (box / "settings.toml").write_text(re.sub(r"mqtts://localhost:\d+", "mqtts://localhost:1", text))
    status, checks = self_test(box)
    assert status == 1
    assert outcomes(checks, 10, 51, 52, 60) == ["FAIL"] * 4, checks
    assert outcomes(checks, 11, 12, 13) == ["SKIP"] * 3
    for number in (10, 51, 52, 60):
        assert checks[number]["advice"]
    assert "signed with another key" in checks[52]["words"]
    assert outcomes(checks, 31, 50) == ["PASS", "PASS"]


def test_a_box_whose_first_way_is_shut_reaches_its_platform_by_another(broker: ShippedBroker) -> None:
    files = broker.server_authority, broker.folder / "box.crt", broker.folder / "box.key"
    ways = [from_url(url, BOX, *files) for url in ("mqtts://localhost:1", broker.url)]
    found = platform.broker(ways, None)
    assert found.outcome is Outcome.PASS, found
    assert "over TLS; but" in found.words
    assert "localhost:1" in found.words
    assert platform.broker(ways[:1], None).outcome is Outcome.FAIL


def test_a_dead_microphone_fails_and_a_clip_that_is_not_heard_too(box: Path) -> None:
    with SoundCard(noisy=False) as card:  # digital silence, and a loudspeaker in another room
        path = Path(card.environment["ALSA_CONFIG_PATH"].partition(":")[2])
        path.write_text(path.read_text() + f"pcm.{LOUDSPEAKER} {{ type null; hint {{ show on }} }}\n")
        _, checks = self_test(box, card=card)
    assert outcomes(checks, 10, 11, 12) == ["PASS", "FAIL", "SKIP"], checks
    assert checks[13]["outcome"] in {"FAIL", "SKIP"}


def write_word(box: Path) -> None:
    """Write what `estu listen` and `estu sync` would at this moment."""
    now, up = datetime.now(UTC), clock.running()
    hearing.write(
        box / "run" / "hearing.json",
        Hearing("hearing", now, -40.0, -20.0, -65.0, "A mic", (), "unknown", None, now, up),
    )
    connected = SyncState(True, "b.example:8883", NOW, None, now)
    atomic_file.show(box / "sync.json", msgspec.json.encode(connected))


@contextmanager
def listening(box: Path) -> Iterator[None]:
    """Write it again and again: its word grows old in seconds."""
    ended = Event()

    def write() -> None:
        while True:
            write_word(box)
            if ended.wait(1.0):
                return

    writing = Thread(target=write)
    writing.start()
    try:
        yield
    finally:
        ended.set()
        writing.join()


def test_while_the_box_listens_its_own_word_is_taken(box: Path) -> None:
    with listening(box):
        _, checks = self_test(box)
    assert outcomes(checks, 10, 11, 12, 13, 60) == ["PASS", "PASS", "PASS", "SKIP", "PASS"], checks
    assert "systemctl stop estu-listen" in checks[13]["advice"]
    assert "`estu sync` is connected" in checks[60]["words"]


def test_what_is_written_while_the_test_goes_on_is_its_own_word_too(box: Path) -> None:
    write_word(box)
    findings = run(settings.load(box / "settings.toml"))
    assert next(findings).number == 10
    write_word(box)
    (reached,) = (finding for finding in findings if finding.number == 60)
    assert "`estu sync` is connected" in reached.words


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "lost", "peak_dbfs": None, "noise_floor_dbfs": None}, ["FAIL", "SKIP", "SKIP"]),
        ({"peak_dbfs": -0.1}, ["PASS", "FAIL", "PASS"]),
        ({"noise_floor_dbfs": -30.0}, ["PASS", "PASS", "FAIL"]),
        ({"state": "muted"}, ["SKIP", "PASS", "PASS"]),
    ],
)
def test_what_the_listener_says_is_judged_too(changes: dict[str, Any], expected: list[str]) -> None:
    from device.self_test.hearing import through_the_service

    told = Hearing("hearing", NOW, -40.0, -20.0, -65.0, "A mic", (), "unknown", None, NOW, clock.running())
    told = msgspec.structs.replace(told, trouble=Trouble("x", "Away.", "Plug it in."), **changes)
    found = list(through_the_service(told))
    assert [finding.outcome.value for finding in found[:3]] == expected
    assert all(finding.advice for finding in found if finding.outcome.value == "FAIL")
