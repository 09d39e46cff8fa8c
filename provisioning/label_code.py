"""Drawing the code on a box's label. It is shown once; how its hash is made and checked: `device/page/label_code.py`."""

import os
import secrets

from device.page.label_code import hash_label_code

# Crockford's Base32 without the letters I, L, O and U: nothing on a label can be read as something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10  # characters: 50 bits, beyond guessing even from a stolen hash


def new_label_code() -> str:
    """Draw a label code, in two groups as it is printed: `7KQ2M-XD4WP`."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{drawn[:5]}-{drawn[5:]}"


def draw_label_code() -> tuple[str, str]:
    """Draw a label code, and hash it for the register and the box."""
    code = new_label_code()
    return code, hash_label_code(code, os.urandom(16))
