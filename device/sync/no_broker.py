"""Why there is no broker, in words that help whoever stands before the box."""

import ssl

from device.errors import Waiting
from device.sync.link import Link

_CERTIFICATE_NOT_YET_VALID = 9  # OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID
_CERTIFICATE_EXPIRED = 10  # and X509_V_ERR_CERT_HAS_EXPIRED


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


def silent(link: Link) -> Waiting:
    """Name what takes a connection and does not greet."""
    return Waiting(
        "broker-silent",
        f"{link} takes the connection and says nothing.",
        "Wait; if it lasts, what answers there is not an MQTT broker.",
    )


def refused(link: Link, words: str) -> Waiting:
    """Name a broker that greets with a refusal."""
    return Waiting(
        "broker-refuses",
        f"{link} refuses us: {words}.",
        "The platform's operator must admit this certificate and name.",
    )


def closed(link: Link) -> Waiting:
    """Name a broker that hangs up before it greets."""
    return Waiting(
        "broker-closes",
        f"{link} closed the connection without a greeting.",
        "It may not know this certificate; the platform's operator can tell.",
    )


def unsubscribed(link: Link, topics: list[str]) -> Waiting:
    """Name a broker that does not let us read."""
    return Waiting(
        "broker-subscription",
        f"{link} does not let us read {', '.join(topics)}.",
        "The platform's operator must check the broker's access list.",
    )


def nonsense(link: Link, error: Exception) -> Waiting:
    """Name a broker that sends what is not MQTT."""
    return Waiting(
        "broker-nonsense", f"{link} sent what is not MQTT: {error}.", "Wait; the connection is made anew."
    )


def lost(link: Link, words: str | None) -> Waiting:
    """Name a connection that was there and broke, with the broker's own words if it said any."""
    why = "" if words is None else f": {words}"
    return Waiting("broker-lost", f"The connection to {link} is gone{why}.", "Wait; it is made anew.")
