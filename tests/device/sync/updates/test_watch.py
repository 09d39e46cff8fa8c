"""The thread that looks again and again, and what it says of it."""

from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from device import updating
from device.settings import load
from device.sync.updates import state
from device.sync.updates.watch import Rhythm, Watch, watching
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import Shown, UpdatedBox
from tests.simulated.venue import wait_until

HASTY = Rhythm(every=0.05, first=0.0, first_pause=0.05, longest_pause=0.05)


def watch(box: UpdatedBox, server: UpdateServer) -> Watch:
    box.folder.mkdir(exist_ok=True)
    return Watch(box.order(server.url), Shown(box.now), box.folder / "updates.json", Event(), HASTY)


def said(box: UpdatedBox) -> state.UpdateState | None:
    return state.read(box.folder / "updates.json")


def test_what_is_published_comes_by_itself_and_is_told(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai")
    with watching(watch(box, server)):
        wait_until(lambda: (now := said(box)) and now.catalogue == 1, "the first catalogue is here")
        publisher.publish("abai", "bayan")
        publisher.publish_system("2027.1")
        wait_until(lambda: (now := said(box)) and now.system == "2027.1", "the system is here")
        wait_until(lambda: (now := said(box)) and now.catalogue == 2, "the second catalogue is here")
    told = said(box)
    assert told is not None
    assert (told.trouble, told.taken, told.checked) == (None, None, box.now)
    assert box.recordings == ["abai", "bayan"]


def test_what_fails_is_told_in_words_and_the_last_good_look_stays_known(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.publish("abai")
    with watching(watch(box, server)):
        wait_until(lambda: (now := said(box)) and now.catalogue == 1, "the catalogue is here")
    first = box.now
    box.now += timedelta(days=10)
    with watching(watch(box, server)):
        wait_until(lambda: (now := said(box)) and now.trouble, "the trouble is told")
    told = said(box)
    assert told is not None
    assert told.trouble is not None
    assert told.trouble.code == "updates-expired"
    assert "expired" in told.trouble.message
    assert (told.checked, told.catalogue, told.written) == (first, 1, box.now)
    assert caplog.text.count("[updates-expired]") == 1


def test_what_another_server_gave_is_forgotten(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    box.folder.mkdir()
    state.write(box.folder / "updates.json", state.UpdateState("elsewhere:443", box.now, box.now, 7))
    server.status = 503
    with watching(watch(box, server)):
        wait_until(lambda: (now := said(box)) and now.trouble, "the trouble is told")
    told = said(box)
    assert told is not None
    assert (told.catalogue, told.checked) == (None, None)


def test_a_state_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "updates.json"
    for damaged in (b"", b"{", b"\xff", b"[" * 10_000, b'{"server": 3}'):
        path.write_bytes(damaged)
        assert state.read(path) is None


def test_a_box_whose_settings_name_no_server_looks_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[box]\nid = "estu-0001"\n[broker]\nurl = "mqtt://127.0.0.1:1"\n')
    with updating.updating(load(path), Publisher(tmp_path / "platform").now, Event()):
        pass
    assert not (tmp_path / "updates").exists()


def test_a_box_takes_what_its_settings_say(
    publisher: Publisher, server: UpdateServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish("abai")
    path = tmp_path / "box" / "settings.toml"
    path.parent.mkdir()
    path.write_text(
        f'[box]\nid = "estu-0001"\n[broker]\nurl = "mqtt://127.0.0.1:1"\n'
        f'[paths]\nlog = "log.sqlite"\ncatalogue = "catalogue"\n'
        f'[updates]\nurl = "{server.url}"\nroot = "{publisher.root}"\nevery = 1\n'
    )
    chosen = load(path)
    monkeypatch.setattr(updating, "SystemClock", Shown)
    with updating.updating(chosen, publisher.now, Event()):
        wait_until(
            lambda: (now := state.read(chosen.update_state)) and now.catalogue == 1, "the catalogue is here"
        )
    told = state.read(chosen.update_state)
    assert told is not None
    assert told.trouble is None
    assert UpdatedBox(path.parent, publisher.root, publisher.now).recordings == ["abai"]
