"""Signed events, picked out of whatever pages of a log's file and write-ahead log can still be read.

An event proves itself by its signature, so it does not matter where in the file it is found, whether a page above it is
damaged, and what SQLite thinks of it. Most lie within one page; a long one goes on in overflow pages, each of which
names the next.

Source: SQLite's file format, sections 1.6 (b-tree pages), 1.7 (overflow) and 4.1 (WAL).
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from device.errors import Refused
from device.record import limits
from device.record.event import Event
from device.record.keys import Jwks
from device.record.signature import EVENT_TYP, header_of
from device.record.signed_event import hash_of, unseal

PAGE = 4_096  # bytes, SQLite's default, which the log keeps

_LEAF = 0x0D  # a page with rows of a table
_MOST_LOCAL = PAGE - 35  # bytes of a row that stay in its page; a longer one is split
_LEAST_LOCAL = (PAGE - 12) * 32 // 255 - 23
_LONGEST_ROW = limits.EVENT_BYTES + 1_024
_WAL_HEADER, _FRAME_HEADER = 32, 24  # bytes


@dataclass(frozen=True)
class Found:
    """A whole event."""

    event: Event
    jws: bytes
    hash: str  # hex


def events_in_wal(path: Path, keys: Jwks, after: int) -> dict[tuple[int, str], Found]:
    """Find the whole events with higher numbers in a write-ahead log; each stands under its number and the hash before.

    The main file is not opened: closing it again would take away the locks that SQLite holds on it for this process.

    Args:
        path: The log's file, which SQLite has open.
        keys: The box's; each event is verified.
        after: A number.
    """
    found: dict[tuple[int, str], Found] = {}
    for jws in signed_texts(path, keys, wal_only=True):
        try:
            event = unseal(jws, keys)
        except Refused:
            continue
        if event.seq > after:
            found[event.seq, event.prev] = Found(event, jws, hash_of(jws))
    return found


def signed_texts(path: Path, keys: Jwks, wal_only: bool = False) -> Iterator[bytes]:
    """Give what looks like an event signed with one of these keys; unverified, in no order, some of it often."""
    headers = b"|".join(re.escape(header_of(key, EVENT_TYP)) for key in keys.by_kid.values())
    text = re.compile(rb"(?:" + headers + rb")\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
    with ExitStack() as files:
        pages = _Pages.open(None if wal_only else path, path.with_name(f"{path.name}-wal"), files)
        for page in pages:
            yield from text.findall(page)
            for row in pages.split_rows(page):
                yield from text.findall(row)


@dataclass
class _Pages:
    """The pages of a file and of its write-ahead log, as many as can be read."""

    main: BinaryIO | None
    wal: BinaryIO | None
    newer: dict[int, int] = field(
        default_factory=dict
    )  # number of a page: where its last version lies in the WAL

    @classmethod
    def open(cls, main: Path | None, wal: Path, files: ExitStack) -> "_Pages":
        def opened(name: Path | None) -> BinaryIO | None:
            try:
                return None if name is None else files.enter_context(name.open("rb"))
            except OSError:
                return None

        pages = cls(opened(main), opened(wal))
        for place in pages._frames():
            number = int.from_bytes(_read(pages.wal, place - _FRAME_HEADER, 4), "big")
            pages.newer[number] = place
        return pages

    def __iter__(self) -> Iterator[bytes]:
        for place in range(0, _size(self.main), PAGE):
            yield _read(self.main, place, PAGE)
        for place in self._frames():
            yield _read(self.wal, place, PAGE)

    def split_rows(self, page: bytes) -> Iterator[bytes]:
        """Give the rows of a page that go on elsewhere, put together from the newest pages and from the main ones."""
        for start in (0, 100):  # the first page begins with the file's header
            if len(page) < PAGE or page[start] != _LEAF:
                continue
            cells = range(start + 8, start + 8 + 2 * int.from_bytes(page[start + 3 : start + 5], "big"), 2)
            for cell in cells[: PAGE // 4]:
                yield from self._split_row(page, int.from_bytes(page[cell : cell + 2], "big"))

    def _split_row(self, page: bytes, at: int) -> Iterator[bytes]:
        length, at = _varint(page, at)
        _, at = _varint(page, at)
        if not _MOST_LOCAL < length <= _LONGEST_ROW:
            return
        local = _LEAST_LOCAL + (length - _LEAST_LOCAL) % (PAGE - 4)
        local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
        for newest in (True, False):
            row, number = bytearray(page[at : at + local]), page[at + local : at + local + 4]
            while len(row) < length and any(number):
                more = self._page(int.from_bytes(number, "big"), newest)
                number = more[:4]
                row += more[4:] or bytes(PAGE)
            yield bytes(row[:length])

    def _page(self, number: int, newest: bool) -> bytes:
        if newest and number in self.newer:
            return _read(self.wal, self.newer[number], PAGE)
        return _read(self.main, (number - 1) * PAGE, PAGE)

    def _frames(self) -> Iterator[int]:
        """Give where the pages lie in the WAL, also those behind its valid end."""
        step = _FRAME_HEADER + PAGE
        yield from range(_WAL_HEADER + _FRAME_HEADER, _size(self.wal) - PAGE + 1, step)


def _size(file: BinaryIO | None) -> int:
    return 0 if file is None else os.fstat(file.fileno()).st_size


def _read(file: BinaryIO | None, place: int, length: int) -> bytes:
    """Read what can be read; a bad sector is nothing."""
    if file is None:
        return b""
    try:
        return os.pread(file.fileno(), length, place)
    except (OSError, OverflowError):
        return b""


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """Read SQLite's number of variable length; give it and where it ends."""
    value = 0
    for byte in page[at : at + 8]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            return value, at
    return (value << 8 | page[at] if at < len(page) else value), at + 1
