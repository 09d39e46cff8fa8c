"""USB microphones are known by what they are, whatever number they get."""

from pathlib import Path

import pytest

from device.errors import Waiting
from device.sound.devices import InputDevice
from device.sound.usb_identity import Usb, microphones, user_of
from tests.simulated.usb_bus import CHEAP, SPEAKER, YETI, Plug, UsbBus


@pytest.fixture
def bus(tmp_path: Path) -> UsbBus:
    return UsbBus(tmp_path)


def refused(wanted: Usb) -> Waiting:
    with pytest.raises(Waiting) as waiting:
        wanted.find()
    return waiting.value


def test_the_only_usb_microphone_is_meant_where_nothing_is_said(bus: UsbBus) -> None:
    bus.plug_in(SPEAKER, card=1, port="1-1.1")
    bus.plug_in(CHEAP, card=2, port="1-1.2")
    found = Usb(root=bus.root).find()
    assert found.card == 2
    assert found.identity == {"vendor": "0d8c", "product": "0014", "port": "1-1.2"}
    assert found.name == "USB PnP Sound Device (usb 0d8c:0014, port 1-1.2)"


def test_a_microphone_is_the_same_after_it_was_renumbered(bus: UsbBus) -> None:
    wanted = Usb("0d8c:0014", root=bus.root)
    bus.plug_in(CHEAP, card=1)
    before = wanted.find()
    bus.unplug(1)
    bus.plug_in(YETI, card=1, port="1-1.3")
    bus.plug_in(CHEAP, card=2)
    after = wanted.find()
    assert (before.card, after.card) == (1, 2)
    assert before.identity == after.identity


def test_two_of_a_kind_are_told_apart_by_their_sockets_or_serials(bus: UsbBus) -> None:
    bus.plug_in(CHEAP, card=1, port="1-1.2")
    bus.plug_in(CHEAP, card=2, port="1-1.4")
    bus.plug_in(YETI, card=3, port="1-1.1")
    assert Usb("0d8c:0014", port="1-1.4", root=bus.root).find().card == 2
    assert Usb(serial="REV8", root=bus.root).find().card == 3


def test_several_that_could_be_meant_are_listed_instead_of_guessed(bus: UsbBus) -> None:
    bus.plug_in(CHEAP, card=1, port="1-1.2")
    bus.plug_in(CHEAP, card=2, port="1-1.4")
    waiting = refused(Usb(root=bus.root))
    assert waiting.code == "microphone-ambiguous"
    assert "port 1-1.2" in waiting.message
    assert "port 1-1.4" in waiting.message


@pytest.mark.parametrize("wanted", [{"usb": "1111:2222"}, {"serial": "X"}, {"port": "2-1"}])
def test_one_that_is_not_there_is_named_with_those_that_are(bus: UsbBus, wanted: dict[str, str]) -> None:
    bus.plug_in(YETI)
    waiting = refused(Usb(**wanted, root=bus.root))
    assert waiting.code == "microphone-missing"
    assert next(iter(wanted.values())) in waiting.message
    assert "Yeti Stereo Microphone (usb b58e:9e84, serial REV8, port 1-1.2)" in waiting.message


def test_a_machine_without_any_says_so(bus: UsbBus, tmp_path: Path) -> None:
    assert "none at all" in refused(Usb(root=bus.root)).message
    assert "none at all" in refused(Usb(root=tmp_path / "no-sound-at-all")).message


def test_a_microphone_that_another_program_has_is_busy(bus: UsbBus) -> None:
    bus.plug_in()
    wanted = Usb(root=bus.root)
    wanted.free(wanted.find())
    bus.taken(by=4321)
    with pytest.raises(Waiting, match="4321") as waiting:
        wanted.free(wanted.find())
    assert waiting.value.code == "microphone-busy"
    assert user_of(1, bus.root) == 4321
    bus.taken(by=None)
    wanted.free(wanted.find())


def test_a_microphone_that_this_process_did_not_let_go_of_is_no_other_programs(bus: UsbBus) -> None:
    bus.plug_in()
    bus.taken(by=77)
    wanted = Usb(root=bus.root)
    found = wanted.find()
    assert found is not None
    with pytest.raises(Waiting):
        wanted.free(found)
    (bus.root / "proc/self/task/77").mkdir(parents=True)
    wanted.free(found)


def test_portaudios_device_is_chosen_by_the_cards_number(bus: UsbBus) -> None:
    bus.plug_in(card=3)
    wanted = Usb(root=bus.root)
    devices = [
        InputDevice(0, "USB PnP Sound Device: Audio (hw:1,0)", 1, 44100),
        InputDevice(1, "USB PnP Sound Device: Audio (hw:3,0)", 1, 48000),
    ]
    assert wanted.among(devices, wanted.find(), default=0) == devices[1]
    with pytest.raises(Waiting):
        wanted.among(devices[:1], wanted.find(), default=0)


@pytest.mark.parametrize("spoilt", ["", "0d8c\n", "zzzz:0014\n", "0d8c:0014:1\n"])
def test_a_card_that_is_being_pulled_out_is_none(bus: UsbBus, spoilt: str) -> None:
    bus.plug_in()
    (bus.root / "proc/asound/card1/usbid").write_text(spoilt)
    assert microphones(bus.root) == []


def test_a_card_of_which_only_proc_knows_is_found_by_what_that_says(bus: UsbBus) -> None:
    bus.plug_in()
    (bus.root / "sys/class/sound/card1").unlink()
    (only,) = microphones(bus.root)
    assert (only.name, only.port, only.vendor) == ("Device", None, "0d8c")


def test_what_a_device_calls_itself_can_neither_be_long_nor_hold_commands(bus: UsbBus) -> None:
    bus.plug_in(Plug(name="Mic\x1b[2J\x07" + "x" * 5_000))
    (only,) = microphones(bus.root)
    assert only.name.startswith("Mic[2Jx")
    assert len(only.name) <= 120
