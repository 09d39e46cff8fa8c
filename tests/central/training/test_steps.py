"""The command line of training: it explains itself, and says plainly what it cannot do."""

from pathlib import Path

import pytest

from central.training.__main__ import main


@pytest.mark.parametrize(
    "step",
    ["corpus", "views", "stock", "pack", "unpack", "train", "export", "measure", "compare", "gate", "golden"],
)
def test_every_step_explains_itself(step: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([step, "--help"])
    assert ended.value.code == 0
    assert f"python -m central.training {step}" in capsys.readouterr().out


def test_reserved_music_cannot_be_asked_for_by_its_side(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["corpus", "reserved"])
    assert ended.value.code == 2
    assert "reserved" in capsys.readouterr().err


def test_golden_values_of_a_folder_that_is_a_file_are_an_error_not_a_guess(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        main(["golden", "--out", str(tmp_path / "file" / "embeddings.npz")])
