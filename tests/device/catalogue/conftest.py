"""A catalogue of a base and an addition."""

from pathlib import Path

import pytest

from central.catalogue.part_writing import Reference
from tests.device.catalogue.made_up import WITHOUT_ISWC, ZHELSIZ, reference, write_catalogue


@pytest.fixture
def base() -> list[Reference]:
    return [
        reference("abai", 5, 1, (ZHELSIZ, WITHOUT_ISWC)),
        reference("bayan", 1, 2, (ZHELSIZ,)),
        reference("c", 9, 3),
    ]


@pytest.fixture
def addition() -> list[Reference]:
    return [reference("dombyra", 3, 4), reference("esil", 4, 5)]


@pytest.fixture
def folder(tmp_path: Path, base: list[Reference], addition: list[Reference]) -> Path:
    """The catalogue's folder."""
    write_catalogue(tmp_path / "catalogue", [base, addition])
    return tmp_path / "catalogue"
