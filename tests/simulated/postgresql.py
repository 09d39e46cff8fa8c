"""A real PostgreSQL from Debian's package, with a cluster of its own in a folder of its own, reached by a socket there.

It refuses to be run by root, so root runs it as the user that the package has made.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

_TEMPLATE = "template1"
_NUMBERS = count(1)


def _program(name: str) -> str:
    """Find a program of the newest PostgreSQL; Debian keeps them where nobody's PATH looks."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, "PostgreSQL is not installed: apt install postgresql"
    return path


@dataclass
class PostgreSql:
    """A server; what it holds survives `kill` and `start`, and is gone when the block ends."""

    durable: bool = False  # waits for the disk at each commit; tests that pull no plug save the time
    folder: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="estu-"))
    )  # short, since a socket's path has at most 107 bytes

    _running: subprocess.Popen[bytes] | None = field(init=False, default=None)

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.folder / "server.log").read_text("utf-8", "replace")

    @property
    def process(self) -> int:
        """The number of the server's first process."""
        assert self._running is not None
        return self._running.pid

    def url(self, database: str) -> str:
        """Give where a database is, as the receiver is told it."""
        return f"postgresql://estu@/{database}?host={self.folder}"

    def create(self, template: str = _TEMPLATE) -> str:
        """Make a database that nobody has used, and give its URL."""
        name = f"ledger_{next(_NUMBERS)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def run(self, program: str, *arguments: str) -> bytes:
        """Run one of PostgreSQL's programs on this server, and give what it writes."""
        line = [_program(program), "--host", str(self.folder), "--username", "estu", *arguments]
        return subprocess.run(line, check=True, capture_output=True).stdout

    def __enter__(self) -> Self:
        if not (self.folder / "cluster").exists():
            self._own()
            options = ["--auth=trust", "--no-locale", "--encoding=UTF8", "--username=estu", "--no-sync"]
            made = self._as_server("initdb", *options, "-D", str(self.folder / "cluster"))
            assert made.wait() == 0, self.log
        return self.start()

    def __exit__(self, *_: object) -> None:
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder)

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        self._running = self._as_server(
            *("postgres", "-D", str(self.folder / "cluster"), "-k", str(self.folder)),
            *("-c", "listen_addresses=", "-c", f"fsync={'on' if self.durable else 'off'}"),
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self._address("postgres")).close()
            except psycopg.OperationalError:
                assert self._running.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.05)
            else:
                return self

    def kill(self) -> None:
        """End it at once, as a crash would; it recovers when it is started."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(60)
            self._running = None

    def _address(self, database: str) -> str:
        return f"host={self.folder} user=estu dbname={database} connect_timeout=10"

    def _own(self) -> None:
        if os.geteuid() == 0:
            postgres = pwd.getpwnam("postgres")
            os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)

    def _as_server(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        line = [_program(program), *arguments]
        if os.geteuid() == 0:
            line = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *line]
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(line, stdout=log, stderr=log, cwd=self.folder)
