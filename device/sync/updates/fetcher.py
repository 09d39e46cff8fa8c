"""Fetching files from a server that nobody trusts.

Rules:
1. Nothing is believed because of where it comes from: what is fetched is checked by who asked for it.
2. Nothing is endless: not a connection's begin, not an answer's head, not a body that drips.
3. A broken download goes on where it broke, if the server can (RFC 9110, section 14); nothing is fetched twice for it.
4. Redirections are not followed: a box asks one server.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

from device.sync.updates.site import Site

QUIET = 30.0  # seconds without a byte after which a connection is given up
HEAD_WITHIN = 60.0  # seconds for connecting, TLS and the answer's head, together
SLOWEST = 256.0  # bytes a second; GPRS has ten times as many
WINDOW = 60.0  # seconds over which that is judged
_PIECE = 2**16  # bytes read at once
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)


class UntrustedError(DownloadError):
    """The server is not who it says it is."""


class StoppedError(DownloadError):
    """The service ends."""


class Fetcher(FetcherInterface):
    """Fetches by HTTPS, one file after the other, over one connection as long as it lasts."""

    def __init__(
        self,
        site: Site,
        context: ssl.SSLContext | None,
        stop: Event,
        agent: str = "estu",
        monotonic: Callable[[], float] = time.monotonic,
        head_within: float = HEAD_WITHIN,
        window: float = WINDOW,
    ) -> None:
        """Begin without a connection.

        Args:
            site: The server.
            context: TLS; None: plain.
            stop: Set from outside, when the service ends.
            agent: What the server is told of the software; it is not told which box asks.
            monotonic: Seconds.
            head_within: Seconds for everything before the body.
            window: Seconds over which a body's pace is judged.
        """
        self._site, self._context, self._stop, self._agent = site, context, stop, agent
        self._monotonic, self._head_within, self._window = monotonic, head_within, window
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def resume(self, url: str, start: int) -> tuple[int, Iterator[bytes]]:
        """Fetch a file from some byte on.

        Args:
            url: The file's.
            start: The bytes that are there already.

        Returns:
            The byte at which the answer begins, `start` or 0, and the answer.

        Raises:
            DownloadHTTPError: The server has no such file, or gives it not.
            DownloadError: It cannot be reached, or is not trusted.
        """
        with self._in_words():
            response = self._ask(url, start)
            if response.status == http.client.PARTIAL_CONTENT and start:
                told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if told is None or int(told[1]) != start:
                    raise DownloadError(
                        f"{self._site} answers with another part of the file than was asked for"
                    )
                return start, self._body(response)
            if response.status != http.client.OK:
                self.close()
                raise DownloadHTTPError(
                    f"{self._site} answers {response.status} {response.reason} for {urlsplit(url).path}",
                    response.status,
                )
            return 0, self._body(response)

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self.resume(url, 0)[1]

    def _ask(self, url: str, start: int) -> http.client.HTTPResponse:
        """Ask for a file; a connection that the server has ended meanwhile is made anew, once."""
        kept = self._connection is not None
        try:
            return self._answer(url, start)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            if not kept:
                raise
            self.close()
            return self._answer(url, start)

    def _answer(self, url: str, start: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": self._agent, "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        until = self._monotonic() + self._head_within
        connection = self._connection or self._connect(until)
        self._connection = connection
        with self._cut_at(connection.sock, until):
            connection.request("GET", urlsplit(url).path, headers=headers)
            return connection.getresponse()

    def _connect(self, until: float) -> http.client.HTTPConnection:
        site = self._site
        raw = socket.create_connection((site.host, site.port), timeout=QUIET)
        try:
            if self._context is None:
                connection = http.client.HTTPConnection(site.host, site.port)
                connection.sock = raw
                return connection
            secure = self._context.wrap_socket(raw, server_hostname=site.host, do_handshake_on_connect=False)
            raw = secure
            with self._cut_at(secure, until):
                secure.do_handshake()
        except BaseException:
            raw.close()
            raise
        over_tls = http.client.HTTPSConnection(site.host, site.port, context=self._context)
        over_tls.sock = secure
        return over_tls

    @contextmanager
    def _cut_at(self, connection: socket.socket, until: float) -> Iterator[None]:
        """Cut a connection at a moment; a server that drips could hold each single read below its limit for ever."""
        cut = Event()

        def end() -> None:
            cut.set()
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended by itself

        timer = threading.Timer(max(0.0, until - self._monotonic()), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if cut.is_set():
                raise TimeoutError(f"no answer within {self._head_within:.0f} s") from error
            raise
        finally:
            timer.cancel()

    def _body(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """Give a body piece by piece; one that is cut or drips is an error."""
        with self._in_words():
            pace = _Pace(self._site, self._window, self._monotonic)
            try:
                while piece := response.read1(_PIECE):
                    yield piece
                    pace.count(len(piece))
                    self._refuse_stopped()
                _refuse_cut(response)
            except BaseException:
                self.close()
                raise
            response.close()  # only then the connection takes another request
            if response.will_close:
                self.close()

    def _refuse_stopped(self) -> None:
        if self._stop.is_set():
            raise StoppedError("the service ends")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turn what a connection can fail with into what python-tuf expects."""
        try:
            yield
        except DownloadError:
            raise
        except GeneratorExit:
            raise
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise UntrustedError(f"{self._site} is not trusted: {error.verify_message}") from error
        except TimeoutError as error:
            self.close()
            raise SlowRetrievalError(f"{self._site} does not answer: {error}") from error
        except http.client.IncompleteRead as error:
            self.close()
            raise DownloadError(f"the connection to {self._site} broke") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DownloadError(f"{self._site} cannot be reached: {reason}") from error


class _Pace:
    """Judges whether a body comes fast enough."""

    def __init__(self, site: Site, window: float, monotonic: Callable[[], float]) -> None:
        self._site, self._window, self._monotonic = site, window, monotonic
        self._begun, self._got = monotonic(), 0

    def count(self, size: int) -> None:
        """Count what has come.

        Raises:
            SlowRetrievalError: It was too little in the last window.
        """
        self._got += size
        passed = self._monotonic() - self._begun
        if passed <= self._window:
            return
        if self._got < SLOWEST * passed:
            raise SlowRetrievalError(f"{self._site} gives {self._got / passed:.0f} bytes a second")
        self._begun, self._got = self._monotonic(), 0


def _refuse_cut(response: http.client.HTTPResponse) -> None:
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
