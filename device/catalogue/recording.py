"""What a catalogue knows about a recording: who made it, which works it performs, and its numbers."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["recording", "film", "work"]


@dataclass(frozen=True)
class Creator:
    """A person or firm that shares in a work."""

    name: str
    role: str  # CISAC role code: C composer, A author of words, CA both, AR arranger, E publisher ...
    ipi: str | None  # IPI name number, 11 digits


@dataclass(frozen=True)
class Work:
    """A composition, as distinct from any recording of it."""

    iswc: str | None  # T and ten digits, without dots or hyphens
    title: str | None
    creators: tuple[Creator, ...]  # in the order in which the catalogue's owner named them


@dataclass(frozen=True)
class Recording:
    """A published sound recording, or what a catalogue lists in a recording's place.

    Only `id` is certain; a catalogue built from bare files knows nothing else.
    """

    id: str  # the catalogue owner's own name for it, unique in a catalogue
    isrc: str | None  # 12 characters, without hyphens
    title: str | None
    artist: str | None
    label: str | None
    works: tuple[Work, ...]  # in the order in which they are named; a medley has several
    ai_generated: bool  # the mark that the AI law asks for; every play of the recording repeats it
    seconds: float  # how long the reference sounds
    kind: Kind
