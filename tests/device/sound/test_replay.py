"""Files of every kind come as blocks; what cannot be read is refused in words, and no ffmpeg is left behind."""

import os
import subprocess
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device.errors import Broken, Refused
from device.sound.replay import blocks, read

PITCH = 440.0


def make(path: Path, *options: str, source: str = f"sine={PITCH}:duration=3:sample_rate=44100") -> Path:
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(path)]
    subprocess.run(command, check=True)
    return path


def cut_short(path: Path, share: float) -> Path:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def pitch(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def children() -> list[str]:
    """Give the ffmpegs that this process has started and not reaped."""
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in started if Path(f"/proc/{pid}/comm").read_text().strip() == "ffmpeg"]


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("tone.wav", [], 44100),
        ("tone.wav", ["-c:a", "pcm_u8", "-ar", "11025"], 11025),
        ("tone.wav", ["-c:a", "pcm_s24le", "-ar", "96000"], 96000),
        ("tone.wav", ["-c:a", "pcm_f32le"], 44100),
        ("tone.ogg", ["-ac", "2"], 44100),
        ("tone.opus", [], 48000),
        ("tone.mp3", ["-ar", "22050"], 22050),
        ("tone.flac", ["-ac", "2", "-ar", "48000"], 48000),
        ("tone.m4a", [], 44100),
        ("surround.flac", ["-ac", "6"], 44100),
        ("-begins: with a dash & 'quotes' ән.wav", [], 44100),
    ],
)
def test_any_format_comes_as_mono_blocks_at_its_own_rate(
    tmp_path: Path, name: str, options: list[str], rate: int
) -> None:
    path = make(tmp_path / name, *options)
    heard = list(blocks(path, seconds_per_block=0.25))
    assert {block.rate for block in heard} == {rate}
    assert {block.lost for block in heard} == {0}
    assert [block.position for block in heard] == [i * round(0.25 * rate) for i in range(len(heard))]
    assert all(len(block.samples) == round(0.25 * rate) for block in heard[:-1])
    samples = np.concatenate([block.samples for block in heard])
    assert samples.dtype == np.float32
    assert len(samples) / rate == pytest.approx(3.0, abs=0.1)
    assert pitch(samples, rate) == pytest.approx(PITCH, abs=1.0)


def test_samples_come_unchanged(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, 20_000).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", sound, 8000, subtype="FLOAT")
    samples, rate = read(tmp_path / "noise.wav")
    assert rate == 8000
    np.testing.assert_array_equal(samples, sound)


@pytest.mark.parametrize(("left", "right", "mono"), [(0.5, 0.0, 0.25), (0.9, 0.9, 0.9), (0.5, -0.5, 0.0)])
def test_stereo_is_averaged(tmp_path: Path, left: float, right: float, mono: float) -> None:
    sound = np.stack([np.full(8000, left), np.full(8000, right)], axis=1)
    soundfile.write(tmp_path / "stereo.wav", sound, 8000)
    np.testing.assert_allclose(read(tmp_path / "stereo.wav")[0], mono, atol=1e-3)


