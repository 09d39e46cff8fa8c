"""Identifiers and names of recordings, works and creators: checked before money can follow them.

Lengths are those that an event of the record can carry, so that a box never finds a play that it cannot report.

Each function takes what a person typed, with or without the usual separators, and gives the bare form that
messages carry. A wrong one is a ValueError whose text says what is wrong, to be joined with where it stands.
"""

import re
import unicodedata

from stdnum import isrc
from stdnum.exceptions import InvalidComponent, InvalidFormat, InvalidLength, ValidationError

from device.record import limits

# Roles of creators by CISAC (Common Works Registration user manual, "Interested Party/Writer Types").
ROLES = {
    "A": "author",
    "AD": "adaptor",
    "AM": "administrator",
    "AQ": "acquirer",
    "AR": "arranger",
    "C": "composer",
    "CA": "composer author",
    "E": "publisher",
    "ES": "substituted publisher",
    "PA": "income participant",
    "SA": "sub-author",
    "SE": "sub-publisher",
    "SR": "sub-arranger",
    "TR": "translator",
}
_ROLE_CODES = {name: code for code, name in ROLES.items()} | {"lyricist": "A", "songwriter": "CA"}

_ISWC = re.compile("T([0-9]{9})([0-9])")


def check_isrc(text: str) -> str:
    """Check an ISRC (ISO 3901).

    Returns:
        Its 12 characters.

    Raises:
        ValueError: It is not one.
    """
    try:
        number: str = isrc.validate(text)
    except InvalidLength as error:
        raise ValueError(f"{text!r} is not an ISRC: it needs 12 characters, such as KZA012600001") from error
    except InvalidComponent as error:
        raise ValueError(
            f"{text!r} is not an ISRC: no country or agency has the code {text.strip()[:2]!r}"
        ) from error
    except (InvalidFormat, ValidationError) as error:
        raise ValueError(
            f"{text!r} is not an ISRC: country (2 letters), owner (3), year (2 digits), number (5 digits)"
        ) from error
    return number


def check_iswc(text: str) -> str:
    """Check an ISWC (ISO 15707) by its check digit.

    Returns:
        T and ten digits.

    Raises:
        ValueError: It is not one.
    """
    number = re.sub("[-. ]", "", text).upper()
    found = _ISWC.fullmatch(number)
    if not found:
        raise ValueError(f"{text!r} is not an ISWC: T and ten digits, such as T-034.524.680-1")
    total = 1 + sum(place * int(digit) for place, digit in enumerate(found[1], start=1))
    if (10 - total % 10) % 10 != int(found[2]):
        raise ValueError(f"{text!r} is not an ISWC: its last digit does not fit the others")
    return number


def check_iswcs(text: str) -> tuple[str, ...]:
    """Check several ISWCs that are separated by spaces, commas or semicolons.

    Raises:
        ValueError: One of them is wrong, or named twice, or there are more than an event can carry.
    """
    numbers = tuple(check_iswc(one) for one in re.split(r"[;,\s]+", text.strip()) if one)
    if len(numbers) > limits.WORKS:
        raise ValueError(f"a recording may have {limits.WORKS} works, this one has {len(numbers)}")
    for number in numbers:
        if numbers.count(number) > 1:
            raise ValueError(f"the work {number} is named twice")
    return numbers


def check_ipi(text: str) -> str:
    """Check an IPI name number.

    Returns:
        Its 11 digits.

    Raises:
        ValueError: It is not one; a spreadsheet that dropped leading zeros is the usual cause.
    """
    number = re.sub("[-. ]", "", text)
    if not re.fullmatch("[0-9]{11}", number):
        why = "it needs 11 digits"
        if re.fullmatch("[0-9]{1,10}", number):
            why += f" and has {len(number)}: were leading zeros lost in a spreadsheet?"
        raise ValueError(f"{text!r} is not an IPI name number: {why}")
    return number


def check_role(text: str) -> str:
    """Check a creator's role, given as a CISAC code or as its English name.

    Returns:
        The code.

    Raises:
        ValueError: There is no such role.
    """
    code = text.strip().upper()
    if code in ROLES:
        return code
    name = " ".join(re.split(r"[-_/\s]+", text.strip().lower()))
    plain = {key.replace("-", " "): value for key, value in _ROLE_CODES.items()}
    if name not in plain:
        known = ", ".join(f"{key} {value}" for key, value in ROLES.items())
        raise ValueError(f"{text!r} is not a role; there are: {known}")
    return plain[name]


def check_name(text: str) -> str:
    """Check a title, a name or a label.

    Raises:
        ValueError: It is longer than an event can carry.
    """
    if len(text) > limits.TITLE_CHARACTERS:
        raise ValueError(f"a name may have {limits.TITLE_CHARACTERS} characters, this one has {len(text)}")
    return text


def check_recording_id(text: str) -> str:
    """Check the catalogue owner's own name for a recording.

    Returns:
        It, in Unicode's composed form, so that one name is never two.

    Raises:
        ValueError: It is empty, too long or has characters that do not print.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise ValueError("a recording needs an id")
    if len(name) > limits.ID_CHARACTERS:
        raise ValueError(
            f"a recording's id may have {limits.ID_CHARACTERS} characters, this one has {len(name)}"
        )
    if not name.isprintable():
        raise ValueError(f"{name!r} has characters that do not print")
    return name
