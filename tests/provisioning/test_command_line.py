"""What a technician reads."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.__main__ import main
from provisioning.command_line import parser
from provisioning.help_texts import EXAMPLES

Enrol = Callable[..., Path]
Provision = Callable[..., int]


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "estu-provision authority init authority" in capsys.readouterr().out


def test_the_examples_of_the_help_run_as_they_stand(
    tmp_path: Path, authority: Path, platform_keys: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESTU_AUTHORITY", "by-example")
    for name in ("estu-1.0.img.xz", "estu-1.0.bmap", "estu-1.0.jws"):
        (tmp_path / name).symlink_to(image.parent / name)
    (tmp_path / "simulated").mkdir()
    (tmp_path / "boxes.csv").write_text("box,venue,hall,language\nestu-0002,Кино,1,ru\n")
    commands = re.findall(r"^    estu-provision (.+)$", EXAMPLES.replace("\\\n", " "), re.MULTILINE)
    assert len(commands) == 12
    for command in commands:
        words = [
            word.replace("authority", "by-example") if word == "authority" else word
            for word in shlex.split(command)
        ]
        if words[0] == "by-example":
            words[0] = "authority"
        if "/dev/sdb" in words:
            assert parser().parse_args(words).target == Path("/dev/sdb")
            continue
        assert main(words) == 0, command
        if words[1] == "init":
            shutil.copy(image.parent / "image-keys.jwks", "by-example")
    assert sorted(path.name for path in (tmp_path / "simulated").iterdir()) == [
        "estu-0001.img",
        "estu-0002.img",
    ]


@pytest.mark.parametrize(
    "words", [[], ["authority"], ["enrol", "x"], ["fly"], ["retire", "estu-1", "--reason", "no"]]
)
def test_words_that_are_not_understood_end_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2


def test_the_list_shows_boxes_for_people_and_for_programs(
    enrol: Enrol, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    enrol("estu-0001")
    enrol("estu-0002")
    assert provision("retire", "estu-0002", "--reason", "ended") == 0
    capsys.readouterr()
    assert provision("list") == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["BOX", "STATUS", "ENROLLED", "VENUE,", "HALL"]
    assert first.startswith("estu-0001  active")
    assert first.endswith("Абай атындағы опера, Main hall")
    assert second.startswith("estu-0002  retired")
    assert provision("list", "--json") == 0
    boxes = json.loads(capsys.readouterr().out)
    assert [(box["id"], box["status"], box["reason"]) for box in boxes] == [
        ("estu-0001", "active", None),
        ("estu-0002", "retired", "ended"),
    ]
    assert "label_code" not in boxes[0]


def test_the_history_of_one_box_is_only_its_own(
    enrol: Enrol, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    enrol("estu-0001")
    enrol("estu-0002")
    capsys.readouterr()
    assert provision("history", "estu-0002") == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["enrol", "label", "make-keys", "write-folder"]
    assert all("estu-0002" in line for line in lines)


def test_a_place_that_cannot_be_written_to_is_named(
    provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert provision("export", "--out", tmp_path / "file" / "boxes.jwks") == 1
    error = capsys.readouterr().err
    assert "[file-unusable]" in error
    assert "Not a directory" in error


def test_an_export_that_fails_is_not_in_the_history(
    provision: Provision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provision("export", "--out", tmp_path / "absent" / "boxes.jwks") == 1
    capsys.readouterr()
    assert provision("history") == 0
    assert "export" not in capsys.readouterr().out
