"""A line between one party and the broker, as bad as it is told to be: a TCP proxy on loopback.

Rules:
- A line does to a connection only what TCP allows: bytes come late, or not at all, never in another order. Where some
  were lost for good, the connection is cut afterwards.
- Where the line is in the clear it also knows messages (`mischief`); where it is TLS, it knows bytes.
- What is counted is what really happened: a cut on a line that carries nothing is none.
"""

import asyncio
import socket
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from tests.chaos.mischief import DOWN, UP, Doom, Mischief, strike
from tests.chaos.plan import OF_MESSAGES, Fault, Kind
from tests.simulated.broker import free_port

_PIECE = 16_384  # bytes read at once
_LOOK = 0.05  # seconds between two looks at what was held back
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() a reset


@dataclass(eq=False)
class _End:
    """One side of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Connection:
    """A client's connection through a line."""

    def __init__(self, client: _End, broker: _End, mischief: Mischief | None) -> None:
        self.end = {UP: broker, DOWN: client}  # whither one sends
        self.start = {UP: client, DOWN: broker}  # whence it comes
        self.mischief = mischief
        self.dead: set[bool] = set()  # directions in which bytes are lost

    def close(self, luck: Random) -> None:
        """Cut it, with a reset or in the polite way, as it happens."""
        reset = luck.random() < 0.5
        for end in self.end.values():
            raw = end.writer.get_extra_info("socket")
            if reset and raw is not None:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.writer.transport.abort()


@dataclass(eq=False)
class Line:
    """One party's way to the broker; all of it runs in one event loop."""

    name: str
    target: int  # the broker's port on loopback
    luck: Random
    legible: bool
    port: int = field(default_factory=free_port)
    # All kinds stand in it from the start, so that another thread can read it meanwhile.
    happened: Counter[Kind] = field(default_factory=lambda: Counter(dict.fromkeys(Kind, 0)))

    doom: Doom = field(init=False)
    _delay: float = field(init=False, default=0.0)  # seconds that each piece is held back
    _cut_after: dict[bool, int] = field(init=False, default_factory=dict)  # bytes yet, by direction
    _silent: bool = field(init=False, default=False)
    _deaf: bool = field(init=False, default=False)  # new connections are accepted and not answered
    _connections: set[_Connection] = field(init=False, default_factory=set)
    _waiting: set[asyncio.StreamWriter] = field(init=False, default_factory=set)
    _server: asyncio.Server | None = field(init=False, default=None)
    _relenting: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _carrying: set[asyncio.Task[None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        """Count messages that are struck with the rest."""
        self.doom = Doom(self.luck, happened=self.happened)

    async def open(self) -> None:
        """Begin to accept connections."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Cut everything, and accept nothing more."""
        if self._server is not None:
            self._server.close()
        for task in self._relenting:
            task.cancel()
        self.heal()
        self.cut()
        await asyncio.gather(*self._relenting, *self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection now."""
        for connection in list(self._connections):
            connection.close(self.luck)
        for writer in list(self._waiting):
            writer.transport.abort()

    def heal(self) -> None:
        """Be a good line again; what was cut stays cut, what was held goes on."""
        self._delay, self._silent, self._deaf = 0.0, False, False
        self._cut_after.clear()
        self.doom.coming.clear()
        for connection in list(self._connections):
            if connection.dead:
                connection.close(self.luck)
        for writer in list(self._waiting):
            writer.transport.abort()

    def strike(self, fault: Fault) -> None:
        """Let something go wrong."""
        if fault.kind in OF_MESSAGES:
            strike(self.doom, fault.kind, int(fault.amount), fault.upward)
            return
        match fault.kind:
            case Kind.DELAY:
                self._delay = fault.amount
            case Kind.CUT:
                self._cut_after[fault.upward] = int(fault.amount)
            case Kind.HALF_OPEN:
                self._silent = True
                self.happened[fault.kind] += len(self._connections)
            case Kind.ONE_WAY:
                for connection in self._connections:
                    connection.dead.add(fault.upward)
                self.happened[fault.kind] += len(self._connections)
            case Kind.DEAF:
                self._deaf = True
                self.cut()
        task = asyncio.get_running_loop().create_task(self._relent(fault))
        self._relenting.add(task)
        task.add_done_callback(self._relenting.discard)

    async def _relent(self, fault: Fault) -> None:
        await asyncio.sleep(fault.length)
        match fault.kind:
            case Kind.DELAY:
                self._delay = 0.0
            case Kind.HALF_OPEN:
                self._silent = False
                if fault.upward:  # else it was only slow
                    self.cut()
            case Kind.ONE_WAY:
                for connection in list(self._connections):
                    if connection.dead:
                        connection.close(self.luck)
            case Kind.DEAF:
                self._deaf = False
                for writer in list(self._waiting):
                    writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._carrying.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._deaf:
            self.happened[Kind.DEAF] += 1
            self._waiting.add(writer)
            with suppress(OSError):
                while await reader.read(_PIECE):
                    pass
            self._waiting.discard(writer)
            writer.transport.abort()
            return
        try:
            broker = _End(*await asyncio.open_connection("127.0.0.1", self.target))
        except OSError:
            writer.transport.abort()
            return
        mischief = Mischief(self.doom) if self.legible else None
        connection = _Connection(_End(reader, writer), broker, mischief)
        self._connections.add(connection)
        try:
            await asyncio.gather(self._carry(connection, UP), self._carry(connection, DOWN))
        finally:
            self._connections.discard(connection)
            for end in connection.end.values():
                end.writer.transport.abort()

    async def _carry(self, connection: _Connection, way: bool) -> None:
        """Carry bytes in one direction until the connection ends; then the other direction ends as well."""
        with suppress(OSError):
            while True:
                piece = await self._read(connection.start[way].reader)
                if piece == b"":
                    break
                await self._pass(connection, way, piece)
        for end in connection.end.values():
            with suppress(OSError):
                end.writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes | None:
        """Give what comes; None if nothing came for a moment."""
        if self._silent:
            await asyncio.sleep(_LOOK)
            return None
        try:
            return await asyncio.wait_for(reader.read(_PIECE), _LOOK)
        except TimeoutError:
            return None

    async def _pass(self, connection: _Connection, way: bool, piece: bytes | None) -> None:
        if piece and self._delay:
            self.happened[Kind.DELAY] += 1
            await asyncio.sleep(self._delay)
        now = asyncio.get_running_loop().time()
        if connection.mischief is None:
            sent = [(way, piece)] if piece else []
        elif piece:
            sent = connection.mischief.take(piece, way, now)
        else:
            sent = connection.mischief.due(way, now)
        for whither, bytes_ in sent:
            await self._send(connection, whither, bytes_)

    async def _send(self, connection: _Connection, way: bool, piece: bytes) -> None:
        if way in connection.dead:
            return
        writer = connection.end[way].writer
        left = self._cut_after.get(way)
        if left is None or len(piece) <= left:
            if left is not None:
                self._cut_after[way] = left - len(piece)
            writer.write(piece)
            await writer.drain()
            return
        del self._cut_after[way]
        self.happened[Kind.CUT] += 1
        writer.write(piece[:left])
        with suppress(OSError):
            await writer.drain()
        connection.close(self.luck)
