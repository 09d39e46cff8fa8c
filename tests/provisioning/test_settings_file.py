"""The settings a box starts with."""

import tomllib
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import settings as box_settings
from device.errors import Refused
from provisioning.box import Box
from provisioning.settings_file import Places, broker_url, settings

PRINTABLE = st.text(min_size=1, max_size=120).filter(
    lambda text: text.isprintable() and text.strip() == text != ""
)
BOX = Box("estu-0001", 'Театр "Сәуле"', "Main \\ hall", "ru", "USB PnP")


@given(venue=PRINTABLE, hall=PRINTABLE, microphone=st.one_of(st.just(""), PRINTABLE))
def test_any_declaration_comes_back_from_the_file_as_it_was(venue: str, hall: str, microphone: str) -> None:
    box = Box("estu-0001", venue, hall, "kk", microphone)
    read = tomllib.loads(settings(box, "mqtts://broker.example:8883", Places.shipped()))
    assert read["box"] == {"id": "estu-0001", "venue": venue, "hall": hall, "language": "kk"}
    assert read["microphone"] == {"device": microphone}


def test_the_box_reads_the_file_that_provisioning_writes(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(settings(BOX, "mqtts://broker.example:8883", Places.shipped()))
    read = box_settings.load(path)
    assert (read.box.id, read.box.venue, read.box.hall, read.box.language) == (
        BOX.id,
        BOX.venue,
        BOX.hall,
        "ru",
    )
    assert read.microphone.device == "USB PnP"
    assert read.paths.log == Path("/var/lib/estu/log.sqlite")
    assert read.paths.catalogue == Path("/var/lib/estu/catalogue")
    assert read.paths.signing_key == Path("/etc/estu/signing.pem")
    assert read.broker.url == "mqtts://broker.example:8883"
    assert read.broker.ca == Path("/etc/estu/authority.pem")
    assert read.broker.certificate == Path("/etc/estu/tls.pem")
    assert read.broker.key == Path("/etc/estu/tls-key.pem")
    assert read.broker.platform_keys == Path("/etc/estu/platform.jwks")


def test_below_a_prefix_every_path_is_below_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(settings(BOX, "mqtt://localhost:1883", Places.below(PurePosixPath("/build/demo"))))
    read = box_settings.load(path)
    paths = [*vars_of(read.paths), *vars_of(read.broker)]
    assert len(paths) == 9
    assert all(str(each).startswith("/build/demo/") for each in paths)


def vars_of(table: object) -> list[Path]:
    return [
        each for each in (getattr(table, name) for name in table.__struct_fields__) if isinstance(each, Path)
    ]


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("mqtts://broker.example", "mqtts://broker.example:8883"),
        ("mqtts://192.0.2.1:443", "mqtts://192.0.2.1:443"),
        ("mqtts://[2001:db8::1]:8883", "mqtts://[2001:db8::1]:8883"),
        ("wss://broker.example", "wss://broker.example:443"),
        ("mqtt://localhost", "mqtt://localhost:1883"),
        ("mqtt://127.0.0.1:1884", "mqtt://127.0.0.1:1884"),
    ],
)
def test_a_fit_url_gets_its_port(given_url: str, url: str) -> None:
    assert broker_url(given_url) == url


@pytest.mark.parametrize("url", ["mqtt://broker.example", "ws://192.0.2.1", "mqtt://127.0.0.1.example"])
def test_no_event_may_go_unencrypted_over_a_network(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        broker_url(url)
    assert refusal.value.code == "broker-url-open"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker.example",
        "https://a",
        "mqtts://",
        "mqtts://a:0",
        "mqtts://a:65536",
        "mqtts://u:p@a",
        "mqtts://a/b",
    ],
)
def test_what_is_no_brokers_url_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        broker_url(url)
    assert refusal.value.code == "broker-url-faulty"
