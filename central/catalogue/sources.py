"""Sources: the sound files under what a person named, each once."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import Refused

# In folders only files with these endings are taken, so that covers, texts and playlists are not reported as
# unreadable music. A file that is named itself is taken whatever it is called. All of these ffmpeg reads.
ENDINGS = frozenset(
    """aac ac3 aif aifc aiff alac amr ape au caf dff dsf dts eac3 flac it m4a m4b mka mod mp1 mp2 mp3 mp4 mpa mpc
    oga ogg opus ra s3m shn snd spx tak tta voc w64 wav wma wv xm
    3gp avi flv m2ts m4v mkv mov mpeg mpg mts mxf ogv ts vob webm wmv""".split()  # noqa: SIM905 - a list to read
)


@dataclass(frozen=True)
class Sources:
    """What was found."""

    files: tuple[Path, ...]  # resolved, sorted, each once
    roots: tuple[Path, ...]  # the folders that tables may name files from
    left_out: int  # files in folders that do not end like sound


def find(music: Sequence[Path]) -> Sources:
    """Find the sound files in folders, whatever their depth, and among single files.

    Args:
        music: Files and folders; hidden files and folders in them are left out.

    Raises:
        Refused: One of them does not exist, or there is no sound file in any.
    """
    missing = [str(path) for path in music if not path.exists()]
    if missing:
        raise Refused("music-missing", f"There is no {' and no '.join(missing)}.", "Check the paths.")
    found: set[Path] = set()
    left_out: set[Path] = set()
    for path in music:
        if path.is_dir():
            for file in _files(path):
                (found if file.suffix[1:].lower() in ENDINGS else left_out).add(file.resolve())
        else:
            found.add(path.resolve())
    if not found:
        raise Refused(
            "music-missing",
            f"No sound files in {', '.join(map(str, music))} ({len(left_out)} others).",
            "Name files or folders with music; a file that is named itself may have any ending.",
        )
    roots = tuple(dict.fromkeys((path if path.is_dir() else path.parent).resolve() for path in music))
    return Sources(tuple(sorted(found)), roots, len(left_out - found))


def _files(folder: Path) -> Iterable[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            file = Path(here, name)
            if not name.startswith(".") and file.is_file():  # neither a socket nor a link to nowhere
                yield file
