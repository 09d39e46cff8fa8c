"""The contract as tools see it that are not ours: an AsyncAPI parser, Ajv, the CloudEvents SDK, jose.

They run on Node from the locked packages (`make setup` puts them there).
"""

import json
import subprocess
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from device.record import limits
from device.record.event import TYPES, decode
from device.record.signature import EVENT_TYP, NOTICE_TYP, RECEIPT_TYP
from device.sync import topics
from device.sync.link import Link
from tests.contract.shipped import FOLDER, content, vectors

HERE = Path(__file__).parent
VERIFIER = FOLDER.parent / "verifier-js"
NODE = Path(sys.executable).with_name("node")
# What no schema can say: that one member repeats another, or depends on it.
BEYOND_SCHEMAS = {"schema-id", "schema-source", "from-the-future", "head-of-nothing", "no-head"}
# Truly of the form, and refused for who says it, or to whom.
WELL_FORMED = (
    "altered",
    "of-another-platform",
    "of-a-box",
    "typ-event",
    "typ-receipt",
    "line-end",
    "for-another-box",
)


def node(*arguments: str | Path, folder: Path = HERE) -> subprocess.CompletedProcess[str]:
    for package in (HERE, VERIFIER):
        assert (package / "node_modules").is_dir(), f"{package} has no node_modules: run `make setup`"
    return subprocess.run(
        [NODE, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=280
    )


@cache
def asyncapi() -> dict[str, Any]:
    run = node("asyncapi.mjs")
    assert run.returncode == 0, run.stderr
    return cast("dict[str, Any]", json.loads(run.stdout))


@cache
def ajv() -> dict[str, Any]:
    run = node("schemas.mjs")
    assert run.returncode == 0, run.stderr
    assert run.stderr == "", "Ajv has something to say against the schemas"
    return cast("dict[str, Any]", json.loads(run.stdout))


def operation(name: str) -> dict[str, Any]:
    (found,) = [one for one in asyncapi()["operations"] if one["id"] == name]
    return cast("dict[str, Any]", found)


def messages(kind: str) -> list[dict[str, Any]]:
    (found,) = [one for one in asyncapi()["channels"] if one["address"] == f"estu/v1/{{box}}/{kind}"]
    return cast("list[dict[str, Any]]", found["messages"])


def test_the_asyncapi_parser_has_nothing_to_say_but_that_3_1_exists() -> None:
    assert {one["code"] for one in asyncapi()["diagnostics"]} <= {"asyncapi-latest-version"}


def test_asyncapi_names_the_topics_that_boxes_and_receivers_use() -> None:
    named = {channel["address"].replace("{box}", "kz-ala-0001") for channel in asyncapi()["channels"]}
    used = {make("kz-ala-0001") for make in (topics.event, topics.presence, topics.receipt, topics.notice)}
    assert named == used
    subscription = operation("platformReceivesEvents")["subscription"]
    assert subscription.replace("{group}", "receivers") == topics.shared_events("receivers")


def test_asyncapi_has_each_type_with_its_schema_and_its_header() -> None:
    assert {message["name"] for message in messages("event")} == set(TYPES.values())
    for message in messages("event"):
        assert message["schema"]["properties"]["type"]["const"] == message["name"]
        assert message["header"]["properties"]["typ"]["const"] == EVENT_TYP
    (receipt,), (notice,), (presence,) = messages("receipt"), messages("notice"), messages("presence")
    assert receipt["header"]["properties"]["typ"]["const"] == RECEIPT_TYP
    assert notice["header"]["properties"]["typ"]["const"] == NOTICE_TYP
    schemas = [receipt["schema"], notice["schema"], presence["payload"].get("schema", presence["payload"])]
    assert [schema["$id"].rsplit("/", 1)[1] for schema in schemas] == [
        "receipt.json",
        "notice.json",
        "presence.json",
    ]


def test_asyncapi_tells_the_limits_that_are_kept() -> None:
    longest = {kind: messages(kind)[0]["payload"]["maxLength"] for kind in ("event", "receipt", "notice")}
    assert longest == {
        "event": limits.EVENT_BYTES,
        "receipt": limits.RECEIPT_BYTES,
        "notice": limits.NOTICE_BYTES,
    }
    broker = (FOLDER.parent / "mosquitto" / "mosquitto.conf").read_text()
    link = Link("broker", 8883, "kz-ala-0001", None)
    for server in asyncapi()["servers"]:
        assert server["security"] == ["X509"]
        assert f"max_packet_size {server['mqtt']['maximumPacketSize']}\n" in broker
        assert server["mqtt"]["keepAlive"] == link.keepalive
        if not server["mqtt"]["cleanSession"]:
            assert server["mqtt"]["sessionExpiryInterval"] == link.session_expiry


def test_asyncapi_says_what_is_retained() -> None:
    retained = {(one["address"].rsplit("/", 1)[1], one["mqtt"]["retain"]) for one in asyncapi()["operations"]}
    assert retained == {("event", False), ("notice", False), ("receipt", True), ("presence", True)}
    assert {one["mqtt"]["qos"] for one in asyncapi()["operations"]} == {1}


def test_ajv_takes_the_schemas_in_its_strict_mode_under_their_own_names() -> None:
    for file, name in ajv()["ids"].items():
        assert name == f"https://estu.kz/schemas/v1/{file}"
        assert (FOLDER.parent / "schemas" / file).exists()


@pytest.mark.parametrize(
    "file", ["events.json", "rejected.json", "receipts.json", "notices.json", "presences.json"]
)
def test_ajv_says_of_each_vector_what_the_contract_says(file: str) -> None:
    said = [one for one in ajv()["said"] if one["file"] == file]
    reasons = {vector["name"]: vector.get("reason") for vector in vectors(file)}
    assert said
    for one in said:
        name = one["name"]
        good = reasons[name] is None or name in BEYOND_SCHEMAS or name in WELL_FORMED
        assert one["valid"] == good, (name, one["errors"])


@pytest.mark.parametrize("vector", vectors("events.json"), ids=lambda vector: vector["name"])
def test_the_cloudevents_sdk_reads_an_event_as_the_box_does(vector: dict[str, Any]) -> None:
    read = JSONFormat().read(CloudEvent, vector["payload"].encode())
    event = decode(vector["payload"].encode())
    assert (read.get_specversion(), read.get_type(), read.get_time()) == ("1.0", event.type, event.time)
    assert (read.get_id(), read.get_source()) == (f"{event.box}/{event.seq}", f"urn:estu:box:{event.box}")
    assert [read.get_extension(name) for name in ("box", "seq", "prev")] == [event.box, event.seq, event.prev]
    assert read.get_data() == json.loads(vector["payload"])["data"]
    assert read.get_time().tzinfo is not None
    assert datetime.fromisoformat(json.loads(vector["payload"])["time"]) == read.get_time()


def test_the_verifier_in_javascript_agrees_with_every_vector() -> None:
    run = node("--test", "--test-reporter=tap", folder=VERIFIER)
    assert run.returncode == 0, run.stdout[-4_000:] + run.stderr[-2_000:]
    told = dict(line[2:].split(" ") for line in run.stdout.splitlines() if line[:7] in ("# tests", "# pass "))
    files = ("events", "rejected", "arrivals", "logs", "receipts", "notices", "presences")
    there = sum(len(content(f"{name}.json")["vectors"]) for name in files)
    assert told == {"tests": str(there), "pass": str(there)}


@pytest.mark.parametrize("name", ["whole", "altered", "receipt-forged"])
def test_a_platform_can_check_an_exported_log_on_its_command_line(name: str, tmp_path: Path) -> None:
    (vector,) = [one for one in vectors("logs.json") if one["name"] == name]
    export = tmp_path / "export.txt"
    export.write_text("".join(line + "\n" for line in vector["lines"]))
    keys = ["--boxes", FOLDER / "boxes.jwks", "--platform", FOLDER / "platform.jwks"]
    run = node("bin/estu-verify.js", export, *keys, folder=VERIFIER)
    assert run.returncode == (1 if vector["fault"] else 0), run.stderr
    assert f"{vector['events']} events whole" in run.stdout
    assert (
        (f"[{vector['fault']['reason']}]" in run.stdout) if vector["fault"] else "at fault" not in run.stdout
    )


def test_the_command_says_what_it_cannot_read(tmp_path: Path) -> None:
    keys = ["--boxes", tmp_path / "none.jwks", "--platform", FOLDER / "platform.jwks"]
    run = node("bin/estu-verify.js", tmp_path / "none.txt", *keys, folder=VERIFIER)
    assert run.returncode == 2
    assert "none.txt" in run.stderr
