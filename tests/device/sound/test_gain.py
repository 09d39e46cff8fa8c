"""Gain: what amixer says is read, set and checked; against real mixers of a virtual card, and what a real card says."""

import pytest

from device.sound import gain
from device.sound.gain import Control, controls, read, set_gain
from tests.simulated.sound_card import MIXER, SoundCard

# What a C-Media 0d8c:0014 says.
USB_DONGLE = """\
Simple mixer control 'Speaker',0
  Capabilities: pvolume pswitch pswitch-joined
  Playback channels: Front Left - Front Right
  Limits: Playback 0 - 37
  Front Left: Playback 8 [22%] [-20.13dB] [on]
  Front Right: Playback 8 [22%] [-20.13dB] [on]
Simple mixer control 'Mic',0
  Capabilities: pvolume pvolume-joined cvolume cvolume-joined pswitch pswitch-joined cswitch cswitch-joined
  Playback channels: Mono
  Capture channels: Mono
  Limits: Playback 0 - 31 Capture 0 - 35
  Mono: Playback 23 [74%] [7.00dB] [off] Capture 28 [80%] [16.00dB] [on]
Simple mixer control 'Auto Gain Control',0
  Capabilities: pswitch pswitch-joined
  Playback channels: Mono
  Mono: Playback [on]
"""


def test_the_gain_and_the_automatic_one_are_found_and_the_loudspeaker_is_left_alone() -> None:
    assert controls(USB_DONGLE) == [
        Control("'Mic',0", 80, pytest.approx(100 / 35), automatic=False),
        Control("'Auto Gain Control',0", None, 0.0, automatic=True),
    ]


def test_of_several_channels_the_lowest_counts() -> None:
    two = USB_DONGLE.replace(
        "Capture 28 [80%] [16.00dB] [on]", "Capture 28 [80%] [on]\n  Right: Capture 7 [20%] [on]"
    )
    assert controls(two)[0].percent == 20


@pytest.mark.parametrize(
    "contents", ["", "nonsense", "Simple mixer control 'Mic',0\n", "Mono: Capture 28 [80%]"]
)
def test_a_mixer_without_gain_has_none(contents: str) -> None:
    assert controls(contents) == []


def test_gain_is_set_and_checked_on_a_real_mixer() -> None:
    with SoundCard() as card, card.shown():
        for percent in (0, 37, 100):
            assert set_gain(MIXER, percent)
            assert [control.percent for control in read(MIXER)] == [percent]
        assert set_gain(MIXER, None)
        assert [control.percent for control in read(MIXER)] == [100]


def test_a_card_without_a_mixer_is_heard_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    assert read("hw:77") == []
    assert not set_gain("hw:77", 50)
    assert "hw:77" in caplog.text


def test_a_mixer_that_does_not_obey_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[tuple[str, ...]] = []

    def stubborn(_mixer: str, *words: str) -> str:
        asked.append(words)
        return USB_DONGLE

    monkeypatch.setattr(gain, "_amixer", stubborn)
    assert not set_gain("hw:1", 80)
    assert "Auto Gain Control" in caplog.text
    assert ("sset", "'Auto Gain Control',0", "off") in asked
    assert ("sset", "'Mic',0", "capture", "80%", "cap") in asked
    monkeypatch.setattr(gain, "_amixer", lambda *_: USB_DONGLE.replace("Playback [on]", "Playback [off]"))
    assert set_gain("hw:1", 80)
    assert set_gain("hw:1", 82)  # between two positions
    assert not set_gain("hw:1", 60)
    assert "80 % instead of 60 %" in caplog.text


def test_without_amixer_nothing_is_set_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not set_gain("hw:1", 50)
