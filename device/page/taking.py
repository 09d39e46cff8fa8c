"""What needs the code on the label: taking something away, and switching the microphone off and on.

Rules:
1. Without a session nothing is given; the reader is asked for the code and comes back.
2. Only a form changes anything, and only with the session's own token in it.
3. A long download is made piece by piece; the log is open only while a piece is read.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from device import mute
from device.errors import EstuError, Refused
from device.page import bundle, programme, spreadsheet, stretch
from device.page import month as months
from device.page.door import is_own_form
from device.page.history import History
from device.page.reading import asked_date, from_log, oldest
from device.page.view import SESSION, Asked
from device.record import export
from device.record.log_reader import LogReader

_AT_ONCE = 500  # events in a piece of a download
_SEE_OTHER = 303
_MONTHS_OFFERED = 14  # the log keeps 400 days
_FORM_FIELDS = 8

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def documents(request: Request) -> Response:
    """Show what can be taken away."""
    asked = Asked.by(request)
    found = from_log(asked, lambda log: {"first": oldest(log), "count": log.count()})
    first, at = found.get("first"), stretch.local_date(asked.page.now()).replace(day=1)
    offered = [at]
    while first and len(offered) < _MONTHS_OFFERED and offered[-1] > stretch.local_date(first):
        offered.append(stretch.month_before(offered[-1]))
    return asked.answer(
        "documents.html",
        months=[stretch.day(each).start for each in offered],
        count=found.get("count", 0),
        trouble=found.get("trouble"),
    )


async def enter(request: Request) -> Response:
    """Ask for the code, and let in whoever knows it."""
    form = await _form(request) if request.method == "POST" else {}
    return await run_in_threadpool(_enter, Asked.by(request), form)


def _enter(asked: Asked, form: dict[str, str]) -> Response:
    back = _own_path(form.get("back") or asked.request.query_params.get("back", ""))
    if asked.session:
        return RedirectResponse(back, _SEE_OTHER)
    if asked.request.method != "POST":
        return asked.answer("enter.html", back=back, wrong=False, waits=asked.page.door.waits(), trouble=None)
    try:
        let = asked.page.door.show(form.get("code", ""))
    except Refused as trouble:
        return asked.answer("enter.html", 503, back=back, wrong=False, waits=0.0, trouble=trouble)
    if let.token is None:
        answer = asked.answer(
            "enter.html", 429 if let.waits else 403, back=back, wrong=True, waits=let.waits, trouble=None
        )
        if let.waits:
            answer.headers["Retry-After"] = str(round(let.waits) + 1)
        return answer
    response = RedirectResponse(back, _SEE_OTHER)
    response.set_cookie(SESSION, let.token, httponly=True, samesite="strict")
    return response


async def leave(request: Request) -> Response:
    """Let somebody out."""
    asked, form = Asked.by(request), await _form(request)
    if asked.session and is_own_form(asked.session, form.get("token", "")):
        asked.page.door.leave(request.cookies.get(SESSION))
    response = RedirectResponse("/", _SEE_OTHER)
    response.delete_cookie(SESSION, httponly=True, samesite="strict")
    return response


async def switch(request: Request) -> Response:
    """Show the switch of the microphone, and turn it."""
    form = await _form(request) if request.method == "POST" else None
    return await run_in_threadpool(_switch, Asked.by(request), form)


def _switch(asked: Asked, form: dict[str, str] | None) -> Response:
    if asked.session is None:
        return _to_the_door("/microphone")
    places = asked.page.places
    if form is None:
        return asked.answer("microphone.html", mute=mute.read(places.muted), failed=False)
    if not is_own_form(asked.session, form.get("token", "")):
        return asked.answer("microphone.html", 403, mute=mute.read(places.muted), failed=True)
    try:
        if form.get("wish") == "off":
            mute.set_mute(places.muted, "page", asked.page.now())
        elif form.get("wish") == "on":
            mute.clear(places.muted)
    except OSError:
        return asked.answer("microphone.html", 503, mute=mute.read(places.muted), failed=True)
    return RedirectResponse("/", _SEE_OTHER)


def report(request: Request) -> Response:
    """Give a month's draft programme-report."""
    asked = Asked.by(request)
    if asked.session is None:
        return _to_the_door("/documents")
    of, kind = asked_date(request, "%Y-%m", "month"), request.path_params["kind"]
    if kind not in ("csv", "xlsx"):
        raise HTTPException(404)
    at = asked.page.now()
    try:
        with LogReader.read(asked.page.places.log) as log:
            history = History(log)
            plays = history.plays(stretch.month(of))
            lines = programme.lines(plays)
            if kind == "csv":
                content, media = spreadsheet.csv_file(lines, asked.language), "text/csv; charset=utf-8"
            else:
                facts = _facts(asked, history, of, at)
                content, media = spreadsheet.xlsx_file(lines, plays, facts, asked.language), XLSX
    except EstuError as trouble:
        return asked.answer("trouble.html", 503, trouble=trouble)
    name = f"{asked.page.settings.box.id}-{of:%Y-%m}-{asked.language.code}.{kind}"
    return Response(content, media_type=media, headers=_as_file(name))


