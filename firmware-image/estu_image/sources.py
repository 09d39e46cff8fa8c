"""Where Debian's packages come from: this machine's own mirrors, asked for the image's release.

Nothing of them is written into the repository: the file is made anew for each build.
"""

from pathlib import Path

from device.errors import Broken
from estu_image.program import run

RELEASE = "trixie"
ARCHITECTURE = "arm64"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_COMPONENTS = "main non-free-firmware"  # the latter for what the Pi's other processor runs
_SUITES = {
    "Debian": f"{RELEASE} {RELEASE}-updates",
    "Debian-Security": f"{RELEASE}-security",
}


def mirrors() -> dict[str, str]:
    """Ask apt which mirrors this machine uses, by their label (`Debian`, `Debian-Security`).

    Raises:
        Broken: It uses none of Debian's, or was never updated.
    """
    told = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"]
    )
    found: dict[str, str] = {}
    for line in told.splitlines():
        origin, label, uri = line.split("|")
        if origin == "Debian":
            found.setdefault(label, uri.rstrip("/"))
    missing = sorted(_SUITES.keys() - found.keys())
    if missing:
        raise Broken(
            "mirror-missing",
            f"apt on this machine has no source labelled {', '.join(missing)}.",
            "Build on Debian with its security updates configured, after `apt-get update`.",
        )
    return found


def written(mirrors: dict[str, str]) -> str:
    """Write the sources of the image's release in deb822 form, for packages of the image's architecture."""
    return "\n".join(
        f"Types: deb\nURIs: {mirrors[label]}\nSuites: {suites}\nComponents: {_COMPONENTS}\n"
        f"Architectures: {ARCHITECTURE}\nSigned-By: {_KEYRING}\n"
        for label, suites in _SUITES.items()
    )


def apt_settings() -> str:
    """Give this machine's own ways to fetch (proxies, limits, dates) as a file for another apt."""
    told = run(["apt-config", "dump"])
    kept = [
        line for line in told.splitlines() if line.startswith("Acquire::") and "::IndexTargets" not in line
    ]
    return "\n".join([*kept, 'Acquire::Languages "none";', 'APT::Sandbox::User "root";', ""])


class Apt:
    """An apt of its own, for packages of the image's release, that shares nothing with this machine's."""

    def __init__(self, folder: Path) -> None:
        """Set it up and fetch the lists.

        Args:
            folder: Its own.

        Raises:
            Broken: The lists cannot be had.
        """
        for each in ("lists/partial", "archives/partial", "etc"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "etc" / "image.sources").write_text(written(mirrors()))
        settings = folder / "apt.conf"
        settings.write_text(
            apt_settings() + f'Dir::State "{folder}";\nDir::State::Lists "{folder}/lists";\n'
            f'Dir::State::status "{folder}/status";\nDir::Cache "{folder}";\n'
            f'Dir::Etc::sourcelist "{folder}/etc/image.sources";\nDir::Etc::sourceparts "-";\n'
            f'APT::Architecture "{ARCHITECTURE}";\nAPT::Architectures {{ "{ARCHITECTURE}"; }};\n'
        )
        self._folder = folder
        self._environment = {"APT_CONFIG": str(settings)}
        run(["apt-get", "update", "--error-on=any"], self._environment)

    def depends(self, package: str, begins: str) -> str:
        """Name the package that a metapackage stands for.

        Raises:
            Broken: There is none.
        """
        told = run(["apt-cache", "depends", "--important", package], self._environment)
        for line in told.splitlines():
            kind, _, name = line.strip().partition(": ")
            if kind == "Depends" and name.startswith(begins):
                return name
        raise Broken(
            "package-missing", f"{package} depends on no {begins}...", f"Look at `apt-cache show {package}`."
        )

    def fetch(self, package: str) -> Path:
        """Fetch one package without those it depends on; apt checks Debian's signature and the digest.

        Returns:
            The .deb.

        Raises:
            Broken: It cannot be had.
        """
        into = self._folder / "debs" / package
        into.mkdir(parents=True, exist_ok=True)
        for old in into.glob("*.deb"):
            old.unlink()
        run(["apt-get", "download", package], self._environment, into)
        return next(into.glob("*.deb"))
