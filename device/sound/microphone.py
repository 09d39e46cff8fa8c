"""The microphone: blocks from a sound card, for as long as it is there. The only module that opens one.

Rules:
1. Sound goes into memory and on to whoever asked for the blocks. Nothing here can write it anywhere.
2. The card's own rate is taken where it can be, so that no driver resamples by a way of its own.
3. A card that is away, gives nothing or cannot be opened is `Waiting`, never an end of the stream.
4. PortAudio may hang for ever on a card that was pulled out. Nothing arrives then, not even an `Absence`; whoever
   feeds the watchdog by what arrives is started anew.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from device.errors import Broken, Waiting
from device.host import clock
from device.sound.block import Arrival, Block
from device.sound.capture import Capture
from device.sound.devices import Found, InputDevice, Wanted
from device.sound.reopening import reopening

_log = logging.getLogger("estu.sound")

# Each block wakes two threads whose caches have grown cold: at ten a second that took more of a core than the model. A mute is
# obeyed, and a pulled plug noticed, within this. Half a segment's hop, so that a segment is never late by more.
SECONDS_PER_BLOCK = 0.25
SECONDS_QUEUED = 30.0  # the longest that the box may be busy before sound is lost; 6 MB at 48 kHz
SILENT_DEAD = 5.0  # seconds without a block after which a card counts as gone, whatever the kernel says
# Seconds for which the kernel may have a free microphone that PortAudio cannot open. Then something in this process
# is stuck, and a new one may do better. Rarely enough that a box whose driver is at fault does not fill its log.
REFUSED_STUCK = 300.0
_CARD_LATENCY = 0.4  # seconds of buffer asked of the card; a box has time, and a busy machine needs it
_POLL = 0.5  # seconds
# Seconds within which a stream is closed; it takes milliseconds. With the second until the service is started anew and
# the time that it loads, the microphone is still heard again within 15 s.
_CLOSES_WITHIN = 4.0
_OTHER_RATES = (48_000, 44_100, 32_000, 16_000, 96_000, 8_000)  # Hz, tried where a card refuses what it named
_WRONG_FORM = (-9998, -9997)  # PortAudio's paInvalidChannelCount and paInvalidSampleRate


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


class Microphone:
    """One sound card's input. Only one may be open in a process."""

    def __init__(
        self,
        wanted: Wanted,
        prepare: Callable[[Found], None] = lambda _: None,
        seconds_queued: float = SECONDS_QUEUED,
        silent_dead: float = SILENT_DEAD,
    ) -> None:
        """Choose a microphone, without opening it.

        Args:
            wanted: Which.
            prepare: Called before a microphone that the kernel knows is opened, to set its gain.
            seconds_queued: How much sound may wait to be worked on before more is lost (and counted).
            silent_dead: Seconds without a block after which the card counts as gone.
        """
        self._wanted = wanted
        self._prepare = prepare
        self._buffers = max(1, round(seconds_queued / SECONDS_PER_BLOCK))
        self._silent_dead = silent_dead
        self._refused_since: float | None = None  # monotonic seconds
        self.found: Found | None = None  # the one that is open, or was last

    def blocks(self, stop: threading.Event | None = None) -> Generator[Block, None, None]:
        """Open the microphone and give its blocks for ever, or until `stop` is set.

        Raises:
            Waiting: It is not there, another program has it, it cannot be opened, or it has gone.
            Broken: PortAudio is not installed, does not let go of a card that has gone, or has refused for
                `REFUSED_STUCK` a microphone that is there.
        """
        portaudio = _portaudio()
        try:
            found = self._wanted.find()
            if found is not None:
                self._wanted.free(found)
                self._prepare(found)
        except Waiting:
            self._refused_since = None
            raise
        try:
            device = self._wanted.among(input_devices(), found, portaudio.default.device[0])
            capture, stream = _open(portaudio, device, self._buffers)
        except Waiting as waiting:
            self._refused(waiting, known=found is not None)
            raise
        self._refused_since = None
        self.found = found or Found(device.name, device.card, {})
        _log.info("Listening through %s.", self.found.name)
        try:
            yield from self._given(capture, stream, found, stop or threading.Event())
        finally:
            _close(stream)

    def arrivals(self, stop: threading.Event | None = None) -> Iterator[Arrival]:
        """Give blocks for ever, or until `stop` is set, and open the microphone again whenever it went away.

        While it is away there is an `Absence` a second; the first block afterwards carries the time that was lost, and
        positions go on. It is heard again at most 15 s after it came back.

        Args:
            stop: Ends the blocks.

        Raises:
            Broken: As `blocks`.
        """
        stop = stop or threading.Event()
        return reopening(lambda: self.blocks(stop), stop.wait, clock.running)

    def _given(
        self, capture: Capture, stream: Any, found: Found | None, stop: threading.Event
    ) -> Iterator[Block]:
        quiet = 0.0
        while not stop.is_set():
            block = capture.give(_POLL)
            if block is not None:
                quiet = 0.0
                yield block
                continue
            quiet += _POLL
            # The kernel knows of a pulled plug at once; where it was put in again meanwhile, the card may be another.
            if quiet >= self._silent_dead or not stream.active or self._wanted.find() != found:
                name = self.found.name if self.found else "that was heard"
                message = f"The microphone {name} gives nothing any more."
                raise Waiting("microphone-gone", message, "Check its plug and its cable.")

    def _refused(self, waiting: Waiting, known: bool) -> None:
        """Note that the sound system gave no sound; see whether that can still be waited for."""
        now = clock.running()
        if not known or self._refused_since is None:
            self._refused_since = now if known else None
        elif now - self._refused_since >= REFUSED_STUCK:
            message = f"The microphone is there, and the sound system refuses it: {waiting.message}"
            raise Broken("microphone-stuck", message, "The service must start anew.") from waiting


def _open(portaudio: Any, device: InputDevice, buffers: int) -> tuple[Capture, Any]:
    """Open a device at its own rate, or else at any that it takes."""
    ways = [(device.rate, min(2, device.channels)), (device.rate, device.channels)]
    ways += [
        (rate, channels)
        for rate in _OTHER_RATES
        for channels in {1, min(2, device.channels), device.channels}
    ]
    error: Exception | None = None
    for rate, channels in dict.fromkeys(ways):
        capture = Capture(rate, buffers)
        stream = None
        try:
            stream = portaudio.InputStream(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype="float32",
                blocksize=round(rate * SECONDS_PER_BLOCK),
                latency=_CARD_LATENCY,
                callback=capture.take,
            )
            stream.start()
        except portaudio.PortAudioError as refusal:
            if stream is not None:
                _close(stream)
            error = refusal
            if not set(_WRONG_FORM) & set(refusal.args[1:2]):
                break
        else:
            return capture, stream
    message = f"The microphone {device.name} cannot be opened: {error}."
    advice = "Check that no other program uses it, and that this user is in the group audio."
    raise Waiting("microphone-not-opened", message, advice) from error


def _close(stream: Any) -> None:
    """Close a stream, or give up: PortAudio can hang for ever on a card that was pulled out.

    The stream is stopped and never aborted: Pa_AbortStream cancels the thread that calls us back wherever it is just
    then, in Python's own lock too, which nobody would open again (pa_unix_util.c, PaUnixThread_Terminate).

    Raises:
        Broken: It is not closed within `_CLOSES_WITHIN`.
    """

    def let_go() -> None:
        stream.stop(ignore_errors=True)
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
