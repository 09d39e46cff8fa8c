"""The authority's certificates, as others verify them: the `cryptography` library and OpenSSL inside Python's TLS."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from provisioning.certificates import (
    BOX_LIFE,
    Issuer,
    Revocation,
    authority_certificate,
    box_certificate,
    revocation_list,
    server_certificate,
)

NOW = datetime.now(UTC).replace(microsecond=0)  # TLS checks against the machine's clock


def new_issuer() -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    return Issuer(authority_certificate(key, "Estu authority 1", NOW), key)


@pytest.fixture
def issuer() -> Issuer:
    return new_issuer()


@pytest.fixture
def box_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def server_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def policy(issuer: Issuer, when: datetime) -> PolicyBuilder:
    return PolicyBuilder().store(Store([issuer.certificate])).time(when)


def test_a_boxs_certificate_verifies_and_names_the_box(
    issuer: Issuer, box_key: ec.EllipticCurvePrivateKey
) -> None:
    certificate = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    verified = policy(issuer, NOW).build_client_verifier().verify(certificate, [])
    assert verified.chain == [certificate, issuer.certificate]
    assert certificate.subject.rfc4514_string() == "CN=estu-0001"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:estu:box:estu-0001"]


def test_a_boxs_certificate_lasts_its_ten_years_and_no_longer(
    issuer: Issuer, box_key: ec.EllipticCurvePrivateKey
) -> None:
    certificate = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    policy(issuer, NOW + BOX_LIFE - timedelta(hours=1)).build_client_verifier().verify(certificate, [])
    with pytest.raises(VerificationError):
        policy(issuer, NOW + BOX_LIFE + timedelta(hours=1)).build_client_verifier().verify(certificate, [])


def test_no_certificate_outlives_its_authority(issuer: Issuer, box_key: ec.EllipticCurvePrivateKey) -> None:
    late = issuer.certificate.not_valid_after_utc - timedelta(days=30)
    certificate = box_certificate(issuer, "estu-0001", box_key.public_key(), late)
    assert certificate.not_valid_after_utc == issuer.certificate.not_valid_after_utc


def test_a_clock_that_is_hours_behind_still_accepts_a_new_box(
    issuer: Issuer, box_key: ec.EllipticCurvePrivateKey
) -> None:
    certificate = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    policy(issuer, NOW - timedelta(hours=20)).build_client_verifier().verify(certificate, [])


def test_another_authoritys_box_is_refused(issuer: Issuer, box_key: ec.EllipticCurvePrivateKey) -> None:
    certificate = box_certificate(new_issuer(), "estu-0001", box_key.public_key(), NOW)
    with pytest.raises(VerificationError):
        policy(issuer, NOW).build_client_verifier().verify(certificate, [])


def test_a_box_cannot_issue_certificates(issuer: Issuer, box_key: ec.EllipticCurvePrivateKey) -> None:
    box = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    forged = box_certificate(Issuer(box, box_key), "estu-0002", box_key.public_key(), NOW)
    with pytest.raises(VerificationError):
        policy(issuer, NOW).build_client_verifier().verify(forged, [box])


@pytest.mark.parametrize("name", ["broker.example", "mqtt.broker.example"])
def test_a_servers_certificate_is_good_for_each_of_its_names(
    issuer: Issuer, server_key: ec.EllipticCurvePrivateKey, name: str
) -> None:
    names = ["broker.example", "mqtt.broker.example", "192.0.2.10", "2001:db8::1"]
    certificate = server_certificate(issuer, names, server_key.public_key(), NOW)
    policy(issuer, NOW).build_server_verifier(x509.DNSName(name)).verify(certificate, [])
    address = x509.IPAddress(IPv4Address("192.0.2.10"))
    policy(issuer, NOW).build_server_verifier(address).verify(certificate, [])
    with pytest.raises(VerificationError):
        policy(issuer, NOW).build_server_verifier(x509.DNSName("other.example")).verify(certificate, [])


class Peer:
    """One end of a TLS connection that has no network."""

    def __init__(
        self,
        folder: Path,
        issuer: Issuer,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        *,
        serves: bool,
        revoked: x509.CertificateRevocationList | None = None,
    ) -> None:
        folder.mkdir()
        trusted, own, own_key = folder / "ca.pem", folder / "own.pem", folder / "key.pem"
        trusted.write_bytes(
            issuer.certificate.public_bytes(Encoding.PEM)
            + (revoked.public_bytes(Encoding.PEM) if revoked is not None else b"")
        )
        own.write_bytes(certificate.public_bytes(Encoding.PEM))
        own_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if serves else ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(trusted)
        context.load_cert_chain(own, own_key)
        if revoked is not None:
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if serves else "broker.example"
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=serves, server_hostname=name)


def shake_hands(client: Peer, server: Peer) -> dict[str, object]:
    """Let both sides check each other, and give the client's certificate as the server read it."""
    for _ in range(6):
        for one, other in ((client, server), (server, client)):
            with contextlib.suppress(ssl.SSLWantReadError):
                one.tls.do_handshake()
            other.incoming.write(one.outgoing.read())
    certificate = server.tls.getpeercert()
    assert certificate is not None
    return certificate


