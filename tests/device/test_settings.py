"""Settings: one file, checked whole before anything starts."""

from pathlib import Path

import pytest

from device.errors import Refused
from device.settings import load

WHOLE = """
[box]
id = "estu-0001"
venue = "Abai theatre"
hall = "Small hall"
language = "kk"

[microphone]
device = "USB"

[paths]
log = "log.sqlite"
catalogue = "/srv/catalogue"

[broker]
url = "mqtts://broker.example:8883"
ca = "authority.pem"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_relative_paths_start_at_the_settings_file(tmp_path: Path) -> None:
    settings = load(written(tmp_path, WHOLE))
    assert settings.paths.log == tmp_path / "log.sqlite"
    assert settings.paths.catalogue == Path("/srv/catalogue")
    assert settings.broker.ca == tmp_path / "authority.pem"
    assert settings.sync_state == tmp_path / "sync.json"


def test_what_is_not_set_has_the_place_that_the_image_gives_it(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[box]\nid = "abc"\n[broker]\nurl = "mqtts://x"\n'))
    assert settings.paths.log == Path("/var/lib/estu/log.sqlite")
    assert settings.broker.certificate is None
    assert settings.microphone.device == ""


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ('id = "estu-0001"', 'id = "Estu 1"', "$.box.id"),
        ('id = "estu-0001"', 'id = "estu-0001\\n"', "$.box.id"),
        ('id = "estu-0001"', "", "$.box"),
        ('language = "kk"', 'language = "fr"', "$.box.language"),
        ('device = "USB"', "device = 3", "$.microphone.device"),
        ('device = "USB"', 'devise = "USB"', "devise"),
        ('log = "log.sqlite"', "log = 3", "path"),
        ('log = "log.sqlite"', 'log = ""', "path"),
        ("mqtts://broker.example:8883", "broker.example", "$.broker.url"),
        ('ca = "authority.pem"', 'fallback = "wss://broker.example"', "$.broker.fallback"),
        ('ca = "authority.pem"', 'fallback = ["ftp://broker.example"]', "$.broker.fallback"),
        ("[broker]", "[broker", "line"),
    ],
)
def test_a_fault_is_refused_and_named(tmp_path: Path, was: str, becomes: str, named: str) -> None:
    assert was in WHOLE
    with pytest.raises(Refused) as refusal:
        load(written(tmp_path, WHOLE.replace(was, becomes)))
    assert refusal.value.code == "settings-invalid"
    assert named in str(refusal.value)
    assert str(tmp_path / "settings.toml") in str(refusal.value)


def test_other_ways_to_the_broker_are_kept_in_their_order(tmp_path: Path) -> None:
    more = 'fallback = ["mqtts://broker.example:443", "wss://broker.example"]'
    settings = load(written(tmp_path, f"{WHOLE}{more}\n"))
    assert settings.broker.fallback == ("mqtts://broker.example:443", "wss://broker.example")


def test_settings_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00[box]")
    with pytest.raises(Refused):
        load(path)
