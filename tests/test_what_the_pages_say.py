"""What the pages say is true: their commands exist, their links lead somewhere, their pictures are there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from central.__main__ import parser as central
from device.__main__ import parser as device
from device.light import IN_WORDS
from device.self_test import hearing, machine, platform
from device.self_test.finding import Check
from provisioning.command_line import parser as provisioning

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.md"))
    if not {"build", ".venv", "node_modules"} & set(page.relative_to(ROOT).parts)
)
PARSERS = {"estu": device, "estu-central": central, "estu-provision": provisioning}


def commands() -> list[tuple[str, str]]:
    """The command lines in the pages' shell blocks."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(str(page.relative_to(ROOT)), line.strip()) for line in lines if line.strip()]
    return found


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize(("page", "command"), [c for c in commands() if "estu" in c[1].split()[0]])
def test_a_command_of_estu_is_understood(page: str, command: str) -> None:
    words = shlex.split(command, comments=True)
    program = Path(words[0]).name
    PARSERS[program]().parse_args(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
    named |= set(re.findall(r"^make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert named <= targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


@pytest.mark.parametrize("program", ["device", "central", "provisioning"])
def test_help_names_each_command_and_an_example(program: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", program, "--help"], capture_output=True, text=True, check=True
    )
    assert "example" in told.stdout.lower()


def test_whoever_stands_before_the_light_finds_each_rhythm_in_the_hardware_page() -> None:
    table = (ROOT / "hardware.md").read_text()
    for light, rhythm in IN_WORDS.items():
        assert f"| {rhythm} |" in table, light


def test_the_hardware_page_says_when_each_check_of_the_self_test_fails() -> None:
    rows = re.findall(r"^\| (\d\d .*?) \|", (ROOT / "hardware.md").read_text(), re.MULTILINE)
    told = {int(number): name for number, name in re.findall(r"(\d\d) ([a-z ]+)", ", ".join(rows))}
    checks = {
        found.number: found.name
        for module in (hearing, machine, platform)
        for found in vars(module).values()
        if isinstance(found, Check)
    }
    assert set(told) == set(checks)
    for number, name in told.items():
        assert name.split()[-1] in checks[number]
