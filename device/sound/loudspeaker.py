"""A loudspeaker, for the self-test's clip; nothing else on a box makes a sound."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from device.errors import Waiting
from device.sound.block import Samples

_CLOSES_WITHIN = 5.0  # seconds
_LATENCY = 1.0  # seconds of sound that the card holds ahead; a busy machine must not make it stumble


@contextmanager
def playing(sound: Samples, rate: int, device: str | None) -> Iterator[Event]:
    """Play a sound once while the context lasts.

    To be entered after a microphone was opened, since opening one asks PortAudio anew for its devices.

    Args:
        sound: (n,) mono, full scale -1..1.
        rate: Hz.
        device: The whole or a part of the name that PortAudio has for it; None for the system's default.

    Yields:
        Set once all of it has been played.

    Raises:
        Waiting: There is no loudspeaker, or another program has it.
    """
    import sounddevice

    try:
        stream = sounddevice.OutputStream(
            samplerate=rate, channels=1, dtype="float32", device=device, latency=_LATENCY
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise Waiting(
            "loudspeaker-missing",
            f"No loudspeaker{f' {device!r}' if device else ''} can be played through: {error}.",
            "Plug one in, or name another with --loudspeaker.",
        ) from error
    played = Event()

    def play() -> None:
        with suppress(sounddevice.PortAudioError):  # the context ended first
            stream.write(sound[:, None])
            stream.stop()
        played.set()

    playing = Thread(target=play, name="loudspeaker", daemon=True)
    playing.start()
    try:
        yield played
    finally:
        stream.abort(ignore_errors=True)
        playing.join(_CLOSES_WITHIN)
        stream.close(ignore_errors=True)
