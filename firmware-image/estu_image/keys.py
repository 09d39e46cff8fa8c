"""The certificate that an image trusts its updates by. A release brings its own; for trials, one is made here."""

from pathlib import Path

from estu_image.program import run

_DAYS = "7300"
_FORM = """
[req]
distinguished_name = name
prompt = no
x509_extensions = use
[name]
CN = Estu, updates for trials
[use]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
subjectKeyIdentifier = hash
"""


def for_trials(folder: Path) -> tuple[Path, Path]:
    """Give a certificate and its key, made if there are none; the key is in the clear, for trials only.

    Args:
        folder: Outside the repository's files.

    Returns:
        The certificate and the key.

    Raises:
        Broken: openssl is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "updates.pem", folder / "updates-key.pem"
    if not certificate.exists():
        form = folder / "form.cnf"
        form.write_text(_FORM)
        run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                _DAYS,
                "-config",
                form,
                "-keyout",
                key,
                "-out",
                certificate,
            ]
        )
        key.chmod(0o600)
    return certificate, key
