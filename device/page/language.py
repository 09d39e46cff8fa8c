"""In which language the page speaks, and how it spells numbers and times in it."""

import io
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

Code = Literal["kk", "ru", "en"]
LANGUAGES: Mapping[Code, str] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}  # each by its own name

# One time in the whole country since 1 March 2024, without summer time.
ZONE = timezone(timedelta(hours=5), "UTC+5")


def choose(asked: str | None, remembered: str | None, accepted: str, of_the_box: Code) -> Code:
    """Choose a language: what was clicked, else what was clicked before, else the browser's, else the box's.

    Args:
        asked: In the address.
        remembered: In the cookie.
        accepted: The header `Accept-Language`, or an empty text.
        of_the_box: In the settings.
    """
    for wish in (asked, remembered, *_wishes(accepted)):
        for code in LANGUAGES:
            if wish == code:
                return code
    return of_the_box


def _wishes(accepted: str) -> list[str]:
    """Read `Accept-Language` (RFC 9110, section 12.5.4): languages without their countries, dearest first."""
    weighed = []
    for part in accepted[:1_000].split(","):
        tag, _, parameter = part.partition(";")
        name, _, weight = parameter.strip().partition("=")
        try:
            quality = float(weight) if name.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        weighed.append((-quality, tag.strip().lower().partition("-")[0]))
    return [tag for quality, tag in sorted(weighed, key=lambda each: each[0]) if quality < 0]


class Language:
    """One of the languages: its texts, and its spelling of numbers and times."""

    def __init__(self, code: Code) -> None:
        """Load the texts; English ones stand in the templates themselves."""
        self.code = code
        self.translations = _translations(code)
        self._locale = Locale.parse(code)

    def text(self, english: str) -> str:
        """Translate a text."""
        return self.translations.gettext(english)

    def texts(self, one: str, many: str, number: int) -> str:
        """Translate a text with a number in it."""
        return self.translations.ngettext(one, many, number) % {"num": self.number(number)}

    def number(self, number: float) -> str:
        """Spell a number."""
        return format_decimal(number, format="#,##0.#", locale=self._locale)

    def time(self, moment: datetime) -> str:
        """Spell the time of day, as 19:05."""
        return moment.astimezone(ZONE).strftime("%H:%M")

    def exact_time(self, moment: datetime) -> str:
        """Spell the time of day, as 19:05:40."""
        return moment.astimezone(ZONE).strftime("%H:%M:%S")

    def date(self, moment: datetime) -> str:
        """Spell a date with its day of the week, as Monday, 23 November."""
        return format_date(moment.astimezone(ZONE), "EEEE, d MMMM", locale=self._locale)

    def month(self, moment: datetime) -> str:
        """Spell a month and its year."""
        text = format_skeleton("yMMMM", moment.astimezone(ZONE), locale=self._locale)
        return text[:1].upper() + text[1:]

    def month_code(self, moment: datetime) -> str:
        """Spell a month as addresses have it: 2026-11."""
        return f"{moment.astimezone(ZONE):%Y-%m}"

    def days(self) -> list[str]:
        """Give the days' short names, Monday first."""
        names = get_day_names("abbreviated", context="stand-alone", locale=self._locale)
        return [names[number] for number in range(7)]

    def ago(self, then: datetime, now: datetime) -> str:
        """Spell how long ago something was."""
        passed = now - then
        if abs(passed) < timedelta(seconds=10):
            return self.text("just now")
        return format_timedelta(-passed, add_direction=True, locale=self._locale, threshold=1.5)

    def span(self, seconds: float) -> str:
        """Spell how long something lasted: 3:05, or 1:02:03."""
        return clock_span(seconds)

    def hours(self, seconds: float) -> str:
        """Spell hours and minutes, as 3 h 20 min; less than an hour as 48 min."""
        hours, minutes = divmod(round(seconds / 60), 60)
        if not hours:
            return self.text("%(minutes)s min") % {"minutes": minutes}
        text = self.text("%(hours)s h %(minutes)s min")
        return text % {"hours": self.number(hours), "minutes": minutes}


def clock_span(seconds: float) -> str:
    """Spell a length of time as 3:05 or 1:02:03, the same in every language."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


@cache
def language(code: Code) -> Language:
    """Give a language, loaded once."""
    return Language(code)


def _translations(code: Code) -> NullTranslations:
    """Compile a language's texts in memory; the tree holds the readable form only."""
    if code == "en":
        return NullTranslations()
    source = files("device.page").joinpath("translations", f"{code}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)
