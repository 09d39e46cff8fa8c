"""A certificate authority, as a platform has one for its boxes, one for its receivers and one for its servers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Authority:
    """Issues certificates for P-256 keys, and takes them back."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    revoked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sign its own certificate."""
        self.certificate = self._signed(self._builder(self.name, self.key.public_key(), authority=True))

    def write_certificate(self, path: Path) -> None:
        """Write its own certificate."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, certificate: Path, key: Path, days: float = 1.0) -> int:
        """Make a key and a certificate for a name, write both, and give the certificate's serial number.

        Args:
            name: The common name.
            certificate: Where to write it.
            key: Where to write its key.
            days: How long it is valid yet; less than none: it has expired.
        """
        private = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, private.public_key(), authority=False, days=days)
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        signed = self._signed(builder.add_extension(names, critical=False))
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return signed.serial_number

    def write_revoked(self, path: Path) -> None:
        """Write the list of certificates that were taken back."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(
            self.certificate.subject, now - timedelta(hours=1), now + timedelta(days=1)
        )
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder(serial, now - timedelta(hours=1)).build()
            builder = builder.add_revoked_certificate(entry)
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, name: str, key: ec.EllipticCurvePublicKey, authority: bool, days: float = 1.0
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        return x509.CertificateBuilder(
            issuer_name=issuer,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=2),
            not_valid_after=now + timedelta(days=days),
            extensions=[
                x509.Extension(x509.BasicConstraints.oid, True, x509.BasicConstraints(authority, None))
            ],
        )

    def _signed(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self.key, hashes.SHA256())
