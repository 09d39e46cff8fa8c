"""When an update is installed, tried, kept and left: the program of the image, its neighbours being programs that say what they are told."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from tests.simulated.script import loaded

SCRIPT = Path(__file__).parents[2] / "firmware-image" / "overlay" / "usr" / "lib" / "estu" / "update"
NIGHT = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # half past four in Kazakhstan
EVENING = datetime(2026, 7, 1, 14, 30, tzinfo=UTC)


@dataclass
class Neighbours:
    """RAUC, `estu health`, `choose-slot` and systemd, as this program calls them."""

    offered: str = "1.2.0"
    signed: bool = True
    healthy: bool = True
    installs: bool = True
    current: str = "A"
    asked: list[str] = field(default_factory=list)
    installing: Callable[[], None] = lambda: None

    def told(self, *words: str) -> str:
        """Stand for a program whose output counts."""
        line = " ".join(words)
        self.asked.append(line)
        if "rauc info" in line:
            if not self.signed:
                raise subprocess.CalledProcessError(1, words, stderr="signature verification failed")
            return json.dumps({"compatible": "estu-pi-arm64", "version": self.offered})
        assert "choose-slot get-current" in line
        return self.current

    def run(self, *words: str) -> int:
        """Stand for one whose success counts."""
        line = " ".join(words)
        self.asked.append(line)
        if "estu health" in line:
            return 0 if self.healthy else 1
        if "rauc install" in line:
            self.installing()
            return 0 if self.installs else 1
        return 0

    def did(self, words: str) -> bool:
        """Say whether something was called."""
        return any(words in line for line in self.asked)


@dataclass
class Box:
    """The program with its places moved."""

    script: ModuleType
    by: Neighbours
    bundle: Path
    slots: Path

    def does(self, *words: str) -> int:
        """Call it."""
        status: int = self.script.main(list(words))
        return status

    def remembers(self, **said: object) -> None:
        """What `choose-slot` has written."""
        self.slots.write_text(json.dumps({"pending": None, "tries": 0, "bad": [], **said}))


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    script = loaded(SCRIPT)
    script.BUNDLE = tmp_path / "system.raucb"
    script.RELEASE = tmp_path / "os-release"
    script.FAILED = tmp_path / "failed-versions"
    script.SLOTS = tmp_path / "slots.json"
    script.BUNDLE.write_bytes(b"a bundle")
    script.RELEASE.write_text("ID=debian\nIMAGE_VERSION=1.1.0\n")
    by = Neighbours()
    monkeypatch.setattr(script, "_told", by.told)
    monkeypatch.setattr(script, "_run", by.run)
    made = Box(script, by, script.BUNDLE, script.SLOTS)
    by.installing = lambda: made.remembers(pending="B")
    return made


def test_a_newer_version_is_installed_and_the_bundle_is_gone(box: Box) -> None:
    assert box.does("install") == 0
    assert box.by.did("rauc install")
    assert not box.bundle.exists()


@pytest.mark.parametrize("offered", ["1.1.0", "1.0.9", "0.9.0", "1.2", "1.2.0-rc1", "newest", ""])
def test_an_older_or_the_same_or_no_version_never_is(
    box: Box, offered: str, capsys: pytest.CaptureFixture[str]
) -> None:
    box.by.offered = offered
    box.does("install")
    assert not box.by.did("rauc install")
    assert not box.bundle.exists()
    assert offered in capsys.readouterr().out


def test_ten_is_more_than_nine(box: Box) -> None:
    box.script.RELEASE.write_text("IMAGE_VERSION=1.9.0\n")
    box.by.offered = "1.10.0"
    box.does("install")
    assert box.by.did("rauc install")


def test_a_bundle_that_is_not_ours_is_thrown_away(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    box.by.signed = False
    box.does("install")
    assert not box.by.did("rauc install")
    assert not box.bundle.exists()
    assert "signature" in capsys.readouterr().out


def test_a_box_that_does_not_do_well_itself_keeps_the_bundle_for_later(box: Box) -> None:
    box.by.healthy = False
    box.does("install")
    assert not box.by.did("rauc install")
    assert box.bundle.exists()


def test_an_update_is_tried_in_the_small_hours_only(box: Box) -> None:
    box.remembers(pending="B")
    with pytest.raises(box.script.NotNow):
        box.script.try_it(EVENING)
    assert not box.by.did("reboot")
    box.script.try_it(NIGHT)
    assert box.by.did("systemctl reboot --reboot-argument=0 tryboot")
    assert json.loads(box.slots.read_text())["tries"] == 1


def test_without_an_update_nothing_restarts(box: Box) -> None:
    with pytest.raises(box.script.NotNow):
        box.script.try_it(NIGHT)
    assert not box.by.did("reboot")


def test_a_slot_that_hears_and_is_receipted_is_kept(box: Box) -> None:
    box.remembers(pending="B", tries=1)
    box.by.current = "B"
    box.does("judge")
    assert box.by.did("rauc status mark-good booted")
    assert not box.by.did("systemctl reboot")


def test_a_slot_that_does_not_is_left(box: Box) -> None:
    box.remembers(pending="B", tries=1)
    box.by.current, box.by.healthy = "B", False
    box.does("judge")
    assert not box.by.did("mark-good")
    assert box.by.did("systemctl reboot")


def test_an_ordinary_boot_is_not_judged(box: Box) -> None:
    box.remembers()
    box.by.healthy = False
    box.does("judge")
    assert not box.by.did("systemctl reboot")


def test_after_three_tries_a_version_is_given_up_for_ever(box: Box) -> None:
    box.does("install")
    for tries in (1, 2):
        box.remembers(pending="B", tries=tries)
        box.does("look")
        assert not box.by.did("set-state B bad")
    box.remembers(pending="B", tries=3)
    box.does("look")
    assert box.by.did("choose-slot set-state B bad")
    box.remembers(bad=["B"])
    box.bundle.write_bytes(b"the same again")
    box.by.asked.clear()
    box.does("install")
    assert not box.by.did("rauc install")
    box.by.offered = "1.2.1"
    box.bundle.write_bytes(b"a better one")
    box.does("install")
    assert box.by.did("rauc install")


def test_while_an_update_waits_no_other_is_installed(box: Box) -> None:
    box.remembers(pending="B")
    box.does("install")
    assert not box.by.did("rauc install")
    assert box.bundle.exists()
