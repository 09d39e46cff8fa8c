"""What is in the image: a list of packages for people, and the same as a bill of materials in CycloneDX's form.

Written by hand rather than by a library: the five fields of a component are all that is known of a Debian package here. What is written is
held against CycloneDX's own schema by the tests, and by `make boot-test` for the image itself.
Form: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/ ; names: package-url.
"""

import json
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from packageurl import PackageURL

from estu_image.program import run

_NAMESPACE = UUID("45535455-0000-5000-8000-000000000000")
_PACKAGES = "usr/share/estu/packages"


@dataclass(frozen=True, order=True)
class Component:
    """One package of the image."""

    kind: str  # deb or pypi
    name: str
    version: str
    architecture: str = ""  # of a deb
    licence: str = ""  # of a Python package, where its own words are an SPDX expression
    role: str = "installed"  # or for what it is unpacked: kernel, firmware, initramfs

    @property
    def purl(self) -> str:
        """Its name among all packages of the world."""
        if self.kind == "deb":
            return PackageURL(
                "deb", "debian", self.name, self.version, {"arch": self.architecture, "distro": "trixie"}
            ).to_string()
        return PackageURL("pypi", None, self.name, self.version).to_string()


def components(root: Path, python: Path, unpacked: dict[str, list[Path]]) -> list[Component]:
    """List the packages of an image.

    Args:
        root: Its tree.
        python: The folder of Python's packages in it.
        unpacked: The .deb that were unpacked and not installed, by what for.
    """
    found = []
    for paragraph in (root / _PACKAGES).read_text().split("\n\n"):
        told = message_from_string(paragraph.strip("\n"))
        if told["Status"] == "install ok installed":
            found.append(Component("deb", told["Package"], told["Version"], told["Architecture"]))
    for metadata in python.glob("*.dist-info/METADATA"):
        told = message_from_string(metadata.read_text(errors="replace"))
        found.append(
            Component("pypi", told["Name"], told["Version"], licence=told.get("License-Expression", ""))
        )
    for role, packages in unpacked.items():
        for package in packages:
            name, version, architecture = (
                run(["dpkg-deb", "--field", package, field]).strip()
                for field in ("Package", "Version", "Architecture")
            )
            found.append(Component("deb", name, version, architecture, role=role))
    return sorted(set(found))


def as_list(found: list[Component]) -> str:
    """Write the list of packages: one a line, form, name, version, architecture and role."""
    lines = (
        f"{each.kind} {each.name} {each.version} {each.architecture or '-'} {each.role}" for each in found
    )
    return "\n".join(lines) + "\n"


def as_cyclonedx(found: list[Component], version: str) -> str:
    """Write the bill of materials; the same for the same image, hence without a date.

    Args:
        found: What is in it.
        version: Of the image.
    """
    parts: list[dict[str, Any]] = []
    for each in found:
        part: dict[str, Any] = {
            "type": "firmware" if each.role == "firmware" else "library",
            "bom-ref": each.purl,
            "name": each.name,
            "version": each.version,
            "purl": each.purl,
            "properties": [{"name": "estu:role", "value": each.role}],
        }
        if each.licence:
            part["licenses"] = [{"expression": each.licence}]
        parts.append(part)
    serial = uuid5(_NAMESPACE, json.dumps([version, [each.purl for each in found]]))
    image = {"type": "operating-system", "bom-ref": f"estu@{version}", "name": "estu", "version": version}
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": image},
        "components": parts,
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"
