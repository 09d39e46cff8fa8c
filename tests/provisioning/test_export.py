"""What others get of the register."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

Declare = Callable[..., None]
Enrol = Callable[..., Path]
Provision = Callable[..., int]


def test_a_box_without_a_card_has_no_key_to_export_but_stands_in_the_list(
    declare: Declare, enrol: Enrol, provision: Provision, tmp_path: Path
) -> None:
    declare("estu-0001", "--contract", "2026-117", "--ssid", "Opera", "--wifi-open")
    enrol("estu-0002")
    assert provision("export", "--out", tmp_path / "boxes.jwks", "--csv", tmp_path / "boxes.csv") == 0
    keys = json.loads((tmp_path / "boxes.jwks").read_text())["keys"]
    assert [key["box"] for key in keys] == ["estu-0002"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "boxes.csv").read_bytes().decode("utf-8-sig"))))
    assert [(row["id"], row["status"], row["contract"], row["network"]) for row in rows] == [
        ("estu-0001", "enrolled", "2026-117", "ssid Opera"),
        ("estu-0002", "active", "", ""),
    ]
    assert rows[0]["kid"] == ""
    assert rows[1]["kid"] == keys[0]["kid"]
    assert (tmp_path / "boxes.csv").stat().st_mode & 0o077 == 0


def test_a_name_in_the_list_is_no_formula(declare: Declare, provision: Provision, tmp_path: Path) -> None:
    declare("estu-0001", "--contract", "=HYPERLINK(1)")
    assert provision("export", "--out", tmp_path / "boxes.jwks", "--csv", tmp_path / "boxes.csv") == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "boxes.csv").read_bytes().decode("utf-8-sig")))
    assert row["contract"] == "'=HYPERLINK(1)"


def test_a_box_that_never_got_a_card_is_retired_and_revokes_nothing(
    declare: Declare, provision: Provision, authority: Path, tmp_path: Path
) -> None:
    from cryptography import x509

    declare()
    assert provision("retire", "estu-0001", "--reason", "ended") == 0
    assert list(x509.load_pem_x509_crl((authority / "revoked.pem").read_bytes())) == []
    assert provision("export", "--out", tmp_path / "boxes.jwks") == 0
    assert json.loads((tmp_path / "boxes.jwks").read_text())["keys"] == []
