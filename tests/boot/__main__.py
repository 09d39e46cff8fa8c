"""Boot the built image in an emulator: from sound to receipt, through a hung listener, power cuts and updates.

Each part says what it found and fails where something is not as it must be; the counts go to build/boot-test/summary.json.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from estu_image import boot_files, fat, layout, scan, tried
from estu_image.program import run
from packageurl import PackageURL

from demo.processes import Processes
from demo.stage import BOX, Places
from tests.boot import cuts, inside, writer
from tests.boot.board import board
from tests.boot.brought import brought
from tests.boot.emulator import USB_SOUND, Machine
from tests.boot.evening import evening
from tests.boot.expected import check
from tests.boot.flashed import flash
from tests.boot.stage import BootStage, add_evening, furnish
from tests.boot.technician import technician
from tests.boot.updating import updating
from tests.simulated.house import house

REPOSITORY = Path(__file__).parents[2]
CARD = 4 << 30  # bytes


@dataclass
class Trial:
    """What all parts share."""

    built: Path
    work: Path
    seed: int
    cuts: int
    kills: int
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> Path:
        """The card's image."""
        return next(iter(sorted(self.built.glob("estu-*-arm64.img"))))

    def done(self, part: str, found: Any) -> None:
        """Keep and show what a part found."""
        self.summary[part] = found
        (self.work / "summary.json").write_text(json.dumps(self.summary, indent=1, ensure_ascii=False) + "\n")
        print(f"boot-test: {part}: {json.dumps(found, ensure_ascii=False)[:600]}", flush=True)


def files(trial: Trial) -> None:
    """Look at the boot partitions, the tree and the bill of materials, without booting."""
    choose = fat.read(trial.image, layout.CHOOSE.start)
    found = {}
    for letter, partition in (("A", layout.BOOT_A), ("B", layout.BOOT_B)):
        faults = boot_files.faults(choose, fat.read(trial.image, partition.start), letter)
        assert not faults, faults
        found[partition.role] = "as the firmware needs it"
    faults = scan.faults(trial.built / "root")
    assert not faults, faults
    faults = tried.faults(trial.built / "root")
    assert not faults, faults
    bill = trial.image.with_suffix(".cdx.json").read_text()
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill)
    assert fault is None, repr(fault)[-2000:]
    named = json.loads(bill)["components"]
    for component in named:
        assert PackageURL.from_string(component["purl"]).to_string() == component["purl"]
    trial.done(
        "files",
        found
        | {
            "scan": "nothing found",
            "its own programs": "nothing to say",
            "CycloneDX 1.6": f"{len(named)} components",
        },
    )


def card(trial: Trial) -> None:
    """Flash a card by provisioning's own commands, and boot it as far as its data partition."""
    version = trial.image.name.split("-")[1]
    trial.done("card", technician(trial.image, trial.work, version, CARD))


def whole_way(trial: Trial) -> None:
    """Boot a flashed card: services, identity, a hung listener, known sound, receipts."""
    data, card = trial.work / "data", trial.work / "card.img"
    for left in (data, trial.work / "house", trial.work / "whole-way"):  # by an earlier run
        shutil.rmtree(left, ignore_errors=True)
    with ExitStack() as stack:
        built = stack.enter_context(house(trial.work / "house", stage=BootStage))
        assert isinstance(built.stage, BootStage)
        add_evening(built, furnish(built, data), evening(built))
        flash(trial.image, card, data, CARD)
        built.stage.open_platform()
        machine = Machine(trial.work / "whole-way", card, {8883: built.stage.port}, devices=USB_SOUND)
        stack.callback(machine.cut_power)
        begun = time.monotonic()
        machine.switch_on(inside.asked("look", "hang", "replay=2026-07-01T14:00:00+00:00"))
        machine.wait('estu-trial {"what": "done"', 5400)
        machine.wait_off(300)
        told = inside.answers(machine.lines)
        told["seconds"] = round(time.monotonic() - begun)
        trial.done("whole-way", check(told, built))


