"""Building a catalogue from real files, tables and tags."""

import shutil
from pathlib import Path

import mutagen
import numpy as np
import pytest

from central.catalogue.fingerprinting import fingerprint
from device.catalogue.recording import Creator, Work
from device.embedding import EmbeddingModel
from device.errors import Refused
from tests.central.catalogue import music
from tests.central.catalogue.conftest import Builder, Opener
from tests.central.catalogue.reading import contents, snapshot

IDS = ["abai", "bayan", "dina", "esil"]


def test_music_in_any_format_becomes_a_catalogue(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path, model: EmbeddingModel
) -> None:
    report = built(collection)
    assert (report.recordings, report.added, report.fingerprinted, report.left_out) == (4, 4, 4, 1)
    assert (report.skipped, report.same_sound, report.remarks) == ((), (), ())
    with opened(tmp_path / "out") as catalogue:
        catalogue.verify()
        assert [catalogue.recording(number).id for number in range(4)] == IDS
        assert report.vectors == catalogue.size
        assert report.seconds == pytest.approx(19.0, abs=0.2)
        heard = fingerprint(collection / "album" / "bayan.flac", model, 0.5, pytest.fail)
        assert contents(catalogue)["bayan"] == heard.vectors.tobytes()
        numbers, seconds = catalogue.locate(np.array([catalogue.span(0)[-1]]))
        assert (numbers[0], seconds[0]) == (0, pytest.approx(4.3, abs=0.001))
        assert catalogue.thresholds.model == model.digest
        assert "not measured" in catalogue.thresholds.measured


def test_any_number_of_processes_builds_the_same_bytes(
    collection: Path, built: Builder, tmp_path: Path
) -> None:
    for number in range(5, 10):
        music.write(collection / f"m{number}.wav", number, 3.0)
    built(collection, out=tmp_path / "one", jobs=1)
    built(collection, out=tmp_path / "three", jobs=3)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "three")


def test_tables_and_tags_reach_the_box(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    tagged = mutagen.File(collection / "album" / "bayan.flac")
    tagged["title"], tagged["isrc"] = "Bayan sulu", "KZA012600007"
    tagged.save()
    table, works = collection / "songs.csv", tmp_path / "works.csv"
    table.write_text("file;recording;isrc;iswc;ai_generated\nabai.wav;R-1;KZA012600001;T-034.524.680-1;yes\n")
    works.write_text(
        "iswc,title,creator,role,ipi\nT0345246801,Zhelsiz,Abai,CA,00014107338\nT0345246801,,Bo,AR,\n"
    )
    built(collection, metadata=table, works=works)
    creators = (Creator("Abai", "CA", "00014107338"), Creator("Bo", "AR", None))
    with opened(tmp_path / "out") as catalogue:
        first = catalogue.recording(0)
        assert (first.id, first.isrc, first.ai_generated) == ("R-1", "KZA012600001", True)
        assert first.works == (Work("T0345246801", "Zhelsiz", creators),)
        bayan = catalogue.recording(1)
        assert (bayan.id, bayan.title, bayan.isrc, bayan.works) == ("bayan", "Bayan sulu", "KZA012600007", ())


def test_faults_of_all_tables_are_told_together_and_nothing_is_built(
    collection: Path, built: Builder, tmp_path: Path
) -> None:
    (tmp_path / "songs.csv").write_text("file,recording,isrc\nabai.wav,A,wrong\n")
    (tmp_path / "works.csv").write_text("iswc,title,creator,role,ipi\nT0345246802,x,,,\n")
    (tmp_path / "gone.txt").write_text("a\n\x07\n")
    with pytest.raises(Refused) as caught:
        built(
            collection,
            metadata=tmp_path / "songs.csv",
            works=tmp_path / "works.csv",
            withdrawn=tmp_path / "gone.txt",
        )
    told = caught.value.message
    assert "songs.csv, row 2, column isrc: 'wrong' is not an ISRC" in told
    assert "works.csv, row 2, column iswc: 'T0345246802' is not an ISWC" in told
    assert "gone.txt, row 2: " in told
    assert not (tmp_path / "out").exists()


def test_unreadable_files_are_skipped_and_named(collection: Path, built: Builder, tmp_path: Path) -> None:
    (collection / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(3000))
    music.write(collection / "silent.wav", 1, 0.0)
    table = tmp_path / "songs.csv"
    table.write_text("file,recording\nabai.wav,A\nnowhere.wav,N\n")
    report = built(collection, metadata=table)
    assert report.recordings == 4
    assert [Path(one.what).name for one in report.skipped] == ["nowhere.wav", "noise.mp3", "silent.wav"]
    assert "songs.csv, row 3, column file: there is no such file" in report.skipped[0].reason


def test_where_nothing_can_be_built_the_former_catalogue_stays(
    collection: Path, built: Builder, tmp_path: Path
) -> None:
    bad = tmp_path / "bad" / "a.wav"
    bad.parent.mkdir()
    bad.write_bytes(b"nothing")
    with pytest.raises(Refused, match="Nothing could be built") as caught:
        built(bad.parent, out=tmp_path / "never")
    assert "a.wav" in caught.value.message
    assert not (tmp_path / "never" / "catalogue.json").exists()


def test_one_sound_under_two_ids_is_reported_even_if_the_files_differ(
    collection: Path, built: Builder
) -> None:
    shutil.copy(collection / "abai.wav", collection / "copied.wav")
    shutil.copy(collection / "album" / "bayan.flac", collection / "retagged.flac")
    tagged = mutagen.File(collection / "retagged.flac")
    tagged["title"] = "Another name"
    tagged.save()
    assert built(collection).same_sound == (("abai", "copied"), ("bayan", "retagged"))


def test_a_large_part_gets_its_coarse_index(
    collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    music.write(collection / "long.wav", 60, 150.0, 8000)
    built(collection, coarse_from=300)
    with opened(tmp_path / "out") as catalogue:
        catalogue.verify()
        (part,) = catalogue.parts
        assert part.coarse is not None
        assert 0.4 * len(part.vectors) < len(part.coarse.codes) < 0.6 * len(part.vectors)
