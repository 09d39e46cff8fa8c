"""Labels as PDF: which box it is, where its page is, what opens it, whom to ask, what the light says.

That no sound is kept stands there in each language of the country (`hardware.md`, The label).

The QR code holds the address alone. What opens the page's downloads is for whoever stands before the box to read and
type: a photograph of a QR code travels, and browsers keep addresses.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from device.condition import Light
from device.errors import Refused
from device.light import RHYTHMS
from device.page.words import LIGHTS

if TYPE_CHECKING:
    from fpdf import FPDF  # with its fonts' library it takes a second to import, and only `label` needs it

    from device.page.language import Code

FONTS = Path(
    "/usr/share/fonts/truetype/dejavu"
)  # of Debian's fonts-dejavu-core: it has the letters of Kazakh
_REGULAR, _BOLD = "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"
_MARGIN = 2.0  # mm, within a label
_QUIET = 4  # modules of white around a QR code (ISO/IEC 18004, 9.1)
_INCH = 25.4  # mm

# What stands before the code and before whom to ask.
_WORDS = {"kk": ("Код", "Көмек"), "ru": ("Код", "Помощь"), "en": ("Code", "Help")}
_PROMISE = (
    "Музыканы таниды, дыбыс сақтамайды · Узнаёт музыку, звук не хранит · Recognises music, keeps no sound"
)
_SHOWN = (Light.HEARS_AND_DELIVERED, Light.HEARS_NOT_DELIVERED, Light.DEAF, Light.MUTED)
_LINE_OF_TIME = 10.0  # seconds of the light's rhythm that are drawn


@dataclass(frozen=True)
class Label:
    """What stands on a label."""

    box: str
    venue: str
    hall: str
    language: str
    code: str
    support: str

    @property
    def address(self) -> str:
        """Where the box's page is, in the network of the house (multicast DNS, RFC 6762)."""
        return f"http://{self.box}.local"


@dataclass(frozen=True)
class Sheet:
    """How labels lie on the paper; lengths in mm."""

    page: tuple[float, float]
    columns: int
    rows: int
    first: tuple[float, float]  # left upper corner of the first label
    step: tuple[float, float]  # from one label to the next
    label: tuple[float, float]

    @property
    def places(self) -> int:
        """How many labels a page has."""
        return self.columns * self.rows


SHEETS = {
    # 14 labels of 99.1 mm x 38.1 mm on A4, as Avery Zweckform's L7163 and many others have them.
    "a4-14": Sheet((210.0, 297.0), 2, 7, (4.65, 15.15), (101.6, 38.1), (99.1, 38.1)),
    # A roll for a label printer, 102 mm wide, cut after each label.
    "roll-102": Sheet((102.0, 39.0), 1, 1, (1.5, 0.5), (102.0, 39.0), (99.0, 38.0)),
}


def sheet_pdf(labels: Sequence[Label], sheet: Sheet, skipped: int, now: datetime) -> bytes:
    """Draw labels.

    Args:
        labels: In the order in which they lie, row by row.
        sheet: The paper.
        skipped: Places at the beginning that have no label any more.
        now: The date of the document.

    Raises:
        Refused: The font with the letters of Kazakh is not installed.
    """
    from fpdf import FPDF

    for name in (_REGULAR, _BOLD):
        if not (FONTS / name).is_file():
            raise Refused(
                "font-missing",
                f"There is no {FONTS / name}.",
                "Install it with: sudo apt install fonts-dejavu-core",
            )
    pdf = FPDF(unit="mm", format=sheet.page)
    pdf.set_creation_date(now)
    pdf.set_title("Estu")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.add_font("DejaVu", "", FONTS / _REGULAR)
    pdf.add_font("DejaVu", "B", FONTS / _BOLD)
    for number, label in enumerate(labels, start=skipped):
        place = number % sheet.places
        if place == 0 or number == skipped:
            pdf.add_page()
        row, column = divmod(place, sheet.columns)
        _draw(
            pdf, label, sheet, sheet.first[0] + column * sheet.step[0], sheet.first[1] + row * sheet.step[1]
        )
    return bytes(pdf.output())


def _draw(pdf: "FPDF", label: Label, sheet: Sheet, left: float, top: float) -> None:
    width, height = sheet.label
    code, ask = _WORDS[label.language]
    side = height - 2 * _MARGIN - 7.0
    _draw_qr(pdf, label.address, left + _MARGIN, top + _MARGIN, side)
    beside, room = left + _MARGIN + side, 36.0
    lines = [
        ("B", 13.0, 0.8, label.box),
        ("", 6.5, 6.3, label.address),
        ("", 6.5, 9.9, label.venue),
        ("", 6.5, 12.9, label.hall),
        ("", 6.5, 17.6, code),
        ("B", 12.0, 20.4, label.code),
    ]
    for style, size, down, text in lines:
        _line(pdf, style, size, beside, top + _MARGIN + down, room, text)
    edge = beside + room + _MARGIN
    for number, light in enumerate(_SHOWN):
        _draw_rhythm(
            pdf, label, light, edge, top + _MARGIN + 1.0 + number * 6.6, left + width - _MARGIN - edge
        )
    below = top + _MARGIN + side
    _line(pdf, "", 7.0, left + _MARGIN, below + 0.4, width - 2 * _MARGIN, f"{ask}: {label.support}")
    _line(pdf, "", 5.5, left + _MARGIN, below + 4.2, width - 2 * _MARGIN, _PROMISE)


def _draw_rhythm(pdf: "FPDF", label: Label, light: Light, left: float, top: float, room: float) -> None:
    """Draw when the light is lit, as bars along a line of ten seconds, and say what that means."""
    from device.page.language import language

    words = cast("Code", label.language)
    _line(pdf, "", 6.0, left, top, room, language(words).text(LIGHTS[light]))
    pdf.set_line_width(0.1)
    pdf.rect(left, top + 2.8, room, 1.6)
    pdf.set_fill_color(0)
    moment, lit = 0.0, True
    for seconds in itertools.cycle(RHYTHMS[light]):
        end = min(moment + seconds, _LINE_OF_TIME)
        if lit:
            scale = room / _LINE_OF_TIME
            pdf.rect(left + moment * scale, top + 2.8, (end - moment) * scale, 1.6, style="F")
        if end == _LINE_OF_TIME:
            break
        moment, lit = end, not lit


def _line(pdf: "FPDF", style: str, size: float, left: float, top: float, room: float, text: str) -> None:
    """Write one line, smaller if it must be, and cut if even that is too long."""
    text = re.sub(r"\s+", " ", text)
    pdf.set_font("DejaVu", style, size)
    while pdf.get_string_width(text) > room and size > 4.5:
        size -= 0.25
        pdf.set_font("DejaVu", style, size)
    while pdf.get_string_width(text) > room:
        text = text.rstrip("…")[:-1] + "…"
    pdf.text(left, top + size * _INCH / 72, text)


def _draw_qr(pdf: "FPDF", text: str, left: float, top: float, side: float) -> None:
    """Draw a QR code in a square with its quiet zone; adjoining modules of a row are one rectangle."""
    import segno

    code = segno.make_qr(text, error="m")
    matrix = [bytes(row) for row in code.matrix]
    module = side / (len(matrix) + 2 * _QUIET)
    pdf.set_fill_color(0)
    for down, row in enumerate(matrix):
        for run in re.finditer(rb"\x01+", row):
            across, count = run.start() + _QUIET, len(run[0])
            pdf.rect(
                left + across * module, top + (down + _QUIET) * module, count * module, module, style="F"
            )
