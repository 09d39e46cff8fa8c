"""A box's network, from what a technician says to the files on its card."""

import configparser
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.box import Box
from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import read_table
from provisioning.network import CABLE, Network, card_files
from provisioning.register import Register

Provision = Callable[..., int]
FIT = {"id": "estu-0001", "venue": "Кино", "hall": "1", "language": "ru"}


def sections(text: bytes) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text.decode())
    return parser


def wpa(text: bytes) -> dict[str, str]:
    lines = [line.strip() for line in text.decode().splitlines()]
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith(("#", "network")))


def test_a_box_of_which_nothing_is_said_takes_a_cable_and_dhcp() -> None:
    ((name, (content, mode)),) = card_files(CABLE).items()
    unit = sections(content)
    assert (name, mode) == ("10-estu-ethernet.network", 0o644)
    assert unit["Match"]["Type"] == "ether"
    assert unit["Network"]["DHCP"] == "yes"
    assert unit["Network"]["MulticastDNS"] == "yes"


def test_a_fixed_address_stands_on_the_cable() -> None:
    files = card_files(Network(address="192.0.2.10/24", gateway="192.0.2.1", dns="192.0.2.1, 192.0.2.2"))
    text = files["10-estu-ethernet.network"][0].decode()
    unit = sections(text.encode())
    assert unit["Network"]["DHCP"] == "no"
    assert unit["Network"]["Address"] == "192.0.2.10/24"
    assert unit["Network"]["Gateway"] == "192.0.2.1"
    assert [line for line in text.splitlines() if line.startswith("DNS=")] == [
        "DNS=192.0.2.1",
        "DNS=192.0.2.2",
    ]


def test_with_wifi_the_fixed_address_stands_there_and_the_cable_stays_for_whoever_comes() -> None:
    files = card_files(Network("Опера", "password", "192.0.2.10/24", "192.0.2.1", "192.0.2.1"))
    assert set(files) == {"10-estu-ethernet.network", "20-estu-wifi.network", "wpa_supplicant.conf"}
    cable, wifi = (sections(files[name][0]) for name in ("10-estu-ethernet.network", "20-estu-wifi.network"))
    assert cable["Network"]["DHCP"] == "yes"
    assert (wifi["Match"]["Type"], wifi["Network"]["Address"]) == ("wlan", "192.0.2.10/24")
    assert int(cable["DHCPv4"]["RouteMetric"]) < int(wifi["DHCPv4"]["RouteMetric"])


def test_the_key_of_the_wifi_is_that_of_the_standard() -> None:
    content, mode = card_files(Network("IEEE", "password"))["wpa_supplicant.conf"]
    told = wpa(content)
    # IEEE 802.11, annex J.4.2, the first test vector.
    assert told["psk"] == "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert bytes.fromhex(told["ssid"]) == b"IEEE"
    assert bytes.fromhex(told["sae_password"]) == b"password"
    assert told["country"] == "KZ"
    assert mode == 0o600, "whoever reads it is in the venue's network"


