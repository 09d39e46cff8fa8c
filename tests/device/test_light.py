"""One LED that is told by its rhythm, and a button: on the board's pins or the kernel's."""

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from device import front, mute
from device import settings as settings_file
from device.condition import Light
from device.errors import Refused, Waiting
from device.front import toggle
from device.hearing import Hearing
from device.host import clock, lamp
from device.host.lamp import Button, KernelLed, PinLed
from device.light import IN_WORDS, RHYTHMS, shine
from device.settings import Settings
from tests.simulated.board import Board
from tests.simulated.venue import wait_until

CHIP = Path("/dev/gpiochip0")
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_every_state_has_a_rhythm_that_moves_and_words_for_it() -> None:
    assert set(RHYTHMS) == set(IN_WORDS) == set(Light)
    for rhythm in RHYTHMS.values():
        assert len(rhythm) % 2 == 0  # begins lit, ends dark: never still
        assert min(rhythm) >= 0.2
        assert sum(rhythm) <= 6.0  # who looks, knows; and what is shown is judged anew that often


def test_no_light_flashes_more_than_three_times_in_a_second() -> None:
    for rhythm in RHYTHMS.values():
        lit_at = []
        at = 0.0
        for seconds, lit in zip(
            itertools.chain(*[rhythm] * 20), itertools.cycle([True, False]), strict=False
        ):
            if lit:
                lit_at.append(at)
            at += seconds
        assert all(sum(start <= other < start + 1.0 - 1e-6 for other in lit_at) <= 3 for start in lit_at)


