"""Building over what was built before: only what is new is heard, and no interruption, damage or second builder costs anything."""

import shutil
from pathlib import Path

import pytest

from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import Refused
from tests.central.catalogue import music
from tests.central.catalogue.conftest import Builder, Onlooker, Opener
from tests.central.catalogue.reading import contents, snapshot


def test_a_second_build_hears_only_what_is_new_or_changed(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    for number in range(5, 13):
        music.write(collection / f"m{number}.wav", number, 2.0)
    built(collection)
    before = snapshot(tmp_path / "out")
    (collection / "esil.mp3").unlink()
    music.write(collection / "new.wav", 100, 3.0)
    music.write(collection / "m7.wav", 101, 3.0)
    (collection / "m8.wav").rename(collection / "renamed.wav")
    onlooker = Onlooker()
    report = built(collection, watcher=onlooker)
    assert onlooker.stages["Fingerprinting"] == 2
    assert (report.recordings, report.fingerprinted, report.added, report.gone) == (12, 2, 3, 2)
    after = snapshot(tmp_path / "out")
    assert {name for name in before if before[name] != after.get(name)} == {"catalogue.json"}
    with opened(tmp_path / "out") as catalogue:
        catalogue.verify()
        built(collection, out=tmp_path / "anew")
        with opened(tmp_path / "anew") as anew:
            assert contents(catalogue) == contents(anew)


def test_a_build_with_nothing_new_leaves_the_catalogue_alone(
    collection: Path, built: Builder, tmp_path: Path
) -> None:
    built(collection)
    before = snapshot(tmp_path / "out")
    onlooker = Onlooker()
    report = built(collection, watcher=onlooker)
    assert snapshot(tmp_path / "out") == before
    assert onlooker.stages == {"Looking at files": 4, "Fingerprinting": 0, "Writing": 0}
    assert (report.recordings, report.added, report.fingerprinted) == (4, 0, 0)


def test_a_corrected_title_is_written_without_hearing_anything(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    built(collection)
    table = tmp_path / "songs.csv"
    table.write_text("file,recording,title\nabai.wav,abai,Kara soz\n")
    report = built(collection, metadata=table)
    assert (report.fingerprinted, report.added) == (0, 1)
    with opened(tmp_path / "out") as catalogue:
        number = catalogue.number("abai")
        assert number is not None
        assert catalogue.recording(number).title == "Kara soz"
        assert len(contents(catalogue)) == 4


def test_a_file_that_turns_bad_does_not_take_its_recording_away(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    built(collection)
    with opened(tmp_path / "out") as catalogue:
        before = contents(catalogue)
    (collection / "abai.wav").write_bytes(b"RIFF" + bytes(100))
    report = built(collection)
    assert (len(report.skipped), report.gone, report.recordings) == (1, 0, 4)
    with opened(tmp_path / "out") as catalogue:
        assert contents(catalogue) == before


def test_withdrawn_recordings_stay_withdrawn_until_a_new_list_says_otherwise(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    listed = tmp_path / "withdrawn.txt"
    listed.write_text("dina\n")
    built(collection, withdrawn=listed)
    music.write(collection / "new.wav", 50, 3.0)
    built(collection)
    with opened(tmp_path / "out") as catalogue:
        assert catalogue.withdrawn == {"dina"}
        assert catalogue.withdrawn_numbers == {catalogue.number("dina")}
    listed.write_text("")
    built(collection, withdrawn=listed)
    with opened(tmp_path / "out") as catalogue:
        assert catalogue.withdrawn == frozenset()
    assert list((tmp_path / "out").glob("withdrawn*")) == []


def test_withdrawn_recordings_do_not_come_back_by_damage(
    collection: Path, built: Builder, tmp_path: Path
) -> None:
    listed = tmp_path / "withdrawn.txt"
    listed.write_text("dina\n")
    built(collection, withdrawn=listed)
    (tmp_path / "out" / "catalogue.json").write_text("{}")
    with pytest.raises(Refused, match="which recordings were withdrawn"):
        built(collection)
    assert built(collection, withdrawn=listed).recordings == 4


def test_a_damaged_catalogue_is_built_anew(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    built(collection)
    (part,) = (tmp_path / "out" / "parts").iterdir()
    content = bytearray((part / "vectors.i8").read_bytes())
    content[100] ^= 1
    (part / "vectors.i8").write_bytes(content)
    report = built(collection)
    assert report.fingerprinted == 4
    assert "vectors.i8 was changed" in report.remarks[0]
    with opened(tmp_path / "out") as catalogue:
        catalogue.verify()


def test_another_model_or_hop_hears_everything_again(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path, model: EmbeddingModel
) -> None:
    listed = tmp_path / "withdrawn.txt"
    listed.write_text("dina\n")
    built(collection, withdrawn=listed)
    report = built(collection, hop=1.0)
    assert report.fingerprinted == 4
    with opened(tmp_path / "out") as catalogue:
        assert catalogue.reference_hop == 1.0
    other = tmp_path / "other.tflite"
    shutil.copy(shipped_model_path(), other)
    with other.open(
        "ab"
    ) as file:  # the same net in a file of another digest: what a new release's looks like
        file.write(b"\0")
    report = built(collection, model=other, hop=1.0)
    assert report.fingerprinted == 4
    with pytest.raises(Refused, match="was built with model"):
        opened(tmp_path / "out")
    with Catalogue.open(
        tmp_path / "out", EmbeddingModel(other).digest, catalogue.manifest.parameters
    ) as catalogue:
        assert catalogue.withdrawn == {"dina"}


def test_a_build_that_is_interrupted_anywhere_leaves_what_was_and_goes_on_where_it_was(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    built(collection / "abai.wav")
    former = snapshot(out)
    for steps in range(1, 12):  # 5 files are looked at, 4 heard, 5 written
        music.write(collection / "new.wav", 70, 2.5)
        onlooker = Onlooker(interrupt_after=steps)
        with pytest.raises(KeyboardInterrupt):
            built(collection, watcher=onlooker)
        assert {name: content for name, content in snapshot(out).items() if "/.new/" not in name} == former
        with opened(out) as catalogue:
            catalogue.verify()
        if onlooker.stages.get("Fingerprinting") == 0:
            break  # it came as far as writing
    else:
        pytest.fail("Work that was done before an interruption was done again.")
    onlooker = Onlooker()
    built(collection, watcher=onlooker)
    assert onlooker.stages["Fingerprinting"] == 0
    built(collection, out=tmp_path / "anew")
    with opened(out) as catalogue, opened(tmp_path / "anew") as anew:
        assert contents(catalogue) == contents(anew)
    assert not list((out / "parts").glob(".new"))


def test_a_kill_just_before_the_manifest_changes_costs_nothing(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    built(collection / "abai.wav")
    former, parts = (out / "catalogue.json").read_bytes(), set((out / "parts").iterdir())
    built(collection)
    (out / "catalogue.json").write_bytes(former)  # the new part is there, and nobody names it yet
    (orphan,) = set((out / "parts").iterdir()) - parts
    with opened(out) as catalogue:
        assert contents(catalogue).keys() == {"abai"}
    built(collection)
    assert orphan.exists()
    with opened(out) as catalogue:
        catalogue.verify()
        assert contents(catalogue).keys() == {"abai", "bayan", "dina", "esil"}
    (out / "catalogue.json").write_bytes(former)
    built(collection / "abai.wav")
    assert set((out / "parts").iterdir()) == parts


def test_two_builds_in_one_folder_do_not_meet(collection: Path, built: Builder) -> None:
    refused: list[str] = []

    class Intruder(Onlooker):
        def begin(self, stage: str, total: int) -> None:
            super().begin(stage, total)
            if stage == "Writing":
                with pytest.raises(Refused) as caught:
                    built(collection)
                refused.append(caught.value.code)

    built(collection, watcher=Intruder())
    assert refused == ["builder-busy"]
