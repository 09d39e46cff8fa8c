"""Tags: what a sound file says about itself, in whichever of the three families of tags it uses."""

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

from central.catalogue import identifiers
from device.catalogue.recording import Creator, Work
from device.record import limits

# For each of our words: the ID3 frame, the MP4 atom, the names in Vorbis comments and in APE.
_NAMES = {
    "title": ("TIT2", "\xa9nam", ("title",)),
    "artist": ("TPE1", "\xa9ART", ("artist",)),
    "label": ("TPUB", "----:com.apple.iTunes:LABEL", ("label", "organization", "publisher")),
    "isrc": ("TSRC", "----:com.apple.iTunes:ISRC", ("isrc",)),
    "composer": ("TCOM", "\xa9wrt", ("composer",)),
    "lyricist": ("TEXT", "----:com.apple.iTunes:LYRICIST", ("lyricist",)),
    "iswc": ("TXXX:ISWC", "----:com.apple.iTunes:ISWC", ("iswc",)),
}

# Mutagen promises its own error only, but damaged files have led it to these.
_UNREADABLE = (mutagen.MutagenError, ArithmeticError, EOFError, LookupError, ValueError, struct.error)


@dataclass(frozen=True)
class Tags:
    """What a file says about its recording."""

    isrc: str | None = None
    title: str | None = None
    artist: str | None = None
    label: str | None = None
    works: tuple[Work, ...] = ()
    remarks: tuple[str, ...] = ()  # identifiers that were left out because they are wrong, in words


def read(path: Path) -> Tags:
    """Read a file's tags; a file without any, or of an unknown kind, has none.

    A wrong identifier in a tag is left out and remarked on, not refused: whoever builds a catalogue often cannot
    change the files.
    """
    try:
        found = mutagen.File(path)
    except _UNREADABLE:
        return Tags()  # whether its sound can be read is for ffmpeg to say
    if found is None or found.tags is None:
        return Tags()
    texts = {word: _texts(found.tags, *names) for word, names in _NAMES.items()}
    remarks: list[str] = []
    isrcs = _checked(texts["isrc"], identifiers.check_isrc, remarks)
    return Tags(
        isrc=isrcs[0] if isrcs else None,
        title=_joined(texts["title"]),
        artist=_joined(texts["artist"]),
        label=_joined(texts["label"]),
        works=_works(texts, remarks),
        remarks=tuple(remarks),
    )


def _works(texts: dict[str, list[str]], remarks: list[str]) -> tuple[Work, ...]:
    """Tell the works; creators are known only where there is one work, a medley's tags do not say whose is which."""
    iswcs = _checked(texts["iswc"], identifiers.check_iswc, remarks)
    creators = tuple(
        Creator(name[: limits.TITLE_CHARACTERS], role, None)
        for word, role in (("composer", "C"), ("lyricist", "A"))
        for name in texts[word]
    )[: limits.CREATORS]
    if len(iswcs) > 1:
        return tuple(Work(iswc, None, ()) for iswc in iswcs[: limits.WORKS])
    if not iswcs and not creators:
        return ()
    return (Work(iswcs[0] if iswcs else None, _joined(texts["title"]), creators),)


def _checked(texts: Iterable[str], check: Callable[[str], str], remarks: list[str]) -> list[str]:
    good: list[str] = []
    for text in texts:
        try:
            good.append(check(text))
        except ValueError as error:
            remarks.append(f"a tag is left out: {error}")
    return list(dict.fromkeys(good))


def _joined(texts: list[str]) -> str | None:
    return ", ".join(texts)[: limits.TITLE_CHARACTERS] or None


def _texts(tags: Any, frame: str, atom: str, comments: tuple[str, ...]) -> list[str]:
    """Give a tag's texts, whichever family the tags are of; each non-empty and without control characters."""
    values: list[Any]
    if issubclass(type(tags), ID3):  # its WAVE and AIFF forms too
        values = [text for found in tags.values() if found.HashKey == frame for text in found.text]
    elif issubclass(type(tags), MP4Tags):
        values = list(tags[atom]) if atom in tags else []
    else:
        values = [text for name in comments if name in tags for text in _listed(tags[name])]
    texts = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values)
    clean = (re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip() for text in texts)
    return list(dict.fromkeys(text for text in clean if text))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
