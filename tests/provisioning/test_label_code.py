"""The code on the label."""

import re

import pytest

from device.page.label_code import hash_label_code, is_label_code
from provisioning.label_code import ALPHABET, new_label_code

SALT = bytes(range(16))


def test_a_code_is_two_groups_without_letters_that_read_as_digits() -> None:
    code = new_label_code()
    first, second = code.split("-")
    assert (len(first), len(second)) == (5, 5)
    assert set(first + second) <= set(ALPHABET)
    assert not set("ILOU") & set(ALPHABET)


def test_codes_are_not_repeated() -> None:
    assert len({new_label_code() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("typed", ["7KQ0M-1D4WP", "7kq0m 1d4wp", "7KQOMID4WP", "7kqom-ld4wp"])
def test_a_code_is_known_however_it_is_typed(typed: str) -> None:
    assert is_label_code(typed, hash_label_code("7KQ0M-1D4WP", SALT))


@pytest.mark.parametrize("typed", ["7KQ0M-1D4WQ", "7KQ0M", "", "7KQ0M-1D4WP7"])
def test_another_code_is_not(typed: str) -> None:
    assert not is_label_code(typed, hash_label_code("7KQ0M-1D4WP", SALT))


def test_a_hash_at_other_costs_is_not_believed() -> None:
    hashed = re.sub(r"ln=\d+", "ln=1", hash_label_code("7KQ0M-1D4WP", SALT))
    assert not is_label_code("7KQ0M-1D4WP", hashed)


def test_one_code_under_two_salts_has_two_hashes_that_do_not_show_it() -> None:
    first, second = hash_label_code("7KQ0M-1D4WP", SALT), hash_label_code("7KQ0M-1D4WP", SALT[::-1])
    assert first.rpartition("$")[2] != second.rpartition("$")[2]
    assert "7KQ0M" not in first
