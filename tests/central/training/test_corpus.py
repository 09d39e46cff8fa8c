"""The corpus: packages that are built here stand for those of the mirror; dpkg-deb and ffmpeg are real."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from central.training import corpus, decoding
from device.errors import Refused

RATE = 8000


def sound(path: Path, seconds: float, hertz: float = 440.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = f"sine=frequency={hertz}:duration={seconds}:sample_rate=22050"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-f", "ogg", "-c:a", "flac", str(path)],
        check=True,
    )
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the file of one listed package already lies: music, an effect, an archive, a nameless file."""
    folder = tmp_path_factory.mktemp("package")
    root = folder / "root"
    games = root / "usr/share/games/enigma"
    sound(games / "menu.ogg", 31.0)
    sound(games / "click.ogg", 0.5)
    sound(games / "hub", 32.0)
    (games / "broken.ogg").write_bytes(b"OggS, but not really")
    (games / "readme.txt").write_text("no sound")
    with zipfile.ZipFile(games / "level.pk3", "w") as archive:
        archive.write(sound(folder / "cave.ogg", 33.0), "../../music/cave.ogg")
        archive.writestr("texture.png", b"\x89PNG")
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        "Package: enigma-data\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: x\n"
    )
    debs = folder / "cache" / "debs"
    debs.mkdir(parents=True)
    subprocess.run(
        ["dpkg-deb", "-b", str(root), str(debs / "enigma-data_1_all.deb")], check=True, capture_output=True
    )
    return folder / "cache"


def test_a_package_gives_its_music_also_from_archives_and_without_an_ending(cache: Path) -> None:
    found = corpus.fetch(["enigma-data"], cache)
    assert sorted(path.name for path in found) == ["cave.ogg", "hub", "menu.ogg"]


def test_effects_are_given_when_their_length_is_asked_for(cache: Path) -> None:
    assert [path.name for path in corpus.fetch(["enigma-data"], cache, 0.1, 30.0)] == ["click.ogg"]


def test_an_archive_cannot_write_outside_its_package(cache: Path) -> None:
    for path in corpus.fetch(["enigma-data"], cache):
        assert path.resolve().is_relative_to((cache / "corpus" / "enigma-data").resolve())


def test_nothing_but_sound_is_unpacked(cache: Path) -> None:
    corpus.fetch(["enigma-data"], cache)
    names = {path.name for path in (cache / "corpus").rglob("*") if path.is_file()}
    assert names == {"menu.ogg", "click.ogg", "hub", "broken.ogg", "cave.ogg", "index.tsv"}


def test_decoded_music_is_8_khz_mono_and_as_long_as_asked(cache: Path) -> None:
    files = corpus.fetch(["enigma-data"], cache)
    lengths = [len(np.load(path)) / RATE for path in corpus.decode(files, cache)]
    assert lengths == pytest.approx(
        [float(path.name == "hub") + 31 + 2 * (path.name == "cave.ogg") for path in files], abs=0.05
    )
    shorter = decoding.read(files[0], seconds=2.0)
    assert shorter is not None
    assert len(shorter) / RATE == pytest.approx(2.0, abs=0.05)
    spectrum = np.abs(np.fft.rfft(shorter[:RATE]))
    assert spectrum.argmax() == pytest.approx(440, abs=1)


def test_some_tracks_of_each_package_that_is_there_will_do(cache: Path) -> None:
    corpus.fetch(["enigma-data"], cache)
    whole = corpus.decoded("test", "music", cache, only_fetched=True)
    assert len(whole) == 3
    assert corpus.decoded("test", "music", cache, only_fetched=True, most=2) == whole[:2]


def test_what_cannot_be_decoded_is_left_out(cache: Path) -> None:
    broken = corpus.fetch(["enigma-data"], cache, -1.0, 0.1)
    assert [path.name for path in broken] == ["broken.ogg"]
    assert corpus.decode(broken, cache) == []


def test_a_fetch_that_was_cut_off_is_done_again(cache: Path) -> None:
    first = corpus.fetch(["enigma-data"], cache)
    (cache / "corpus/enigma-data/index.tsv").unlink()
    first[0].write_bytes(b"half")
    assert corpus.fetch(["enigma-data"], cache) == first


def test_two_that_fetch_and_decode_at_once_do_not_disturb_each_other(cache: Path) -> None:
    (cache / "corpus/enigma-data/index.tsv").unlink(missing_ok=True)
    shutil.rmtree(cache / "decoded", ignore_errors=True)
    asked = (
        "import sys; from pathlib import Path; from central.training import corpus; cache = Path(sys.argv[1]); "
        "print(len(corpus.decode(corpus.fetch(['enigma-data'], cache), cache)))"
    )
    at_once = [
        subprocess.Popen([sys.executable, "-c", asked, str(cache)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in at_once] == ["3", "3"]
    assert [path.name for path in cache.rglob("*.part")] == []


def test_a_package_that_nobody_listed_is_refused(cache: Path) -> None:
    with pytest.raises(Refused, match="bash"):
        corpus.fetch(["bash"], cache)


def test_no_package_is_on_two_sides_of_the_split() -> None:
    sides: dict[str, set[str]] = {}
    for package in corpus.listed():
        sides.setdefault(package.name, set()).add(package.split)
    assert [name for name, splits in sides.items() if len(splits) > 1] == []
    assert len(sides) > 100


def test_no_list_gives_a_reserved_package() -> None:
    reserved = {package.name for package in corpus.listed() if package.split == "reserved"}
    given = {
        name
        for side in ("train", "test")
        for kind in ("music", "speech", "noise")
        for name in corpus.names(side, kind)
    }
    assert reserved
    assert not reserved & given


def test_what_is_in_the_cache_already_is_named_by_its_side(tmp_path: Path) -> None:
    assert corpus.fetched("test", "music", tmp_path) == []
    for name in ("freecol", "supertux-data"):  # a test and a train package
        folder = tmp_path / "corpus" / name
        folder.mkdir(parents=True)
        (folder / "index.tsv").write_text("")
    assert corpus.fetched("test", "music", tmp_path) == ["freecol"]
    assert corpus.fetched("train", "music", tmp_path) == ["supertux-data"]
