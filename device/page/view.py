"""What a request asks for, and how an answer is made of a template, in the language of the reader."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from device.page import words
from device.page.door import Door
from device.page.language import LANGUAGES, Language, choose, language
from device.page.now import Now, Places, look, time_shown
from device.page.sessions import Session
from device.settings import Settings

SESSION = "estu_session"
_LANGUAGE = "estu_language"
_REMEMBERED = 365 * 24 * 3600  # seconds


@dataclass(frozen=True)
class Page:
    """What all parts of the page need."""

    settings: Settings
    places: Places
    door: Door
    believed: Callable[[], datetime]  # UTC, as well as it is known
    clock: Callable[[], datetime]  # UTC, by the machine's own clock, which may stand in 1970
    monotonic: Callable[[], float]  # seconds since the machine started

    def now(self) -> datetime:
        """Give the time that readers are shown, UTC."""
        return time_shown(self.places, self.believed(), self.monotonic())

    def look(self) -> Now:
        """Look at the box."""
        return look(self.places, self.clock(), self.monotonic())


@dataclass(frozen=True)
class Asked:
    """A request, as far as all answers depend on it."""

    request: Request
    page: Page
    language: Language
    session: Session | None

    @classmethod
    def by(cls, request: Request) -> "Asked":
        """Read a request."""
        page: Page = request.app.state.page
        code = choose(
            request.query_params.get("lang"),
            request.cookies.get(_LANGUAGE),
            request.headers.get("accept-language", ""),
            page.settings.box.language,
        )
        session = page.door.session(request.cookies.get(SESSION))
        return cls(request, page, language(code), session)

    def answer(self, template: str, status: int = 200, **values: Any) -> Response:
        """Make a whole page.

        Args:
            template: Its name.
            status: Of HTTP.
            **values: What the template shows.
        """
        response = HTMLResponse(self.fragment(template, **values), status)
        response.headers["Content-Language"] = self.language.code
        response.headers["Vary"] = "Accept-Language, Cookie"
        if self.request.query_params.get("lang") == self.language.code:
            response.set_cookie(
                _LANGUAGE, self.language.code, max_age=_REMEMBERED, httponly=True, samesite="strict"
            )
        return response

    def fragment(self, template: str, **values: Any) -> str:
        """Fill a template."""
        box = self.page.settings.box
        return (
            _environment(self.language.code)
            .get_template(template)
            .render(
                box=box,
                path=self.request.url.path,
                session=self.session,
                at=self.page.now(),
                **values,
            )
        )


@cache
def _environment(code: Any) -> Environment:
    """Make the templates of one language; an undefined value is a mistake, never an empty place."""
    spoken = language(code)
    environment = Environment(
        loader=PackageLoader("device.page"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(spoken.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        lang=spoken, languages=LANGUAGES, words=words, software=version("estu"), say=spoken.text
    )
    environment.filters["percent"] = _percent
    return environment


def _percent(part: float) -> str:
    """Spell a part of the whole as SVG takes it."""
    return f"{100 * part:.2f}%"
