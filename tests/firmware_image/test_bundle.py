"""A bundle, which is an update: which root each slot gets of it, and whose version it says."""

import subprocess
from pathlib import Path

import pytest
from estu_image import boot_files, bundle

from device.errors import Broken


def test_the_hook_of_an_update_gives_each_slot_its_own_root(tmp_path: Path) -> None:
    script = tmp_path / "hook"
    script.write_text(bundle.hook())
    line = tmp_path / "cmdline.txt"
    for slot_name, letter in (("boot.1", "B"), ("boot.0", "A"), ("boot.0", "A"), ("boot.1", "B")):
        line.write_text(boot_files.command_line("A"))
        told = {"RAUC_SLOT_NAME": slot_name, "RAUC_SLOT_MOUNT_POINT": str(tmp_path), "PATH": "/usr/bin:/bin"}
        subprocess.run(["sh", script, "slot-post-install"], env=told, check=True)
        assert line.read_text() == boot_files.command_line(letter)


def test_a_bundle_has_the_version_of_the_system_in_it(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="make image"):
        bundle.version_of(tmp_path)
    (tmp_path / "root/usr/lib").mkdir(parents=True)
    (tmp_path / "root/usr/lib/os-release").write_text("ID=debian\nIMAGE_ID=estu\nIMAGE_VERSION=1.2.3\n")
    assert bundle.version_of(tmp_path) == "1.2.3"
