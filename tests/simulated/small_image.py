"""An image with the layout of the real one, small: the choice of a slot, two boot slots, two root slots, the data partition."""

import random
import subprocess
from pathlib import Path

MIB = 1024 * 1024
# Number, name, start and size in MiB, MBR type. A logical partition's own table lies in the MiB before it.
LAYOUT = (
    (1, "choose", 1, 1, "c"),
    (2, "boot-a", 2, 2, "c"),
    (3, "boot-b", 4, 2, "c"),
    (4, "extended", 6, 22, "5"),
    (5, "root-a", 7, 6, "83"),
    (6, "root-b", 14, 6, "83"),
    (7, "estu-data", 21, 6, "83"),
)
SIZE = 28 * MIB


def place_of(name: str) -> tuple[int, int]:
    """Give start and end of a partition in bytes."""
    return next((start * MIB, (start + size) * MIB) for _, each, start, size, _ in LAYOUT if each == name)


def make_image(path: Path) -> None:
    """Write the image; what stands for the root file system is noise, for nothing here reads it."""
    with path.open("wb") as file:
        file.truncate(SIZE)
    script = ["label: dos", "label-id: 0x11223344"]
    script += [
        f"{number}: start={s * 2048}, size={n * 2048}, type={kind}" for number, _, s, n, kind in LAYOUT
    ]
    run("sfdisk", "--quiet", str(path), stdin="\n".join(script))
    boot = path.with_suffix(".vfat")
    boot.write_bytes(bytes(2 * MIB))
    run("mkfs.vfat", "--invariant", str(boot))
    data = path.with_suffix(".ext4")
    data.write_bytes(bytes(6 * MIB))
    run("mkfs.ext4", "-q", "-F", "-L", "estu-data", "-b", "1024", "-O", "^resize_inode", str(data))
    parts = {"boot-a": boot.read_bytes(), "estu-data": data.read_bytes()}
    parts["root-a"] = (
        random.Random(1).randbytes(2 * MIB + 512) + bytes(MIB) + random.Random(2).randbytes(5000)
    )
    with path.open("r+b") as file:
        for name, content in parts.items():
            file.seek(place_of(name)[0])
            file.write(content)
    boot.unlink()
    data.unlink()


def run(*words: str, stdin: str = "") -> str:
    """Run one of the system's programs, wherever Debian puts it, and give what it says."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
    ended = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
    return ended.stdout
