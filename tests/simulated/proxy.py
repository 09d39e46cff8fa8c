"""A TCP proxy on loopback, between a client and its broker: it cuts, it delays, it keeps silent."""

import selectors
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from tests.simulated.broker import free_port


@dataclass
class Proxy:
    """Passes bytes to a port and back, until it is told to be a bad network.

    One thread carries all connections. What is set here holds from the next bytes on.
    """

    target: int  # port on loopback
    port: int = field(default_factory=free_port)
    cut_after: int | None = (
        None  # bytes from the client, over all connections; then every connection is cut, once
    )
    delay: float = 0.0  # seconds that each piece is held back
    silent: bool = False  # connections stand, and nothing passes: half-open
    refusing: bool = False  # new connections are closed at once
    cuts: int = 0

    _passed: int = field(init=False, default=0)
    _stop: threading.Event = field(init=False, default_factory=threading.Event)
    _cut: threading.Event = field(init=False, default_factory=threading.Event)
    _others: dict[socket.socket, tuple[socket.socket, bool]] = field(init=False, default_factory=dict)

    def __enter__(self) -> Self:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        self._drop_all()
        self._listener.close()
        self._selector.close()

    def cut(self) -> None:
        """Cut every connection now."""
        self._cut.set()
        while self._cut.is_set() and self._thread.is_alive():
            time.sleep(0.005)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._cut.is_set():
                self._drop_all()
                self._cut.clear()
            for key, _ in self._selector.select(0.02):
                end = key.fileobj
                assert isinstance(end, socket.socket)
                if end is self._listener:
                    self._accept()
                elif end in self._others and not self.silent:
                    self._pass(end, *self._others[end])
            if self.silent:
                time.sleep(0.01)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self.refusing:
            client.close()
            return
        try:
            broker = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        for end, other, from_client in ((client, broker, True), (broker, client, False)):
            self._others[end] = other, from_client
            self._selector.register(end, selectors.EVENT_READ)

    def _pass(self, source: socket.socket, other: socket.socket, from_client: bool) -> None:
        try:
            piece = source.recv(65536)
            if self.delay:
                time.sleep(self.delay)
            if from_client and self.cut_after is not None and self._passed + len(piece) > self.cut_after:
                other.sendall(piece[: self.cut_after - self._passed])
                self.cut_after = None
                self._drop_all()
                return
            if piece:
                self._passed += len(piece) if from_client else 0
                other.sendall(piece)
                return
        except OSError:
            pass
        self._drop(source, other)

    def _drop_all(self) -> None:
        for end, (other, from_client) in list(self._others.items()):
            if from_client:
                self.cuts += 1
                self._drop(end, other)

    def _drop(self, *ends: socket.socket) -> None:
        for end in ends:
            if self._others.pop(end, None):
                self._selector.unregister(end)
                end.close()
