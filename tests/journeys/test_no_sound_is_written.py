"""The promise that sound never touches a disk, watched from outside: every file that a listening box writes, by strace.

Each file that is opened for writing is on a list; what goes into each is searched for the sound that was played; and no
socket but a local one is made. Sound that was compressed first would not be found; that the lists are short is the answer
to that.
"""

# ruff: noqa: S108 - where memory is mapped, and by whom, is what is watched

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from device.record.log_reader import LogReader
from tests.simulated.listener import Listener
from tests.simulated.sound_card import RATE, SoundCard
from tests.simulated.sound_finder import ALIKE, likest

pytestmark = pytest.mark.timeout(900)  # a busy machine under strace

MODELS_RATE = 8_000  # Hz
SECONDS = 2.9
WRITES = "write,pwrite64,writev,pwritev,pwritev2,sendfile,splice,tee,vmsplice,copy_file_range,sendto,sendmsg"
OPENS = "open,openat,openat2,creat,memfd_create,socket,mknod,mknodat,truncate,io_uring_setup"

# Every file that may be written, and what it is.
ALLOWED = {
    r"box/log\.sqlite(-wal|-shm|-journal)?": "the log",
    r"box/[\w.-]*log\.sqlite[\w.-]*": "what the log keeps beside itself",
    r"box/\.?under-way\.json[\w.-]*": "what is not told yet, in case the power fails",
    r"box/\.?baseline\.json[\w.-]*": "what the microphone gave when the box was commissioned",
    r"run/\.?hearing\.json[\w.-]*": "what is heard now, in words",
    r"run/listen-running": "the mark of a run",
    r"/dev/null": "nothing",
    r"/dev/shm/jack_db-\d+/[\w.]+": "where the JACK library, which PortAudio loads, keeps names; memory, searched too",
}
# The virtual card's own way to this process; a real card's is memory that the kernel maps.
CARDS_OWN = (r"/dev/shm/pulse-shm-\d+", r"/memfd:pulseaudio.*", r"estu-card-\w+/.*", r"/dev/tty")


def music() -> np.ndarray:
    """Make a sound that nothing else looks like."""
    rng = np.random.default_rng(11)
    at = np.arange(round(SECONDS * RATE)) / RATE
    sweep = np.sin(2 * np.pi * (300.0 + 90.0 * at) * at)
    return (0.3 * sweep + 0.1 * rng.normal(size=len(at))).astype(np.float32)


def as_bytes(sound: np.ndarray, kind: str) -> bytes:
    return (sound * 32_767).astype("<i2").tobytes() if kind == "int16" else sound.astype("<f4").tobytes()


@pytest.mark.parametrize("kind", ["int16", "float32"])
@pytest.mark.parametrize("rate", [RATE, MODELS_RATE])
def test_the_search_finds_a_sound_that_is_written(kind: str, rate: int) -> None:
    heard = music() * 0.2 + np.random.default_rng(2).normal(0.0, 0.002, len(music())).astype(np.float32)
    piece = soxr.resample(heard, RATE, rate)[rate : 2 * rate]
    hidden = b"\x01SQLite" + os.urandom(3_001) + as_bytes(piece, kind) + os.urandom(5_000)
    assert likest(hidden, music(), (RATE, MODELS_RATE), RATE) > ALIKE


def test_the_search_finds_nothing_in_what_is_no_sound() -> None:
    text = "".join(f'{{"level_dbfs": {-20 - n % 37}, "at": {n * 17}}}' for n in range(2_000)).encode()
    assert likest(text + os.urandom(50_000) + bytes(8_192), music(), (RATE, MODELS_RATE), RATE) < ALIKE / 2


