"""A stock of sound, and the pieces in which it travels: what comes out is what went in."""

from pathlib import Path

import numpy as np
import pytest

from central.training import packs, stock
from device.errors import Refused

RATE = 8000


def tone(hertz: float, seconds: float) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.int16)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, np.ndarray]]:
    folder = tmp_path_factory.mktemp("sounds")
    music = []
    for number, hertz in enumerate((300, 700, 1500)):
        np.save(folder / f"{number}.npy", tone(hertz, 3.1 + number))
        music.append((f"game/{number}.npy", folder / f"{number}.npy"))
    np.save(folder / "voice.npy", tone(220, 2))
    rng = np.random.default_rng(1)
    voices = [folder / "voice.npy"]
    return list(stock.gather(music, voices, [], rng, bed_seconds=5, bed_sets=1, rooms=3))


@pytest.fixture(scope="module")
def made(sounds: list[tuple[str, str, np.ndarray]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "stock"
    stock.write(folder, sounds)
    return folder


def test_every_sound_of_a_stock_is_where_its_list_says(
    made: Path, sounds: list[tuple[str, str, np.ndarray]]
) -> None:
    opened = stock.read(made)
    for kind in stock.KINDS:
        held = getattr(opened, kind)
        given = [(label, samples) for what, label, samples in sounds if what == kind]
        assert [span.label for span in held.spans] == [label for label, _ in given]
        for number, (_, samples) in enumerate(given):
            np.testing.assert_array_equal(held.of(number), samples)
        assert all(span.begin % stock.BLOCK == 0 for span in held.spans)
        assert len(held.samples) % stock.BLOCK == 0


def test_a_room_in_a_stock_has_unit_energy_and_keeps_its_quiet_end(made: Path) -> None:
    for response in stock.read(made).responses():
        assert np.sum(np.square(response)) == pytest.approx(1.0, abs=1e-4)
        assert np.abs(response[len(response) // 2 :]).max() > 0


def test_a_folder_that_is_no_stock_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no stock"):
        stock.read(tmp_path)


def test_a_stock_travels_in_pieces_no_larger_than_asked(made: Path, tmp_path: Path) -> None:
    pieces = packs.pack(stock.read(made), tmp_path / "packs", largest=40_000)
    assert len(pieces) > 2
    assert all(piece.stat().st_size <= 40_000 for piece in pieces[:-1])
    stock.write(tmp_path / "there", packs.unpack(tmp_path / "packs"))
    here, there = stock.read(made), stock.read(tmp_path / "there")
    for kind in stock.KINDS:
        assert getattr(there, kind).spans == getattr(here, kind).spans
    np.testing.assert_array_equal(there.rooms.samples, here.rooms.samples)
    for number in range(3):
        alike = np.corrcoef(here.music.of(number), there.music.of(number))[0, 1]
        assert alike > 0.95, "a codec must neither shift nor garble music"


def test_a_missing_piece_is_named_and_a_broken_one_refused(made: Path, tmp_path: Path) -> None:
    pieces = packs.pack(stock.read(made), tmp_path, largest=40_000)
    pieces[1].rename(tmp_path / "elsewhere")
    with pytest.raises(Refused, match=f"{len(pieces) - 1} pieces of {len(pieces)}"):
        list(packs.unpack(tmp_path))
    content = bytearray((tmp_path / "elsewhere").read_bytes())
    content[len(content) // 3] ^= 0xFF
    pieces[1].write_bytes(content)
    with pytest.raises(Refused, match="cannot be read"):
        list(packs.unpack(tmp_path))


def test_packing_again_leaves_no_old_piece_behind(made: Path, tmp_path: Path) -> None:
    opened = stock.read(made)
    packs.pack(opened, tmp_path, largest=40_000)
    packs.pack(opened, tmp_path)
    assert [piece.name for piece in tmp_path.iterdir()] == ["piece-001.zip"]
