"""What the booted box hears: two known pieces and an unknown one, in a simulated hall."""

from tests.simulated.house import Heard, House


def evening(built: House) -> list[Heard]:
    """Give the evening, in order."""
    longest = sorted(built.known, key=lambda file: -file.stat().st_size)
    return [
        Heard(None, 3.0),
        Heard(longest[0], 20.0, start=40.0),
        Heard(None, 8.0),
        Heard(built.unknown[0], 10.0),
        Heard(None, 8.0),
        Heard(longest[1], 18.0, start=25.0),
        Heard(None, 4.0),
    ]
