"""The site: every address it has, and what answers there."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from importlib.resources import files

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from device.page import reading, taking
from device.page.door import Door
from device.page.guard import Guard
from device.page.now import Places
from device.page.view import Asked, Page
from device.settings import Settings

_THREADS = 8  # requests that are worked on at the same time

ROUTES = [
    Route("/", reading.now),
    Route("/live", reading.live),
    Route("/tonight", reading.tonight),
    Route("/day/{day}", reading.day),
    Route("/month", reading.month),
    Route("/month/{month}", reading.month),
    Route("/about", reading.about),
    Route("/documents", taking.documents),
    Route("/enter", taking.enter, methods=["GET", "POST"]),
    Route("/leave", taking.leave, methods=["POST"]),
    Route("/microphone", taking.switch, methods=["GET", "POST"]),
    Route("/documents/report-{month}.{kind:str}", taking.report),
    Route("/documents/log.jsonl", taking.signed_log),
    Route("/documents/support.zip", taking.support),
]

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def site(
    settings: Settings,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    beside: Callable[[], AbstractAsyncContextManager[None]] | None = None,
    believed: Callable[[], datetime] | None = None,
) -> Starlette:
    """Put the site together.

    Args:
        settings: The box's.
        now: Gives the time, UTC, by the machine's own clock, right or wrong: the other services write by it.
        monotonic: Gives the seconds since the machine started.
        beside: What runs while the site does.
        believed: Gives the time, UTC, as well as it is known; `now` if not given.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        if beside is None:
            yield
            return
        async with beside():
            yield

    static = Mount("/static", StaticFiles(directory=str(files("device.page").joinpath("static"))))
    app = Starlette(
        routes=[*ROUTES, static],
        middleware=[Middleware(Guard, names=names(settings.box.id, socket.gethostname()))],
        exception_handlers={HTTPException: _not_here},
        lifespan=lifespan,
    )
    door = Door(settings.paths.label_code, monotonic)
    app.state.page = Page(settings, Places.of(settings), door, believed or now, now, monotonic)
    return app


def names(box: str, host: str) -> frozenset[str]:
    """Give the names that this box may be asked under, beside its addresses.

    Args:
        box: Its id; the image gives it to the machine as its name, so mDNS knows it.
        host: The machine's name.
    """
    own = {box.lower(), host.lower().partition(".")[0]} - {""}
    return frozenset({"localhost", *own, *(f"{name}.local" for name in own)})


def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Asked.by(request).answer("absent.html", status)
