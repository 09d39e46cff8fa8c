"""A hall in which nobody plays: a hiss, into the far side of the kernel's own sound card. Runs in the booted image, by its own packages."""

import sys

sys.path.insert(0, "/usr/lib/estu/python")

import numpy as np
import sounddevice

RATE = 44_100  # Hz, as the listener opens the near side
UNIT = """\
[Unit]
Description=What the test's microphone hears
[Service]
ExecStart=/usr/bin/python3 -I /data/trial/noise.py
Restart=always
RestartSec=2
StandardError=file:/dev/console
"""


def main() -> None:
    """Hiss until the machine ends."""
    hiss = np.random.default_rng(1).normal(0.0, 10 ** (-45 / 20), (RATE, 2)).astype(np.float32)
    with sounddevice.OutputStream(
        device="hw:0,1", samplerate=RATE, channels=2, dtype="float32", latency=0.5
    ) as card:
        while True:
            card.write(hiss)


if __name__ == "__main__":
    main()
