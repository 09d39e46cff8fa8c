"""Power cuts while the box's log is written, in two ways, and what is left of what was promised.

1. The emulator is killed at a random instant, and the same card is booted again, and again.
2. One run's writes are recorded with their barriers; each of many instants is then a cut of a card with a write cache that loses, keeps,
   reorders and tears what no barrier covers. What is left is checked by the tools and the code of the next boot.
"""

import re
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from estu_image import layout
from estu_image.program import run

from device.errors import Broken, EstuError
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.signing_key import SigningKey
from tests.boot import record, writer
from tests.boot.emulator import Machine

_STARTS_WITHIN = 400.0  # seconds
_INIT = "init=/bin/sh -- /data/trial/write"


@dataclass
class Kills:
    """What the killed machine told."""

    cycles: int = 0
    promised: int = 0  # events that were committed, over all cycles
    lost: int = 0  # of these
    found: list[int] = field(default_factory=list)  # the log's head at each start
    at: list[int] = field(default_factory=list)  # the last number promised before each cut


def kill(machine: Machine, cycles: int, seed: int) -> Kills:
    """Kill the machine again and again while it writes.

    Raises:
        AssertionError: It does not come back.
    """
    dice, told, promised = Random(seed), Kills(), 0
    for cycle in range(cycles + 1):
        machine.switch_on(_INIT)
        line = machine.wait(f"{writer.SAY} found", _STARTS_WITHIN)
        numbers = re.search(r"found (\d+) cut \d+ lost (\d+)", line)
        assert numbers is not None, line
        head, declared = int(numbers[1]), int(numbers[2])
        told.found.append(head)
        told.lost += max(0, promised - head) + declared
        if cycle == cycles:  # the last start only looks
            machine.cut_power()
            break
        machine.wait(f"{writer.SAY} committed", _STARTS_WITHIN)
        time.sleep(dice.uniform(0.0, 6.0))
        machine.cut_power()
        time.sleep(0.3)
        said = [int(n) for each in machine.lines for n in re.findall(rf"{writer.SAY} committed (\d+)$", each)]
        promised = max(said)
        told.at.append(promised)
        told.cycles += 1
    told.promised = promised
    return told


@dataclass
class Cuts:
    """What cards with a write cache had kept."""

    cuts: int = 0
    promised: int = 0  # the most that was promised at a cut
    lost: int = 0  # promised events that are not there, over all cuts
    repaired: int = 0  # file systems that `e2fsck -p` was not enough for
    unreadable: int = 0  # logs that were not whole and verified
    writes: int = 0  # in the record
    barriers: int = 0
    loose: int = 0  # the most writes that no barrier covered at a cut


def write_recorded(machine: Machine, folder: Path, events: int) -> Path:
    """Let the machine write events and record each write to its card.

    Args:
        machine: With a card of its own.
        folder: For the record.
        events: How many.

    Returns:
        The record.
    """
    log = folder / "writes.log"
    with log.open("wb") as file:
        file.truncate(4 << 30)  # holes; grows to what is written
    drive = (
        f"-blockdev driver=file,filename={machine.card},node-name=file,cache.direct=on "
        f"-blockdev driver=raw,file=file,node-name=plain -blockdev driver=file,filename={log},node-name=log "
        "-blockdev driver=blklogwrites,file=plain,log=log,log-sector-size=512,node-name=card"
    )
    machine.switch_on(_INIT, drive)
    machine.wait(f"{writer.SAY} committed {events}", _STARTS_WITHIN + 3 * events)
    machine.cut_power()
    return log


def cut(
    fresh: Path, log: Path, folder: Path, box: str, cuts: int, seed: int, obeys_barriers: bool = True
) -> Cuts:
    """Cut at random instants of a record, and look at what is left.

    Args:
        fresh: The card before the recorded run.
        log: The record.
        folder: To work in.
        box: The box whose log it is.
        cuts: How many.
        seed: Decides where.
        obeys_barriers: False for a card that answers barriers and keeps nothing for them, on which a loss must be found.
    """
    writes = list(record.read(log))
    dice, told = Random(seed), Cuts()
    first = next(at for at, write in enumerate(writes) if write.content.startswith(writer.PROMISE))
    wanted = sorted(dice.randrange(first, len(writes)) for _ in range(cuts))
    told.writes, told.barriers = len(writes), sum(write.barrier for write in writes)
    base = folder / "kept.ext4"
    run(
        [
            "dd",
            f"if={fresh}",
            f"of={base}",
            "bs=1M",
            f"skip={layout.DATA.start // layout.MIB}",
            f"count={layout.DATA.size // layout.MIB}",
            "conv=sparse",
            "status=none",
        ]
    )
    loose: list[record.Write] = []
    promised = at = 0
    for end in wanted:
        while at < end:
            write = writes[at]
            at += 1
            if write.content.startswith(writer.PROMISE):
                promised = int(write.content.rstrip(b"\0").removeprefix(writer.PROMISE))
            if write.barrier and obeys_barriers:
                _apply(base, loose)
                loose.clear()
            if write.kept and obeys_barriers:
                _apply(base, [write])
            elif write.content:
                loose.append(write)
        told.cuts += 1
        told.promised = max(told.promised, promised)
        told.loose = max(told.loose, len(loose))
        try:
            _look(base, record.after_a_cut(loose, dice), folder / "look", box, promised, told)
        except EstuError:
            if obeys_barriers:
                raise
            told.unreadable += 1  # not even the file system, or the key, was there
    return told


def _apply(partition: Path, writes: list[record.Write]) -> None:
    """Write to the data partition what belongs there."""
    with partition.open("r+b") as file:
        for write in writes:
            place = write.at - layout.DATA.start
            if 0 <= place < layout.DATA.size:
                file.seek(place)
                file.write(write.content)


def _look(base: Path, kept: list[record.Write], folder: Path, box: str, promised: int, told: Cuts) -> None:
    """Boot, as far as the data are concerned: check the file system, open the log, count."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    partition = folder / "data.ext4"
    run(["cp", "--sparse=always", base, partition])
    _apply(partition, kept)
    try:
        run(["sh", "-c", f"e2fsck -p {partition} || [ $? -le 1 ]"])
    except Broken:
        told.repaired += 1
        run(["sh", "-c", f"e2fsck -y {partition} || [ $? -le 1 ]"])
    run(["debugfs", "-R", f"rdump /lib-estu {folder}", partition])
    run(["debugfs", "-R", f"rdump /etc-estu {folder}", partition])
    partition.unlink()
    key = SigningKey.load(folder / "etc-estu" / "signing.pem", box)
    path = folder / "lib-estu" / "log.sqlite"
    with EventLog.open(path, box, key) as log:
        head = log.head()
        lost = sum(len(bridge.numbers) for bridge in log.losses())
    told.lost += max(0, promised - (0 if head is None else head.seq)) + lost
    keys = folder / "keys.jwks"
    keys.write_bytes(Jwks.of([key.public]).as_json())
    try:
        run([sys.executable, "-m", "device", "verify", path, "--keys", keys])
    except Broken:
        told.unreadable += 1
