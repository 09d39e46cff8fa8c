"""The machine: its clock, its disk, its heat and its supply."""

import os
import statistics
import tempfile
import time
from pathlib import Path

from device.host.clock import Instant
from device.self_test.finding import Check, Finding

CLOCK = Check(20, "clock")
DISK_SPEED = Check(30, "disk speed")
DISK_ROOM = Check(31, "disk room")
DISK_HEALTH = Check(32, "disk health")
TEMPERATURE = Check(40, "temperature")
SUPPLY = Check(41, "supply")

# An event is one write that waits for the card. A card that takes longer than this each time is worn out or a fake.
SLOWEST_WRITE = 0.25  # seconds, the median
_WRITES, _BYTES = 12, 4_096

LEAST_ROOM = 200_000_000  # bytes; a year of events takes some 400 MB, and delivered ones are let go of

# The firmware of a Raspberry Pi slows the processor from 80 °C on (its documentation, "Frequency management and thermal
# control").
HOTTEST = 80.0  # °C
WARM = 70.0  # °C; an empty hall in winter should not get there

# `get_throttled`, as the documentation of `vcgencmd` has it.
_UNDER_VOLTAGE_NOW, _UNDER_VOLTAGE_SINCE = 1 << 0, 1 << 16
_BETTER_SUPPLY = "Use the board maker's own supply and a short cable; take other USB devices away."
_LONGEST_LINE, _MOST_LINES = 8_192, 100_000  # bytes; the kernel keeps some thousand lines


def clock(now: Instant) -> Finding:
    """Say whether somebody vouches for the clock."""
    says = f"{now.utc:%Y-%m-%d %H:%M:%S} UTC"
    if now.state == "synchronised":
        within = "" if now.error_ms is None else f", right to within {now.error_ms} ms"
        return CLOCK.passed(f"{says}, set by the network{within}")
    if now.state == "unknown":
        return CLOCK.skipped(f"{says}; the kernel may not be asked here", "Run the self-test as root.")
    return CLOCK.failed(
        f"{says}, but nobody vouches for it",
        "Wait two minutes; if it stays so, let the network pass NTP (UDP port 123), or NTS (TCP port 4460).",
    )


def disk_speed(folder: Path) -> Finding:
    """Write small files as the log does, each to the disk before the next."""
    try:
        took = sorted(_writes(folder))
    except OSError as error:
        return DISK_SPEED.failed(
            f"{folder} cannot be written to: {error.strerror}", "Run as root; check the card."
        )
    middle = statistics.median(took)
    words = (
        f"{middle * 1000:.0f} ms a write in the middle, {took[-1] * 1000:.0f} ms the slowest of {len(took)}"
    )
    if middle > SLOWEST_WRITE:
        return DISK_SPEED.failed(words, "Replace the card by one that is sold for continuous recording.")
    return DISK_SPEED.passed(words)


def _writes(folder: Path) -> list[float]:
    """Give the seconds that each write took."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_WRITES):
            before = time.monotonic()
            file.write(bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
            took.append(time.monotonic() - before)
    return took


def disk_room(folder: Path) -> Finding:
    """Say how much room there is where the log lies."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return DISK_ROOM.failed(f"{folder} cannot be looked at: {error.strerror}", "Check `paths.log`.")
    free = found.f_bavail * found.f_frsize
    words = f"{free / 1e9:.1f} GB free of {found.f_blocks * found.f_frsize / 1e9:.1f} GB"
    if free < LEAST_ROOM:
        return DISK_ROOM.failed(words, "Let the box deliver: check its network; or take a larger card.")
    return DISK_ROOM.passed(words)


