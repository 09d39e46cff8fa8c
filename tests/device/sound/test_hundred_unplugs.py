"""A hundred unplugs in a row: the plug and PortAudio are made up, all between them is real."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device.errors import Broken
from device.sound import microphone, reopening
from device.sound.block import Absence, Arrival, Block
from device.sound.microphone import Microphone
from device.sound.usb_identity import Usb
from tests.simulated.usb_bus import CHEAP, SPEAKER, Plug, UsbBus

RATE = 48_000
PORT = "1-1.2"


class PortAudioError(Exception):
    pass


class Stream:
    """A stream of one card: it gives a block when asked to, while the card that it was opened on is there."""

    def __init__(
        self, machine: "Machine", device: int, samplerate: int, channels: int, callback: Any, **_: Any
    ) -> None:
        card = machine.listed[device]["card"]
        if card not in machine.plugged:
            raise PortAudioError("Error opening InputStream", -9985)
        if (samplerate, channels) not in machine.forms:
            raise PortAudioError("Error opening InputStream", -9997)
        self.generation, self.card, self.machine = machine.plugged[card], card, machine
        self.form, self.callback, self.active = (samplerate, channels), callback, False
        machine.streams.append(self)

    def start(self) -> None:
        self.active = True

    def stop(self, **_: Any) -> None:
        self.active = False

    def close(self, **_: Any) -> None:
        self.machine.streams.remove(self)

    def give(self) -> None:
        rate, channels = self.form
        if self.active and self.machine.plugged.get(self.card) == self.generation:
            frames = np.full((rate // 10, channels), 0.1, dtype=np.float32)
            times = SimpleNamespace(currentTime=0.1, inputBufferAdcTime=0.0)
            self.callback(frames, rate // 10, times, SimpleNamespace(input_overflow=False))


class Machine:
    """PortAudio, as sounddevice shows it, on a machine with a USB bus. Devices are listed when it is initialised."""

    PortAudioError = PortAudioError
    default = SimpleNamespace(device=(-1, -1))

    def __init__(self, bus: UsbBus) -> None:
        self.bus = bus
        self.plugged: dict[int, int] = {}  # card: how many were plugged in before
        self.listed: list[dict[str, Any]] = []
        self.streams: list[Stream] = []
        self.forms = {(RATE, 1)}
        self.count = self.initialised = 0
        self.blind = False

    def plug_in(self, card: int, plug: Plug = CHEAP, port: str = PORT) -> None:
        self.count += 1
        self.plugged[card] = self.count
        self.bus.plug_in(plug, card, port)

    def unplug(self, card: int) -> None:
        del self.plugged[card]
        self.bus.unplug(card)

    def _terminate(self) -> None:
        self.listed = []

    def _initialize(self) -> None:
        self.initialised += 1
        cards = [] if self.blind else sorted(self.plugged)
        self.listed = [
            {
                "index": index, "name": f"USB Device {card}: Audio (hw:{card},0)", "card": card,
                "max_input_channels": 1, "default_samplerate": float(RATE),
            }
            for index, card in enumerate(cards)
        ]  # fmt: skip

    def query_devices(self) -> list[dict[str, Any]]:
        return self.listed

    def InputStream(self, **wish: Any) -> Stream:  # noqa: N802 - sounddevice's name
        return Stream(self, **wish)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine(UsbBus(tmp_path))
    monkeypatch.setattr(microphone, "_portaudio", lambda: made)
    monkeypatch.setattr(microphone, "_POLL", 0.02)
    for pause in ("SHORTEST_PAUSE", "LONGEST_PAUSE", "TICK"):
        monkeypatch.setattr(reopening, pause, 0.01)
    ended = threading.Event()

    def sound() -> None:
        while not ended.wait(0.005):
            for stream in list(made.streams):
                stream.give()

    giving = threading.Thread(target=sound, daemon=True)
    giving.start()
    yield made
    ended.set()
    giving.join()


def until(arrivals: Iterator[Arrival], kind: type[Arrival]) -> Arrival:
    began = time.monotonic()
    for arrival in arrivals:
        if isinstance(arrival, kind):
            return arrival
        assert time.monotonic() - began < 60.0
    raise AssertionError("the arrivals ended")


def test_after_each_of_a_hundred_unplugs_it_hears_again_under_whatever_number(machine: Machine) -> None:
    stop = threading.Event()
    source = Microphone(Usb("0d8c:0014", root=machine.bus.root))
    arrivals = source.arrivals(stop)
    machine.plug_in(1)
    before = until(arrivals, Block)
    for unplug in range(100):
        card, other = 1 + unplug % 3, 1 + (unplug + 1) % 3
        machine.unplug(card)
        absence = until(arrivals, Absence)
        assert isinstance(absence, Absence)
        assert absence.reason.code in {"microphone-gone", "microphone-missing"}
        machine.plug_in(card, SPEAKER, "1-1.4")  # something else takes its number
        machine.plug_in(other)
        after = until(arrivals, Block)
        assert isinstance(after, Block)
        assert after.until > before.until
        assert after.lost > 0
        assert source.found is not None
        assert source.found.card == other
        assert len(machine.streams) == 1  # none is left open
        machine.unplug(card)
        before = after
    stop.set()
    assert not machine.blind


def test_one_pulled_out_and_put_in_between_two_looks_is_opened_anew(machine: Machine) -> None:
    arrivals = Microphone(Usb(root=machine.bus.root), silent_dead=0.1).arrivals()
    machine.plug_in(1)
    until(arrivals, Block)
    machine.unplug(1)
    machine.plug_in(1)
    until(arrivals, Absence)
    until(arrivals, Block)


def test_a_busy_microphone_is_heard_once_it_is_free(machine: Machine) -> None:
    machine.plug_in(1)
    machine.bus.taken(1)
    arrivals = Microphone(Usb(root=machine.bus.root)).arrivals()
    absence = until(arrivals, Absence)
    assert isinstance(absence, Absence)
    assert absence.reason.code == "microphone-busy"
    assert machine.initialised == 0  # PortAudio would wait a second for it at each look
    machine.bus.taken(1, by=None)
    until(arrivals, Block)


@pytest.mark.parametrize("form", [(44_100, 1), (16_000, 1)])
def test_a_card_that_refuses_the_rate_it_named_is_heard_at_another(
    machine: Machine, form: tuple[int, int]
) -> None:
    machine.forms = {form}
    machine.plug_in(1)
    block = until(Microphone(Usb(root=machine.bus.root)).arrivals(), Block)
    assert isinstance(block, Block)
    assert block.rate == form[0]


def test_a_card_that_takes_no_form_at_all_is_waited_for(machine: Machine) -> None:
    machine.forms = set()
    machine.plug_in(1)
    absence = until(Microphone(Usb(root=machine.bus.root)).arrivals(), Absence)
    assert isinstance(absence, Absence)
    assert absence.reason.code == "microphone-not-opened"


def test_a_microphone_that_the_kernel_has_and_the_sound_system_never_shows_ends_the_process(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "REFUSED_STUCK", 0.2)
    machine.blind = True
    machine.plug_in(1)
    with pytest.raises(Broken) as broken:
        until(Microphone(Usb(root=machine.bus.root)).arrivals(), Block)
    assert broken.value.code == "microphone-stuck"


def test_one_that_is_only_unplugged_is_waited_for_without_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "REFUSED_STUCK", 0.0)
    arrivals = Microphone(Usb(root=machine.bus.root)).arrivals()
    for _ in range(50):
        assert isinstance(next(arrivals), Absence)
    machine.plug_in(1)
    until(arrivals, Block)


def test_while_portaudio_hangs_nothing_arrives_that_would_feed_the_watchdog(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, released, stop = threading.Event(), threading.Event(), threading.Event()

    def initialize() -> None:
        hangs.set()
        released.wait()

    arrivals = Microphone(Usb(root=machine.bus.root)).arrivals(stop)
    machine.plug_in(1)
    fed: list[Arrival] = [until(arrivals, Block)]
    monkeypatch.setattr(machine, "_initialize", initialize)
    machine.unplug(1)
    machine.plug_in(2)
    listening = threading.Thread(target=fed.extend, args=[arrivals], daemon=True)
    listening.start()
    assert hangs.wait(60.0)
    before = len(fed)
    assert not released.wait(0.5)
    assert len(fed) == before
    assert listening.is_alive()
    stop.set()
    released.set()
    listening.join(60.0)
    assert not listening.is_alive()


def test_the_gain_is_set_each_time_before_it_is_opened(machine: Machine) -> None:
    prepared: list[int | None] = []
    source = Microphone(Usb(root=machine.bus.root), prepare=lambda found: prepared.append(found.card))
    arrivals = source.arrivals()
    machine.plug_in(1)
    until(arrivals, Block)
    machine.unplug(1)
    until(arrivals, Absence)
    machine.plug_in(2)
    until(arrivals, Block)
    assert prepared == [1, 2]