def test_rhythms_are_told_apart_by_counting_or_by_how_long_they_are_lit() -> None:
    def looks(light: Light) -> tuple[int, int]:
        rhythm = RHYTHMS[light]
        lit = sum(rhythm[::2]) / sum(rhythm)
        return (len(rhythm) // 2, round(sum(rhythm) + 10 * lit))

    assert len({looks(light) for light in Light}) == len(Light)


class Recorded:
    """A lamp that remembers."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.switched: list[bool] = []

    def switch(self, lit: bool) -> None:
        self.switched.append(lit)
        if self.fails:
            raise OSError(5, "Input/output error")


class Hurried(threading.Event):
    """A stop that lets no time pass, and comes after so many waits; the seconds asked for are kept."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left, self.asked = waits, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        self.left -= 1
        if self.left <= 0:
            self.set()
        return self.is_set()


@pytest.mark.parametrize("light", list(Light))
def test_a_rhythm_is_shown_again_and_again_and_ends_dark(light: Light) -> None:
    recorded, rhythm = Recorded(), RHYTHMS[light]
    stop = Hurried(3 * len(rhythm))
    shine(recorded, lambda: light, stop)
    assert stop.asked == [*rhythm] * 3
    assert recorded.switched == [True, False] * (3 * len(rhythm) // 2) + [False]


def test_a_new_state_is_shown_after_the_rhythm_that_runs() -> None:
    states = iter([Light.DEAF, Light.HEARS_AND_DELIVERED])
    stop = Hurried(6)
    shine(Recorded(), lambda: next(states), stop)
    assert tuple(stop.asked) == RHYTHMS[Light.DEAF] + RHYTHMS[Light.HEARS_AND_DELIVERED]


def test_a_lamp_that_fails_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    shine(Recorded(fails=True), lambda: Light.DEAF, Hurried(12))
    assert [record.levelname for record in caplog.records].count("WARNING") == 1


@pytest.fixture
def leds(tmp_path: Path) -> Path:
    folder = tmp_path / "leds" / "estu"
    folder.mkdir(parents=True)
    (folder / "trigger").write_text("none [mmc0] heartbeat")
    (folder / "brightness").write_text("0")
    (folder / "max_brightness").write_text("255\n")
    return tmp_path / "leds"


def test_an_led_of_the_kernels_is_taken_from_its_trigger(leds: Path) -> None:
    led = KernelLed("estu", leds)
    assert (leds / "estu" / "trigger").read_text() == "none"
    led.switch(True)
    assert (leds / "estu" / "brightness").read_text() == "255"
    led.switch(False)
    assert (leds / "estu" / "brightness").read_text() == "0"


def test_an_led_that_is_not_there_is_named_with_those_that_are(leds: Path) -> None:
    with pytest.raises(Waiting, match="Lights that are there: estu") as missing:
        KernelLed("green", leds)
    assert missing.value.code == "light-missing"


def test_a_pin_is_switched() -> None:
    board = Board()
    led = PinLed(CHIP, 17, board)
    led.switch(True)
    led.switch(False)
    assert board.switched == [(17, True), (17, False)]


@pytest.mark.parametrize(
    ("board", "chip", "pin"),
    [(Board(taken={17}), CHIP, 17), (Board(), CHIP, 40), (Board(), Path("/dev/gpiochip9"), 17)],
)
def test_a_pin_that_cannot_be_had_is_named(board: Board, chip: Path, pin: int) -> None:
    with pytest.raises(Waiting, match=f"Pin {pin} of {chip}") as missing:
        PinLed(chip, pin, board)
    assert missing.value.code == "pin-missing"
    with pytest.raises(Waiting):
        Button(chip, pin, board)


def test_the_button_mutes_and_unmutes_also_what_the_page_muted(tmp_path: Path) -> None:
    muted = tmp_path / "muted"
    toggle(muted, NOW)
    assert mute.read(muted) == mute.Mute(NOW, "button")
    toggle(muted, NOW)
    assert mute.read(muted) is None
    mute.set_mute(muted, "page", NOW)
    toggle(muted, NOW)
    assert mute.read(muted) is None


def test_a_button_that_cannot_mute_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    toggle(tmp_path / "no-folder" / "muted", NOW)
    assert "cannot be changed" in caplog.text


def chosen(tmp_path: Path, light: str) -> Settings:
    path = tmp_path / "settings.toml"
    (tmp_path / "run").mkdir(exist_ok=True)
    path.write_text(
        f'[box]\nid = "abai-1"\n[light]\n{light}\n[paths]\nlog = "log.sqlite"\nruntime = "run"\n'
        '[broker]\nurl = "mqtts://b.example"\n'
    )
    return settings_file.load(path)


def say(where: Settings, ago: float = 0.0) -> None:
    """Write what `estu listen` would have written some seconds ago."""
    told = Hearing("lost", NOW, None, None, None, None, (), "synchronised", None, NOW, clock.running() - ago)
    where.hearing.write_bytes(msgspec.json.encode(told))


def test_the_front_shows_what_the_services_wrote_and_obeys_the_button(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, settings = Board(), chosen(tmp_path, "pin = 17\nbutton = 27")
    shown: list[Light] = []
    judged: Callable[[Settings], object] = front.present

    def present(where: Settings) -> object:
        found = judged(where)
        shown.append(found.light)  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(front, "present", present)
    monkeypatch.setattr(lamp, "library", lambda: board)
    say(settings)
    with front.front(settings):
        wait_until(lambda: shown == [Light.DEAF], "the light shows that there is no microphone")
        wait_until(lambda: board.switched[:1] == [(17, True)], "it is lit")
        board.press()
        wait_until(lambda: mute.read(settings.muted), "the button mutes")
        say(settings, ago=100.0)  # the loop that hears has hung since
        wait_until(lambda: Light.BROKEN in shown, "a light does not go on shining for a loop that hangs")
    assert board.switched[-1] == (17, False)


@pytest.mark.parametrize("light", ["pin = 17", "button = 27", 'led = "no-such-led"'])
def test_a_box_hears_without_a_light(
    tmp_path: Path, light: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lamp, "library", lambda: Board(taken={17, 27}))
    with front.front(chosen(tmp_path, light)):
        pass
    assert "The box hears without it." in caplog.text


@pytest.mark.parametrize("light", ['led = "ACT"\npin = 17', "pin = 5\nbutton = 5", "pin = 99"])
def test_settings_that_cannot_be_are_refused(tmp_path: Path, light: str) -> None:
    with pytest.raises(Refused, match="light"):
        chosen(tmp_path, light)