def test_a_box_and_a_broker_accept_each_other(
    tmp_path: Path,
    issuer: Issuer,
    box_key: ec.EllipticCurvePrivateKey,
    server_key: ec.EllipticCurvePrivateKey,
) -> None:
    box = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    server = server_certificate(issuer, ["broker.example"], server_key.public_key(), NOW)
    empty = revocation_list(issuer, 1, [], NOW)
    seen = shake_hands(
        Peer(tmp_path / "box", issuer, box, box_key, serves=False),
        Peer(tmp_path / "server", issuer, server, server_key, serves=True, revoked=empty),
    )
    assert seen["subject"] == ((("commonName", "estu-0001"),),)


def test_a_stolen_box_cannot_pose_as_the_broker(
    tmp_path: Path, issuer: Issuer, box_key: ec.EllipticCurvePrivateKey
) -> None:
    box = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    with pytest.raises(
        ssl.SSLCertVerificationError, match=r"unsuitable certificate purpose|unsupported certificate"
    ):
        shake_hands(
            Peer(tmp_path / "box", issuer, box, box_key, serves=False),
            Peer(tmp_path / "server", issuer, box, box_key, serves=True),
        )


def test_a_broker_cannot_pose_as_a_box(
    tmp_path: Path, issuer: Issuer, server_key: ec.EllipticCurvePrivateKey
) -> None:
    server = server_certificate(issuer, ["broker.example"], server_key.public_key(), NOW)
    with pytest.raises(
        ssl.SSLCertVerificationError, match=r"unsuitable certificate purpose|unsupported certificate"
    ):
        shake_hands(
            Peer(tmp_path / "box", issuer, server, server_key, serves=False),
            Peer(tmp_path / "server", issuer, server, server_key, serves=True),
        )


def test_a_revoked_box_is_shut_out_and_its_neighbour_is_not(
    tmp_path: Path,
    issuer: Issuer,
    box_key: ec.EllipticCurvePrivateKey,
    server_key: ec.EllipticCurvePrivateKey,
) -> None:
    lost = box_certificate(issuer, "estu-0001", box_key.public_key(), NOW)
    kept = box_certificate(issuer, "estu-0002", box_key.public_key(), NOW)
    server = server_certificate(issuer, ["broker.example"], server_key.public_key(), NOW)
    revocation = Revocation(lost.serial_number, NOW, x509.ReasonFlags.key_compromise)
    revoked = revocation_list(issuer, 2, [revocation], NOW)

    def broker(name: str) -> Peer:
        return Peer(tmp_path / name, issuer, server, server_key, serves=True, revoked=revoked)

    seen = shake_hands(Peer(tmp_path / "kept", issuer, kept, box_key, serves=False), broker("first"))
    assert seen["subject"] == ((("commonName", "estu-0002"),),)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        shake_hands(Peer(tmp_path / "lost", issuer, lost, box_key, serves=False), broker("second"))


def test_the_list_of_revoked_boxes_never_goes_stale(issuer: Issuer) -> None:
    revoked = revocation_list(issuer, 7, [], NOW)
    assert revoked.is_signature_valid(issuer.key.public_key())
    assert revoked.next_update_utc == issuer.certificate.not_valid_after_utc
    assert revoked.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
