"""The microphone: blocks from a sound card, for as long as it is there. The only module that opens one.

Rules:
1. Sound goes into memory and on to whoever asked for the blocks. Nothing here can write it anywhere.
2. The card's own rate is taken, so that no driver resamples by a way of its own.
3. A card that is away, gives nothing or cannot be opened is `Waiting`, never an end of the stream.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from device.errors import Broken, Waiting
from device.host import clock
from device.sound.block import Block
from device.sound.capture import Capture
from device.sound.reopening import reopening

_log = logging.getLogger("estu.sound")

SECONDS_PER_BLOCK = 0.1
SECONDS_QUEUED = 30.0  # the longest that the box may be busy before sound is lost; 6 MB at 48 kHz
SILENT_DEAD = (
    5.0  # seconds without a block after which a card counts as gone; USB loss may show as nothing else
)
_CARD_LATENCY = 0.4  # seconds of buffer asked of the card; a box has time, and a busy machine needs it
_POLL = 0.5  # seconds
_CLOSES_WITHIN = 5.0  # seconds


@dataclass(frozen=True)
class InputDevice:
    """A device that PortAudio can hear through."""

    index: int  # PortAudio's, until the next device is plugged in or out
    name: str
    channels: int
    rate: int  # Hz, its own

    def __str__(self) -> str:
        """Give the line that helps choose it."""
        return f"{self.index}: {self.name} ({self.rate} Hz)"


def input_devices() -> list[InputDevice]:
    """List the devices that are there now, also those plugged in since the last time.

    Not to be called while a microphone is open: PortAudio lists devices only when it starts, so it is started anew.

    Raises:
        Broken: PortAudio is not installed.
        Waiting: The sound system does not answer.
    """
    portaudio = _portaudio()
    try:
        # These two are private by name but the documented way in PortAudio, and sounddevice has no other.
        portaudio._terminate()
        portaudio._initialize()
        found = portaudio.query_devices()
    except portaudio.PortAudioError as error:
        advice = "Check the sound system of this machine."
        raise Waiting("sound-system-away", f"PortAudio cannot list devices: {error}.", advice) from error
    return [
        InputDevice(
            each["index"], each["name"], each["max_input_channels"], round(each["default_samplerate"])
        )
        for each in found
        if each["max_input_channels"] > 0
    ]


def choose(devices: Sequence[InputDevice], wanted: str | None, default: int = -1) -> InputDevice:
    """Choose a device by its index, its name or a part of its name, in any case of letters.

    Args:
        devices: What there is.
        wanted: What is asked for; None for the default. A whole name goes before a part, the first of several
            before the others.
        default: Index of the system's default input; where there is no such device, the first is the default.

    Raises:
        Waiting: There is none; the message names what there is.
    """
    if wanted is None:
        found = [each for each in devices if each.index == default] or list(devices)
    elif wanted.isdecimal():
        found = [each for each in devices if each.index == int(wanted)]
    else:
        name = wanted.casefold()
        found = [each for each in devices if each.name.casefold() == name]
        found = found or [each for each in devices if name in each.name.casefold()]
    if found:
        return found[0]
    there = "; ".join(map(str, devices)) or "none at all"
    message = f"There is no microphone {wanted!r}." if wanted else "There is no microphone."
    advice = "Plug the microphone in, or set another name."
    raise Waiting("microphone-missing", f"{message} Devices that hear: {there}.", advice)


class Microphone:
    """One sound card's input. Only one may be open in a process."""

    def __init__(
        self,
        device: str | None = None,
        seconds_queued: float = SECONDS_QUEUED,
        silent_dead: float = SILENT_DEAD,
    ) -> None:
        """Choose a microphone, without opening it.

        Args:
            device: A part of its name, or its index; None for the system's default input.
            seconds_queued: How much sound may wait to be worked on before more is lost (and counted).
            silent_dead: Seconds without a block after which the card counts as gone.
        """
        self._device = device
        self._buffers = max(1, round(seconds_queued / SECONDS_PER_BLOCK))
        self._silent_dead = silent_dead

    def blocks(self, stop: threading.Event | None = None) -> Iterator[Block]:
        """Open the microphone and give its blocks for ever, or until `stop` is set.

        Raises:
            Waiting: It is not there, cannot be opened, or has gone.
            Broken: PortAudio is not installed, or does not let go of a card that has gone.
        """
        portaudio = _portaudio()
        device = choose(input_devices(), self._device, portaudio.default.device[0])
        capture = Capture(device.rate, self._buffers)
        stream = self._open(portaudio, device, capture)
        _log.info("Listening through %s.", device)
        try:
            quiet = 0.0
            while not (stop and stop.is_set()):
                block = capture.give(_POLL)
                if block is not None:
                    quiet = 0.0
                    yield block
                    continue
                quiet += _POLL
                if quiet >= self._silent_dead or not stream.active:
                    message = f"The microphone {device.name} gives nothing any more."
                    raise Waiting("microphone-gone", message, "Check its plug and its cable.")
        finally:
            _close(stream)

    def reopening(
        self, stop: threading.Event | None = None, alive: Callable[[], None] = lambda: None
    ) -> Iterator[Block]:
        """Give blocks for ever, or until `stop` is set, and open the microphone again whenever it went away.

        While it is away nothing comes; the first block afterwards carries the time that was lost, and positions
        go on. It is heard again at most some 10 s after it came back.

        Args:
            stop: Ends the blocks.
            alive: Called before each pause between attempts: who waits for a microphone is not hung, who hangs in
                the sound system is.

        Raises:
            Broken: As `blocks`.
        """
        stop = stop or threading.Event()

        def pause(seconds: float) -> bool:
            alive()
            return stop.wait(seconds)

        return reopening(lambda: self.blocks(stop), pause, began=clock.running())

    @staticmethod
    def _open(portaudio: Any, device: InputDevice, capture: Capture) -> Any:
        stream = None
        try:
            stream = portaudio.InputStream(
                device=device.index,
                samplerate=device.rate,
                channels=min(2, device.channels),
                dtype="float32",
                blocksize=round(device.rate * SECONDS_PER_BLOCK),
                latency=_CARD_LATENCY,
                callback=capture.take,
            )
            stream.start()
        except portaudio.PortAudioError as error:
            if stream is not None:
                _close(stream)
            message = f"The microphone {device.name} cannot be opened: {error}."
            advice = "Check that no other program uses it, and that this user is in the group audio."
            raise Waiting("microphone-not-opened", message, advice) from error
        return stream


def _close(stream: Any) -> None:
    """Close a stream, or give up: PortAudio can hang for ever on a card that was pulled out."""

    def let_go() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    closing = threading.Thread(target=let_go, name="microphone-closing", daemon=True)
    closing.start()
    closing.join(_CLOSES_WITHIN)
    if closing.is_alive():
        message = "PortAudio does not let go of a microphone that has gone."
        raise Broken("microphone-stuck", message, "The service must start anew.")


def _portaudio() -> Any:
    """Import sounddevice, which loads PortAudio and asks it for devices, only where a microphone is wanted."""
    try:
        import sounddevice
    except OSError as error:
        advice = "Install it, for example with `sudo apt install libportaudio2`."
        raise Broken("portaudio-missing", f"Microphones need PortAudio: {error}.", advice) from error
    return sounddevice