def listened(folder: Path) -> list[str]:
    """Let a box listen to the music under strace; give each system call that was watched."""
    sound, trace = folder / "music.wav", folder / "trace"
    soundfile.write(sound, music(), RATE, subtype="FLOAT")
    watch = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "1000000"]
    watch += ["-e", f"trace={WRITES},{OPENS}", "-e", "signal=none", "-o", str(trace)]
    with SoundCard() as card, Listener(folder, card, watch) as box:
        box.wait_for("hearing", "silent", "deaf")
        card.play(sound).wait()
        loud = re.search(rb'"level_dbfs":-[12]\d\.', (folder / "run" / "hearing.json").read_bytes())
        time.sleep(1.0)
        (child,) = Path(f"/proc/{box.process.pid}/task/{box.process.pid}/children").read_text().split()
        os.kill(int(child), 15)
        assert box.process.wait(60) == 0
    assert loud, "the music was not heard"
    return trace.read_text().splitlines()


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("watched")
    return folder, listened(folder)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def written(folder: Path, lines: list[str]) -> dict[str, bytes]:
    """Give all bytes that went into each file (pipes and sockets too), by the file's name."""
    found: dict[str, bytes] = {}
    for line in lines:
        call = re.match(r"\d+ +(?:write|pwrite64|writev|pwritev2?|sendto|sendmsg)\(\d+<(.*?)>, ", line)
        if call:
            name = unhex(call[1]).decode() if call[1].startswith("\\x") else call[1]
            pieces = re.findall(r'"((?:\\x[0-9a-f]{2})*)"', line)
            found[name] = found.get(name, b"") + b"".join(map(unhex, pieces))
    return found


def own(folder: Path, name: str) -> str:
    return name.removeprefix(f"{folder}/")


def is_allowed(folder: Path, name: str) -> bool:
    short = own(folder, name)
    mine = any(re.fullmatch(pattern, short) for pattern in ALLOWED)
    return mine or any(re.search(pattern, name) for pattern in CARDS_OWN)


def opened_to_write(lines: list[str]) -> set[str]:
    """Give the names of the files that were opened for writing."""
    opened = set()
    for line in lines:
        call = re.match(
            r"\d+ +(?:open|openat|openat2|creat)\(.*O_(?:WRONLY|RDWR|CREAT).*\) = \d+<(.*?)>", line
        )
        if call:
            opened.add(unhex(call[1]).decode() if call[1].startswith("\\x") else call[1])
    return opened


def test_a_listening_box_opens_for_writing_what_is_on_the_list_and_nothing_else(
    calls: tuple[Path, list[str]],
) -> None:
    folder, lines = calls
    opened = opened_to_write(lines)
    assert any(name.endswith("log.sqlite") for name in opened)  # the watch does see something
    assert any("hearing.json" in name for name in opened)
    assert {own(folder, name) for name in opened if not is_allowed(folder, name)} == set()
    assert not [line for line in lines if re.search(r"(io_uring_setup|mknod\w*|splice|sendfile)\(", line)]


def test_nothing_that_a_listening_box_writes_holds_the_sound(calls: tuple[Path, list[str]]) -> None:
    folder, lines = calls
    found = written(folder, lines)
    files = {name: content for name, content in found.items() if name.startswith("/") and "/dev/" not in name}
    assert sum(len(content) for content in files.values()) > 10_000
    for name, content in found.items():
        if not any(re.search(pattern, name) for pattern in CARDS_OWN):
            assert likest(content, music(), (RATE, MODELS_RATE), RATE) < ALIKE, name
    for name in opened_to_write(lines):  # what was written through a mapping of memory
        if name.startswith("/dev/shm/jack_db") or (
            is_allowed(folder, name) and name.startswith(f"{folder}/")
        ):
            left = Path(name).read_bytes() if Path(name).exists() else b""
            assert likest(left, music(), (RATE, MODELS_RATE), RATE) < ALIKE, name
    with LogReader.read(folder / "box" / "log.sqlite") as log:
        assert log.count() >= 2


def test_a_listening_box_makes_no_socket_but_local_ones(calls: tuple[Path, list[str]]) -> None:
    _, lines = calls
    families = {call[1] for line in lines if (call := re.match(r"\d+ +socket\((\w+)", line))}
    assert families <= {"AF_UNIX"}
