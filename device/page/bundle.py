"""The support bundle: what somebody far away needs to see how a box is doing, as a zip.

Rules:
1. What goes in is listed here, value by value. A file is never copied, so no key can come along with one.
2. No sound, no embeddings, no key, no hash of the label code, no password that stands in an address.
3. No works: who helps with a microphone need not know what was played.
"""

import io
import json
import platform
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import msgspec

from device.errors import EstuError, Refused
from device.page.now import Now, Places
from device.record.event import TYPES
from device.record.log_reader import LogReader, Stored
from device.record.reports import BootReport, CorrectionReport, CoverageReport, IncidentReport, Report
from device.record.signature import unverified_payload
from device.settings import Settings

# The newest of each kind of event that go along, payloads only.
_EVENTS: tuple[tuple[type[Report], int], ...] = (
    (BootReport, 100),
    (CorrectionReport, 100),
    (CoverageReport, 400),  # some four days
    (IncidentReport, 1_000),
)
# Incidents whose detail goes along: USB names, seconds, numbers. That of others may hold an address with a password.
_TELLS_NO_SETTINGS = ("microphone-", "clock-", "log-", "muted", "unmuted", "watchdog", "crash")
_PACKAGES = (
    "ai-edge-litert",
    "faiss-cpu",
    "joserfc",
    "msgspec",
    "numpy",
    "paho-mqtt",
    "sounddevice",
    "soxr",
    "starlette",
)

_README = """\
The state of a box named {box}, as its page saw it at {at}.

now.json        what the services had written about this moment
settings.json   which box this is, and how the platform is reached
software.json   versions
log.json        how far the log reaches, and how far the platform has it
events.jsonl    starts, corrections, what could be heard, incidents: the newest of each

There is no sound in it, no key, no code and no work that was played. Nothing in it proves anything: for that there is
the signed log.
"""


@dataclass(frozen=True)
class Bundle:
    """The files of a support bundle by their names."""

    files: Mapping[str, str]

    def zipped(self, at: datetime) -> bytes:
        """Pack them.

        Args:
            at: UTC, the time that the files carry.
        """
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files.items():
                archive.writestr(zipfile.ZipInfo(name, at.astimezone(UTC).timetuple()[:6]), text)
        return content.getvalue()


def collect(settings: Settings, places: Places, now: Now) -> Bundle:
    """Collect what helps.

    Args:
        settings: The box's.
        places: Where its services write.
        now: How it is doing.
    """
    log, events = _log(places)
    return Bundle(
        {
            "README.txt": _README.format(box=settings.box.id, at=now.at.isoformat(timespec="seconds")),
            "now.json": _text(_now(now)),
            "settings.json": _text(_settings(settings)),
            "software.json": _text(_software()),
            "log.json": _text(log | _disk(places)),
            "events.jsonl": "".join(f"{event}\n" for event in events),
        }
    )


def _now(now: Now) -> dict[str, Any]:
    heard = now.hearing
    return {
        "at": now.at.isoformat(),
        "light": now.condition.light.value,
        "code": now.condition.code,
        "hearing": heard
        and {
            "state": heard.state,
            "since": heard.since.isoformat(),
            "level_dbfs": heard.level_dbfs,
            "peak_dbfs": heard.peak_dbfs,
            "noise_floor_dbfs": heard.noise_floor_dbfs,
            "microphone": heard.microphone,
            "sounding": len(heard.sounding),
            "clock": heard.clock,
            "trouble": heard.trouble and msgspec.to_builtins(heard.trouble),
            "written": heard.written.isoformat(),
        },
        "mute": now.mute and msgspec.to_builtins(now.mute),
        "sync": now.sync and msgspec.to_builtins(now.sync),
        "updates": now.updates and msgspec.to_builtins(now.updates),
        "log": str(now.log_trouble) if now.log_trouble else None,
    }


def _settings(settings: Settings) -> dict[str, Any]:
    box, microphone, light = settings.box, settings.microphone, settings.light
    first, *others = (_address(url) for url in (settings.broker.url, *settings.broker.fallback))
    return {
        "box": {"id": box.id, "venue": box.venue, "hall": box.hall, "language": box.language},
        "microphone": {
            "usb": microphone.usb,
            "serial": microphone.serial,
            "port": microphone.port,
            "device": microphone.device,
            "gain": microphone.gain,
        },
        "light": {"led": light.led, "pin": light.pin, "button": light.button},
        "broker": first,
        "fallback": others,
    }


def _address(url: str) -> dict[str, Any]:
    """Give where a broker is, without whatever stands before its name."""
    address = urlsplit(url)
    return {"scheme": address.scheme, "host": address.hostname, "port": address.port}


def _software() -> dict[str, Any]:
    return {
        "estu": version("estu"),
        "python": sys.version,
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
        "kernel": platform.release(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _log(places: Places) -> tuple[dict[str, Any], list[str]]:
    try:
        with LogReader.read(places.log) as log:
            head, anchor = log.head(), log.anchor()
            told: dict[str, Any] = {
                "box": log.box,
                "events": log.count(),
                "first": anchor.seq + 1,
                "last": head.seq if head else 0,
                "receipt_through": log.receipt_through(),
                "waiting": log.waiting(),
            }
            return told, [_payload(row) for kind, most in _EVENTS for row in log.latest(kind, most)]
    except EstuError as error:
        return {"trouble": str(error)}, []


def _payload(row: Stored) -> str:
    """Give an event as it was signed; of an incident that tells settings only that it happened (rule 2)."""
    try:
        event = json.loads(unverified_payload(row.jws))
        if row.type == TYPES[IncidentReport] and not event["data"]["code"].startswith(_TELLS_NO_SETTINGS):
            event["data"]["detail"] = "left out"
    except (Refused, ValueError, KeyError, TypeError, AttributeError):
        return json.dumps({"damaged": row.seq})
    return json.dumps(event, ensure_ascii=False)


def _disk(places: Places) -> dict[str, Any]:
    try:
        used = shutil.disk_usage(places.log.parent)
        return {
            "disk_bytes": used.total,
            "disk_free_bytes": used.free,
            "log_bytes": places.log.stat().st_size,
        }
    except OSError as error:
        return {"disk": error.strerror}


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
