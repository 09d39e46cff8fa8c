"""Joins its standard input and output to a port of this machine's loopback: what the emulator runs for each connection of the guest.

The guest reaches nothing else: the emulator's network is closed but for the one address behind which this stands.
"""

import os
import selectors
import socket
import sys


def main(port: int) -> None:
    """Carry bytes both ways until either side ends."""
    with socket.create_connection(("127.0.0.1", port)) as broker, selectors.DefaultSelector() as ready:
        ready.register(sys.stdin.fileno(), selectors.EVENT_READ)
        ready.register(broker, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is broker:
                    if not (piece := broker.recv(65_536)):
                        return
                    _write(sys.stdout.fileno(), piece)
                elif piece := os.read(sys.stdin.fileno(), 65_536):
                    broker.sendall(piece)
                else:
                    return


def _write(where: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(where, piece) :]


if __name__ == "__main__":
    main(int(sys.argv[1]))
