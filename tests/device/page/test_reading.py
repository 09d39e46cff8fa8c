"""What staff read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from device.condition import Code
from device.page import words
from device.page.language import LANGUAGES
from device.record.reports import BootReport, IncidentReport, LogFound
from device.trouble import Trouble
from tests.device.page import house as houses
from tests.device.page.conftest import Reader, Time, reader_of
from tests.device.page.house import NOW, House, play

Make = Callable[..., House]
PAGES = ["/", "/tonight", "/day/2026-11-12", "/month", "/month/2026-10", "/documents", "/about", "/enter"]
BEGUN = [(NOW - timedelta(hours=2), BootReport("0.1.0", "a1" * 32, None, None, None, LogFound(0, 0)))]
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("code", LANGUAGES)
def test_each_page_speaks_each_language(reader: Reader, path: str, code: str) -> None:
    answer = reader.client.get(path, params={"lang": code})
    assert answer.status_code == 200
    assert f'<html lang="{code}">' in answer.text
    assert answer.headers["content-language"] == code
    assert "None" not in answer.text
    assert "%(" not in answer.text


def test_a_language_once_chosen_is_remembered(reader: Reader) -> None:
    reader.read("/?lang=ru")
    assert "Слышит" in reader.read("/", **{"accept-language": "en"})


def test_the_first_page_answers_the_four_questions(reader: Reader) -> None:
    page = reader.read("/?lang=en")
    for answer in ("Hearing", "All is well.", "Good level", "Көзімнің қарасы", "Everything", "2 minutes ago"):
        assert answer in page


def test_when_nothing_sounds_the_last_work_and_its_age_are_told(small: Make, clock: Time) -> None:
    house = small([*BEGUN, (NOW, play(3, NOW - 9 * MINUTE, 240))])
    houses.hears(house, NOW, sounding=False)
    page = reader_of(house, clock).read("/?lang=en")
    assert "Қараторғай" in page
    assert "5 minutes ago" in page


def test_on_a_machine_whose_clock_stands_in_1970_times_are_those_of_the_listener(
    small: Make, clock: Time
) -> None:
    house = small([*BEGUN, (NOW, play(3, NOW - 9 * MINUTE, 240))])
    clock.utc = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)
    unset = {"clock": "unsynchronised", "monotonic": clock.monotonic - 1.0}
    houses.hears(house, NOW, sounding=False, **unset)
    houses.sends(house, clock.utc)
    reader = reader_of(house, clock)
    page = reader.read("/?lang=en")
    assert "5 minutes ago" in page
    assert "19:40:01" in page
    assert words.ADVICE["clock-unset"] in page
    assert "Қараторғай" in reader.read("/tonight?lang=en")
    assert "November 2026" in reader.read("/month?lang=en")


def test_what_waits_is_counted_and_the_last_receipt_has_its_age(small: Make, clock: Time) -> None:
    house = small([(NOW, play(number, NOW)) for number in range(30)], waiting=21)
    clock.pass_by(7_200)
    houses.hears(house, clock.utc)
    houses.sends(house, clock.utc, False, Trouble("broker-away", "It is away.", "Wait."))
    page = reader_of(house, clock).read("/?lang=ru")
    assert "21 запись ждёт отправки" in page
    assert "Последнее подтверждение: 2 часа назад" in page
    assert "Проверьте сетевой кабель и роутер" in page


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("lost", "microphone-lost"),
        ("deaf", "microphone-deaf"),
        ("covered", "microphone-covered"),
        ("muted", "muted"),
        ("broken", "broken"),
    ],
)
def test_a_box_that_does_not_hear_says_so_first(small: Make, clock: Time, state: str, advice: Code) -> None:
    house = small(BEGUN)
    houses.hears(house, NOW, state, sounding=False)
    page = reader_of(house, clock).read("/?lang=en")
    assert words.ADVICE[advice] in page
    assert "All is well" not in page


@pytest.mark.parametrize(
    ("trouble", "shown"), [("microphone-missing", "Not found"), ("microphone-busy", "Cannot be used")]
)
def test_a_microphone_that_is_away_is_not_shown_as_if_it_were_there(
    small: Make, clock: Time, trouble: str, shown: str
) -> None:
    house = small(BEGUN)
    away = Trouble(trouble, "It is away.", "Wait.")
    houses.hears(house, NOW, "lost", sounding=False, level_dbfs=None, trouble=away)
    page = reader_of(house, clock).read("/?lang=en")
    assert shown in page
    assert "Last heard through: USB PnP Sound Device" in page


def test_an_old_word_of_the_listener_is_not_told_as_news(small: Make, clock: Time) -> None:
    """It wrote a minute ago that it hears; nobody may read that as hearing."""
    house = small(BEGUN)
    houses.hears(house, NOW)
    houses.sends(house, NOW)
    clock.pass_by(60)
    reader = reader_of(house, clock)
    page = reader.read("/?lang=en")
    assert words.ADVICE["listen-stopped"] in page
    assert "gives no sign of life" in page
    assert "Good level" not in page
    live = json.loads(reader.read("/live"))
    assert live["level"] is None
    assert live["light"] == "broken"


@pytest.mark.parametrize("path", PAGES)
def test_a_box_that_has_never_listened_shows_every_page(small: Make, clock: Time, path: str) -> None:
    house = small()
    house.log.unlink()
    assert "There are no records yet" in reader_of(house, clock).read(f"{path}?lang=en") or path in (
        "/",
        "/about",
        "/enter",
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_ruined_log_is_named_and_nothing_else_breaks(small: Make, clock: Time, path: str) -> None:
    house = small()
    house.log.write_bytes(b"no database at all" * 100)
    page = reader_of(house, clock).read(f"{path}?lang=en")
    assert "log-corrupt" in page or path in ("/about", "/enter")


@pytest.mark.parametrize("name", ["hearing.json", "muted", "../sync.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b"[]", b"9" * 200_000])
def test_a_ruined_word_of_another_service_is_no_word(
    small: Make, clock: Time, name: str, content: bytes
) -> None:
    house = small(BEGUN)
    houses.hears(house, NOW)
    (house.run / name).write_bytes(content)
    reader = reader_of(house, clock)
    reader.read("/")
    reader.read("/live")


def test_a_title_from_outside_stays_a_title(
    small: Make, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "<script>alert(1)</script>\"'&"
    monkeypatch.setattr(houses, "PROGRAMME", [(evil, evil, evil, None, None)])
    house = small([(NOW, play(0, NOW - 9 * MINUTE, 240))])
    houses.hears(house, NOW, microphone=evil, sounding=False)
    reader = reader_of(house, clock)
    for path in ("/", "/tonight", "/month"):
        page = reader.read(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in json.loads(reader.read("/live"))["parts"]["answers"]


def test_the_live_word_is_small_and_tells_no_more_than_the_page(reader: Reader) -> None:
    live = json.loads(reader.read("/live", **{"accept-language": "ru"}))
    assert live["level"] == pytest.approx((80 - 31) / 80, abs=0.001)
    assert live["word"] == "Хороший уровень"
    assert set(live["parts"]) == {"condition", "answers"}


def test_the_evening_lists_works_with_their_certainty_and_what_happened(reader: Reader) -> None:
    page = reader.read("/day/2026-11-12?lang=en")
    assert "The microphone went away" in page
    assert "The microphone came back" in page
    assert 'class="unheard"' in page
    assert page.count("to be checked</span>") == page.count('<li class="unsure">')


def test_the_month_links_to_each_day_that_was(reader: Reader) -> None:
    page = reader.read("/month/2026-11?lang=en")
    assert page.count('href="/day/2026-11-') == 23
    assert "October" not in page.split("<main")[1].split("Most often")[0] or 'href="/month/2026-10"' in page
    assert 'href="/month/2026-12"' not in page
    assert 'rel="prev"' not in reader.read("/month/2026-10")


@pytest.mark.parametrize(
    "path",
    [
        "/day/2026-11-31",
        "/day/2026-1-1",
        "/day/x",
        "/month/2026-13",
        "/month/1999-01",
        "/nowhere",
        "/static/../site.py",
        "/documents/report-2026-11.pdf",
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_words(reader: Reader, path: str) -> None:
    reader.enter()
    answer = reader.client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_the_notice_says_what_the_law_asks(reader: Reader) -> None:
    page = reader.read("/about?lang=en")
    for promise in (
        "It keeps no sound.",
        "artificial intelligence",
        "law of Kazakhstan",
        "SECURITY.md",
        "flickers",
        "a1a1a1a1",
    ):
        assert promise in page


def test_an_incident_that_nobody_has_words_for_is_told_by_its_own(small: Make, clock: Time) -> None:
    told = [
        (NOW, IncidentReport("roof-lost", "The roof went away.", {})),
        (NOW, IncidentReport("settings-changed", "Settings.", {"before": None})),
        (NOW, IncidentReport("settings-changed", "Settings.", {"before": "x"})),
    ]
    page = reader_of(small(told), clock).read("/tonight?lang=en")
    for words_of_it in ("The roof went away.", "recorded for the first time", "The settings were changed"):
        assert words_of_it in page