def kills(trial: Trial) -> None:
    """Kill the emulator while the log is written, and boot again."""
    card = _writing_card(trial, "kills")
    machine = Machine(trial.work / "kills", card)
    try:
        told = cuts.kill(machine, trial.kills, trial.seed)
    finally:
        machine.cut_power()
    trial.done("kills", asdict(told))
    assert told.lost == 0, told
    assert told.promised > 0


def cache(trial: Trial) -> None:
    """Record the writes of one run, and cut a card with a write cache at many instants of it."""
    card = _writing_card(trial, "cache")
    fresh = trial.work / "fresh.img"
    run(["cp", "--sparse=always", card, fresh])
    machine = Machine(trial.work / "cache", card)
    try:
        log = cuts.write_recorded(machine, trial.work, events=60)
    finally:
        machine.cut_power()
    told = cuts.cut(fresh, log, trial.work, BOX, trial.cuts, trial.seed)
    lying = cuts.cut(fresh, log, trial.work, BOX, max(10, trial.cuts // 10), trial.seed, obeys_barriers=False)
    log.unlink()
    fresh.unlink()
    trial.done("cache", asdict(told) | {"of a card that ignores barriers": asdict(lying)})
    assert told.lost == told.unreadable == 0, told
    assert lying.lost + lying.unreadable > 0, lying  # or nothing would have been found on any card
    assert told.promised > 0


def _writing_card(trial: Trial, name: str) -> Path:
    """Flash a card for a box that only writes: an identity, and the program that writes."""
    folder = trial.work / f"{name}-box"
    shutil.rmtree(folder, ignore_errors=True)
    data = folder / "data"
    for each in ("etc-estu", "lib-estu", "trial"):
        (data / each).mkdir(parents=True)
    with Processes(folder / "words") as processes:
        places = Places(folder / "house")
        stage = BootStage(places, processes)
        stage.give_identities("")
        for path in places.box.iterdir():
            shutil.copy(path, data / "etc-estu")
    shutil.copy(Path(writer.__file__), data / "trial" / "writer.py")
    (data / "trial" / "write").write_text(writer.BEGIN)
    card = trial.work / f"{name}.img"
    flash(trial.image, card, data, layout.SIZE)
    return card


PARTS: dict[str, Callable[[Trial], None]] = {
    "files": files,
    "card": card,
    "whole-way": whole_way,
    "kills": kills,
    "cache": cache,
    "board": lambda trial: trial.done("board", board(trial.image, trial.work)),
    "update": lambda trial: trial.done("update", updating(trial.built, trial.image, trial.work)),
    "brought": lambda trial: trial.done("brought", brought(trial.built, trial.image, trial.work)),
}


def main() -> int:
    """Run the parts that are asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.boot", description=__doc__)
    asked.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help=", ".join(PARTS))
    asked.add_argument(
        "--cuts", type=int, default=200, metavar="N", help="cuts of the recorded run (%(default)s)"
    )
    asked.add_argument(
        "--kills", type=int, default=6, metavar="N", help="times that the emulator is killed (%(default)s)"
    )
    asked.add_argument("--seed", type=int, default=1, metavar="N", help="decides when (%(default)s)")
    asked.add_argument(
        "--built", type=Path, default=REPOSITORY / "build" / "image", metavar="DIR", help="the image's folder"
    )
    chosen = asked.parse_args()
    work = REPOSITORY / "build" / "boot-test"
    work.mkdir(parents=True, exist_ok=True)
    summary = work / "summary.json"
    trial = Trial(chosen.built, work, chosen.seed, chosen.cuts, chosen.kills)
    if chosen.only and summary.exists():
        trial.summary = json.loads(summary.read_text())
    for part in chosen.only or PARTS:
        print(f"boot-test: {part} ...", flush=True)
        PARTS[part](trial)
    print(f"boot-test: all is well; {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
