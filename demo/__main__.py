"""`python -m demo`: shows the whole way of the sound. `make demo` runs it.

What is shown can be chosen by the environment:
    MUSIC=FOLDER   your own music; one piece in five is kept from the catalogue
    MIC=1          your microphone in place of the simulated evening; or a part of its name
    MINUTES=N      how long to listen to it; until Ctrl-C if not given
    SEED=N         another evening
    SPEED=N        how many times as fast as it sounds the evening passes (12)
"""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from rich.console import Console

from demo.journey import Journey, Wish
from device.errors import EstuError, Refused
from device.sound.devices import SYSTEM

FOLDER = Path("build/demo")
WIDTH = 120  # columns where there is no terminal to ask


def wish(environment: Mapping[str, str]) -> Wish:
    """Read what is wanted from the environment.

    Raises:
        Refused: A number is none.
    """
    music, microphone = environment.get("MUSIC"), environment.get("MIC")
    minutes = _number(environment, "MINUTES")
    return Wish(
        folder=FOLDER,
        music=Path(music).expanduser() if music else None,
        microphone=None if microphone in {None, "", "0"} else SYSTEM if microphone == "1" else microphone,
        minutes=minutes,
        seed=int(_number(environment, "SEED") or Wish.seed),
        speed=_number(environment, "SPEED") or Wish.speed,
    )


def main() -> int:
    """Run the demonstration.

    Returns:
        0 if the box did what it is for, 1 if not, 130 if it was stopped.
    """
    signal.signal(signal.SIGTERM, _stop)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        return 0 if Journey(wish(os.environ), console).go() else 1
    except EstuError as error:
        console.print(f"\n{error}", style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        return 130


def _number(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e9:
        raise Refused(
            "demo-wish-unclear", f"{name}={text} is no number above 0.", "Leave it out, or correct it."
        )
    return number


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Let a request to end be answered as Ctrl-C is: in order, leaving nothing running."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
