"""The root's tree: its sources, our units, what is left out of it, and the scan for what must not be in it."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from estu_image import scan, sources, units
from estu_image import tree as tree_of

SOURCE = Path(__file__).parents[2] / "firmware-image"
DATE = 1_750_000_000


def test_what_a_module_needs_stays_though_it_is_for_other_machines() -> None:
    """A USB microphone's driver needs a piece of the cameras': without it a box was deaf."""
    needs = {
        "kernel/sound/usb/snd-usb-audio.ko.xz": ["kernel/drivers/media/mc/mc.ko.xz", "kernel/sound/core/snd.ko.xz"],
        "kernel/sound/core/snd.ko.xz": [],
        "kernel/drivers/media/mc/mc.ko.xz": [],
        "kernel/drivers/media/usb/uvc/uvcvideo.ko.xz": ["kernel/drivers/media/mc/mc.ko.xz"],
        "kernel/drivers/gpu/drm/drm.ko.xz": [],
        "kernel/drivers/net/ethernet/broadcom/genet/genet.ko.xz": [],
        "kernel/drivers/net/ethernet/cadence/macb.ko.xz": [],
        "kernel/drivers/net/ethernet/cavium/liquidio.ko.xz": [],
        "kernel/drivers/net/ethernet/intel/e1000.ko.xz": [],
    }  # fmt: skip
    gone = [Path(path).name.split(".")[0] for path in tree_of.modules_not_needed(needs)]
    assert gone == ["drm", "uvcvideo", "liquidio", "e1000"]


def test_accounts_do_not_say_on_which_day_the_root_was_made(tmp_path: Path) -> None:
    made = []
    for day in ("20784", "20785"):
        shadow = tmp_path / day
        shadow.write_text(f"root:*:{day}:0:99999:7:::\nestu-sync:!*:{day}::::::\n")
        tree_of.forget_days(shadow)
        made.append(shadow.read_text())
    assert made == ["root:*::0:99999:7:::\nestu-sync:!*:::::::\n"] * 2


def test_dates_do_not_tell_when_the_root_was_made(tmp_path: Path) -> None:
    found = []
    for made in (DATE - 1000, DATE + 1000):  # under another commit, older or newer
        debian, root = tmp_path / f"debian-{made}", tmp_path / f"root-{made}"
        (debian / "var/lib/dpkg").mkdir(parents=True)
        for name, at in (("packaged", 1_600_000_000), ("made", made), ("var/lib/dpkg/status", made)):
            (debian / name).touch()
            os.utime(debian / name, (at, at))
        for folder in (debian / "var/lib/dpkg", debian / "var/lib", debian / "var", debian):
            os.utime(folder, (made, made))
        tree_of.begin(debian, root, DATE)
        found.append({name: (root / name).stat().st_mtime for name in ("packaged", "made", "var/lib/dpkg")})
    assert found == [{"packaged": 1_600_000_000, "made": DATE, "var/lib/dpkg": DATE}] * 2


def test_sources_are_this_machines_mirrors_and_the_images_release() -> None:
    text = sources.written({"Debian": "http://mirror/debian", "Debian-Security": "http://mirror/security"})
    assert text.count("Types: deb\n") == 2
    assert (
        "URIs: http://mirror/debian\nSuites: trixie trixie-updates\nComponents: main non-free-firmware\n"
        in text
    )
    assert "URIs: http://mirror/security\nSuites: trixie-security\n" in text


def test_every_unit_of_ours_that_starts_by_itself_names_a_target() -> None:
    for path in sorted((SOURCE / "units").glob("estu-*")):
        text = path.read_text()
        if "[Install]" in text:
            assert units.wanted_by(text), path.name
    for place in ("estu-listen.service", "estu-sync.service", "estu-page.socket", "estu-update.path"):
        assert units.wanted_by((SOURCE / "units" / place).read_text())


def test_what_our_units_start_is_in_the_overlay() -> None:
    overlay = SOURCE / "overlay"
    for path in sorted((SOURCE / "units").glob("estu-*.service")):
        for command in re.findall(r"^ExecStart(?:Pre|StopPost)?=(.*)$", path.read_text(), re.MULTILINE):
            program = Path(shlex.split(command)[0])
            if "estu" in program.name or "estu" in program.parts:
                inside = overlay / program.relative_to("/")
                assert inside.stat().st_mode & 0o111, f"{path.name}: {program}"


def test_systemd_finds_nothing_wrong_with_our_units(tmp_path: Path) -> None:
    root = made_up_root(tmp_path)
    ours = sorted(
        path
        for path in (SOURCE / "units").iterdir()
        if path.suffix in {".service", ".timer", ".path", ".socket"}
    )
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *ours],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in checked.stderr.splitlines() if "estu-" in line]
    # Programs of the image are not on this machine; its systemd may be older than the image's.
    serious = [
        line for line in lines if not re.search(r"is not executable|RestartSteps|RestartMaxDelaySec", line)
    ]
    assert serious == [], root


def made_up_root(folder: Path) -> Path:
    """A tree with what the scan looks at, all as it should be."""
    root = folder / "root"
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nestu-sync:x:990:990::/:/usr/sbin/nologin\n",
        "etc/shadow": "root:*:20000::::::\nestu-sync:!*:20000::::::\n",
        "etc/machine-id": "",
        "usr/bin/estu": "#!/usr/bin/python3 -I\n",
        "usr/lib/systemd/system/estu-page.socket": "[Socket]\nListenStream=80\n",
        "usr/lib/systemd/system/ssh.socket": "[Socket]\nListenStream=0.0.0.0:22\n",
        "etc/systemd/system/emergency.service": "[Service]\nExecStart=/usr/bin/systemctl --force reboot\n",
        "etc/systemd/system/rescue.service": "[Service]\nExecStart=/usr/bin/systemctl --force reboot\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    for unit in units.MASKED:
        kind = "system-generators" if unit.endswith("generator") else "system"
        place = root / "etc/systemd" / kind / unit
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to("/dev/null")
    wants = root / "etc/systemd/system/sockets.target.wants"
    wants.mkdir()
    (wants / "estu-page.socket").symlink_to("/usr/lib/systemd/system/estu-page.socket")
    return root


def test_the_scan_has_nothing_to_say_of_a_good_tree(tmp_path: Path) -> None:
    assert scan.faults(made_up_root(tmp_path)) == []


def spoil_password(root: Path) -> None:
    (root / "etc/shadow").write_text("root:$y$j9T$salt$hash:20000::::::\n")


def spoil_empty_password(root: Path) -> None:
    (root / "etc/shadow").write_text("root::20000::::::\n")


def spoil_second_root(root: Path) -> None:
    (root / "etc/passwd").write_text("root:x:0:0::/:\nadmin:x:0:0::/:/bin/sh\n")


def spoil_key(root: Path) -> None:
    (root / "usr/lib/estu").mkdir()
    (root / "usr/lib/estu/any-name").write_text("text before\n-----BEGIN EC PRIVATE KEY-----\nMHcC\n")


def spoil_identity(root: Path) -> None:
    (root / "etc/machine-id").write_text("0" * 32 + "\n")


def spoil_setuid(root: Path) -> None:
    (root / "usr/bin/estu").chmod(0o4755)


def spoil_writable(root: Path) -> None:
    (root / "usr/bin/estu").chmod(0o666)


def spoil_server(root: Path) -> None:
    (root / "usr/sbin").mkdir()
    (root / "usr/sbin/sshd").write_text("")


def spoil_door(root: Path) -> None:
    (root / "etc/systemd/system/sockets.target.wants/ssh.socket").symlink_to(
        "/usr/lib/systemd/system/ssh.socket"
    )


def spoil_terminal(root: Path) -> None:
    (root / "etc/systemd/system/getty@.service").unlink()


def spoil_emergency(root: Path) -> None:
    (root / "etc/systemd/system/emergency.service").write_text(
        "[Service]\nExecStart=/usr/lib/systemd/systemd-sulogin-shell\n"
    )


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (spoil_password, "password"),
        (spoil_empty_password, "password"),
        (spoil_second_root, "second root"),
        (spoil_key, "private key"),
        (spoil_identity, "machine-id"),
        (spoil_setuid, "setuid"),
        (spoil_writable, "written by everybody"),
        (spoil_server, "sshd"),
        (spoil_door, "ssh.socket"),
        (spoil_terminal, "getty@"),
        (spoil_emergency, "shell"),
    ],
)
def test_the_scan_names_what_must_not_be(tmp_path: Path, spoil: object, word: str) -> None:
    root = made_up_root(tmp_path)
    assert callable(spoil)
    spoil(root)
    found = scan.faults(root)
    assert len(found) >= 1
    assert any(word in fault for fault in found), found
