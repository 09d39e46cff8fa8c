"""The page in a real Chromium: every page, three languages, telephone and desktop, light and dark.

The pictures stay in `build/page/`. Accessibility is judged by axe, with its rules for WCAG 2.2 A and AA.
"""

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from device import mute
from device.condition import Light
from device.trouble import Trouble
from tests.device.page import house as houses
from tests.device.page.conftest import Time, served
from tests.device.page.house import CODE, NOW, House

# What stands on the wall: a letter that normal sight just tells apart has 5 minutes of arc (ISO 8596), and text on a display
# should have 16 at least (ISO 9241-303). A CSS pixel is 1/96 inch; a capital letter is some 0.72 of the font's size.
MINUTE_OF_ARC = 2_000 * math.tan(math.radians(1 / 60))  # mm, two metres away
CAPITAL = 0.72 * 25.4 / 96  # mm of a capital letter for each pixel of the font's size

PICTURES = Path(__file__).parents[3] / "build" / "page"
PAGES = {
    "now": "/",
    "tonight": "/tonight",
    "day": "/day/2026-11-12",
    "month": "/month",
    "documents": "/documents",
    "about": "/about",
    "enter": "/enter",
    "microphone": "/microphone",
}
# Each state of the box: what `estu listen` says, and whether `estu sync` is connected.
STATES: dict[Light, tuple[str, bool]] = {
    Light.STARTING: ("starting", True),
    Light.HEARS_NOT_DELIVERED: ("hearing", False),
    Light.DEAF: ("lost", True),
    Light.MUTED: ("muted", True),
    Light.BROKEN: ("broken", True),
}
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
SEEN_BY_AXE: dict[tuple[str, str], tuple[Literal["light", "dark"], ...]] = {
    ("kk", "phone"): ("light", "dark"),
    ("ru", "desk"): ("light",),
}
PATIENCE = 120_000  # milliseconds; these machines are shared

pytestmark = pytest.mark.timeout(900)  # a browser on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS, timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(built: House) -> Iterator[str]:
    with served(built, Time()) as url:
        yield url


