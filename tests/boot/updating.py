"""An update that works is kept, and one that does not stay is left: RAUC in the booted image, between the two slots of one card.

What brings the bundle (TUF) is no part of it, nor is systemd: RAUC's service runs on the image's kernel with the image's files alone. What
the Pi's firmware does is done by the emulator.
"""

import shutil
from pathlib import Path
from random import Random
from typing import Any

from estu_image import boot_files, bundle, fat, keys, layout
from estu_image.build import commit_date

from tests.boot import slots
from tests.boot.emulator import Machine
from tests.boot.flashed import flash

_DATA = 1 << 30  # bytes; a bundle must find room
_WITHIN = 1200.0  # seconds


def updating(built: Path, image: Path, work: Path) -> dict[str, Any]:
    """Install; try, and be reset; try again, and keep.

    Args:
        built: The image's folder.
        image: The card's image.
        work: To work in.

    Raises:
        AssertionError: Something was not as it must be.
    """
    folder = work / "update"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data" / "lib-estu").mkdir(parents=True)
    trial = folder / "data" / "trial"
    trial.mkdir()
    shutil.copy(Path(slots.__file__), trial / "slots.py")
    for what in ("install", "look", "keep"):
        (trial / what).write_text(slots.BEGIN.format(what=what))
    date = str(commit_date())
    certificate, key = keys.for_trials(built / "keys")
    bundle.make(built, "9.9.9", date, certificate, str(key), folder / "data" / "lib-estu" / "system.raucb")
    stranger, strangers_key = keys.for_trials(folder / "stranger")
    small = folder / "small"
    small.mkdir()
    for name in ("root.erofs", "boot-a.vfat"):
        (small / name).write_bytes(Random(1).randbytes(1 << 20))  # what packs to nothing makes no bundle
    bundle.make(
        small, "9.9.9", date, stranger, str(strangers_key), folder / "data" / "lib-estu" / "other.raucb"
    )
    card = work / "update.img"
    flash(image, card, folder / "data", layout.DATA.start + _DATA, data_bytes=_DATA)
    machine = Machine(folder, card)
    begun: list[str] = []

    def boot(what: str) -> str:
        machine.switch_on(f"init=/bin/sh -- /data/trial/{what}")
        machine.wait(f"{slots.SAY} done", _WITHIN)
        machine.wait_off(60)
        said = "\n".join(line for line in machine.lines if slots.SAY in line)
        begun.append(what)
        return said

    try:
        installed = boot("install")
        assert "info /data/lib-estu/other.raucb: status 1" in installed, installed
        assert "install /data/lib-estu/system.raucb: status 0" in installed, installed
        slot = fat.read(card, layout.BOOT_B.start)
        faults = boot_files.faults(fat.read(card, layout.CHOOSE.start), slot, "B")
        assert not faults, faults
        assert machine.firmware.try_once
        tried = boot("look")  # in the new slot; it is reset before it has shown that it works
        assert "get-current: status 0" in tried
        left = boot("look")
        machine.firmware.try_once = True
        kept = boot("keep")
        after = boot("look")
    finally:
        machine.cut_power()
    order = machine.firmware.started
    assert order == [2, 3, 2, 3, 3], (order, left, kept, after)
    assert "mark-good booted: status 0" in kept, kept
    card.unlink()
    return {"booted partitions": order, "wrong signer": "refused", "kept after mark-good": True}
