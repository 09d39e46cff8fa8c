"""Identifiers as people type them, right and wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.catalogue import identifiers
from device.record import limits


def iswc_of(digits: str) -> str:
    """Complete nine digits, by a search for the digit that ISO 15707's sum asks for."""
    for check in "0123456789":
        total = 1 + sum((i + 1) * int(d) for i, d in enumerate(digits)) + int(check)
        if total % 10 == 0:
            return f"T{digits}{check}"
    raise AssertionError


@pytest.mark.parametrize("text", ["T-034.524.680-1", "T0345246801", "t-034524680-1", "T 034 524 680 1"])
def test_an_iswc_is_read_with_any_of_its_separators(text: str) -> None:
    assert identifiers.check_iswc(text) == "T0345246801"


@given(digits=st.text("0123456789", min_size=9, max_size=9), place=st.integers(0, 9), step=st.integers(1, 9))
def test_one_mistyped_digit_of_an_iswc_is_noticed_where_its_sum_can_notice_it(
    digits: str, place: int, step: int
) -> None:
    number = iswc_of(digits)
    assert identifiers.check_iswc(number) == number
    mistyped = (int(number[1 + place]) + step) % 10
    wrong = number[: 1 + place] + str(mistyped) + number[2 + place :]
    weight = 1 if place == 9 else place + 1
    if weight * (mistyped - int(number[1 + place])) % 10:
        with pytest.raises(ValueError, match="last digit does not fit"):
            identifiers.check_iswc(wrong)


@pytest.mark.parametrize("text", ["", "T-034.524.680", "W0345246801", "T03452468011"])
def test_what_is_no_iswc_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISWC: T and ten digits"):
        identifiers.check_iswc(text)


def test_a_medley_names_several_works() -> None:
    two = ("T0345246801", "T0000000010")
    assert identifiers.check_iswcs("T-034.524.680-1; T-000.000.001-0") == two
    assert identifiers.check_iswcs(" T0345246801 T0000000010 ") == two
    with pytest.raises(ValueError, match="named twice"):
        identifiers.check_iswcs("T0345246801;T-034.524.680-1")


def test_an_isrc_is_read_with_and_without_hyphens() -> None:
    assert identifiers.check_isrc("kz-a01-26-00001") == "KZA012600001"
    assert identifiers.check_isrc("KZA012600001") == "KZA012600001"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("KZA0126001", "needs 12 characters"),
        ("XXA012600001", "no country or agency has the code 'XX'"),
        ("KZA01260000X", "year"),
    ],
)
def test_a_wrong_isrc_says_what_is_wrong_with_it(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        identifiers.check_isrc(text)


def test_an_ipi_that_lost_its_zeros_in_a_spreadsheet_says_so() -> None:
    assert identifiers.check_ipi("00014107338") == "00014107338"
    with pytest.raises(ValueError, match="has 8: were leading zeros lost"):
        identifiers.check_ipi("14107338")
    with pytest.raises(ValueError, match="it needs 11 digits"):
        identifiers.check_ipi("I-000000229-7")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("C", "C"),
        ("ca", "CA"),
        ("Composer", "C"),
        ("composer/author", "CA"),
        ("sub-publisher", "SE"),
        ("lyricist", "A"),
    ],
)
def test_roles_are_read_as_codes_and_as_words(text: str, code: str) -> None:
    assert identifiers.check_role(text) == code


def test_an_unknown_role_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="AR arranger"):
        identifiers.check_role("drummer")


def test_what_an_event_could_not_carry_is_refused_when_the_catalogue_is_built() -> None:
    assert identifiers.check_name("x" * limits.TITLE_CHARACTERS)
    with pytest.raises(ValueError, match="500"):
        identifiers.check_name("x" * (limits.TITLE_CHARACTERS + 1))
    coded = [iswc_of(f"{number:09d}") for number in range(limits.WORKS + 1)]
    assert len(identifiers.check_iswcs(" ".join(coded[:-1]))) == limits.WORKS
    with pytest.raises(ValueError, match="50 works"):
        identifiers.check_iswcs(" ".join(coded))


def test_an_id_is_the_same_however_its_accents_were_typed() -> None:
    assert identifiers.check_recording_id("  Cafe\u0301 ") == "Caf\u00e9"
    for wrong in ("", "   ", "a\nb", "x" * 201):
        with pytest.raises(ValueError, match=r"id|print"):
            identifiers.check_recording_id(wrong)
