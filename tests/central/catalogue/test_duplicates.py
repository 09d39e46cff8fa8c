"""One sound under several ids: found while a catalogue is built, and told."""

from pathlib import Path

import numpy as np
import soundfile

from tests.central.catalogue import music
from tests.central.catalogue.conftest import Builder, Opener


def release(path: Path, sound: np.ndarray, rate: int = 8000) -> Path:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, sound, rate)
    return path


def slow(seed: int, seconds: float) -> np.ndarray:
    """Give a melody at a human pace, at 8 kHz."""
    return music.melody(seed, seconds / 3, 24000)


def test_a_re_release_is_found_and_a_remix_is_not(built: Builder, opened: Opener, tmp_path: Path) -> None:
    sound = slow(1, 24.0)
    folder = tmp_path / "music"
    release(folder / "single.wav", sound)
    # Another coding, softer, with another silence before it.
    release(folder / "best-of.ogg", 0.5 * np.concatenate([np.zeros(6000, dtype=np.float32), sound]))
    shuffled = np.concatenate(list(reversed(np.split(sound, 12))))
    release(folder / "remix.wav", shuffled)
    music.write(folder / "another.wav", 2, 24.0, 8000)
    report = built(folder)
    assert report.same_sound == (("best-of", "single"),)
    with opened(tmp_path / "out") as catalogue:
        numbers = {catalogue.recording(number).id: number for number in range(len(catalogue))}
        assert catalogue.same_sound(numbers["single"]) == (numbers["best-of"],)
        assert catalogue.same_sound(numbers["best-of"]) == (numbers["single"],)
        assert catalogue.same_sound(numbers["remix"]) == ()


def test_an_addition_is_compared_with_what_is_there(built: Builder, opened: Opener, tmp_path: Path) -> None:
    sound = slow(3, 12.0)
    folder = tmp_path / "music"
    release(folder / "first.wav", sound)
    built(folder)
    release(folder / "again.ogg", sound)
    release(folder / "again too.wav", sound)
    report = built(folder)
    assert report.same_sound == (("again", "again too", "first"),)
    with opened(tmp_path / "out") as catalogue:
        assert len(catalogue.parts) == 2
        first = catalogue.number("first")
        assert first is not None
        assert {catalogue.recording(other).id for other in catalogue.same_sound(first)} == {
            "again",
            "again too",
        }
    report = built(folder, withdrawn=withdrawn(tmp_path, "again"))
    with opened(tmp_path / "out") as catalogue:
        assert [catalogue.recording(other).id for other in catalogue.same_sound(first)] == ["again too"]


def withdrawn(tmp_path: Path, *ids: str) -> Path:
    path = tmp_path / "withdrawn.txt"
    path.write_text("\n".join(ids))
    return path
