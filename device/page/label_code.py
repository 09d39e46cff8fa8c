"""The code on a box's label: what proves to the box's page that the reader stands before it.

Register and box keep only a scrypt hash of it, in the form of the Password Hashing Competition:
`$scrypt$ln=15,r=8,p=3$salt$hash`, the costs being those of OWASP's password storage cheat sheet.
"""

import base64
import hashlib
import hmac
from pathlib import Path

from device.errors import Refused

_LOG2_N, _R, _P = 15, 8, 3
_MEMORY = 2 * 128 * _R * 2**_LOG2_N  # bytes; OpenSSL wants room above the 32 MiB that the costs imply
_LARGEST = 1_024  # bytes of the file
_LONGEST_CODE = 64  # characters that anybody may type


def hash_label_code(code: str, salt: bytes) -> str:
    """Hash a label code, however it was typed.

    Args:
        code: The code; case, spaces and hyphens do not count, and `O`, `I`, `L` are read as digits.
        salt: 16 random bytes, fresh for each code.

    Returns:
        The hash with its costs and salt, safe to store.
    """
    return f"$scrypt$ln={_LOG2_N},r={_R},p={_P}${_text(salt)}${_text(_derive(code, salt))}"


def is_label_code(code: str, hashed: str) -> bool:
    """Tell whether a typed code is the one that was hashed, in a time that does not tell how much was right."""
    _, scheme, costs, salt, expected = hashed.split("$")
    if (scheme, costs) != ("scrypt", f"ln={_LOG2_N},r={_R},p={_P}"):
        return False
    return hmac.compare_digest(_text(_derive(code[:_LONGEST_CODE], base64.b64decode(salt + "=="))), expected)


def read_hash(path: Path) -> str:
    """Read the hash that `estu-provision enrol` wrote.

    Raises:
        Refused: There is none that can be read; then no code opens anything.
    """
    advice = "Ask whoever provides the box for a card with a label code."
    try:
        with path.open("rb") as file:
            hashed = file.read(_LARGEST).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("label-code-absent", f"The box has no label code at {path}.", advice) from error
    if hashed.count("$") != 4:
        raise Refused("label-code-damaged", f"The label code at {path} is damaged.", advice)
    return hashed


def _derive(code: str, salt: bytes) -> bytes:
    read = code.upper().translate(str.maketrans("OIL", "011", " -"))
    return hashlib.scrypt(read.encode(), salt=salt, n=2**_LOG2_N, r=_R, p=_P, maxmem=_MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()
