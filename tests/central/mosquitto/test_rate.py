"""How much one address may ask of the broker: the shipped firewall rules, loaded in a network of their own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulated import flood

ROOT = Path(__file__).parents[3]
RULES = ROOT / "central" / "mosquitto" / "nftables.conf"
RATE = 384 * 2**10  # bytes a second
BURST = 2 * 2**20 + RATE  # bytes; the kernel begins with a second's worth on top
PACKET = 2**16  # bytes, the largest on loopback


def flooded(*rules: Path) -> dict[str, float]:
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    command = [*alone, sys.executable, "-m", "tests.simulated.flood", *map(str, rules)]
    path = "/usr/sbin:/sbin:/usr/bin:/bin"  # Debian keeps nft where users' PATH does not look
    told = subprocess.run(
        command, cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, check=False, timeout=120
    )
    assert told.returncode == 0, told.stderr
    found: dict[str, float] = json.loads(told.stdout)
    return found


@pytest.fixture(scope="module", autouse=True)
def _a_network_of_its_own() -> None:
    assert shutil.which("nft", path="/usr/sbin:/sbin"), "nftables is not installed: apt install nftables"
    made = subprocess.run(["unshare", "--user", "--map-root-user", "--net", "true"], check=False)
    if made.returncode:
        pytest.skip("this machine lets nobody make a network namespace")


@pytest.fixture(scope="module")
def limited() -> dict[str, float]:
    return flooded(RULES)


def test_a_flood_from_one_address_is_slowed_down_and_the_others_are_not(limited: dict[str, float]) -> None:
    assert limited["greedy"] <= BURST + RATE * limited["elapsed"] + 2 * PACKET
    assert limited["modest"] > 0, "another address has a share of its own"


def test_one_address_cannot_spend_the_broker_on_handshakes(limited: dict[str, float]) -> None:
    assert limited["calls"] <= 60 + limited["calling"] + 1


def test_without_the_rules_the_same_flood_gets_through() -> None:
    found = flooded()
    assert found["greedy"] > BURST + RATE * found["elapsed"] + 2 * PACKET
    assert found["calls"] == flood.CALLS
