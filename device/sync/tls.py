"""TLS to the broker: whom we trust, what we show, and what it means when it fails."""

import ssl

from device.errors import Waiting
from device.sync.link import Link, Tls

_CERTIFICATE_NOT_YET_VALID = 9  # OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID
_CERTIFICATE_EXPIRED = 10  # and X509_V_ERR_CERT_HAS_EXPIRED


def context(tls: Tls) -> ssl.SSLContext:
    """Trust the authority alone, check the broker's name, and show our certificate.

    Raises:
        Waiting: The certificates cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=None if tls.authority is None else str(tls.authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:  # ssl.SSLError is one
        raise Waiting(
            "tls-files",
            f"The certificates for the broker cannot be used: {error}.",
            "Check `ca`, `certificate` and `key` in the settings; the files may belong to another user.",
        ) from error
    return context


def unreachable(link: Link, error: Exception) -> Waiting:
    """Name the reason why a connection did not come about.

    A box whose clock is wrong finds every certificate expired, or not yet valid; so the clock is named first there.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        clock = error.verify_code in {_CERTIFICATE_NOT_YET_VALID, _CERTIFICATE_EXPIRED}
        return Waiting(
            "broker-untrusted",
            f"{link} is not the broker that we trust: {error.verify_message}.",
            "Check this box's clock first." if clock else "Check the address, and `ca` in the settings.",
        )
    if isinstance(error, ssl.SSLError):
        return Waiting(
            "broker-tls", f"TLS with {link} fails: {error.reason}.", "Wait; check the address and the port."
        )
    words = getattr(error, "strerror", None) or str(error)
    return Waiting(
        "broker-away", f"{link} cannot be reached: {words}.", "Wait; check the network and the address."
    )
