"""A trouble: what is wrong with a service now, in words, for the page, the light and `estu status`."""

import msgspec

from device.errors import EstuError


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong, in words."""

    code: str
    message: str
    advice: str

    @classmethod
    def of(cls, error: EstuError) -> "Trouble":
        """Take over an error's words."""
        return cls(error.code, error.message, error.advice)
