"""Where fuzzing begins: whole inputs of each kind, most of them from the test vectors."""

import base64
import json
from dataclasses import replace
from functools import cache

import msgspec

from central.vectors import reports
from central.vectors.keys import BOX, BOX_KEY
from device.catalogue import manifest
from device.catalogue.thresholds import Thresholds
from device.hearing import Hearing, Sounding
from device.host.clock import Instant
from device.mute import Mute
from device.record.continuation import Bridge, Repeated, incident
from device.record.json_text import dump
from device.record.link import Link
from device.sound.baseline import Baseline
from device.sound.second import OCTAVES
from device.sync.state import SyncState
from device.sync.updates.state import UpdateState
from device.trouble import Trouble
from device.under_way import UnderWay
from tests.contract.shipped import FOLDER, received, vectors

NOW = received("events.json")
DIGEST = "a1" * 32
TROUBLE = Trouble("broker-away", "The broker is away.", "Wait.")


@cache
def known_events() -> frozenset[bytes]:
    """Give every event that a registered box has signed and the box's reader accepts."""
    events = {one["jws"].encode() for one in vectors("events.json")}
    events |= {one["jws"].encode() for one in vectors("rejected.json")}
    events |= {step["jws"].encode() for one in vectors("arrivals.json") for step in one["steps"]}
    return frozenset(events)


@cache
def known_answers(name: str) -> frozenset[bytes]:
    """Give every receipt, or notice, that the platform has signed."""
    return frozenset(one["jws"].encode() for one in vectors(name))


@cache
def known_lines() -> frozenset[bytes]:
    """Give every line of the vectors' exports."""
    return frozenset(
        line.encode().removesuffix(b"\r") for one in vectors("logs.json") for line in one["lines"]
    )


def payloads(name: str) -> list[bytes]:
    """Give what was signed in a file of receipts or notices."""
    return [one["payload"].encode() for one in vectors(name)]


def notice_boards() -> list[bytes]:
    """Give what `estu sync` keeps of notices."""
    lines = sorted(known_answers("notices.json"))
    return [b"".join(line + b"\n" for line in lines), lines[0] + b"\n", b"\n\xff\n" + lines[-1]]


def headers() -> list[bytes]:
    """Give the JWS headers of good and bad events."""
    good = [{"alg": "EdDSA", "kid": BOX_KEY.public.kid, "typ": "cloudevents+json"}]
    return [json.dumps(one).encode() for one in good] + [
        _part(one["jws"], 0) for one in vectors("rejected.json") if one["name"].startswith("header-")
    ]


def deliveries() -> list[bytes]:
    """Give topic and bytes, a line each."""
    return [
        f"{one['topic']}\n{one['jws']}".encode() for one in vectors("events.json") + vectors("rejected.json")
    ]


def signed_texts() -> list[bytes]:
    """Give what a box has signed, good and bad."""
    return [
        _part(one["jws"], 1)
        for one in vectors("events.json") + vectors("rejected.json")
        if one["jws"].count(".") == 2
    ]


def exports() -> list[bytes]:
    """Give whole files."""
    return ["".join(line + "\n" for line in one["lines"]).encode() for one in vectors("logs.json")]


def manifests() -> list[bytes]:
    """Give a catalogue's manifests."""
    whole = manifest.Manifest(
        format=2,
        created="2026-07-01T14:00:00Z",
        model=DIGEST,
        parameters=DIGEST,
        dimension=128,
        reference_hop=0.5,
        thresholds=Thresholds(0.62, 0.4, DIGEST, "not measured"),
        parts=(manifest.PartEntry("base-a1b2", DIGEST, (3, 7)),),
        withdrawn=manifest.WithdrawnEntry(f"withdrawn-{DIGEST[:16]}.json", 20, DIGEST),
    )
    return [manifest.encode(whole), manifest.encode(replace(whole, withdrawn=None))]


def parts() -> list[bytes]:
    """Give parts' own accounts."""
    return [
        manifest.encode(manifest.PartDescription(2, 40, 20.5, (manifest.FileEntry("vectors.i8", 9, DIGEST),)))
    ]


