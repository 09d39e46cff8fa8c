"""A loudspeaker, for the self-test's clip; nothing else on a box makes a sound."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from device.errors import Waiting
from device.sound.block import Samples


@contextmanager
def playing(sound: Samples, rate: int, device: str | None) -> Iterator[None]:
    """Play a sound once while the context lasts; it ends with the sound or the context, whichever is first.

    To be entered after a microphone was opened, since opening one asks PortAudio anew for its devices.

    Args:
        sound: (n,) mono, full scale -1..1.
        rate: Hz.
        device: The whole or a part of the name that PortAudio has for it; None for the system's default.

    Raises:
        Waiting: There is no loudspeaker, or another program has it.
    """
    import sounddevice

    left = [sound]

    def give(out: Any, frames: int, *_: Any) -> None:
        now, left[0] = left[0][:frames], left[0][frames:]
        out[: len(now), 0] = now
        out[len(now) :, 0] = 0.0

    try:
        stream = sounddevice.OutputStream(
            samplerate=rate, channels=1, dtype="float32", device=device, callback=give, latency=0.4
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise Waiting(
            "loudspeaker-missing",
            f"No loudspeaker{f' {device!r}' if device else ''} can be played through: {error}.",
            "Plug one in, or name another with --loudspeaker.",
        ) from error
    try:
        yield
    finally:
        closing = threading.Thread(target=lambda: stream.close(ignore_errors=True), daemon=True)
        closing.start()
        closing.join(5.0)
