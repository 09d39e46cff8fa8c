"""Survey: which content each file has and what its tags say, remembered for as long as the file stays as it is.

Reading a national collection takes hours. A file whose size and times of change have not moved since the last
survey is not read again.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import sqlite_utils

from central.catalogue import tags
from central.catalogue.tags import Tags

_AT_ONCE = 500  # files between two commits: what a kill may cost


@dataclass(frozen=True)
class Surveyed:
    """What one file is."""

    path: Path
    content: str | None  # hex SHA-256 of its bytes; None: it cannot be read
    tags: Tags
    fault: str | None  # why it cannot be read


class Survey:
    """Looks at files, and remembers in SQLite what it saw."""

    def __init__(self, path: Path) -> None:
        """Open or begin a survey.

        Args:
            path: The SQLite file. It may be deleted at any time; then files are read again.
        """
        self._database = sqlite_utils.Database(path, execute_plugins=False)
        self._database.enable_wal()
        self._files = self._database.table("files")
        self._files.create(
            {"path": bytes, "stamp": str, "content": str, "tags": bytes}, pk="path", if_not_exists=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def look(self, files: Iterable[Path], threads: int) -> Iterator[Surveyed]:
        """Look at files, each only if it has changed.

        Args:
            files: Resolved paths.
            threads: How many are read at once.

        Yields:
            What each is, in the order given.
        """
        waiting: list[Path] = []
        for file in files:
            waiting.append(file)
            if len(waiting) == _AT_ONCE:
                yield from self._look(waiting, threads)
                waiting = []
        yield from self._look(waiting, threads)

    def _look(self, files: list[Path], threads: int) -> Iterator[Surveyed]:
        known = {file: self._known(file) for file in files}
        with ThreadPoolExecutor(threads) as readers:
            found = list(readers.map(lambda file: known[file] or _read(file), files))
        rows = [
            {
                "path": os.fsencode(one.path),
                "stamp": stamp,
                "content": one.content,
                "tags": msgspec.json.encode(one.tags),
            }
            for one, stamp in found
            if known[one.path] is None and one.content is not None
        ]
        self._files.upsert_all(rows, pk="path")
        yield from (one for one, _ in found)

    def _known(self, file: Path) -> tuple[Surveyed, str] | None:
        row: dict[str, Any] | None = next(self._files.rows_where("path = ?", [os.fsencode(file)]), None)
        if row is None or row["stamp"] != _stamp(file):
            return None
        return Surveyed(file, row["content"], msgspec.json.decode(row["tags"], type=Tags), None), row["stamp"]


def _read(file: Path) -> tuple[Surveyed, str]:
    stamp = _stamp(file)  # before reading: a file that changes meanwhile is read again next time
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        return Surveyed(file, None, Tags(), error.strerror or "unreadable"), stamp
    return Surveyed(file, digest, tags.read(file), None), stamp


def _stamp(file: Path) -> str:
    try:
        status = file.stat()
    except OSError:
        return "gone"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
