"""What every request must be, and what every answer carries.

Rules:
1. The box is asked under its own name or by its address. A stranger's web site that lets its name lead here
   (DNS rebinding) is sent away, since a browser would let it read the answer.
2. What changes something comes from the page itself, as the browser says (`Sec-Fetch-Site`, `Origin`).
3. Nothing is loaded from elsewhere, and nothing runs that does not lie in a file of the box.
4. Requests are small.
"""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 4_096  # bytes

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers then send `Origin: null` with the page's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_SAFE = ("GET", "HEAD")
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9.-]+)(:[0-9]{1,5})?")


def is_own_name(host: str, names: frozenset[str]) -> bool:
    """Say whether a `Host` header names this box: one of its names, or any address, which no DNS can forge."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].lower().removesuffix(".")
    if name in names:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_from_own_page(headers: Mapping[str, str]) -> bool:
    """Say whether a request that changes something was made by the page itself."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class Guard:
    """Stands before the site (ASGI)."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        """Guard an application.

        Args:
            app: The site.
            names: How the box may be asked, in lower case.
        """
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or send it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    kept[name] = value
                kept.setdefault("Cache-Control", "no-store")
            await send(message)

        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        if not is_own_name(headers.get("host", ""), self._names):
            names = ", ".join(f"http://{name}" for name in sorted(self._names))
            return PlainTextResponse(f"This box answers under its own names only: {names}\n", 421)
        if method not in (*_SAFE, "POST"):
            return PlainTextResponse("The page is read, and its forms are sent; nothing else.\n", 405)
        if method == "POST" and not is_from_own_page(headers):
            return PlainTextResponse("This form was not sent from the page of the box.\n", 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY or "transfer-encoding" in headers:
            return PlainTextResponse(f"A request has at most {LARGEST_BODY} bytes, and says how many.\n", 413)
        return None
