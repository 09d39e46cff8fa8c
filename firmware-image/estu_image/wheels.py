"""Python's part of the root: the locked wheels for arm64, their hashes checked, and our own package.

`systemd-python` has no wheel; Debian's python3-systemd stands for it.
"""

import hashlib
import shutil
from pathlib import Path

from estu_image.program import run
from estu_image.root import EMULATED

PYTHON = "3.13"  # the release's
_PLATFORM = "aarch64-manylinux_2_40"  # the release's C library is 2.41
_FROM_DEBIAN = ("systemd-python",)
PLACE = "usr/lib/estu/python"
# Installed with something else that does not need it for what a box does.
_UNUSED = ("bin", ".lock", "pip", "pip-*.dist-info", "numpy/**/tests")
_LOCALES = ("root", "en", "kk", "ru")
# Parts of our wheel that a box does not run.
_NOT_ON_A_BOX = ("central", "provisioning")


def requirements(uv: Path, repository: Path) -> str:
    """Give what the lock says of the box's packages, with a digest for each file."""
    without = [f"--no-emit-package={name}" for name in _FROM_DEBIAN]
    return run(
        [
            uv,
            "export",
            "--frozen",
            "--no-emit-project",
            "--no-dev",
            "--no-header",
            "--no-annotate",
            "--extra=box",
            *without,
        ],
        folder=repository,
    )


def cached(uv: Path, repository: Path, cache: Path) -> Path:
    """Give the packages' folder, installed if this lock's is not there yet.

    Raises:
        Broken: A wheel is missing or another than was locked.
    """
    wanted = requirements(uv, repository)
    digest = hashlib.sha256(f"{wanted}{PYTHON}{_PLATFORM}".encode()).hexdigest()[:16]
    ready = cache / f"wheels-{digest}"
    if ready.exists():
        return ready
    building = cache / "wheels-building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    listed = cache / "requirements.txt"
    listed.write_text(wanted)
    run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "--link-mode=copy",
            f"--python-version={PYTHON}",
            f"--python-platform={_PLATFORM}",
            f"--target={building}",
            f"--requirement={listed}",
        ]
    )
    for unused in sorted({each for pattern in _UNUSED for each in building.glob(pattern)}):
        _remove(unused)
    for locale in (building / "babel" / "locale-data").glob("*.dat"):
        if locale.stem.split("_")[0] not in _LOCALES:
            _remove(locale)
    building.rename(ready)
    return ready


def install(packages: Path, wheel: Path, root: Path, date: int) -> None:
    """Put the packages and our own into a root, each with its bytecode.

    Args:
        packages: What `cached` gave.
        wheel: Ours.
        root: Where to.
        date: Seconds since 1970, of every file: bytecode names its source's.
    """
    place = root / PLACE
    shutil.copytree(packages, place, symlinks=True, dirs_exist_ok=True)
    shutil.unpack_archive(wheel, place, "zip")
    for part in _NOT_ON_A_BOX:
        _remove(place / part)
    for record in place.glob("estu-*.dist-info/RECORD"):
        kept = [line for line in record.read_text().splitlines() if not line.startswith(_NOT_ON_A_BOX)]
        record.write_text("\n".join(kept) + "\n")
    for path in sorted(place.rglob("*")):
        if path.is_file():
            path.chmod(0o755 if path.suffix == ".so" or ".so." in path.name else 0o644)
        else:
            path.chmod(0o755)
    run(["find", place, "-exec", "touch", "--no-dereference", f"--date=@{date}", "{}", "+"])
    # By the root's own Python, so that the bytecode is its; in one process, since there is no /dev in there.
    run(["chroot", root, "/usr/bin/python3", "-I", "-m", "compileall", "-q", f"/{PLACE}"], EMULATED)


def build(uv: Path, repository: Path, into: Path) -> Path:
    """Build our wheel.

    Raises:
        Broken: It cannot be built.
    """
    shutil.rmtree(into, ignore_errors=True)
    run([uv, "build", "--quiet", "--wheel", f"--out-dir={into}", repository])
    return next(into.glob("estu-*.whl"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
