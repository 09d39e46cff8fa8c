"""The stage, set by the real commands: identities and the broker's doors."""

import socket
import ssl
from pathlib import Path

import pytest

from demo import broker
from demo.processes import Processes
from demo.stage import BOX, Places, Stage
from device import settings


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    here = Places(tmp_path_factory.mktemp("demo"))
    with Processes(here.words) as processes:
        stage = Stage(here, processes)
        stage.give_identities("")
        stage.open_platform()
        yield here
        processes.check()


def greeting(places, with_certificate: bool) -> bytes:
    """What the boxes' door answers to MQTT 5's CONNECT."""
    link = settings.load(places.settings).broker
    context = ssl.create_default_context(cafile=link.ca)
    if with_certificate:
        context.load_cert_chain(link.certificate, link.key)
    port = int(link.url.rpartition(":")[2])
    with (
        socket.create_connection((broker.HOST, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=broker.HOST) as door,
    ):
        name = BOX.encode()
        body = b"\x00\x04MQTT\x05\x02\x00\x3c\x00" + len(name).to_bytes(2, "big") + name
        door.sendall(bytes([0x10, len(body)]) + body)
        return door.recv(4)


def test_the_box_is_let_in_by_its_certificate(places):
    kind, _, _, reason = greeting(places, with_certificate=True)
    assert (kind, reason) == (0x20, 0)


def test_nobody_is_let_in_without_a_certificate(places):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        greeting(places, with_certificate=False)


def test_all_that_the_box_needs_lies_in_its_own_folder(places):
    chosen = settings.load(places.settings)
    assert chosen.box.id == BOX
    assert {chosen.paths.log.parent, chosen.paths.signing_key.parent, chosen.broker.key.parent} == {
        places.box
    }
    assert chosen.paths.catalogue.parent == places.box
    assert places.log == chosen.paths.log


def test_the_brokers_doors_are_two_ports_that_nobody_is_given_who_connects_meanwhile() -> None:
    doors = broker.free_doors()
    begins = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert doors.boxes != doors.platform
    assert max(doors.boxes, doors.platform) < begins
