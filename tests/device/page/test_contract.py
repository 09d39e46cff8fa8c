"""The venue's contract stands in its draft report, if there is one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from device import settings
from device.page.language import language
from device.page.spreadsheet import Facts, facts_in_words
from provisioning.box import Box
from provisioning.settings_file import Places
from provisioning.settings_file import settings as written

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("code", "name"), [("kk", "Шарт"), ("ru", "Договор"), ("en", "Contract")])
def test_the_contract_that_was_declared_is_told_in_each_language(
    tmp_path: Path, code: str, name: str
) -> None:
    box = Box("estu-0001", "Опера", "Зал", "kk", contract="2026-117")
    path = tmp_path / "settings.toml"
    path.write_text(written(box, "mqtts://b.example:8883", Places.shipped()))
    contract = settings.load(path).box.contract
    facts = Facts("Опера", "Зал", contract, "estu-0001", NOON, NOON, 1.0, 0.0, 0.0, "", "")
    assert (name, "2026-117") in facts_in_words(facts, language(code))


def test_a_venue_without_a_contract_has_no_line_for_it() -> None:
    facts = Facts("Опера", "Зал", "", "estu-0001", NOON, NOON, 1.0, 0.0, 0.0, "", "")
    assert "Contract" not in dict(facts_in_words(facts, language("en")))
