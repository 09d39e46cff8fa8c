"""A server of updates on loopback that can be told to behave badly: to cut, drip, lie, repeat itself and never end."""

import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


@dataclass
class UpdateServer:
    """Serves a folder; what is set here holds from the next request on."""

    folder: Path
    context: ssl.SSLContext | None = None  # serves by HTTPS
    lies: dict[str, bytes] = field(default_factory=dict)  # other contents, by the end of the path
    missing: str | None = None  # files with this in their path are not there
    endless: str | None = None  # files with this in their path never end
    status: int | None = None  # every answer's, in place of the true one
    ranges: bool = True  # parts of files can be asked for
    cut_after: int | None = None  # bytes of bodies, over all answers; then the connection is cut, once
    cut_each: int | None = None  # bytes of a body after which each connection is cut
    drip: float | None = None  # seconds between two bytes, of head and body
    served: int = 0  # bytes of bodies
    asked: list[str] = field(default_factory=list)  # paths, with the first byte that was asked for

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        """Where it is reached on loopback."""
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        """Where the repository is."""
        scheme, host = ("http", "127.0.0.1") if self.context is None else ("https", "localhost")
        return f"{scheme}://{host}:{self._server.server_port}"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        start = 0
        if self.ranges and (asked := request.headers.get("Range")):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        self.asked.append(f"{request.path}@{start}")
        content = self._content(request.path)
        if content is None or self.status is not None:
            request.send_error(self.status or 404)
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        endless = self.endless is not None and self.endless in request.path
        if not endless:
            request.send_header("Content-Length", str(len(content) - start))
        else:
            request.send_header("Connection", "close")
        if self.drip is not None:
            self._drip(request, b"".join(request._headers_buffer))  # type: ignore[attr-defined]
            request._headers_buffer = []  # type: ignore[attr-defined]
        request.end_headers()
        try:
            self._send(request, content[start:])
            while endless:
                self._send(request, b"x" * 65_536)
        except OSError:
            request.close_connection = True  # the box has had enough

    def _send(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        if self.drip is not None:
            self._drip(request, content)
            return
        limits = [limit for limit in (self.cut_after, self.cut_each) if limit is not None]
        cut = min([len(content), *limits])
        # Noted before it is sent: whoever has it all goes on at once, and asks what was served.
        self.served += cut
        if self.cut_after is not None:
            self.cut_after = None if cut < len(content) else self.cut_after - cut
        request.wfile.write(content[:cut])
        request.wfile.flush()
        if cut < len(content):
            request.close_connection = True

    def _drip(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        assert self.drip is not None
        for byte in content:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(self.drip)

    def _content(self, path: str) -> bytes | None:
        for end, lie in self.lies.items():
            if path.endswith(end):
                return lie
        file = self.folder / path.lstrip("/")
        if not file.is_file() or (self.missing is not None and self.missing in path):
            return None
        return file.read_bytes()