def test_an_open_wifi_has_no_key() -> None:
    told = wpa(card_files(Network("Қонақ"))["wpa_supplicant.conf"][0])
    assert told["key_mgmt"] == "NONE"
    assert "psk" not in told
    assert bytes.fromhex(told["ssid"]).decode() == "Қонақ"


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ({"ssid": "x" * 33}, "ssid"),
        ({"ssid": "Ұлттық опера театры"}, "ssid"),  # 19 characters, 36 bytes
        ({"ssid": "a\nb"}, "ssid"),
        ({"wifi_password": "password"}, "wifi_password"),
        ({"ssid": "x", "wifi_password": "short"}, "wifi_password"),
        ({"ssid": "x", "wifi_password": "құпиясөз"}, "wifi_password"),
        ({"address": "192.0.2.10", "gateway": "192.0.2.1", "dns": "192.0.2.1"}, "address"),
        ({"address": "192.0.2.0/24", "gateway": "192.0.2.1", "dns": "192.0.2.1"}, "address"),
        ({"address": "224.0.0.5/24", "gateway": "224.0.0.1", "dns": "192.0.2.1"}, "address"),
        ({"address": "192.0.2.10/24", "gateway": "198.51.100.1", "dns": "192.0.2.1"}, "gateway"),
        ({"address": "192.0.2.10/24", "gateway": "192.0.2.10", "dns": "192.0.2.1"}, "gateway"),
        ({"address": "192.0.2.10/24", "gateway": "router", "dns": "192.0.2.1"}, "gateway"),
        ({"address": "192.0.2.10/24", "gateway": "192.0.2.1", "dns": ""}, "dns"),
        ({"address": "192.0.2.10/24", "gateway": "192.0.2.1", "dns": "dns.example"}, "dns"),
        ({"gateway": "192.0.2.1"}, "gateway"),
    ],
)
def test_a_network_that_cannot_work_is_named(said: dict[str, str], column: str) -> None:
    assert [name for name, _ in Box.faults({**FIT, **said})] == [column]


@pytest.mark.parametrize(
    "said",
    [
        {"address": "2001:db8::10/64", "gateway": "fe80::1", "dns": "2001:db8::1"},
        {"address": "10.0.0.1/31", "gateway": "10.0.0.0", "dns": "10.0.0.0 9.9.9.9"},
        {"ssid": "Кинотеатр", "wifi_password": 'a "quoted" # one'},
    ],
)
def test_a_network_that_can_work_is_taken(said: dict[str, str]) -> None:
    assert Box.faults({**FIT, **said}) == []


def test_network_contract_and_microphone_of_a_batch_reach_the_card(
    provision: Provision, image: Path, platform_keys: Path, tmp_path: Path, register: Callable[[], Register]
) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text(
        "box;venue;hall;language;contract;microphone;ssid;wifi_password;address;gateway;dns\n"
        "estu-0001;Арсенал;Зал 3;ru;2026-118;0d8c:0014;Арсенал;пароль не тот;;;\n"
    )
    words = ["enrol", "--batch", table, "--platform-keys", platform_keys, "--broker", "mqtts://b.example"]
    assert provision(*words) == 1
    table.write_text(table.read_text().replace("пароль не тот", "the password"))
    assert provision(*words) == 0
    assert provision("label", "--support", "x", "--out", tmp_path / "labels.pdf") == 0
    assert provision("flash", image, tmp_path / "card.img", "--simulate") == 0
    data = DataPartition(tmp_path / "card.img", read_table(tmp_path / "card.img").data)
    told = wpa(data.read("network/wpa_supplicant.conf"))
    assert bytes.fromhex(told["sae_password"]) == b"the password"
    settings = data.read("etc-estu/settings.toml").decode()
    for line in (
        'contract = "2026-118"',
        'usb = "0d8c:0014"',
        'venue = "Арсенал"',
        'hall = "Зал 3"',
        'language = "ru"',
    ):
        assert line in settings.splitlines()
    (row,) = register().boxes()
    assert json.loads(row["network"]) == {"ssid": "Арсенал"}


def test_the_wifi_password_is_in_no_file_of_the_authority(
    declare: Callable[..., None], authority: Path, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("not to be found\n")
    declare("estu-0001", "--ssid", "Opera", "--wifi-password-file", tmp_path / "password")
    for path in authority.iterdir():
        assert b"not to be found" not in path.read_bytes()


def test_a_wifi_without_its_password_is_asked_for(
    provision: Provision, platform_keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["enrol", "estu-0001", "--venue", "a", "--hall", "b", "--language", "kk", "--ssid", "Opera"]
    assert provision(*words, "--platform-keys", platform_keys, "--broker", "mqtts://b.example") == 1
    assert "[wifi-password-missing]" in capsys.readouterr().err
