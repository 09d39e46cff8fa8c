"""TLS to the broker: whom we trust, and what we show."""

import ssl

from device.errors import Waiting
from device.sync.link import Tls


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
