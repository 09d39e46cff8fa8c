"""What anybody on the house's network may read."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from device.errors import EstuError
from device.page import month as months
from device.page import picture, stretch
from device.page.history import History
from device.page.stretch import Stretch
from device.page.view import Asked
from device.page.words import LOUDNESS
from device.record.log_reader import LogReader

_QUARTER = timedelta(minutes=15)


def now(request: Request) -> Response:
    """Show how the box is doing."""
    asked = Asked.by(request)
    return asked.answer("now.html", now=asked.page.look())


def live(request: Request) -> Response:
    """Give the same for a page that is open: the level, and the parts that change."""
    asked = Asked.by(request)
    seen = asked.page.look()
    return JSONResponse(
        {
            "level": seen.level,
            "floor": seen.floor,
            "word": asked.language.text(LOUDNESS[seen.loudness]),
            "light": seen.condition.light.value,
            "clock": asked.language.exact_time(asked.page.now()),
            "parts": {name: asked.fragment(f"_{name}.html", now=seen) for name in ("condition", "answers")},
        }
    )


def tonight(request: Request) -> Response:
    """Show the plays of this evening."""
    asked = Asked.by(request)
    at = asked.page.now()
    return _stretch(asked, stretch.evening(at), tonight=True)


def day(request: Request) -> Response:
    """Show the plays of a day."""
    asked = Asked.by(request)
    return _stretch(asked, stretch.day(asked_date(request, "%Y-%m-%d", "day")), tonight=False)


def month(request: Request) -> Response:
    """Show a month as a calendar."""
    asked = Asked.by(request)
    at = stretch.local_date(asked.page.now())
    of = asked_date(request, "%Y-%m", "month") if "month" in request.path_params else at.replace(day=1)

    def read(log: LogReader) -> dict[str, Any]:
        return {"month": months.read(History(log), of), "first": oldest(log)}

    found = from_log(asked, read)
    first = found.get("first")
    before, after = stretch.month_before(of), stretch.next_month(of)
    return asked.answer(
        "month.html",
        moment=stretch.day(of).start,
        today=at,
        month=found.get("month"),
        before=before if first and before >= stretch.local_date(first).replace(day=1) else None,
        after=after if after <= at else None,
        trouble=found.get("trouble"),
    )


def about(request: Request) -> Response:
    """Show the notice what the box does with sound, what the light says, and who answers for it."""
    asked = Asked.by(request)
    return asked.answer("about.html", now=asked.page.look())


def _stretch(asked: Asked, whole: Stretch, tonight: bool) -> Response:
    at = asked.page.now()

    def read(log: LogReader) -> dict[str, Any]:
        history = History(log)
        return {
            "plays": history.plays(whole),
            "coverage": history.coverage(whole),
            "incidents": history.incidents(whole),
        }

    found = from_log(asked, read)
    plays, coverage = found.get("plays", []), found.get("coverage", [])
    shown = picture.around(whole, [time for entry in plays for time in (entry.told.start, entry.told.end)])
    return asked.answer(
        "day.html",
        tonight=tonight,
        whole=whole,
        shown=shown,
        moment=whole.start,
        date=stretch.local_date(whole.start),
        before=stretch.local_date(whole.start) - timedelta(days=1),
        after=stretch.local_date(whole.start) + timedelta(days=1),
        is_past=whole.end <= at,
        passed=shown.part(at),
        plays=plays,
        incidents=found.get("incidents", []),
        columns=picture.columns(coverage, shown, max(1, round(shown.seconds / _QUARTER.total_seconds()))),
        bars=picture.bars(plays, shown),
        trouble=found.get("trouble"),
    )


def from_log(asked: Asked, read: Callable[[LogReader], dict[str, Any]]) -> dict[str, Any]:
    """Read something from the log; where it cannot be read, give only the `trouble`."""
    try:
        with LogReader.read(asked.page.places.log) as log:
            return read(log)
    except EstuError as error:
        return {"trouble": error}


def oldest(log: LogReader) -> datetime | None:
    """Give the time of the oldest event that is left."""
    found = log.events(0, 1)
    return datetime.fromisoformat(found[0].time) if found else None


def asked_date(request: Request, form: str, name: str) -> date:
    """Read a date from the address.

    Raises:
        HTTPException: It is none (404).
    """
    text = str(request.path_params[name])
    try:
        found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a date of the house's calendar
    except ValueError as error:
        raise HTTPException(404) from error
    if not 2000 <= found.year < 2200 or found.strftime(form) != text:
        raise HTTPException(404)
    return found
