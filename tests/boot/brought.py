"""An update from the publisher's desk to the slot that stays, in a box that is whole: systemd, its services, RAUC and the two slots of its card.

The bundle is published in a TUF repository, comes to the box by HTTPS through `estu sync`, is installed by `estu-update.service` and tried.
The first try is in a machine whose microphone gives nothing, and is left by `estu-update-judge` after its 20 minutes, though its events are
receipted; the second is in one that hears, and is kept. The microphone is a sound card of the kernel's own, with a hiss in it or without. What
the Pi's firmware does is done by the emulator, and the quiet hour is the machine's clock.
"""

import shutil
import ssl
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from estu_image import bundle, disk, keys, tree
from estu_image.build import commit_date
from estu_image.program import run
from estu_image.tree import Version

from central.publishing import content
from tests.boot import inside, noise, slots
from tests.boot.emulator import PLATFORM, Machine
from tests.boot.flashed import flash
from tests.boot.stage import BootStage, furnish
from tests.simulated.house import house
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer

VERSION = "9.9.9"
_CARD = 4 << 30  # bytes
_BROKER, _UPDATES = 8883, 8443  # the platform's doors


class UpdatedStage(BootStage):
    """The stage of a box that looks for updates."""

    def enrolment(self) -> list[str | Path]:
        """Let it look at this publisher's."""
        self.publisher = Publisher(self._places.folder / "publisher", datetime.now(UTC))
        updates = f"https://{PLATFORM}:{_UPDATES}"
        return ["--updates", updates, "--root", self.publisher.root, "--microphone", "Loopback"]


def brought(built: Path, image: Path, work: Path) -> dict[str, Any]:
    """Bring, install, leave, and keep.

    Args:
        built: The image's folder.
        image: The card's image.
        work: To work in.

    Raises:
        AssertionError: Something was not as it must be.
    """
    folder, card = work / "brought", work / "brought.img"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ExitStack() as stack:
        place = stack.enter_context(house(folder / "house", stage=UpdatedStage))
        assert isinstance(place.stage, UpdatedStage)
        trial = furnish(place, folder / "data")
        for program in (slots, noise):
            shutil.copy(str(program.__file__), trial)
        (trial / "estu-trial-noise.service").write_text(noise.UNIT)
        (trial / "look").write_text(slots.BEGIN.format(what="look"))
        flash(image, card, folder / "data", _CARD)
        _publish(place.stage.publisher, built)
        place.stage.open_platform()
        server = stack.enter_context(_served(place.stage.publisher.site, place.places.folder / "broker"))
        doors = {_BROKER: place.stage.port, _UPDATES: server.port}
        machine = Machine(folder, card, doors, clock=_night(datetime.now(UTC)))
        stack.callback(machine.cut_power)

        machine.switch_on(inside.asked("hall", "install"))
        machine.wait('estu-trial {"what": "installed"', 5400)
        machine.wait_off(900)
        installed = inside.answers(machine.lines)["installed"]
        assert installed["installed"], installed
        assert machine.firmware.try_once, machine.last_words

        machine.switch_on(inside.asked("deaf", "judge"))
        machine.wait_off(3600)
        assert not machine.firmware.try_once
        assert "judged" not in inside.answers(machine.lines)  # it restarted before
        left = _look(machine)

        machine.firmware.try_once = True  # as after the next quiet hour's restart
        machine.switch_on(inside.asked("hall", "judge"))
        machine.wait('estu-trial {"what": "judged"', 5400)
        judged = inside.answers(machine.lines)["judged"]
        machine.wait_off(900)
        kept = _look(machine)
    order = machine.firmware.started
    assert order == [2, 3, 2, 3, 3], (order, judged)
    assert "runs 0.1.0" in left, left
    assert f"runs {VERSION}" in kept, (kept, judged)
    assert "hears and is receipted" in judged["words"], judged
    card.unlink()
    return {
        "booted partitions": order,
        "bytes of the bundle": server.served,
        "brought and installed after s": installed["up"],
        "kept after s": judged["up"],
        "words": judged["words"],
    }


def _look(machine: Machine) -> str:
    """Boot as the firmware chooses, and give what is found."""
    machine.switch_on("init=/bin/sh -- /data/trial/look")
    machine.wait(f"{slots.SAY} done", 900)
    machine.wait_off(60)
    return "\n".join(line for line in machine.lines if slots.SAY in line)


def _publish(publisher: Publisher, built: Path) -> None:
    """Make a bundle of what was built last, which says of itself that it is newer, and publish it."""
    newer, date = publisher.folder / "newer", commit_date()
    newer.mkdir()
    run(["cp", "--archive", built / "root", newer / "root"])
    tree.say_version(newer / "root", Version(VERSION, date))
    disk.pack_root(newer / "root", newer / "root.erofs", date)
    shutil.rmtree(newer / "root")
    shutil.copy(built / "boot-a.vfat", newer)
    certificate, key = keys.for_trials(built / "keys")
    target = newer / "system.raucb"
    bundle.make(newer, VERSION, str(date), certificate, str(key), target)
    change = content.system(publisher.repository.shelf, target, VERSION)
    publisher.repository.publish(change, publisher.ring(), publisher.now)


def _served(site: Path, certificates: Path) -> UpdateServer:
    """Serve the repository by HTTPS, by the broker's certificate; who has none of the authority's is turned away."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server-key.pem")
    context.load_verify_locations(certificates / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return UpdateServer(site, context)


def _night(now: datetime) -> datetime:
    """Give the next half past three in Kazakhstan, UTC."""
    night = now.replace(hour=22, minute=30, second=0, microsecond=0)
    return night if night > now else night + timedelta(days=1)
