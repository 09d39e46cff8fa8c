"""The parts put together: what must hold before the first block is heard."""

from pathlib import Path

import pytest

from device.errors import Refused
from device.recogniser import recogniser
from tests.device.catalogue.made_up import reference, write_catalogue


def test_a_catalogue_of_another_model_is_refused_with_both_names(tmp_path: Path) -> None:
    write_catalogue(tmp_path, [[reference("abai", 5, 1)]])
    with pytest.raises(Refused) as refusal, recogniser(tmp_path):
        pass
    assert refusal.value.code == "catalogue-other-model"


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nowhere"), recogniser(tmp_path / "nowhere"):
        pass
