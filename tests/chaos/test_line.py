"""What a bad line does to the bytes of a connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random

from tests.chaos.line import Line
from tests.chaos.plan import Fault, Kind
from tests.simulated.broker import free_port

Talk = Callable[[Line, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE = 120.0  # seconds


def strike(line: Line, kind: Kind, length: float = 0.3, amount: float = 0.0, upward: bool = True) -> None:
    line.strike(Fault(0.0, kind, line.name, length, amount, upward))


@asynccontextmanager
async def line_to_an_echo() -> AsyncIterator[Line]:
    """A line to somebody who says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1000):
                writer.write(piece)
        except ConnectionError:
            pass
        writer.close()

    port = free_port()
    server = await asyncio.start_server(echo, "127.0.0.1", port)
    line = Line("kz-ala-0001", port, Random(1), legible=False)
    await line.open()
    yield line
    await line.close()
    server.close()


def on_a_line(talk: Talk) -> None:
    """Talk through a line."""

    async def run() -> None:
        async with line_to_an_echo() as line:
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
            await talk(line, reader, writer)
            writer.close()

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Give what comes until the connection ends."""
    try:
        return await reader.read(-1)
    except ConnectionError:
        return b""


def test_a_good_line_carries_every_byte() -> None:
    async def talk(_: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = bytes(range(256)) * 400
        writer.write(text)
        assert await reader.readexactly(len(text)) == text

    on_a_line(talk)


def test_a_cut_comes_at_its_byte() -> None:
    async def talk(line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"whole")
        assert await reader.readexactly(5) == b"whole"
        strike(line, Kind.CUT, amount=3, upward=False)
        writer.write(b"broken")
        assert b"bro".startswith(await heard(reader))  # a reset may swallow the last bytes
        assert line.happened[Kind.CUT] == 1

    on_a_line(talk)


def test_a_silent_line_keeps_every_byte_for_later_if_it_was_only_slow() -> None:
    async def talk(line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        strike(line, Kind.HALF_OPEN, upward=False)
        writer.write(b"two")
        assert await reader.readexactly(3) == b"two"
        assert line.happened[Kind.HALF_OPEN] == 1

    on_a_line(talk)


def test_a_line_that_is_dead_in_one_direction_loses_bytes_and_is_cut_after_it() -> None:
    async def talk(line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        strike(line, Kind.ONE_WAY, upward=True)
        writer.write(b"lost")
        assert await heard(reader) == b""
        assert line.happened[Kind.ONE_WAY] == 1

    on_a_line(talk)


def test_a_deaf_line_accepts_and_never_answers() -> None:
    async def talk(line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        strike(line, Kind.DEAF, length=1000.0)
        assert await heard(reader) == b""
        again, asking = await asyncio.open_connection("127.0.0.1", line.port)
        asking.write(b"hello?")
        while not line.happened[Kind.DEAF]:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        line.heal()
        assert await heard(again) == b""
        assert line.happened[Kind.DEAF] == 1

    on_a_line(talk)


def test_a_slow_line_carries_every_byte_in_order() -> None:
    async def talk(line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        strike(line, Kind.DELAY, length=1000.0, amount=0.01)
        for number in range(20):
            writer.write(b"%03d" % number)
            await asyncio.sleep(0.005)
        assert await reader.readexactly(60) == b"".join(b"%03d" % number for number in range(20))
        assert line.happened[Kind.DELAY] > 0

    on_a_line(talk)


def test_a_line_that_is_healed_is_a_good_one_again() -> None:
    async def talk(line: Line, *_: object) -> None:
        strike(line, Kind.DEAF, length=1000.0)
        line.heal()
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"well")
        assert await reader.readexactly(4) == b"well"

    on_a_line(talk)