class Watched:
    """A page of the browser, and everything that it complains of or asks for."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_is_legible_to_everybody(
    browser: Browser, address: str, language: str, width: str
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    size = PHONE if width == "phone" else DESK
    context = browser.new_context(viewport=size, locale=language, color_scheme="light")  # type: ignore[arg-type]
    watched, found = Watched(context), {}
    for name, path in PAGES.items():
        watched.page.goto(address + path)
        if name == "microphone":  # it asks for the code first
            watched.page.locator("#code").fill(CODE)
            watched.page.locator("#content button").click()
            watched.page.wait_for_url(address + path)
        watched.page.screenshot(path=PICTURES / f"{name}-{language}-{width}.png", full_page=True)
        assert watched.page.locator("html").get_attribute("lang") == language
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        # Languages differ in words, colours in a few values: axe looks where the structure is another.
        for scheme in SEEN_BY_AXE.get((language, width), ()):
            watched.page.emulate_media(color_scheme=scheme)
            broken = Axe().run(watched.page, options=RULES).response["violations"]
            found |= {
                f"{name} {scheme} {rule['id']}": [node["html"] for node in rule["nodes"]] for rule in broken
            }
            if scheme == "dark":
                watched.page.screenshot(path=PICTURES / f"{name}-{language}-{width}-dark.png", full_page=True)
        watched.page.emulate_media(color_scheme="light")
    context.close()
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
    assert watched.complaints == []
    assert {url.split("/")[2] for url in watched.asked} == {address.split("/")[2]}


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_state_of_the_box_is_shown_to_everybody(
    browser: Browser, tmp_path: Path, language: str
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    scheme: Literal["light", "dark"] = "dark" if language == "kk" else "light"
    house, time = houses.build(tmp_path, []), Time()
    context = browser.new_context(viewport=PHONE, locale=language, color_scheme=scheme)  # type: ignore[arg-type]
    watched, found = Watched(context), {}
    with served(house, time) as url:
        for light, (state, connected) in STATES.items():
            houses.hears(house, NOW, state, sounding=False, level_dbfs=-31.0 if state == "hearing" else None)
            if state == "muted":
                mute.set_mute(house.run / "muted", "page", NOW)
            else:
                mute.clear(house.run / "muted")
            houses.sends(
                house, NOW, connected, None if connected else Trouble("broker-away", "Away.", "Wait.")
            )
            watched.page.goto(url)
            expect(watched.page.locator("#condition")).to_have_attribute("data-light", light.value)
            assert watched.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], light
            watched.page.screenshot(path=PICTURES / f"now-{light.value}-{language}-phone.png", full_page=True)
            if language != "en":
                broken = Axe().run(watched.page, options=RULES).response["violations"]
                found |= {
                    f"{light} {rule['id']}": [node["html"] for node in rule["nodes"]] for rule in broken
                }
        context.close()  # before its box is gone
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
    assert watched.complaints == []


def test_how_the_box_is_doing_is_read_from_two_metres(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=DESK, locale="kk")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address, timeout=PATIENCE)

    def minutes_of_arc(place: str) -> float:
        # Found and read in one turn: the page replaces its parts when the box says something new.
        size = page.evaluate(
            "place => parseFloat(getComputedStyle(document.querySelector(place)).fontSize)", place
        )
        return float(size) * CAPITAL / MINUTE_OF_ARC

    assert minutes_of_arc("#condition h1") >= 20.0
    for place in ("#condition .advice", "#answers .work", "#answers .figure"):
        assert minutes_of_arc(place) >= 10.0, place  # twice what normal sight needs
    context.close()


def test_the_level_lives_and_a_dead_box_is_told(browser: Browser, tmp_path: Path) -> None:
    house, time = houses.build(tmp_path, []), Time()
    houses.hears(house, NOW, level_dbfs=-60.0)
    houses.sends(house, NOW)
    context = browser.new_context(viewport=DESK, locale="en")  # type: ignore[arg-type]
    watched = Watched(context)
    with served(house, time) as url:
        watched.page.goto(url)
        meter = watched.page.locator("#meter")
        expect(meter).to_have_attribute("aria-valuenow", "25", timeout=PATIENCE)
        expect(watched.page.locator("h1")).to_have_text("Hearing")
        time.pass_by(2)
        houses.hears(house, time.utc, level_dbfs=-20.0)
        expect(meter).to_have_attribute("aria-valuenow", "75", timeout=PATIENCE)
        houses.hears(house, time.utc, "lost", sounding=False, level_dbfs=None)
        expect(watched.page.locator("h1")).to_have_text("Not hearing", timeout=PATIENCE)
        expect(watched.page.locator("#word")).to_have_text("No sound arrives", timeout=PATIENCE)
        assert watched.complaints == []
    expect(watched.page.locator("#lost")).to_be_visible(timeout=PATIENCE)
    context.close()


def test_without_scripts_everything_is_read_and_the_microphone_switched(
    browser: Browser, tmp_path: Path
) -> None:
    house = houses.build(tmp_path, [(NOW - timedelta(hours=1), houses.play(2, NOW - timedelta(hours=2)))])
    houses.hears(house, NOW)
    houses.sends(house, NOW)
    context = browser.new_context(viewport=PHONE, locale="en", java_script_enabled=False)  # type: ignore[arg-type]
    watched = Watched(context)
    page = watched.page
    with served(house, Time()) as url:
        page.goto(url)
        expect(page.locator("h1")).to_have_text("Hearing")
        expect(page.locator("#meter")).to_have_attribute("aria-valuenow", "61")
        expect(page.get_by_role("link", name="Read the level again")).to_be_visible()
        page.get_by_role("link", name="Switch the microphone off").click()
        page.get_by_label("Ten letters and digits").fill("WRONG")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("alert")).to_contain_text("not the code of this box")
        page.get_by_label("Ten letters and digits").fill(CODE.lower())
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Switch the microphone off").click()
        assert mute.read(house.run / "muted") == mute.Mute(NOW, "page")
        expect(page.get_by_role("link", name="Switch the microphone on")).to_be_visible()
        page.goto(f"{url}/documents")
        with page.expect_download(timeout=PATIENCE) as download:
            page.get_by_role("link", name="Download the signed records").click()
        assert download.value.suggested_filename == "estu-0007.jsonl"
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{url}/documents")
        expect(page.get_by_role("link", name="Enter the code")).to_be_visible()
    context.close()
    assert [complaint for complaint in watched.complaints if "403" not in complaint] == []
