"""TLS to the broker: whom we trust, and what we show.

Rules:
1. We trust the authority alone, and the broker's name is always checked.
2. A clock that the network has set decides whether a certificate is valid.
3. A clock that nobody has set decides nothing: it may stand in 1970, before every certificate. Then a certificate is
   refused only if it ended before a moment that has surely passed, for waiting until the clock is set would keep a box
   for ever offline in a house that lets TLS through and NTP not.

The price of the third: until its clock is set, a box takes a broker's certificate that ended since its last event. Such a
broker needs the certificate's stolen key and the network between; it sees signed events, and cannot make receipts.
"""

import ssl
from datetime import UTC, datetime

from device.errors import Waiting
from device.host.clock import Instant, SystemClock
from device.sync.link import Tls

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL's <openssl/x509_vfy.h>; Python's `ssl` has no name for it.
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)


def context(tls: Tls, now: Instant | None = None) -> ssl.SSLContext:
    """Trust the authority alone, check the broker's name, and show our certificate.

    Args:
        tls: Whom to trust, and what to show.
        now: What the clock says; read here if not given and `tls` has a floor.

    Raises:
        Waiting: The certificates cannot be read.
    """
    if now is None and tls.floor is not None:
        now = SystemClock(tls.floor).now()
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
    if now is not None and now.state != "synchronised":
        _believe_no_clock_before(context, now.utc)
    return context


def _believe_no_clock_before(context: ssl.SSLContext, passed: datetime) -> None:
    """Let certificates count that have not ended at a moment which has surely passed."""

    class Dated(ssl.SSLSocket):
        """A connection that looks at the end of the other side's certificate itself."""

        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            certificate = self.getpeercert()
            ends = ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else 0
            if ends < passed.timestamp():
                ended = datetime.fromtimestamp(ends, UTC)
                error = ssl.SSLCertVerificationError(f"certificate has expired on {ended:%Y-%m-%d}")
                error.verify_message = f"certificate has expired on {ended:%Y-%m-%d}"
                error.verify_code = 10  # X509_V_ERR_CERT_HAS_EXPIRED
                self.close()
                raise error

    context.verify_flags |= _NO_CHECK_TIME
    context.sslsocket_class = Dated
