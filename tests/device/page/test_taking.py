"""What needs the code on the label."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from device import mute
from device.page import lock, taking
from device.record.keys import Jwks
from device.record.log_verification import verify_file
from device.record.reports import IncidentReport
from provisioning.settings_file import Places, settings
from tests.device.page import house as houses
from tests.device.page.conftest import Reader, Time, reader_of
from tests.device.page.house import CODE, NOW, House, play

Make = Callable[..., House]
NEEDS_CODE = [
    "/documents/log.jsonl",
    "/documents/support.zip",
    "/documents/report-2026-11.csv",
    "/documents/report-2026-11.xlsx",
    "/microphone",
]


@pytest.fixture
def own(small: Make, clock: Time) -> Reader:
    """A reader of a box of the test's own, signed in."""
    house = small(
        [(NOW, play(number, NOW - timedelta(hours=2, minutes=number))) for number in range(9)], waiting=2
    )
    houses.hears(house, NOW)
    reader = reader_of(house, clock)
    assert reader.enter() == 303
    return reader


@pytest.mark.parametrize("path", NEEDS_CODE)
def test_without_the_code_nothing_is_given(reader: Reader, path: str) -> None:
    answer = reader.client.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/enter")
    assert answer.content == b""


@pytest.mark.parametrize("path", NEEDS_CODE)
def test_with_it_everything_is(own: Reader, path: str) -> None:
    assert own.client.get(path, follow_redirects=False).status_code == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(reader: Reader) -> None:
    answer = reader.client.post("/enter", data={"code": CODE}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_after_the_code_one_is_back_where_one_wanted_to_go(reader: Reader) -> None:
    answer = reader.client.post("/enter", data={"code": CODE, "back": "/microphone"}, follow_redirects=False)
    assert answer.headers["location"] == "/microphone"


@pytest.mark.parametrize(
    "back", ["//evil.example", "http://evil.example/", "/\\evil.example", "javascript:1", "/leave"]
)
def test_the_way_back_never_leads_elsewhere(reader: Reader, back: str) -> None:
    assert "evil" not in reader.read(f"/enter?back={back}")
    answer = reader.client.post("/enter", data={"code": CODE, "back": back}, follow_redirects=False)
    assert answer.headers["location"] == "/documents"


def test_a_guesser_is_locked_out_with_words_and_a_time(reader: Reader, clock: Time) -> None:
    answers = [reader.client.post("/enter", data={"code": "WRONG"}) for _ in range(lock.TRIES)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403, 429]
    assert answers[-1].headers["retry-after"] == "61"
    assert reader.enter(CODE) == 429
    assert "1:00" in reader.read("/enter?lang=en")
    assert reader.client.get("/").status_code == 200  # reading goes on
    clock.pass_by(61)
    assert reader.enter(CODE) == 303


def test_a_box_without_a_code_says_so(small: Make, clock: Time) -> None:
    house = small()
    (house.folder / "label-code.scrypt").unlink()
    answer = reader_of(house, clock).client.post("/enter?lang=en", data={"code": CODE})
    assert answer.status_code == 503
    assert "label-code-absent" in answer.text


def test_signing_out_ends_it(own: Reader) -> None:
    token = own.token()
    stolen = dict(own.client.cookies)
    own.client.post("/leave", data={"token": token})
    own.client.cookies.update(stolen)
    assert own.client.get("/documents/log.jsonl", follow_redirects=False).status_code == 303


def test_the_signed_log_verifies_with_the_command_that_the_page_names(own: Reader, tmp_path: Path) -> None:
    command = re.search(r"<code>(estu verify [^<]+)</code>", own.read("/documents"))
    assert command
    _, _, name, _, boxes, _, platform = command[1].split()
    taken = tmp_path / name
    taken.write_bytes(own.client.get("/documents/log.jsonl").content)
    keys, platform_keys = (Jwks.load(own.house.folder / each) for each in (boxes, platform))
    found = verify_file(taken, keys, platform_keys)
    assert found.fault is None
    assert found.events == 9
    assert found.receipt
    assert found.receipt.through == 7


def test_a_log_of_several_pieces_is_whole(
    own: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_AT_ONCE", 2)
    taken = tmp_path / "log.jsonl"
    taken.write_bytes(own.client.get("/documents/log.jsonl").content)
    assert verify_file(taken, own.house.boxes, own.house.platform).events == 9


def test_a_download_of_a_log_that_is_gone_is_told_in_words(own: Reader) -> None:
    own.house.log.unlink()
    for path in NEEDS_CODE[2:4] + NEEDS_CODE[:1]:
        answer = own.client.get(path, headers={"accept-language": "en"})
        assert answer.status_code == 503
        assert "There are no records yet" in answer.text


def test_muting_writes_the_wish_and_unmuting_takes_it_back(own: Reader) -> None:
    wish = own.house.run / "muted"
    own.client.post("/microphone", data={"wish": "off", "token": own.token()})
    assert mute.read(wish) == mute.Mute(NOW, "page")
    assert "Switch the microphone on" in own.read("/?lang=en")
    own.client.post("/microphone", data={"wish": "on", "token": own.token()})
    assert mute.read(wish) is None


@pytest.mark.parametrize("token", ["", "wrong", None])
def test_a_form_without_the_sessions_token_mutes_nothing(own: Reader, token: str | None) -> None:
    form = {"wish": "off"} | ({"token": token} if token is not None else {})
    assert own.client.post("/microphone", data=form).status_code == 403
    assert mute.read(own.house.run / "muted") is None


def test_muting_without_a_session_mutes_nothing(reader: Reader) -> None:
    answer = reader.client.post("/microphone", data={"wish": "off"}, follow_redirects=False)
    assert answer.headers["location"].startswith("/enter")
    assert mute.read(reader.house.run / "muted") is None


def test_reading_never_mutes(own: Reader) -> None:
    own.client.get("/microphone?wish=off")
    assert mute.read(own.house.run / "muted") is None


def test_what_the_button_muted_the_page_cannot_end_and_says_so(
    own: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute.set_mute(own.house.run / "muted", "button", NOW)

    def not_ours(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))  # as a sticky folder answers

    monkeypatch.setattr(mute, "clear", not_ours)
    answer = own.client.post("/microphone?lang=en", data={"wish": "on", "token": own.token()})
    assert answer.status_code == 503
    assert "with the same button" in answer.text


def test_the_support_bundle_holds_nothing_secret(own: Reader) -> None:
    folder = own.house.folder
    for name in ("signing.pem", "tls-key.pem"):
        (folder / name).write_text(
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
        )
    with zipfile.ZipFile(io.BytesIO(own.client.get("/documents/support.zip").content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(files) == {
        "README.txt",
        "now.json",
        "settings.json",
        "software.json",
        "log.json",
        "events.jsonl",
    }
    everything = "\n".join(files.values())
    assert not re.search(
        r"BEGIN [A-Z ]+|PRIVATE|MC4CAQ|\$scrypt|\"d\":|\"embeddings\"|secret|someone", everything
    )
    assert CODE not in everything
    assert CODE.replace("-", "") not in everything
    assert (folder / "label-code.scrypt").read_text().split("$")[-1].strip() not in everything
    for title, author, performers, *_ in houses.PROGRAMME:
        assert title not in everything
        assert author not in everything
        assert performers not in everything


def test_the_support_bundle_tells_no_settings_by_way_of_an_incident(small: Make, clock: Time) -> None:
    """A password may stand in the broker's address, and a changed address in a signed incident."""
    address = {"broker": [None, "mqtts://someone:secret@broker.example"]}
    told = [
        (NOW, IncidentReport("settings-changed", "The settings changed.", {"changed": address})),
        (NOW, IncidentReport("microphone-lost", "It is gone.", {"usb": "1-1.2"})),
    ]
    reader = reader_of(small(told), clock)
    reader.enter()
    with zipfile.ZipFile(io.BytesIO(reader.client.get("/documents/support.zip").content)) as archive:
        events = archive.read("events.jsonl").decode()
    assert "settings-changed" in events
    assert "1-1.2" in events
    assert "secret" not in events


def test_the_support_bundle_helps(own: Reader) -> None:
    with zipfile.ZipFile(io.BytesIO(own.client.get("/documents/support.zip").content)) as archive:
        read = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}
    assert read["now.json"]["hearing"]["level_dbfs"] == -31.0
    assert read["now.json"]["code"] == "sync-stopped"
    assert read["settings.json"]["broker"] == {"scheme": "mqtts", "host": "broker.example", "port": 8883}
    assert read["settings.json"]["fallback"] == [{"scheme": "wss", "host": "broker.example", "port": 443}]
    assert read["settings.json"]["microphone"]["usb"] == "0d8c:0014"
    assert read["log.json"]["events"] == 9
    assert read["log.json"]["waiting"] == 2
    assert read["software.json"]["packages"]["starlette"]


def test_the_page_finds_the_code_where_enrolling_puts_it(tmp_path: Path) -> None:
    from device import settings as box_settings
    from provisioning.box import Box

    (tmp_path / "settings.toml").write_text(
        settings(Box("estu-0001", "Опера", "Зал", "kk"), "mqtts://b.example:8883", Places.shipped())
    )
    assert box_settings.load(tmp_path / "settings.toml").paths.label_code == Path(
        "/etc/estu/label-code.scrypt"
    )


def test_two_readers_do_not_share_a_session(own: Reader) -> None:
    other = TestClient(own.client.app, base_url=own.client.base_url)
    assert other.get("/documents/log.jsonl", follow_redirects=False).status_code == 303
