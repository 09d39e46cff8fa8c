"""The programme-report as a file for a spreadsheet: CSV and XLSX.

Titles come from outside. One that begins like a formula must stay a title when an accountant opens the file: in XLSX
every text is written as a text; in CSV, which cannot say so, an apostrophe goes before it (OWASP, "CSV Injection").
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import xlsxwriter

from device.page.history import Entry
from device.page.language import Language
from device.page.programme import Line
from device.page.skim import Play
from device.page.stretch import local_date
from device.page.words import marked

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width
_LONGEST = 32_767  # characters in a cell

_COLUMNS = (
    (marked("No."), 6),
    (marked("Work"), 38),
    (marked("Authors"), 38),
    (marked("Performers"), 28),
    ("ISRC", 15),
    ("ISWC", 17),
    (marked("Date"), 12),
    (marked("Began at"), 18),
    (marked("Lasted"), 10),
    (marked("How often"), 9),
    (marked("Recognised"), 20),
    (marked("Made by AI"), 12),
)

Cell = str | int | date


@dataclass(frozen=True)
class Facts:
    """What stands beside the lines: whose report it is, and what it rests on."""

    venue: str
    hall: str
    contract: str  # its number, or nothing
    box: str
    month: datetime  # a moment in it
    until: datetime  # UTC: what came after is not in it
    heard: float  # seconds in which music would have been heard
    unheard: float  # seconds in which it would not
    muted: float  # seconds
    model: str  # digest, or nothing where the log does not say
    software: str


def csv_file(lines: Sequence[Line], language: Language) -> bytes:
    """Write the lines as CSV, as spreadsheets in Kazakhstan open it: semicolons, UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(language.text(name) for name, _ in _COLUMNS)
    for number, line in enumerate(lines, 1):
        writer.writerow(_harmless(cell) for cell in _row(number, line, language))
    return text.getvalue().encode("utf-8-sig")


def xlsx_file(lines: Sequence[Line], plays: Sequence[Entry[Play]], facts: Facts, language: Language) -> bytes:
    """Write a workbook: the report, each play with the number of its signed event, and what all rests on."""
    content = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties(
            {"title": _title(language), "created": facts.until.astimezone(UTC).replace(tzinfo=None)}
        )
        _write_lines(book, lines, language)
        _write_plays(book, plays, language)
        _write_facts(book, facts, language)
    return content.getvalue()


def facts_in_words(facts: Facts, language: Language) -> list[tuple[str, str]]:
    """Tell what a report rests on."""
    say = language.text
    contract = [(say("Contract"), facts.contract)] if facts.contract else []
    return [
        (say("Venue"), facts.venue),
        (say("Hall"), facts.hall),
        *contract,
        (say("Month"), language.month(facts.month)),
        (say("Draft as of"), f"{language.date(facts.until)}, {language.time(facts.until)} (UTC+5)"),
        (say("Box"), facts.box),
        (say("Listened"), language.hours(facts.heard)),
        (say("Could not hear"), language.hours(facts.unheard)),
        (say("Switched off by hand"), language.hours(facts.muted)),
        (say("Recognised automatically by model"), facts.model),
        (say("Software"), facts.software),
        (
            say("To be checked"),
            say(
                "Lines that were not recognised for certain are for a person to decide. "
                "Music that the catalogue does not know is not in this draft."
            ),
        ),
    ]


def _title(language: Language) -> str:
    return language.text("Programme-report, draft")


def _row(number: int, line: Line, language: Language) -> list[Cell]:
    say = language.text
    return [
        number,
        line.title,
        line.authors(say),
        line.performers,
        line.isrc,
        line.iswc,
        line.date,
        ", ".join(language.time(moment) for moment in line.times),
        _lasted(line.seconds),
        line.count,
        say("for certain") if line.sure else say("to be checked"),
        say("yes") if line.ai_generated else "",
    ]


def _lasted(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def _harmless(cell: Cell) -> str:
    text = cell.isoformat() if isinstance(cell, date) else str(cell)
    text = text.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


class _Sheet:
    """A sheet that is written row by row, each text as a text."""

    def __init__(self, book: xlsxwriter.Workbook, name: str, columns: Sequence[tuple[str, int]]) -> None:
        self._sheet = book.add_worksheet(name)
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._day = book.add_format({"num_format": "dd.mm.yyyy", "valign": "top", "align": "left"})
        for number, (_, width) in enumerate(columns):
            self._sheet.set_column(number, number, width)
        self._next = 0

    def head(self, cells: Sequence[str]) -> None:
        for column, cell in enumerate(cells):
            self._sheet.write_string(self._next, column, cell, self._head)
        self._next += 1
        self._sheet.freeze_panes(self._next, 0)
        self._sheet.repeat_rows(self._next - 1)

    def row(self, cells: Sequence[Cell]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self._sheet.write_string(self._next, column, cell[:_LONGEST], self._text)
            elif isinstance(cell, date):
                self._sheet.write_datetime(self._next, column, cell, self._day)
            else:
                self._sheet.write_number(self._next, column, cell, self._text)
        self._next += 1

    def print_on_one_width(self) -> None:
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)


def _write_lines(book: xlsxwriter.Workbook, lines: Sequence[Line], language: Language) -> None:
    sheet = _Sheet(book, language.text("Programme-report"), _COLUMNS)
    sheet.head([language.text(name) for name, _ in _COLUMNS])
    for number, line in enumerate(lines, 1):
        sheet.row(_row(number, line, language))
    sheet.print_on_one_width()


def _write_plays(book: xlsxwriter.Workbook, plays: Sequence[Entry[Play]], language: Language) -> None:
    columns = (
        (marked("Event"), 9),
        (marked("Date"), 12),
        (marked("From"), 10),
        (marked("To"), 10),
        (marked("Lasted"), 10),
        (marked("Recording"), 40),
        (marked("Performers"), 30),
        (marked("Recognised"), 20),
    )
    sheet = _Sheet(book, language.text("Plays"), columns)
    sheet.head([language.text(name) for name, _ in columns])
    for entry in plays:
        play = entry.told
        sheet.row(
            [
                entry.seq,
                local_date(play.start),
                language.exact_time(play.start),
                language.exact_time(play.end),
                _lasted(play.seconds_heard),
                play.recording.title,
                play.recording.artist or "",
                language.text("for certain") if play.sure else language.text("to be checked"),
            ]
        )
    sheet.print_on_one_width()


def _write_facts(book: xlsxwriter.Workbook, facts: Facts, language: Language) -> None:
    columns = ((_title(language), 40), ("", 90))
    sheet = _Sheet(book, language.text("What it rests on"), columns)
    sheet.head([name for name, _ in columns])
    for name, value in facts_in_words(facts, language):
        sheet.row([name, value])
