"""The pieces of a demonstration."""

import csv

import numpy as np
import pytest
import soundfile

from central.training import corpus
from demo.music import REPERTOIRE, Piece, audible, decode, owned, shelve
from device.errors import Refused

RATE = 8000


def written(path, seconds=4.0, frequency=440.0, silent_until=0.0):
    time = np.arange(int(seconds * RATE)) / RATE
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * frequency * time) * (time >= silent_until), RATE)
    return path


def rows():
    with REPERTOIRE.open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def test_no_model_was_trained_on_the_repertoire():
    assert {row["package"] for row in rows()} <= set(corpus.names("test"))


def test_tens_of_pieces_are_known_some_are_not_and_none_is_both():
    sides = {
        side: {(r["package"], r["file"]) for r in rows() if r["side"] == side}
        for side in ("known", "unknown")
    }
    assert 30 <= len(sides["known"]) <= 40
    assert 8 <= len(sides["unknown"]) <= 12
    assert len(rows()) == len(sides["known"] | sides["unknown"])


def test_some_of_a_users_music_is_kept_from_the_catalogue_always_the_same(tmp_path):
    for number in range(10):
        written(tmp_path / f"Piece {number}.wav", frequency=300 + number)
    (tmp_path / "cover.jpg").write_bytes(b"no music")
    first = owned(tmp_path)
    assert (len(first.known), len(first.unknown)) == (8, 2)
    assert owned(tmp_path) == first
    assert len({piece.recording for piece in first.known + first.unknown}) == 10


def test_one_file_under_two_names_is_one_piece(tmp_path):
    written(tmp_path / "a.wav", frequency=300)
    written(tmp_path / "b.wav", frequency=300)
    written(tmp_path / "c.wav", frequency=500)
    everything = owned(tmp_path)
    assert len(everything.known) == len(everything.unknown) == 1


def test_a_folder_with_one_piece_is_refused(tmp_path):
    written(tmp_path / "a.wav")
    with pytest.raises(Refused, match="1 pieces"):
        owned(tmp_path)


def test_the_shelf_names_what_is_on_it(tmp_path):
    piece = Piece("waltz-1", "Waltz, in A", "Жанна", written(tmp_path / "x.wav"))
    metadata = shelve([piece], tmp_path / "shelf")
    with metadata.open(newline="", encoding="utf-8") as table:
        (row,) = csv.DictReader(table)
    assert (row["recording"], row["title"], row["artist"]) == ("waltz-1", "Waltz, in A", "Жанна")
    assert (tmp_path / "shelf" / row["file"]).read_bytes() == piece.path.read_bytes()


def test_a_silent_begin_is_no_place_to_start_from(tmp_path):
    piece = Piece("late", "Late", "", written(tmp_path / "late.wav", seconds=10.0, silent_until=3.0))
    assert (audible(piece).start, audible(piece).end) == (3.0, 10.0)


def test_a_stretch_of_a_file_begins_where_asked(tmp_path):
    path = written(tmp_path / "late.wav", seconds=10.0, silent_until=3.0)
    samples = decode(path, RATE, start=2.5, seconds=1.0)
    assert len(samples) == RATE
    assert np.abs(samples[: RATE // 2 - 10]).max() < 1e-3
    assert np.abs(samples[RATE // 2 + 10 :]).max() > 0.2


def test_a_file_that_is_no_sound_is_refused_by_name(tmp_path):
    (tmp_path / "letter.ogg").write_text("Dear Sir")
    with pytest.raises(Refused, match=r"letter\.ogg"):
        decode(tmp_path / "letter.ogg", RATE)