def test_a_film_in_six_channels_stays_within_full_scale(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", np.full((8000, 6), 0.9), 8000)
    np.testing.assert_allclose(read(tmp_path / "loud.wav")[0], 0.9, atol=1e-3)


def test_a_broadcast_that_changes_its_rate_half_way_keeps_its_pitch_and_length(tmp_path: Path) -> None:
    first = make(tmp_path / "first.ogg")
    second = make(tmp_path / "second.ogg", "-ar", "22050")
    both = tmp_path / "both.ogg"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    samples, rate = read(both, report=lambda _: None)
    assert rate == 44100
    assert len(samples) / rate == pytest.approx(6.0, abs=0.1)
    assert pitch(samples[-2 * rate :], rate) == pytest.approx(PITCH, abs=1.0)


def test_a_file_with_cover_art_gives_its_sound(tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    make(cover, "-frames:v", "1", source="testsrc=size=300x300")
    plain = make(tmp_path / "plain.mp3")
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(plain),
        "-i",
        str(cover),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
    ]
    command += ["-id3v2_version", "3", "-disposition:v", "attached_pic", str(tmp_path / "art.mp3")]
    subprocess.run(command, check=True)
    np.testing.assert_array_equal(read(tmp_path / "art.mp3")[0], read(plain)[0])


def test_of_a_film_only_the_sound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    make(path, "-f", "lavfi", "-i", "testsrc=duration=3:size=64x64", "-c:v", "mpeg4")
    samples, rate = read(path)
    assert pitch(samples, rate) == pytest.approx(PITCH, abs=1.0)


def test_time_follows_from_the_position_and_not_from_a_clock(tmp_path: Path) -> None:
    path = make(tmp_path / "tone.wav")
    heard = list(blocks(path, seconds_per_block=1.0, start=1000.0))
    assert [block.monotonic for block in heard] == pytest.approx([1001.0, 1002.0, 1003.0])


def test_numbers_that_are_none_do_not_reach_the_model(tmp_path: Path) -> None:
    sound = np.array([0.1, np.nan, np.inf, -np.inf, 0.2] * 100, dtype=np.float32)
    soundfile.write(tmp_path / "broken.wav", sound, 8000, subtype="FLOAT")
    samples, _rate = read(tmp_path / "broken.wav")
    np.testing.assert_array_equal(samples, np.array([0.1, 0, 0, 0, 0.2] * 100, dtype=np.float32))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.wav", b"", "sound-file-unreadable"),
        ("noise.mp3", np.random.default_rng(0).bytes(5000), "sound-file-unreadable"),
        ("letter.txt", "Құрметті Ақан сері!\n".encode() * 9, "sound-file-unreadable"),
        ("playlist.m3u8", b"#EXTM3U\nhttp://localhost:9/a.mp3\n", "sound-file-unreadable"),
    ],
)
def test_what_is_not_sound_is_refused_in_the_words_of_ffmpeg(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as refusal:
        list(blocks(tmp_path / name))
    assert refusal.value.code == code
    assert str(tmp_path / name) in refusal.value.message
    assert "ffmpeg says: " in refusal.value.message
    assert not children()


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.wav") as refusal:
        list(blocks(tmp_path / "nowhere.wav"))
    assert refusal.value.code == "sound-file-missing"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Is a directory"):
        list(blocks(tmp_path))


def test_pictures_without_sound_are_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "silent.mp4", source="testsrc=duration=1:size=64x64")
    with pytest.raises(Refused) as refusal:
        list(blocks(path))
    assert refusal.value.code == "sound-file-without-sound"


def test_a_sound_of_no_length_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "zero.wav", np.empty(0), 44100)
    with pytest.raises(Refused) as refusal:
        list(blocks(tmp_path / "zero.wav"))
    assert refusal.value.code == "sound-file-without-sound"


def test_without_ffmpeg_the_box_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "tone.wav")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Broken, match="install") as broken:
        list(blocks(path))
    assert broken.value.code == "ffmpeg-missing"


@pytest.mark.parametrize("name", ["tone.flac", "tone.mp3", "tone.wav", "tone.m4a"])
def test_a_whole_file_brings_no_report(tmp_path: Path, name: str) -> None:
    reports: list[str] = []
    read(make(tmp_path / name), report=reports.append)
    assert reports == []


@pytest.mark.parametrize(
    ("name", "words"), [("tone.flac", "damaged"), ("tone.mp3", "short"), ("tone.wav", "damaged")]
)
def test_a_truncated_file_gives_what_can_be_read_and_says_so(tmp_path: Path, name: str, words: str) -> None:
    path = cut_short(make(tmp_path / name), 0.4)
    reports: list[str] = []
    samples, rate = read(path, report=reports.append)
    assert 0.5 < len(samples) / rate < 1.6
    assert pitch(samples, rate) == pytest.approx(PITCH, abs=2.0)
    (report,) = reports
    assert str(path) in report
    assert words in report


def test_a_file_damaged_throughout_is_one_complaint_and_does_not_hang(tmp_path: Path) -> None:
    path = make(tmp_path / "tone.flac", source="anoisesrc=duration=60:sample_rate=44100")
    whole = bytearray(path.read_bytes())
    whole[20_000::2_000] = bytes(len(whole[20_000::2_000]))
    path.write_bytes(whole)
    reports: list[str] = []
    list(blocks(path, report=reports.append))
    (report,) = reports
    assert len(report) < 1000


def test_no_ffmpeg_survives_a_reader_that_stops_early(tmp_path: Path) -> None:
    path = make(tmp_path / "tone.wav", source="sine=440:duration=60")
    reading = blocks(path)
    next(reading)
    assert len(children()) == 1
    reading.close()
    assert not children()


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    def peak(minutes: int) -> int:
        path = make(tmp_path / f"{minutes}.flac", source=f"sine=440:duration={60 * minutes}:sample_rate=8000")
        tracemalloc.start()
        try:
            assert sum(block.seconds for block in blocks(path)) == pytest.approx(60 * minutes)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(60) < peak(1) + 50_000


def test_a_short_file_costs_us_little_beside_the_start_of_ffmpeg(tmp_path: Path) -> None:
    path = make(tmp_path / "short.wav", source="sine=440:duration=1")
    before = time.process_time()
    for _ in range(20):
        read(path)
    assert time.process_time() - before < 20 * 0.15  # processor time; a busy machine's caches double it
