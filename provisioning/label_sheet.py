"""Labels as PDF: the box, the address of its page with a QR code that leads there, the label's code, whom to ask.

The QR code holds the address alone. What opens the page's downloads is for whoever stands before the box to read and
type: a photograph of a QR code travels, and browsers keep addresses.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import Refused

if TYPE_CHECKING:
    from fpdf import FPDF  # with its fonts' library it takes a second to import, and only `label` needs it

FONTS = Path(
    "/usr/share/fonts/truetype/dejavu"
)  # of Debian's fonts-dejavu-core: it has the letters of Kazakh
_REGULAR, _BOLD = "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"
_MARGIN = 2.0  # mm, within a label
_QUIET = 4  # modules of white around a QR code (ISO/IEC 18004, 9.1)
_INCH = 25.4  # mm

# What stands before the code and before whom to ask, and what Estu is.
_WORDS = {
    "kk": ("Код", "Көмек", "есту: музыканы таниды, дыбыс сақтамайды"),
    "ru": ("Код", "Помощь", "есту: узнаёт музыку, звук не хранит"),
    "en": ("Code", "Help", "estu: recognises music, keeps no sound"),
}


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
    # 24 labels of 63.5 mm x 33.9 mm on A4, as Avery Zweckform's L7159 and many others have them.
    "a4-24": Sheet((210.0, 297.0), 3, 8, (7.25, 12.9), (66.04, 33.9), (63.5, 33.9)),
    # A roll for a label printer, 62 mm wide, cut after each label.
    "roll-62": Sheet((62.0, 34.0), 1, 1, (0.0, 0.0), (62.0, 34.0), (62.0, 34.0)),
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
    code, ask, what = _WORDS[label.language]
    side = height - 2 * _MARGIN - 6.0
    _draw_qr(pdf, label.address, left + _MARGIN, top + _MARGIN, side)
    beside, room = left + 2 * _MARGIN + side, width - side - 3 * _MARGIN
    lines = [
        ("B", 13.0, 0.5, label.box),
        ("", 6.5, 5.8, label.address),
        ("", 6.5, 9.2, label.venue),
        ("", 6.5, 12.2, label.hall),
        ("", 6.5, 16.4, code),
        ("B", 11.0, 19.0, label.code),
    ]
    for style, size, down, text in lines:
        _line(pdf, style, size, beside, top + _MARGIN + down, room, text)
    below = top + _MARGIN + side
    _line(pdf, "", 6.5, left + _MARGIN, below + 0.2, width - 2 * _MARGIN, f"{ask}: {label.support}")
    _line(pdf, "", 5.5, left + _MARGIN, below + 3.2, width - 2 * _MARGIN, what)


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
