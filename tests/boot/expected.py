"""What must hold of a box that has booted, heard and delivered."""

import sqlite3
from typing import Any

from estu_image import layout

from device.record.event import decode
from device.record.keys import Jwks
from device.record.reports import PlayReport
from device.record.signature import unverified_payload
from tests.boot.evening import evening
from tests.simulated.house import House

_ALLOWED = {"tcp 80", "udp 5353", "udp 68"}  # the page, mDNS, and the client of DHCP
_OWNERS = {
    "signing.pem": "estu-listen 600",
    "tls-key.pem": "estu-sync 600",
    "label-code.scrypt": "estu-page 600",
}


def check(told: dict[str, Any], built: House) -> dict[str, Any]:
    """Hold what was said inside, and what the platform has, against what must be.

    Returns:
        What is worth keeping.
    """
    assert told["services"]["started"], told["services"]
    for name, shown in told["services"]["services"].items():
        assert shown["ActiveState"] == "active", (name, shown)
    assert told["failed"]["units"] == "", told["failed"]
    assert set(told["ports"]["open"]) <= _ALLOWED, told["ports"]
    assert "tcp 80" in told["ports"]["open"]
    assert told["page"]["status"] == 200, told["page"]
    (usb,) = told["usb"]["cards"]
    assert (usb["power"], usb["node"]) == ("on", "audio 660"), usb
    mounts = told["mounts"]["mounts"]
    assert " erofs ro" in mounts["/"], mounts
    for place in ("/data", "/etc/estu", "/var/lib/estu"):
        assert {"nosuid", "nodev", "noexec"} <= set(mounts[place].split()[-1].split(",")), mounts
    assert told["data"]["bytes"] > 4 * layout.DATA.size, told["data"]  # it grew
    identity = told["identity"]
    assert identity["machine"] == identity["kept"]
    assert len(identity["machine"]) == 32
    assert identity["hostname"] == "estu-demo"
    for name, owner in _OWNERS.items():
        assert identity["owners"][name] == owner, identity
    assert told["slot"]["current"] == "A"
    assert "zram" in "".join(told["memory"]["swaps"])
    assert told["watchdog"]["restarted"], told["watchdog"]
    assert told["watchdog"]["back"], told["watchdog"]
    assert told["watchdog"]["said"], told["watchdog"]
    assert told["replay"]["result"]["ExecMainStatus"] == "0", told["replay"]
    assert told["receipt"]["delivered"], told["receipt"]
    plays, events = _of_the_platform(built)
    wanted = [heard.file.stem for heard in evening(built) if heard.file in built.known]  # type: ignore[union-attr]
    assert plays == wanted, (plays, wanted)
    assert events == told["receipt"]["status"]["receipt"]
    return {
        "seconds": told["seconds"],
        "services up after s": told["services"]["up"],
        "replay took s": told["replay"]["seconds"],
        "data grew to bytes": told["data"]["bytes"],
        "ports": told["ports"]["open"],
        "page": told["page"]["title"],
        "USB sound card": usb,
        "plays at the platform": plays,
        "events receipted": events,
        "release": told["release"]["text"],
    }


def _of_the_platform(built: House) -> tuple[list[str], int]:
    """Read what the platform has: which recordings were identified, and how many events; none of them set aside."""
    assert Jwks.load(built.places.box_keys)
    ledger = sqlite3.connect(f"file:{built.places.platform}/ledger.sqlite?mode=ro", uri=True)
    assert ledger.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
    rows = ledger.execute("SELECT jws FROM event ORDER BY seq").fetchall()
    ledger.close()
    reports = [
        decode(unverified_payload(bytes(jws) if not isinstance(jws, str) else jws.encode())).report
        for (jws,) in rows
    ]
    plays = [r.recording.id for r in reports if isinstance(r, PlayReport) and r.status == "identified"]
    return plays, len(rows)
