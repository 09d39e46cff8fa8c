"""The code on a box's label: what proves to the box's page that the reader stands before it.

The code is shown once. The register and the box keep only a scrypt hash of it, in the form of the Password Hashing
Competition: `$scrypt$ln=15,r=8,p=3$salt$hash`, the costs being those of OWASP's password storage cheat sheet.
"""

import base64
import hashlib
import hmac
import secrets

# Crockford's Base32 without the letters I, L, O and U: nothing on a label can be read as something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10  # characters: 50 bits, beyond guessing even from a stolen hash
_LOG2_N, _R, _P = 15, 8, 3
_MEMORY = 2 * 128 * _R * 2**_LOG2_N  # bytes; OpenSSL wants room above the 32 MiB that the costs imply


def new_label_code() -> str:
    """Draw a label code, in two groups as it is printed: `7KQ2M-XD4WP`."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{drawn[:5]}-{drawn[5:]}"


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
    return hmac.compare_digest(_text(_derive(code, base64.b64decode(salt + "=="))), expected)


def _derive(code: str, salt: bytes) -> bytes:
    read = code.upper().translate(str.maketrans("OIL", "011", " -"))
    return hashlib.scrypt(read.encode(), salt=salt, n=2**_LOG2_N, r=_R, p=_P, maxmem=_MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()