def settings() -> list[bytes]:
    """Give settings files."""
    return [
        f"""[box]
id = "{BOX}"
venue = "Абай атындағы театр"
hall = "Үлкен зал"
language = "kk"
[broker]
url = "mqtts://broker.example:8883"
ca = "ca.pem"
certificate = "box.pem"
key = "box-key.pem"
[microphone]
device = "USB"
[paths]
log = "log.sqlite"
""".encode(),
        f'box.id = "{BOX}"\nbroker.url = "wss://[::1]:443/mqtt"\n'.encode(),
    ]


def keys() -> list[bytes]:
    """Give private keys: PEM and JWK."""
    jwk = json.dumps(BOX_KEY.jose.as_dict(private=True)).encode()
    return [BOX_KEY.jose.as_pem(private=True), jwk, (FOLDER / "boxes.jwks").read_bytes()]


def sync_states() -> list[bytes]:
    """Give what `estu sync` writes."""
    states = (
        SyncState(True, "broker:8883", NOW, None, NOW),
        SyncState(False, "broker:443", NOW, TROUBLE, NOW),
    )
    return [msgspec.json.encode(one) for one in states]


def update_states() -> list[bytes]:
    """Give what `estu sync` writes of updates."""
    states = (
        UpdateState("updates.example:443", NOW, NOW, 7, "2026-11-27T00:00:00Z", "2027.1", None, None),
        UpdateState("updates.example:443", NOW, None, None, None, None, 4096, TROUBLE),
    )
    return [msgspec.json.encode(one) for one in states]


def hearings() -> list[bytes]:
    """Give what `estu listen` writes."""
    playing = Sounding("kz-000123", "Желсіз түнде", None, NOW, "identified")
    found = (
        Hearing("hearing", NOW, -31.5, -12.0, -60.0, "USB Audio", (playing,), "synchronised", None, NOW),
        Hearing("lost", NOW, None, None, None, None, (), "unknown", TROUBLE, NOW),
    )
    return [msgspec.json.encode(one) for one in found]


def mutes() -> list[bytes]:
    """Give the file that mutes."""
    return [msgspec.json.encode(Mute(NOW, "page")), msgspec.json.encode(Mute())]


def under_ways() -> list[bytes]:
    """Give what `estu listen` keeps of what is under way."""
    at = Instant(NOW, 1_000.0, "0f9c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b", "synchronised", 12)
    return [
        msgspec.json.encode(UnderWay(at, 6, DIGEST, DIGEST, 900.0, (), (reports.PLAY,), reports.COVERAGE))
    ]


def baselines() -> list[bytes]:
    """Give what a microphone gave when its box was commissioned."""
    octaves = tuple(-60.0 - octave for octave in range(len(OCTAVES)))
    return [msgspec.json.encode(Baseline({"vendor": "0d8c"}, 48_000, octaves, 3.5, NOW))]


def continuations() -> list[bytes]:
    """Give what an incident `log-continued` says."""
    bridge = Bridge(Link(2, DIGEST), Link(4, DIGEST))
    made = incident([bridge]), incident([bridge, bridge], Repeated(3, 4, 6, DIGEST))
    return [dump({"code": one.code, "detail": one.detail}) for one in made]


def batches() -> list[bytes]:
    """Give tables of boxes to enrol."""
    table = f"box,venue,hall,language,microphone\n{BOX},Абай атындағы театр,Үлкен зал,kk,USB\n\nkz-2,,,ru,\n"
    return [table.encode(), table.replace(",", ";").encode("utf-8-sig"), table.replace("kz-2", BOX).encode()]


def tables() -> list[bytes]:
    """Give a catalogue's tables."""
    metadata = "file,recording,isrc,title,artist,label,iswc,ai_generated\nnight.flac,kz-1,KZA012600001,Ән,,,T0345246801,no\n"
    works = "iswc,title,creator,role,ipi\nT0345246801,Ән,Абай Құнанбаев,CA,00014107338\n"
    return [metadata.encode(), works.encode(), metadata.replace(",", ";").encode("utf-8-sig")]


def _part(jws: str, number: int) -> bytes:
    part = jws.split(".")[number]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
