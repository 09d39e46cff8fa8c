"""Floods the boxes' door from several addresses, in a network namespace of its own; prints what got through as JSON.

Run as `unshare --user --map-root-user --net`, so that firewall rules can be loaded without touching the machine's.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

DOOR = ("127.0.0.1", 8883)
GREEDY, MODEST, CALLER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
SECONDS = 1.5
CALLS = 100


def listen(passed: Counter[str]) -> None:
    """Take whatever comes, and count it by address."""
    door = socket.create_server(DOOR, backlog=512)

    def drain(connection: socket.socket, address: str) -> None:
        while piece := connection.recv(1 << 16):
            passed[address] += len(piece)

    def accept() -> None:
        while True:
            connection, (address, _) = door.accept()
            threading.Thread(target=drain, args=(connection, address), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def send(address: str, seconds: float) -> None:
    """Send as much as goes."""
    until = time.monotonic() + seconds
    with socket.create_connection(DOOR, source_address=(address, 0)) as connection:
        connection.settimeout(0.1)
        while time.monotonic() < until:
            with suppress(TimeoutError):
                connection.send(b"x" * 65536)


def call(address: str) -> int:
    """Connect again and again, and say how often it was let."""
    held = []
    for _ in range(CALLS):
        with suppress(ConnectionRefusedError):
            held.append(socket.create_connection(DOOR, source_address=(address, 0)))
    return len(held)


def main(rules: Path | None) -> None:
    """Flood, and tell."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if rules is not None:
        subprocess.run(["nft", "-f", str(rules)], check=True)
    passed: Counter[str] = Counter()
    listen(passed)
    begun = time.monotonic()
    send(GREEDY, SECONDS)
    greedy, elapsed = passed[GREEDY], time.monotonic() - begun
    send(MODEST, 0.3)
    begun = time.monotonic()
    calls = call(CALLER)
    told = {"greedy": greedy, "elapsed": elapsed, "modest": passed[MODEST]}
    print(json.dumps(told | {"calls": calls, "calling": time.monotonic() - begun}))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
