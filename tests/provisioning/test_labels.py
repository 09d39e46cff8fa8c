"""A label says which box it is, where its page is, what opens it, and whom to ask."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from device.page.label_code import is_label_code
from provisioning import label_sheet
from provisioning.label_sheet import SHEETS, Label, sheet_pdf
from provisioning.register import Register

Declare = Callable[..., None]
Provision = Callable[..., int]
NOW = datetime(2026, 7, 1, tzinfo=UTC)
SUPPORT = "+7 727 000 00 00, көмек@estu.example"
VENUE = "Ә. Қашаубаев атындағы Ғұмар Қараш үйі, Һәм Өнер Іс-Ұясы Ңү"  # each letter that Russian has not


def labels(count: int) -> list[Label]:
    languages = ("kk", "ru", "en")
    return [
        Label(f"estu-{number:04d}", VENUE, "Үлкен зал", languages[number % 3], f"7KQ2M-{number:05d}", SUPPORT)
        for number in range(1, count + 1)
    ]


def pages(pdf: bytes, folder: Path, resolution: int = 150) -> list[Image.Image]:
    """Let a PDF be drawn as a printer would."""
    (folder / "drawn.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(resolution), "-gray", "-png", str(folder / "drawn.pdf"), str(folder / "page")],
        check=True,
        capture_output=True,
    )
    return [Image.open(path) for path in sorted(folder.glob("page-*.png"))]


def text_of(pdf: bytes, folder: Path) -> str:
    (folder / "read.pdf").write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", "-layout", str(folder / "read.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout


def test_fifty_labels_lie_on_four_sheets_and_each_qr_code_leads_to_its_box(tmp_path: Path) -> None:
    drawn = pages(sheet_pdf(labels(50), SHEETS["a4-14"], 0, NOW), tmp_path)
    assert len(drawn) == 4
    for page in drawn:
        assert page.size == pytest.approx((1240, 1754), abs=2), "A4 at 150 dots per inch"
    found = [code.text for page in drawn for code in zxingcpp.read_barcodes(page)]
    assert sorted(found) == [f"http://estu-{number:04d}.local" for number in range(1, 51)]


def test_labels_lie_where_the_sheet_has_them(tmp_path: Path) -> None:
    sheet = SHEETS["a4-14"]
    (page,) = pages(sheet_pdf(labels(3), sheet, 12, NOW), tmp_path)[:1]
    found = {code.text: code.position.top_left for code in zxingcpp.read_barcodes(page)}
    assert set(found) == {"http://estu-0001.local", "http://estu-0002.local"}, (
        "the third is on the next sheet"
    )
    for number, place in ((1, 12), (2, 13)):
        row, column = divmod(place, 2)
        corner = found[f"http://estu-{number:04d}.local"]
        left = (sheet.first[0] + column * sheet.step[0]) * 150 / 25.4
        top = (sheet.first[1] + row * sheet.step[1]) * 150 / 25.4
        assert 0 < corner.x - left < 45
        assert 0 < corner.y - top < 45


def test_a_label_says_all_in_the_boxs_language(tmp_path: Path) -> None:
    text = text_of(sheet_pdf(labels(3), SHEETS["roll-102"], 0, NOW), tmp_path)
    kazakh = text.split("\f")[2]
    for said in (
        "estu-0003",
        "http://estu-0003.local",
        "7KQ2M-00003",
        f"Көмек: {SUPPORT}",
        "Үлкен зал",
        "Код",
        "Естіп тұр",
        "Микрофон өшірулі",
        "звук не хранит",
        "keeps no sound",
    ):
        assert said in kazakh
    assert "Помощь" in text.split("\f")[0]
    assert "Help" in text.split("\f")[1]


def test_each_letter_of_kazakh_is_drawn_and_not_a_box_that_stands_for_it(tmp_path: Path) -> None:
    from fontTools.ttLib import TTFont

    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        letters = TTFont(label_sheet.FONTS / name).getBestCmap()
        assert all(ord(letter) in letters for letter in "ӘәҒғҚқҢңӨөҰұҮүҺһІі")
    text = text_of(
        sheet_pdf([Label("estu-1", "ӘҒҚҢӨҰҮҺІ", "әғқңөұүһі", "kk", "A", "x")], SHEETS["roll-102"], 0, NOW),
        tmp_path,
    )
    assert "ӘҒҚҢӨҰҮҺІ" in text
    assert "әғқңөұүһі" in text


def test_nothing_is_drawn_beside_its_label(tmp_path: Path) -> None:
    """Not even what is far too long: it is made smaller, then cut."""
    long = Label("estu-" + "w" * 27, "Қ" * 120, "Ж" * 120, "kk", "7KQ2M-XD4WP", "Щ" * 200)
    sheet = SHEETS["a4-14"]
    (page,) = pages(sheet_pdf([long], sheet, 4, NOW), tmp_path)
    dark = page.point(lambda grey: 255 if grey < 200 else 0).getbbox()
    assert dark is not None
    row, column = divmod(4, 2)
    left, top = sheet.first[0] + column * sheet.step[0], sheet.first[1] + row * sheet.step[1]
    place = (left, top, left + sheet.label[0], top + sheet.label[1])
    low_x, low_y, high_x, high_y = (edge * 150 / 25.4 for edge in place)
    assert low_x <= dark[0]
    assert low_y <= dark[1]
    assert dark[2] <= high_x
    assert dark[3] <= high_y


def test_a_font_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_sheet, "FONTS", tmp_path)
    with pytest.raises(Exception, match="fonts-dejavu-core"):
        sheet_pdf(labels(1), SHEETS["a4-14"], 0, NOW)


def codes(path: Path) -> list[str]:
    words = text_of(path.read_bytes(), path.parent).split()
    return [word for word in words if len(word) == 11 and word[5] == "-" and word.replace("-", "").isalnum()]


def test_the_printed_codes_are_the_registers_and_stand_nowhere_else(
    declare: Declare, provision: Provision, authority: Path, tmp_path: Path, register: Callable[[], Register],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    declare("estu-0001")
    declare("estu-0002")
    assert provision("label", "--support", SUPPORT, "--out", tmp_path / "labels.pdf") == 0
    printed = codes(tmp_path / "labels.pdf")
    rows = register().boxes()
    assert len(printed) == len(rows) == 2
    for code in printed:
        assert sum(is_label_code(code, row["label_code"]) for row in rows) == 1
        assert code not in capsys.readouterr().out
        assert all(code.encode() not in path.read_bytes() for path in authority.iterdir())
    assert (tmp_path / "labels.pdf").stat().st_mode & 0o077 == 0


def test_labels_are_printed_once_unless_the_boxes_are_named(
    declare: Declare, provision: Provision, tmp_path: Path, register: Callable[[], Register],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    declare()
    words = ["label", "--support", SUPPORT, "--out"]
    assert provision(*words, tmp_path / "first.pdf") == 0
    assert provision(*words, tmp_path / "second.pdf") == 1
    assert "[nothing-to-label]" in capsys.readouterr().err
    assert provision(*words, tmp_path / "second.pdf", "estu-0001") == 0
    (row,) = register().boxes()
    (old,), (new,) = codes(tmp_path / "first.pdf"), codes(tmp_path / "second.pdf")
    assert is_label_code(new, row["label_code"])
    assert not is_label_code(old, row["label_code"])


def test_the_label_of_a_flashed_box_is_made_anew_from_its_code_alone(
    flash: Callable[..., Path], provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flash()
    (code,) = codes(tmp_path / "label-estu-0001.pdf")
    words = ["label", "estu-0001", "--support", SUPPORT, "--out", tmp_path / "again.pdf"]
    assert provision(*words) == 1
    assert "[box-flashed]" in capsys.readouterr().err
    assert provision(*words, "--code", "00000-00000") == 1
    assert "[label-code-wrong]" in capsys.readouterr().err
    assert not (tmp_path / "again.pdf").exists()
    assert provision(*words, "--code", code.lower().replace("-", " ")) == 0
    assert codes(tmp_path / "again.pdf") == [code]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--support", ""], "support-missing"),
        (["--support", "x", "--skip", "14"], "label-skip-faulty"),
        (["--support", "x", "--code", "7KQ2M-XD4WP"], "label-code-alone"),
        (["--support", "x", "estu-0009"], "box-unknown"),
    ],
)
def test_what_does_not_go_draws_no_code(
    declare: Declare, provision: Provision, tmp_path: Path, register: Callable[[], Register],
    capsys: pytest.CaptureFixture[str], more: list[str], expected: str,
) -> None:  # fmt: skip
    declare()
    assert provision("label", "--out", tmp_path / "labels.pdf", *more) == 1
    assert f"[{expected}]" in capsys.readouterr().err
    assert register().boxes()[0]["label_code"] is None


def test_a_pdf_that_is_there_is_not_overwritten(
    declare: Declare, provision: Provision, tmp_path: Path, register: Callable[[], Register]
) -> None:
    declare()
    (tmp_path / "labels.pdf").write_bytes(b"other labels")
    assert provision("label", "--support", SUPPORT, "--out", tmp_path / "labels.pdf") == 1
    assert (tmp_path / "labels.pdf").read_bytes() == b"other labels"
    assert register().boxes()[0]["label_code"] is None