def disk_health(folder: Path, sys: Path = Path("/sys")) -> Finding:
    """Ask the file system and the card for what they know of their own faults.

    Args:
        folder: Where the log lies.
        sys: The kernel's `/sys`.
    """
    try:
        device = folder.stat().st_dev
    except OSError as error:
        return DISK_HEALTH.failed(f"{folder} cannot be looked at: {error.strerror}", "Check `paths.log`.")
    block = (sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").resolve()
    said = []
    errors = _number(sys / "fs" / "ext4" / block.name / "errors_count")
    if errors is not None:
        said.append(f"the file system has counted {errors} errors")
    card = next(
        (each for each in (block, *block.parents) if (each / "device" / "pre_eol_info").exists()), None
    )
    # JEDEC eMMC 5.1, EXT_CSD PRE_EOL_INFO: 1 normal, 2 warning (80 % of the reserve used), 3 urgent.
    worn = _number(card / "device" / "pre_eol_info", base=16) if card else None
    if worn:
        said.append(
            f"the card's reserve is {({1: 'normal', 2: 'four fifths used', 3: 'nearly gone'}).get(worn, worn)}"
        )
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return DISK_HEALTH.failed("the disk is read-only", "A card that fails turns so. Replace it.")
    if (errors or 0) > 0 or (worn or 1) > 1:
        return DISK_HEALTH.failed("; ".join(said), "Replace the card before it fails.")
    if not said:
        return DISK_HEALTH.skipped("neither the file system nor the card says anything of its health")
    return DISK_HEALTH.passed("; ".join(said))


def temperature(sys: Path = Path("/sys")) -> Finding:
    """Read the processor's heat."""
    found = _number(sys / "class" / "thermal" / "thermal_zone0" / "temp")
    if found is None:
        return TEMPERATURE.skipped("this machine has no thermometer that the kernel shows")
    degrees = found / 1000
    if degrees >= HOTTEST:
        return TEMPERATURE.failed(
            f"{degrees:.0f} °C", "It slows itself down. Give the box air, or another place."
        )
    return TEMPERATURE.passed(
        f"{degrees:.0f} °C" + (", warm: see that air gets to it" if degrees >= WARM else "")
    )


def supply(sys: Path = Path("/sys"), kernel_log: Path = Path("/dev/kmsg")) -> Finding:
    """Ask whether the voltage was ever too low since the machine started.

    Raspberry Pi's own kernel shows the firmware's word. Others, Debian's among them, show by the driver `rpi_volt` how it is
    at this moment, and write into their log when it was too low.

    Args:
        sys: The kernel's `/sys`.
        kernel_log: The kernel's log; only root may read it.
    """
    found = _number(sys / "devices" / "platform" / "soc" / "soc:firmware" / "get_throttled", base=16)
    if found is None:
        return _supply_by_driver(sys, kernel_log)
    if found & (_UNDER_VOLTAGE_NOW | _UNDER_VOLTAGE_SINCE):
        when = "now" if found & _UNDER_VOLTAGE_NOW else "since it started"
        return SUPPLY.failed(f"the voltage is or was too low {when} (0x{found:x})", _BETTER_SUPPLY)
    return SUPPLY.passed(f"the voltage was never too low since it started (0x{found:x})")


def _supply_by_driver(sys: Path, kernel_log: Path) -> Finding:
    """Source: Linux, drivers/hwmon/raspberrypi-hwmon.c."""
    for chip in sorted((sys / "class" / "hwmon").glob("hwmon*")):
        if _text(chip / "name") == "rpi_volt":
            break
    else:
        return SUPPLY.skipped("this machine does not watch its supply")
    if _number(chip / "in0_lcrit_alarm"):
        return SUPPLY.failed("the voltage is too low now", _BETTER_SUPPLY)
    said = _log_of_the_kernel(kernel_log)
    if said is None:
        return SUPPLY.skipped(
            "the voltage is not too low now; whether it was before may not be asked here",
            "Run the self-test as root.",
        )
    if times := said.count(b"Undervoltage detected"):
        return SUPPLY.failed(f"the voltage was too low, {times} times since it started", _BETTER_SUPPLY)
    return SUPPLY.passed("the voltage was never too low since it started")


def _log_of_the_kernel(path: Path) -> bytes | None:
    """Read what the kernel has said (each read gives a line, as Documentation/ABI/testing/dev-kmsg has it)."""
    try:
        log = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    said: list[bytes] = []
    try:
        while len(said) < _MOST_LINES:
            try:
                line = os.read(log, _LONGEST_LINE)
            except BrokenPipeError:  # lines that were overwritten meanwhile
                continue
            if not line:
                break
            said.append(line)
    except BlockingIOError:  # that was the last one
        pass
    except OSError:
        return None
    finally:
        os.close(log)
    return b"".join(said)


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path, base: int = 10) -> int | None:
    try:
        return int(path.read_text().split()[0], base)
    except (OSError, ValueError, IndexError):
        return None
