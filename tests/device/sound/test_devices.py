"""Which of PortAudio's devices is meant, by its name or by its card."""

import pytest

from device.errors import Waiting
from device.sound.devices import SYSTEM, InputDevice, Named, of_card

USB = InputDevice(1, "USB PnP Sound Device: Audio (hw:1,0)", 1, 48000)
LINE = InputDevice(4, "HDA Intel: ALC (hw:0,0)", 2, 44100)
SECOND = InputDevice(5, "HDA Intel: ALC (hw:0,2)", 2, 44100)
TENTH = InputDevice(6, "USB Camera: Audio (hw:10,0)", 2, 16000)
DEFAULT = InputDevice(7, "default", 32, 44100)
DEVICES = [USB, LINE, SECOND, TENTH, DEFAULT]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("usb", USB),
        ("ALC", LINE),
        ("hw:", USB),
        ("DEFAULT", DEFAULT),
        ("4", LINE),
        (SYSTEM, DEFAULT),
    ],
)
def test_a_device_is_chosen_by_name_part_of_a_name_or_index(wanted: str, chosen: InputDevice) -> None:
    assert Named(wanted).among(DEVICES, None, default=7) == chosen


def test_a_whole_name_goes_before_a_part_of_another() -> None:
    other = InputDevice(0, "sysdefault", 2, 48000)
    assert Named("default").among([other, *DEVICES], None, default=-1) == DEFAULT


def test_the_systems_default_is_followed_whatever_its_name() -> None:
    assert Named(SYSTEM).among(DEVICES, None, default=4) == LINE


def test_without_a_default_the_first_device_is_heard() -> None:
    assert Named(SYSTEM).among([USB, LINE], None, default=-1) == USB


@pytest.mark.parametrize("wanted", [SYSTEM, "USB", "1"])
def test_a_machine_without_any_microphone_says_so(wanted: str) -> None:
    with pytest.raises(Waiting, match="none at all") as waiting:
        Named(wanted).among([], None, default=-1)
    assert waiting.value.code == "microphone-missing"


def test_those_that_are_there_are_named_where_none_fits() -> None:
    with pytest.raises(Waiting, match=r"Blue Yeti.*HDA Intel"):
        Named("Blue Yeti").among(DEVICES, None, default=7)


@pytest.mark.parametrize(("card", "chosen"), [(0, LINE), (1, USB), (10, TENTH)])
def test_the_hardware_of_a_card_is_found_by_the_cards_number(card: int, chosen: InputDevice) -> None:
    assert of_card(DEVICES, card) == chosen


def test_a_card_that_the_sound_system_does_not_show_is_waited_for() -> None:
    with pytest.raises(Waiting) as waiting:
        of_card(DEVICES, 3)
    assert waiting.value.code == "microphone-not-listed"


def test_what_is_not_hardware_has_no_card() -> None:
    assert [device.card for device in DEVICES] == [1, 0, 0, 10, None]
