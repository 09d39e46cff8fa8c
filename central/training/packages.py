"""Debian packages: downloaded without being installed, and only the sound in them written out."""

import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO

from device.errors import Refused, Waiting

_RECORDED = {".ogg", ".oga", ".mp3", ".wav", ".flac", ".opus", ".m4a", ".aif", ".aiff", ".au"}
_TRACKER = {".mod", ".xm", ".it", ".s3m"}  # ffmpeg renders them through libopenmpt
_HEAD = 12  # bytes that tell what a file is when its name does not
_SOUND = (b"OggS", b"fLaC", b"ID3")
_ARCHIVE = b"PK\x03\x04"  # ZIP, under whatever name: .pk3, .love


def download(package: str, folder: Path) -> Path:
    """Give a package's file, from the folder if it lies there.

    Args:
        package: Its name in the distribution this runs on.
        folder: Where package files are kept.

    Returns:
        The `.deb`.

    Raises:
        Waiting: The package mirror does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (kept := sorted(folder.glob(f"{package}_*.deb"))):
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            done = subprocess.run(
                ["apt-get", "-q", "download", package],
                cwd=beside,
                capture_output=True,
                text=True,
                check=False,
            )
            for file in Path(beside).glob("*.deb"):
                file.replace(folder / file.name)
        if not (kept := sorted(folder.glob(f"{package}_*.deb"))):
            raise Waiting(
                "corpus-unreachable",
                f"{package} could not be downloaded: {done.stderr.strip()[-200:]}.",
                "Check the network and `apt-get update`, then run it again.",
            )
    return kept[-1]


def unpack(package: Path, folder: Path) -> None:
    """Write only the sound of a package, without ever unpacking the rest of it.

    Sound is known by its ending, or by its first bytes where games name their files otherwise.

    Args:
        package: The `.deb`.
        folder: Where to write, under the paths of the package; an archive's name becomes a folder.

    Raises:
        Refused: It cannot be unpacked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as members,
    ):
        for member in members:
            stream = members.extractfile(member) if member.isreg() else None
            if stream is None:
                continue
            head = stream.read(_HEAD)
            if _is_sound(member.name, head):
                _write(head, stream, folder, member.name)
            elif head.startswith(_ARCHIVE):
                _unpack_archive(head, stream, folder, member.name)
        # The archive ends before the stream does; dpkg-deb must be let finish to tell whether all was well.
        while unpacking.stdout is not None and unpacking.stdout.read(2**20):
            pass
    if unpacking.returncode != 0:
        raise Refused(
            "corpus-package-unreadable", f"{package.name} cannot be unpacked.", "Delete it and try again."
        )


def _unpack_archive(head: bytes, stream: IO[bytes], folder: Path, name: str) -> None:
    """Write the sound of an archive that lies in a package."""
    with tempfile.TemporaryFile(dir=folder) as seekable:
        seekable.write(head)
        copyfileobj(stream, seekable)
        if not zipfile.is_zipfile(seekable):
            return
        with zipfile.ZipFile(seekable) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as inner:
                    start = inner.read(_HEAD)
                    if not entry.is_dir() and _is_sound(entry.filename, start):
                        _write(start, inner, folder, f"{name}/{entry.filename}")


def _is_sound(name: str, head: bytes) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return (
        suffix in _RECORDED | _TRACKER
        or head.startswith(_SOUND)
        or (head[:4] == b"RIFF" and head[8:12] == b"WAVE")
    )


def _write(head: bytes, rest: IO[bytes], folder: Path, name: str) -> None:
    """Write one file under the folder, whatever its name in the archive tries."""
    parts = [part for part in PurePosixPath(name).parts if part not in {"/", ".", ".."}]
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        out.write(head)
        copyfileobj(rest, out)
