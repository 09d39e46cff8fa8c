"""A box is lost, replaced or at its end."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509

from tests.simulated.broker import free_port

# Debian puts it where only root looks.
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
Enrol = Callable[..., Path]
Provision = Callable[..., int]


def serial(folder: Path) -> int:
    return x509.load_pem_x509_certificate((folder / "tls.pem").read_bytes()).serial_number


def revoked(authority: Path) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((authority / "revoked.pem").read_bytes())


def test_a_retired_box_is_in_the_list_of_revoked_ones_with_its_reason(
    enrol: Enrol, provision: Provision, authority: Path
) -> None:
    lost, kept = enrol("estu-0001"), enrol("estu-0002")
    assert provision("retire", "estu-0001", "--reason", "lost") == 0
    entry = revoked(authority).get_revoked_certificate_by_serial_number(serial(lost))
    assert entry is not None
    assert (
        entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        == x509.ReasonFlags.key_compromise
    )
    assert revoked(authority).get_revoked_certificate_by_serial_number(serial(kept)) is None


def test_the_list_grows_and_its_number_rises(enrol: Enrol, provision: Provision, authority: Path) -> None:
    numbers, lengths = [], []
    for box in ("estu-0001", "estu-0002"):
        enrol(box)
        assert provision("retire", box, "--reason", "ended") == 0
        number = revoked(authority).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        numbers.append(number)
        lengths.append(len(list(revoked(authority))))
    assert lengths == [1, 2]
    assert 1 < numbers[0] < numbers[1]
    issuer = x509.load_pem_x509_certificate((authority / "authority.pem").read_bytes())
    assert revoked(authority).is_signature_valid(issuer.public_key())


def test_the_export_keeps_a_retired_box_and_says_so(
    enrol: Enrol, provision: Provision, tmp_path: Path
) -> None:
    enrol("estu-0001")
    enrol("estu-0002")
    assert provision("retire", "estu-0001", "--reason", "replaced") == 0
    assert provision("export", "--out", tmp_path / "boxes.jwks") == 0
    keys = json.loads((tmp_path / "boxes.jwks").read_text())["keys"]
    assert [(key["box"], key["status"]) for key in keys] == [
        ("estu-0001", "retired"),
        ("estu-0002", "active"),
    ]
    for key in keys:
        assert set(key) == {"kty", "crv", "x", "kid", "box", "venue", "use", "alg", "status"}
        assert (key["use"], key["alg"], key["venue"]) == ("sig", "EdDSA", "Абай атындағы опера")


@pytest.mark.parametrize(("box", "code"), [("estu-0001", "box-retired"), ("estu-0009", "box-unknown")])
def test_only_an_active_box_is_retired(
    enrol: Enrol,
    provision: Provision,
    authority: Path,
    capsys: pytest.CaptureFixture[str],
    box: str,
    code: str,
) -> None:
    enrol("estu-0001")
    assert provision("retire", "estu-0001", "--reason", "lost") == 0
    before = (authority / "revoked.pem").read_bytes()
    assert provision("retire", box, "--reason", "ended") == 1
    assert f"[{code}]" in capsys.readouterr().err
    assert (authority / "revoked.pem").read_bytes() == before


def test_a_retired_id_is_not_given_again(
    enrol: Enrol, provision: Provision, platform_keys: Path, tmp_path: Path
) -> None:
    enrol("estu-0001")
    assert provision("retire", "estu-0001", "--reason", "lost") == 0
    words = ["enrol", "estu-0001", "--venue", "Кино", "--hall", "1", "--language", "ru"]
    target = ["--platform-keys", platform_keys, "--broker", "mqtts://b.example", "--out", tmp_path / "again"]
    assert provision(*words, *target) == 1


def test_the_wrong_passphrase_retires_nobody(
    enrol: Enrol, provision: Provision, authority: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enrol("estu-0001")
    monkeypatch.setenv("ESTU_AUTHORITY_PASSPHRASE", "four other words here")
    assert provision("retire", "estu-0001", "--reason", "lost") == 1
    assert list(revoked(authority)) == []
    assert provision("export", "--out", tmp_path / "boxes.jwks") == 0
    assert json.loads((tmp_path / "boxes.jwks").read_text())["keys"][0]["status"] == "active"


@contextmanager
def broker(folder: Path, tls: Path, port: int) -> Iterator[None]:
    """A real mosquitto, set up with what `issue-server` has written."""
    lines = [
        f"listener {port} 127.0.0.1",
        f"cafile {tls / 'authority.pem'}",
        f"certfile {tls / 'server.pem'}",
        f"keyfile {tls / 'server-key.pem'}",
        f"crlfile {tls / 'revoked.pem'}",
        "require_certificate true",
        "use_identity_as_username true",
        *(["user root"] if os.getuid() == 0 else []),
    ]
    (folder / "mosquitto.conf").write_text("\n".join([*lines, ""]))
    running = subprocess.Popen([MOSQUITTO, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and running.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        running.terminate()
        running.wait()


def connects(card: Path, port: int) -> bool:
    """Whether the broker lets a box in, with nothing but what is on its card."""
    arrived: list[bool] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set(card / "authority.pem", card / "tls.pem", card / "tls-key.pem")
    client.on_connect = lambda *answer: arrived.append(not answer[3].is_failure)
    try:
        client.connect("127.0.0.1", port)
        deadline = time.monotonic() + 10
        while not arrived and time.monotonic() < deadline:
            if client.loop(0.1) != mqtt.MQTT_ERR_SUCCESS:
                return False
    except ssl.SSLError:
        return False
    client.disconnect()
    return arrived == [True]


def test_a_real_broker_lets_boxes_in_and_shuts_the_retired_one_out(
    enrol: Enrol, provision: Provision, authority: Path, tmp_path: Path
) -> None:
    lost, kept, tls = enrol("estu-0001"), enrol("estu-0002"), tmp_path / "tls"
    assert provision("authority", "issue-server", "broker.example", "127.0.0.1", "--out", tls) == 0
    port = free_port()
    with broker(tmp_path, tls, port):
        assert connects(lost, port)
        assert connects(kept, port)
    assert provision("retire", "estu-0001", "--reason", "lost") == 0
    (tls / "revoked.pem").write_bytes((authority / "revoked.pem").read_bytes())
    with broker(tmp_path, tls, port):
        assert not connects(lost, port)
        assert connects(kept, port)
