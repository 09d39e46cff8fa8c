"""The X.509 forms of the authority: itself, boxes, servers and what is revoked (RFC 5280).

- One key signs for both sides, so the purpose is what keeps them apart: a box's certificate is good for nothing but
  a TLS client, a server's for nothing but a TLS server. A stolen box cannot pose as the broker.
- The authority can sign certificates but no further authority (path length 0).
- Every certificate begins a day early: clocks of laptops, boxes and brokers differ.
- A list of what is revoked does not grow stale: it reaches the broker by a technician's hand, and a broker that meets
  an overdue list shuts out all boxes (OpenSSL, `X509_V_ERR_CRL_HAS_EXPIRED`).
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=25 * 365)
BOX_LIFE = timedelta(days=10 * 365)  # a box has no way to renew, and should outlive its hardware
SERVER_LIFE = timedelta(days=397)  # short, since boxes are told of no revoked server
EARLY = timedelta(days=1)
LONGEST_COMMON_NAME = 64  # characters, RFC 5280, appendix A.1


@dataclass(frozen=True)
class Issuer:
    """The authority's certificate with its opened key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Revocation:
    """One certificate that counts no more."""

    serial: int
    when: datetime  # UTC
    reason: x509.ReasonFlags


def authority_certificate(key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> x509.Certificate:
    """Make the authority's own certificate, signed by itself."""
    subject = _name(name)
    return (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def box_certificate(
    issuer: Issuer, box: str, public_key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    """Make the certificate by which the broker knows a box.

    The common name is the box id, which the broker takes as the user name its access rules are written for; the
    alternative name is the `source` of the box's events.
    """
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:estu:box:{box}")]
    return _leaf(issuer, box, names, public_key, ExtendedKeyUsageOID.CLIENT_AUTH, now, BOX_LIFE)


def server_certificate(
    issuer: Issuer, names: list[str], public_key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    """Make a broker's certificate, good for every name and address in `names`."""
    alternatives = [general_name(name) for name in names]
    return _leaf(
        issuer,
        names[0][:LONGEST_COMMON_NAME],
        alternatives,
        public_key,
        ExtendedKeyUsageOID.SERVER_AUTH,
        now,
        SERVER_LIFE,
    )


def revocation_list(
    issuer: Issuer, number: int, revocations: Iterable[Revocation], now: datetime
) -> x509.CertificateRevocationList:
    """Make the list of what is revoked.

    Args:
        issuer: Who signs.
        number: Greater than that of every list before (RFC 5280, section 5.2.3).
        revocations: Everything that was ever revoked.
        now: UTC.
    """
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - EARLY)
        .next_update(issuer.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(identifier, critical=False)
    )
    for revocation in revocations:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(revocation.serial)
            .revocation_date(revocation.when)
            .add_extension(x509.CRLReason(revocation.reason), critical=False)
            .build()
        )
    return builder.sign(issuer.key, hashes.SHA256())


def general_name(name: str) -> x509.GeneralName:
    """Read a server's name as what TLS clients will look for: an address if it is one, else a host name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _leaf(
    issuer: Issuer,
    common_name: str,
    names: list[x509.GeneralName],
    public_key: ec.EllipticCurvePublicKey,
    purpose: x509.ObjectIdentifier,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    life = min(life, issuer.certificate.not_valid_after_utc - now)
    return (
        _builder(_name(common_name), issuer.certificate.subject, public_key, now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(identifier, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + life)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
