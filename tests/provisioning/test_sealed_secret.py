"""What is sealed to the authority opens with its key alone."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from device.errors import Refused
from provisioning.certificates import authority_certificate
from provisioning.sealed_secret import open_secret, seal_secret

KEY = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = authority_certificate(KEY, "Estu authority", datetime(2026, 7, 1, tzinfo=UTC))


def test_a_secret_opens_with_the_authoritys_key() -> None:
    sealed = seal_secret("құпия", CERTIFICATE)
    assert open_secret(sealed, KEY) == "құпия"
    assert seal_secret("құпия", CERTIFICATE) != sealed, "two boxes with one password would show"


def test_nothing_stays_nothing() -> None:
    assert open_secret(seal_secret("", CERTIFICATE), KEY) == ""


def test_another_authority_opens_nothing() -> None:
    sealed = seal_secret("password", CERTIFICATE)
    with pytest.raises(Refused) as refusal:
        open_secret(sealed, ec.generate_private_key(ec.SECP256R1()))
    assert refusal.value.code == "secret-unreadable"


@pytest.mark.parametrize("part", [0, 2, 3, 4])
def test_an_altered_secret_is_refused(part: int) -> None:
    parts = seal_secret("password", CERTIFICATE).split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    with pytest.raises(Refused):
        open_secret(".".join(parts), KEY)
