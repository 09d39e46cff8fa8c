"""From the publisher's desk to the play: a catalogue is published, comes by HTTPS, and the box that hears goes over to it.

Real commands, real keys, a real HTTPS server, `estu sync` and `estu replay` as processes of their own. A piece sounds on
while the catalogue changes; another one sounds after, which only the newer catalogue has.
"""

import json
import os
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import soundfile

from central.__main__ import main as estu_central
from central.catalogue.builder import Nobody, Order, build
from central.publishing import keys
from central.training import corpus
from demo.processes import Processes
from device.embedding import shipped_model_path
from device.record.event import Event
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.reports import CoverageReport, IncidentReport, PlayReport
from device.record.signing_key import SigningKey
from device.sync.updates import state
from tests.simulated.authority import Authority
from tests.simulated.house import RATE, Heard, perform
from tests.simulated.update_server import UpdateServer
from tests.simulated.venue import wait_until

BOX = "estu-0001"
PATIENCE = 120.0  # seconds


def publish(folder: Path, *pieces: Path) -> None:
    """Build a catalogue of some pieces and publish it."""
    out = folder / "built"
    build(Order(pieces, out, shipped_model_path(), 1, datetime.now(UTC)), Nobody())
    words = [
        "catalogue",
        "publish",
        str(out),
        "--repository",
        str(folder / "site"),
        "--keys",
        str(folder / "keys"),
    ]
    assert estu_central(words) == 0


@contextmanager
def served(folder: Path) -> Iterator[UpdateServer]:
    """Serve the repository by HTTPS, with a certificate of an authority that the box knows."""
    authority = Authority("Estu")
    authority.write_certificate(folder / "authority.pem")
    authority.issue("localhost", folder / "server.pem", folder / "server-key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    with UpdateServer(folder / "site", context) as server:
        yield server


def furnish(folder: Path, url: str) -> Path:
    """Write what a card carries, and give the box's folder."""
    box = folder / "box"
    box.mkdir()
    SigningKey.create(BOX).save(box / "signing.pem")
    (box / "platform.jwks").write_bytes(Jwks.of([SigningKey.create(None).public]).as_json())
    (box / "settings.toml").write_text(
        f"""
[box]
id = "{BOX}"
[paths]
log = "log.sqlite"
catalogue = "catalogue"
signing_key = "signing.pem"
runtime = "run"
[broker]
url = "mqtt://127.0.0.1:1"
platform_keys = "platform.jwks"
[updates]
url = "{url}"
root = "{folder}/site/metadata/1.root.json"
ca = "{folder}/authority.pem"
every = 1
"""
    )
    return box


def pour(samples: np.ndarray, into: IO[bytes]) -> float:
    """Let samples sound, and give how many seconds they are."""
    into.write((np.clip(samples, -1, 1) * 32767).astype(">i2").tobytes())
    into.flush()
    return len(samples) / RATE


def in_the_hall(file: Path, seconds: float, path: Path) -> np.ndarray:
    """Give what a microphone in a hall would hear of a piece."""
    perform([Heard(file, seconds)], path)
    samples, _ = soundfile.read(path, dtype="float32")
    return np.asarray(samples)


def events(box: Path) -> list[Event]:
    if not (box / "log.sqlite").exists():
        return []
    with EventLog.read(box / "log.sqlite") as log:
        return [stored.event for stored in log.events(0, 1_000)]


def changed(box: Path) -> bool:
    return any(
        isinstance(event.report, IncidentReport) and event.report.code == "catalogue-changed"
        for event in events(box)
    )


def has_catalogue(box: Path, number: int) -> bool:
    told = state.read(box / "updates.json")
    return told is not None and told.catalogue == number


@pytest.mark.timeout(600)
def test_a_box_goes_over_to_a_newer_catalogue_while_a_piece_sounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "ROUNDS", 1)
    monkeypatch.setenv("ESTU_PUBLISHING_PASSPHRASE", "four unlikely words here")
    first, second = sorted(corpus.fetch(("freecol",)), key=lambda file: -file.stat().st_size)[:2]
    one, other = in_the_hall(first, 110.0, tmp_path / "1.wav"), in_the_hall(second, 25.0, tmp_path / "2.wav")
    assert estu_central(["repository", "init", str(tmp_path / "site"), "--keys", str(tmp_path / "keys")]) == 0
    publish(tmp_path, first)
    with served(tmp_path) as server, Processes(tmp_path / "words") as processes:
        box = furnish(tmp_path, server.url)
        settings = ["--settings", box / "settings.toml"]
        processes.start("sync", [sys.executable, "-m", "device", "sync", *settings])
        wait_until(lambda: has_catalogue(box, 1), "the first catalogue is here", PATIENCE)
        os.mkfifo(tmp_path / "hall.au")
        heard = processes.start(
            "replay", [sys.executable, "-m", "device", "replay", tmp_path / "hall.au", *settings]
        )
        with (tmp_path / "hall.au").open("wb") as hall:
            hall.write(struct.pack(">4s5I", b".snd", 24, 0xFFFFFFFF, 3, RATE, 1))
            sounded = pour(one[: 15 * RATE], hall)
            wait_until(lambda: events(box), "the box listens", PATIENCE)
            publish(tmp_path, first, second)
            wait_until(lambda: has_catalogue(box, 2), "the second catalogue is here", PATIENCE)
            while not changed(box):
                at = round(sounded * RATE)
                assert at < len(one), "the box does not go over to the second catalogue"
                sounded += pour(one[at : at + RATE], hall)
                time.sleep(1.5)
            whole = sounded + pour(other, hall) + pour(np.zeros(3 * RATE), hall)
        assert heard.process.wait(PATIENCE) == 0, heard.last_words
        told = subprocess.run(
            [sys.executable, "-m", "device", "status", *settings], capture_output=True, text=True, check=True
        )
    found = events(box)
    plays = [event.report for event in found if isinstance(event.report, PlayReport)]
    assert [(play.recording.id, play.status) for play in plays] == [
        (first.stem, "identified"),
        (second.stem, "identified"),
    ]
    assert (plays[0].end - plays[0].start).total_seconds() == pytest.approx(sounded, abs=4.0)
    assert (plays[1].end - plays[1].start).total_seconds() == pytest.approx(25.0, abs=4.0)
    digests = [
        event.report.detail
        for event in found
        if isinstance(event.report, IncidentReport) and event.report.code == "catalogue-changed"
    ]
    assert len(digests) == 1
    assert {play.catalogue for play in plays} == {digests[0]["after"]}
    listened = sum(
        event.report.seconds.listened for event in found if isinstance(event.report, CoverageReport)
    )
    assert listened == pytest.approx(whole, abs=0.1)  # no block was lost
    assert "catalogue 2 of" in told.stdout
    assert len(list((box / "catalogue" / "parts").iterdir())) == len(
        json.loads((box / "catalogue" / "catalogue.json").read_text())["parts"]
    )
