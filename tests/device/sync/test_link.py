"""Links: what a broker's URL may be."""

from pathlib import Path

import pytest

from device.errors import Refused
from device.sync.link import Tls, from_url


def test_a_url_names_host_port_and_tls() -> None:
    link = from_url("mqtts://mqtt.example.kz", "box-1", Path("ca"), Path("crt"), Path("key"))
    assert (link.host, link.port, link.transport, link.client) == ("mqtt.example.kz", 8883, "tcp", "box-1")
    assert link.tls == Tls(Path("ca"), Path("crt"), Path("key"))


def test_web_sockets_go_to_443_and_a_path() -> None:
    link = from_url("wss://mqtt.example.kz", "box-1")
    assert (link.port, link.transport, link.path) == (443, "websockets", "/mqtt")
    assert link.tls is not None
    assert from_url("wss://mqtt.example.kz:8443/other", "box-1").path == "/other"


@pytest.mark.parametrize("url", ["mqtt://127.0.0.1:1883", "mqtt://localhost", "ws://[::1]:8080/mqtt"])
def test_without_tls_only_loopback_is_reached(url: str) -> None:
    assert from_url(url, "box-1").tls is None


@pytest.mark.parametrize("url", ["mqtt://192.168.1.5", "mqtt://mqtt.example.kz:1883", "ws://10.0.0.1"])
def test_a_network_is_never_crossed_in_the_clear(url: str) -> None:
    with pytest.raises(Refused) as refused:
        from_url(url, "box-1")
    assert refused.value.code == "broker-plain"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "mqtt.example.kz",
            "https://mqtt.example.kz",
            "mqtts://",
            "mqtts://host:port",
            "mqtts://host:99999",
        ),
        *("mqtts://user:secret@host", "mqtts://host?x=1"),
    ],
)
def test_what_is_no_brokers_address_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        from_url(url, "box-1")