def _facts(asked: Asked, history: History, of: date, at: datetime) -> spreadsheet.Facts:
    whole = stretch.month(of)
    seen, boot = months.read(history, of), history.last_boot()
    box = asked.page.settings.box
    return spreadsheet.Facts(
        venue=box.venue,
        hall=box.hall,
        contract=box.contract,
        box=box.id,
        month=whole.start,
        until=min(at, whole.end),
        heard=seen.heard,
        unheard=seen.unheard,
        muted=seen.muted,
        model=boot.told.model if boot else "",
        software=boot.told.software if boot else "",
    )


def signed_log(request: Request) -> Response:
    """Give the whole log as signed, one event a line, the platform's last receipt first."""
    asked = Asked.by(request)
    if asked.session is None:
        return _to_the_door("/documents")
    path = asked.page.places.log
    try:
        LogReader.read(path).close()
    except EstuError as trouble:
        return asked.answer("trouble.html", 503, trouble=trouble)
    name = f"{asked.page.settings.box.id}.jsonl"
    return StreamingResponse(_pieces(path), media_type="application/jsonl", headers=_as_file(name))


def support(request: Request) -> Response:
    """Give the support bundle."""
    asked = Asked.by(request)
    if asked.session is None:
        return _to_the_door("/documents")
    at = asked.page.now()
    content = bundle.collect(asked.page.settings, asked.page.places, asked.page.look()).zipped(at)
    name = f"{asked.page.settings.box.id}-{at:%Y%m%d-%H%M}.zip"
    return Response(content, media_type="application/zip", headers=_as_file(name))


def _pieces(path: Path) -> Iterator[bytes]:
    """Export a log: a piece, and with it the log, is opened and closed by whichever thread is at hand."""
    with LogReader.read(path) as log:
        receipts = log.receipts()
        after = log.anchor().seq
    yield b"".join(receipt + b"\n" for receipt in receipts[-1:])
    while True:
        with LogReader.read(path) as log:
            events = list(islice(export.stored_events(log, after), _AT_ONCE))
        if not events:
            return
        yield b"".join(event.jws + b"\n" for event in events)
        after = events[-1].seq


async def _form(request: Request) -> dict[str, str]:
    """Read a form; `guard.py` has bounded its size."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = parse_qs(body, max_num_fields=_FORM_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _to_the_door(back: str) -> Response:
    return RedirectResponse(f"/enter?back={quote(back)}", _SEE_OTHER)


def _own_path(back: str) -> str:
    """Give a place on this page to go back to; never one elsewhere."""
    return back if back in ("/documents", "/microphone") else "/documents"


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
