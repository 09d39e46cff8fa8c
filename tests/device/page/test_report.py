"""The month's report, taken with the code: every play of the month in the reader's language, and no formula in any cell."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import openpyxl
import pytest

from tests.device.page import house as houses
from tests.device.page.conftest import Reader, Time, reader_of
from tests.device.page.house import NOW, House, play

Make = Callable[..., House]


def workbook(reader: Reader, path: str = "/documents/report-2026-11.xlsx") -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(reader.client.get(path).content))


def test_the_report_holds_every_play_of_the_month_and_no_other(reader: Reader) -> None:
    reader.enter()
    report, plays, facts = workbook(reader).worksheets
    rows = list(report.iter_rows(min_row=2, values_only=True))
    listed = list(plays.iter_rows(min_row=2, values_only=True))
    assert sum(row[9] for row in rows) == len(listed) == len({row[0] for row in listed})
    assert {row[6].month for row in rows} == {11}
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    head = [cell.value for cell in report[1]]
    assert len(head) == 12
    assert dict(facts.iter_rows(min_row=2, values_only=True))


def test_a_line_tells_what_the_society_asks(reader: Reader) -> None:
    reader.enter()
    text = reader.client.get("/documents/report-2026-11.csv?lang=en").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    line = next(row for row in rows if row["Work"] == "Көзімнің қарасы")
    assert line["Authors"] == "Абай Құнанбайұлы (music)"
    assert line["Performers"] == "Роза Бағланова"
    assert (line["ISRC"], line["ISWC"]) == ("KZA100500123", "T-034.524.680-1")
    assert re.fullmatch(r"2026-11-\d\d", line["Date"])
    assert re.fullmatch(r"\d\d:\d\d(, \d\d:\d\d)*", line["Began at"])
    assert len(line["Began at"].split(", ")) == int(line["How often"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", line["Lasted"])
    assert {row["Recognised"] for row in rows} == {"for certain", "to be checked"}
    assert {row["Made by AI"] for row in rows if row["Work"] == "Qobyz Dreams"} == {"yes"}


def test_a_play_after_midnight_belongs_to_the_new_month(small: Make, clock: Time) -> None:
    midnight = NOW.replace(day=30, hour=19, minute=0)  # 1 December begins in the hall
    starts = [midnight - timedelta(seconds=30), midnight + timedelta(seconds=30)]
    house = small([(start + timedelta(minutes=5), play(0, start)) for start in starts])
    clock.pass_by(30 * 86_400)
    reader = reader_of(house, clock)
    reader.enter()
    for month, when in (("2026-11", "23:59"), ("2026-12", "00:00")):
        text = reader.client.get(f"/documents/report-{month}.csv").content.decode("utf-8-sig")
        assert [row[7] for row in csv.reader(io.StringIO(text), delimiter=";")][1:] == [when]


@pytest.mark.parametrize(
    "title", ["=1+1", "+7", "-30-", "@SUM(A1)", "\t=1", " =1", "＝1", "=cmd|' /C calc'!A0"]
)
def test_a_title_that_looks_like_a_formula_is_none(
    small: Make, clock: Time, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    monkeypatch.setattr(houses, "PROGRAMME", [(title, title, title, None, None)])
    house = small([(NOW, play(0, NOW - timedelta(hours=1)))])
    reader = reader_of(house, clock)
    reader.enter()
    text = reader.client.get("/documents/report-2026-11.csv").content.decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text), delimiter=";"))[1]
    assert (cells[1], cells[3]) == (f"'{title}", f"'{title}")
    for sheet in workbook(reader).worksheets[:2]:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "n", "d"}
    assert workbook(reader).worksheets[0]["B2"].value == title


def test_an_empty_month_is_an_empty_report(reader: Reader) -> None:
    reader.enter()
    assert len(list(workbook(reader, "/documents/report-2026-05.xlsx").worksheets[0].iter_rows())) == 1


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_the_report_is_written_in_the_readers_language(reader: Reader, code: str) -> None:
    reader.enter()
    book = workbook(reader, f"/documents/report-2026-11.xlsx?lang={code}")
    assert {"kk": "Шығарма", "ru": "Произведение", "en": "Work"}[code] == book.worksheets[0]["B1"].value
