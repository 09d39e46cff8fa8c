"""The page as a service: where it listens, and how it says that it is well.

Rules:
1. The service manager opens the port and hands it over (`estu-page.socket`). So the service itself needs no network
   at all, and has none: what it answers goes back through connections that others opened.
2. Whatever a proxy claims about who asks is not believed: there is none.
3. The watchdog is fed only after the log has been looked at through the same threads that answer requests.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette

from device.errors import Refused
from device.host import service

_ALIVE_EVERY = 5.0  # seconds
_AT_ONCE = 64  # connections
_IDLE = 15  # seconds until an unused connection is closed
_LARGEST_HEAD = 16_384  # bytes of a request's lines and headers
_FIRST_SOCKET = 3  # sd_listen_fds(3)


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> "Address":
        """Read `127.0.0.1:8080` or `[::1]:8080`.

        Raises:
            Refused: It is no such thing.
        """
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or not 0 <= int(port) < 65_536:
            raise Refused(
                "address-invalid", f'"{text}" is no address with a port.', "Give it as 127.0.0.1:8080."
            )
        return cls(host.strip("[]"), int(port))


def sockets(address: Address) -> tuple[list[socket.socket], bool]:
    """Open what to listen on.

    Returns:
        The sockets, and whether the service manager had opened them: then `address` was not used.

    Raises:
        Refused: The address is taken or not ours.
    """
    handed = _handed_over()
    if handed:
        return handed, True
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((address.host, address.port))
    except OSError as error:
        opened.close()
        raise Refused(
            "address-taken",
            f"Nothing can listen on {address.host}:{address.port} ({error.strerror}).",
            "Give another with --listen.",
        ) from error
    opened.listen()
    return [opened], False


def run(app: Starlette, listening: list[socket.socket]) -> None:
    """Answer until asked to stop (SIGTERM, SIGINT)."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
    )
    uvicorn.Server(config).run(sockets=listening)


@asynccontextmanager
async def sign_of_life(look: Callable[[], object], ready: str) -> AsyncIterator[None]:
    """Tell the service manager that the page is up, and feed its watchdog while requests can be answered.

    Args:
        look: What an answer needs; runs in a thread.
        ready: What the page does now, in a few words.
    """

    async def feed() -> None:
        while True:
            await anyio.to_thread.run_sync(look)
            service.alive()
            await asyncio.sleep(_ALIVE_EVERY)

    feeding = asyncio.create_task(feed())
    service.ready(ready)
    try:
        yield
    finally:
        service.stopping()
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding


def _handed_over() -> list[socket.socket]:
    try:
        from systemd.daemon import listen_fds
    except ImportError:
        return []
    return [socket.socket(fileno=_FIRST_SOCKET + number) for number in range(len(listen_fds()))]
