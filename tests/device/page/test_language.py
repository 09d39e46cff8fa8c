"""In which language the page speaks, and that each says all of it."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from device import light
from device.condition import Code, Light
from device.page import words
from device.page.language import LANGUAGES, ZONE, choose, language

PAGE = Path(words.__file__).parent
KEYWORDS = {"_": None, "say": None, "text": None, "marked": None, "ngettext": (1, 2), "texts": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def said() -> Iterator[str | tuple[str, ...]]:
    """Every text in the program and its templates."""
    for _, _, text, _, _ in extract_from_dir(str(PAGE), METHODS, keywords=KEYWORDS):
        yield text


def catalogue(code: str) -> Catalog:
    return read_po(
        io.BytesIO((PAGE / "translations" / f"{code}.po").read_bytes()), locale=code, abort_invalid=True
    )


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s", text))


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_every_text_is_translated_and_nothing_else_is(code: str) -> None:
    known = {message.id: message for message in catalogue(code) if message.id}
    wanted = set(said())
    assert wanted == set(known)
    assert not [message.id for message in known.values() if message.fuzzy or not all(_forms(message.string))]


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_a_translation_names_the_same_values(code: str) -> None:
    for message in catalogue(code):
        if message.id:
            asked = placeholders(_forms(message.id)[0])
            assert all(placeholders(form) == asked for form in _forms(message.string)), message.id


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_a_translation_has_no_letter_of_another_script_by_mistake(code: str) -> None:
    """A Latin `a` in a Cyrillic word looks right and is read out wrong."""
    for message in catalogue(code):
        for form in _forms(message.string) if message.id else ():
            for word in re.findall(r"\w+", placeholders and re.sub(r"%\(\w+\)s", "", form)):
                assert not (
                    re.search("[A-Za-z]", word) and re.search("[А-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІіЁё]", word)
                ), word


def test_russian_counts_as_russian_does() -> None:
    spoken = language("ru").translations
    told = [
        spoken.ngettext("%(count)s work was recognised", "%(count)s works were recognised", n) % {"count": n}
        for n in (1, 2, 5, 11, 21, 104)
    ]
    assert told == [
        "Распознано 1 произведение",
        "Распознано 2 произведения",
        "Распознано 5 произведений",
        "Распознано 11 произведений",
        "Распознано 21 произведение",
        "Распознано 104 произведения",
    ]


def test_a_kazakh_noun_after_a_number_stays_as_it_is() -> None:
    spoken = language("kk").translations
    assert {
        spoken.ngettext("%(count)s work", "%(count)s works", n) % {"count": ""} for n in (1, 2, 5, 21)
    } == {" шығарма"}


def test_every_light_and_every_advice_has_its_words() -> None:
    assert set(words.ADVICE) == set(get_args(Code))
    assert set(words.LIGHTS) == set(Light)
    assert words.RHYTHMS == light.IN_WORDS


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "spoken"),
    [
        (None, None, "", "kk"),
        (None, None, "de-DE,de;q=0.9", "kk"),
        (None, None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, None, "de, en;q=0.5, ru;q=0.7", "ru"),
        (None, None, "ru;q=0, en", "en"),
        (None, None, "ru;q=x, ;;;,=,en;q=0.1", "en"),
        (None, "en", "ru", "en"),
        ("kk", "en", "ru", "kk"),
        ("xx", "../en", "ru", "ru"),
    ],
)
def test_a_click_goes_before_the_browser_and_that_before_the_box(
    asked: str | None, remembered: str | None, accepted: str, spoken: str
) -> None:
    assert choose(asked, remembered, accepted, "kk") == spoken


@pytest.mark.parametrize("code", LANGUAGES)
def test_times_are_those_on_the_wall_in_kazakhstan(code: str) -> None:
    spoken = language(code)  # type: ignore[arg-type]
    assert spoken.time(datetime(2026, 11, 23, 20, 5, tzinfo=UTC)) == "01:05"
    assert ZONE.utcoffset(None) == timedelta(hours=5)


def test_dates_are_spelt_as_each_language_does() -> None:
    evening = datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert [language(code).date(evening) for code in LANGUAGES] == [
        "дүйсенбі, 23 қараша",
        "понедельник, 23 ноября",
        "Monday, 23 November",
    ]
    assert [language(code).ago(evening, evening + timedelta(minutes=5)) for code in LANGUAGES] == [
        "5 минут бұрын",
        "5 минут назад",
        "5 minutes ago",
    ]
    assert language("en").span(3725) == "1:02:05"
    assert language("ru").hours(3725) == "1 ч 2 мин"
