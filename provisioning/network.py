"""A box's network, as a technician declares it and as the image reads it from the card.

The image uses systemd-networkd, and wpa_supplicant where there is Wi-Fi: files in forms of long standing, no service
between them and the kernel, nothing on the D-Bus. A box with Wi-Fi takes a cable too: whoever plugs one in reaches it.
"""

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PRIVATE, PUBLIC = 0o600, 0o644
COUNTRY = "KZ"  # whose rules for the radio hold
_PASSPHRASE = re.compile(r"[ -~]{8,63}")  # IEEE 802.11, annex J.4
_LONGEST_SSID = 32  # bytes
_PARTS = re.compile(r"[\s,]+")

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclass(frozen=True)
class Network:
    """How a box reaches the world: by cable and DHCP if nothing is said."""

    ssid: str = ""  # name of the Wi-Fi; empty: a cable alone
    wifi_password: str = field(default="", repr=False)  # empty with an ssid: the Wi-Fi is open
    address: str = ""  # fixed, with the length of its prefix, such as 192.0.2.10/24; empty: DHCP
    gateway: str = ""
    dns: str = ""  # addresses of name servers, apart by spaces or commas

    def public(self) -> dict[str, str]:
        """Give what may be known: everything that was declared but the password."""
        told = {name: getattr(self, name) for name in ("ssid", "address", "gateway", "dns")}
        return {name: value for name, value in told.items() if value}


CABLE = Network()
COLUMNS = ("ssid", "wifi_password", "address", "gateway", "dns")


def faults(declared: Mapping[str, str]) -> list[tuple[str, str]]:
    """Find what is wrong with a declared network.

    Args:
        declared: The fields of a network by their names.

    Returns:
        Pairs of the field and a sentence without its full stop; empty if all is well.
    """
    found = []
    ssid, password = declared["ssid"], declared["wifi_password"]
    if len(ssid.encode()) > _LONGEST_SSID or not ssid.isprintable():
        found.append(("ssid", f"it is longer than {_LONGEST_SSID} bytes, or holds what cannot be printed"))
    if password and not ssid:
        found.append(("wifi_password", "it is given, but no ssid"))
    elif password and not _PASSPHRASE.fullmatch(password):
        found.append(("wifi_password", "it is not 8 to 63 characters of those on an English keyboard"))
    return found + _address_faults(declared["address"], declared["gateway"], declared["dns"])


def card_files(network: Network) -> dict[str, tuple[bytes, int]]:
    """Write what the image reads.

    Returns:
        Content and permissions of each file by its name in the folder `network` of the data partition.
    """
    fixed = _fixed(network) if network.address else "DHCP=yes\n"
    files = {
        # Kind=!* leaves out what is no hardware: bridges, tunnels (systemd.network(5)).
        "10-estu-ethernet.network": (
            _unit("Type=ether\nKind=!*", "DHCP=yes\n" if network.ssid else fixed, 100),
            PUBLIC,
        )
    }
    if network.ssid:
        files["20-estu-wifi.network"] = (_unit("Type=wlan", fixed, 600), PUBLIC)
        files["wpa_supplicant.conf"] = (_wpa_supplicant(network.ssid, network.wifi_password), PRIVATE)
    return files


def _unit(match: str, addresses: str, metric: int) -> bytes:
    """Write a systemd.network(5); the way with the lower metric is taken while both are up."""
    return (
        "# Written by estu-provision.\n"
        f"[Match]\n{match}\n\n"
        "[Link]\nRequiredForOnline=no\n\n"
        # An address of its own (169.254...) where nobody gives one: a laptop plugged in directly finds the page.
        f"[Network]\n{addresses}LinkLocalAddressing=yes\nMulticastDNS=yes\n\n"
        f"[DHCPv4]\nRouteMetric={metric}\nClientIdentifier=mac\n\n"
        f"[IPv6AcceptRA]\nRouteMetric={metric}\n"
    ).encode()


def _fixed(network: Network) -> str:
    servers = "".join(f"DNS={server}\n" for server in _servers(network.dns))
    return f"DHCP=no\nAddress={network.address}\nGateway={network.gateway}\n{servers}"


def _wpa_supplicant(ssid: str, password: str) -> bytes:
    """Write a wpa_supplicant.conf(5) for WPA2 and WPA3; names are in hexadecimal, which needs no quoting."""
    if password:
        key = hashlib.pbkdf2_hmac(
            "sha1", password.encode(), ssid.encode(), 4096, 32
        )  # IEEE 802.11, annex J.4
        credentials = (
            f"    key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE\n    psk={key.hex()}\n"
            f"    sae_password={password.encode().hex()}\n    ieee80211w=1\n"
        )
    else:
        credentials = "    key_mgmt=NONE\n"
    return (
        "# Written by estu-provision.\n"
        f"country={COUNTRY}\nupdate_config=0\n\n"
        f"network={{\n    ssid={ssid.encode().hex()}\n    scan_ssid=1\n{credentials}}}\n"
    ).encode()


def _address_faults(address: str, gateway: str, dns: str) -> list[tuple[str, str]]:
    if not address:
        return [
            (name, "it is given, but no address")
            for name, value in (("gateway", gateway), ("dns", dns))
            if value
        ]
    found = []
    fixed = _interface(address)
    if fixed is None:
        found.append(("address", f'"{address}" is not an address with its prefix, such as 192.0.2.10/24'))
    elif not _usable(fixed):
        found.append(("address", f'"{address}" is no address that one box can have'))
    way = _ip(gateway)
    if way is None:
        found.append(("gateway", f'"{gateway}" is not an IP address'))
    elif fixed is not None and (way == fixed.ip or not (way in fixed.network or way.is_link_local)):
        found.append(("gateway", f'"{gateway}" is not another address of the network {fixed.network}'))
    wrong = [server for server in _servers(dns) if _ip(server) is None]
    if wrong or not _servers(dns):
        found.append(("dns", f'"{", ".join(wrong)}" is not an IP address; at least one is needed'))
    return found


def _usable(fixed: Address) -> bool:
    odd = fixed.ip.is_multicast or fixed.ip.is_unspecified or fixed.ip.is_loopback
    reserved = fixed.version == 4 and fixed.network.prefixlen < 31
    return not odd and not (
        reserved and fixed.ip in (fixed.network.network_address, fixed.network.broadcast_address)
    )


def _interface(text: str) -> Address | None:
    try:
        return ipaddress.ip_interface(text) if "/" in text else None
    except ValueError:
        return None


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _servers(dns: str) -> list[str]:
    return [server for server in _PARTS.split(dns.strip()) if server]
