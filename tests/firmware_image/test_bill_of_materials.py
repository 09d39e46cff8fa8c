"""What the image's bill of materials says, judged by tools that others wrote: CycloneDX's schema and the library for package-urls."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from estu_image.manifest import Component, as_cyclonedx, as_list
from packageurl import PackageURL

FOUND = [
    Component("deb", "libstdc++6", "14.2.0-19", "arm64"),
    Component("deb", "gcc-14-base", "1:14.2.0~rc1-19+deb13u1", "arm64"),
    Component("deb", "raspi-firmware", "1:1.20250430+ds-1", "all", role="firmware"),
    Component("pypi", "numpy", "2.4.6", licence="BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0"),
    Component("pypi", "ai_edge_litert", "2.3.0"),
]


@pytest.fixture(scope="module")
def validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def test_the_bill_is_what_its_schema_wants(validator: JsonStrictValidator) -> None:
    assert validator.validate_str(as_cyclonedx(FOUND, "1.2.3")) is None


@pytest.mark.parametrize("lacking", ["name", "type"])
def test_the_schema_would_notice(validator: JsonStrictValidator, lacking: str) -> None:
    bill = json.loads(as_cyclonedx(FOUND, "1.2.3"))
    del bill["components"][0][lacking]
    assert validator.validate_str(json.dumps(bill)) is not None


@pytest.mark.parametrize("component", FOUND, ids=lambda each: each.name)
def test_a_packages_name_is_a_package_url_in_its_canonical_form(component: Component) -> None:
    read = PackageURL.from_string(component.purl)
    assert read.to_string() == component.purl
    assert read.name in (component.name, component.name.replace("_", "-"))
    assert read.version == component.version


def test_the_same_image_has_the_same_bill_and_another_version_another_number() -> None:
    one, again, other = (as_cyclonedx(FOUND, version) for version in ("1.2.3", "1.2.3", "1.2.4"))
    assert one == again
    assert json.loads(one)["serialNumber"] != json.loads(other)["serialNumber"]


def test_the_list_for_people_has_a_line_for_each_package() -> None:
    assert as_list(FOUND).splitlines()[2] == "deb raspi-firmware 1:1.20250430+ds-1 all firmware"
