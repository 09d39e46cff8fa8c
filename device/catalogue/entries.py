"""Entries: what a part says about its recordings, in SQLite.

A part is never changed once written, so the file is opened as immutable: no locks, no journal, and it may
lie on a read-only disk.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlite_utils

from device.catalogue.recording import Creator, Recording, Work
from device.errors import Refused

SCHEMA = """
create table recordings (
    number integer primary key,   -- from 0, in the order of the vectors
    id text not null unique,
    isrc text,
    title text,
    artist text,
    label text,
    ai_generated integer not null check (ai_generated in (0, 1)),
    seconds real not null,
    kind text not null check (kind in ('recording', 'film', 'work')),
    content text not null,        -- hex SHA-256 of the file it was built from
    sound text not null           -- hex SHA-256 of its vectors: equal ones sound the same
);
create index recordings_by_sound on recordings (sound);
create table alike (              -- recordings that sound nearly the same, such as a re-release
    recording integer not null references recordings,
    id text not null,             -- of the other, here or in an older part
    likeness real not null,       -- mean cosine of their vectors along the best line
    primary key (recording, id)
) without rowid;
create index alike_by_id on alike (id);
create table works (number integer primary key, iswc text, title text);
create table creators (
    work integer not null references works,
    position integer not null,
    name text not null,
    role text not null,
    ipi text,
    primary key (work, position)
) without rowid;
create table recording_works (
    recording integer not null references recordings,
    position integer not null,
    work integer not null references works,
    primary key (recording, position)
) without rowid;
"""

_IDS_AT_ONCE = 500  # below the 999 that SQLite took as parameters before version 3.32


@dataclass(frozen=True)
class Origin:
    """What a recording was built from."""

    number: int
    id: str
    content: str  # hex SHA-256 of the sound file
    sound: str  # hex SHA-256 of the vectors: equal ones sound the same
    seconds: float  # how long it sounds


class Entries:
    """The recordings of one part, read when asked for."""

    def __init__(self, path: Path) -> None:
        """Open a part's recordings.

        Raises:
            Refused: The file is not such a database.
        """
        try:
            # Read-only and immutable, so several threads may share it: SQLite is built to serialise them.
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            connection.execute("select number, sound from recordings limit 1").fetchone()
            connection.execute("select recording, id from alike limit 1").fetchone()
        except sqlite3.Error as error:
            raise Refused(
                "catalogue-damaged", f"{path} is unreadable: {error}.", "Fetch or build the catalogue again."
            ) from error
        self._database = sqlite_utils.Database(connection, execute_plugins=False)

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def recording(self, number: int) -> Recording:
        """Give a recording by its number in this part.

        Raises:
            IndexError: There is none of that number.
        """
        row = self._row(number)
        return Recording(
            id=row["id"],
            isrc=row["isrc"],
            title=row["title"],
            artist=row["artist"],
            label=row["label"],
            works=tuple(self._works(number)),
            ai_generated=bool(row["ai_generated"]),
            seconds=row["seconds"],
            kind=row["kind"],
        )

    def sound(self, number: int) -> str:
        """Give the hex SHA-256 of a recording's vectors.

        Raises:
            IndexError: There is none of that number.
        """
        sound: str = self._row(number)["sound"]
        return sound

    def sounding(self, sound: str) -> list[int]:
        """Give the numbers of the recordings that have exactly these vectors, ascending."""
        query = "select number from recordings where sound = ? order by number"
        return [row["number"] for row in self._database.query(query, [sound])]

    def alike(self, number: int) -> list[str]:
        """Give the ids of recordings, here or in older parts, that sound nearly as one of this part does."""
        query = "select id from alike where recording = ? order by likeness desc, id"
        return [row["id"] for row in self._database.query(query, [number])]

    def alike_to(self, recording_id: str) -> list[int]:
        """Give the numbers of the recordings that sound nearly as one of an older part, or of this one, does."""
        query = "select recording from alike where id = ? order by recording"
        return [row["recording"] for row in self._database.query(query, [recording_id])]

    def alike_pairs(self) -> Iterator[tuple[str, str]]:
        """Tell the ids of all that sound nearly the same: one of this part, and one of this or an older."""
        query = (
            "select recordings.id as own, alike.id as other from alike join recordings on number = recording"
        )
        for row in self._database.query(query):
            yield row["own"], row["other"]

    def origins(self) -> Iterator[Origin]:
        """Tell what each recording was built from, by number."""
        columns = "number, id, content, sound, seconds"
        for row in self._database.query(f"select {columns} from recordings order by number"):  # noqa: S608 - as above
            yield Origin(**row)

    def numbers(self, ids: frozenset[str]) -> dict[str, int]:
        """Give the numbers of those of the ids that are here."""
        wanted = sorted(ids)
        found: dict[str, int] = {}
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            some = wanted[start : start + _IDS_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"select id, number from recordings where id in ({marks})"  # noqa: S608 - question marks only
            found.update((row["id"], row["number"]) for row in self._database.query(query, some))
        return found

    def count(self) -> int:
        """Count the recordings."""
        count: int = self._database["recordings"].count
        return count

    def _row(self, number: int) -> dict[str, Any]:
        row = next(self._database.query("select * from recordings where number = ?", [number]), None)
        if row is None:
            raise IndexError(f"no recording {number}")
        return row

    def _works(self, number: int) -> Iterator[Work]:
        query = """select works.number, iswc, title from recording_works join works on works.number = work
            where recording = ? order by position"""
        for row in self._database.query(query, [number]):
            creators = self._database.query(
                "select name, role, ipi from creators where work = ? order by position", [row["number"]]
            )
            yield Work(row["iswc"], row["title"], tuple(Creator(**creator) for creator in creators))
