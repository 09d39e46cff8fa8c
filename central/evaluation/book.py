"""Who answered what: each contestant's answers lie in a file of their own, so that one may be asked anew alone."""

from collections.abc import Iterable, Mapping

import msgspec

from central.evaluation.answers import Asked, Heard, Kept
from central.evaluation.contestant import INT8

LISTENER = INT8  # who listens to unknown sound without a break: the box as it ships


class Book:
    """All answers that were kept, and those that come."""

    def __init__(self, kept: Mapping[str, Kept]) -> None:
        """Read what was kept.

        Args:
            kept: Every contestant's file; several may share one.
        """
        self._kept = dict(kept)
        self._answers: dict[str, dict[str, Asked | Heard]] = {}
        for name, file in self._kept.items():
            for one in file.read():
                if name in _names(one):
                    self._note(name, one)

    def missing(self, key: str) -> frozenset[str]:
        """Name the contestants who have not said anything of a clip."""
        return frozenset(self._kept).difference(self._answers.get(key, {}))

    def has_heard(self, key: str) -> bool:
        """Tell whether a stretch was listened to."""
        return LISTENER in self._answers.get(key, {})

    def take(self, some: Iterable[Asked | Heard]) -> None:
        """Write answers down."""
        for one in some:
            for name in _names(one):
                self._kept[name].keep([_of(one, name)])
                self._note(name, one)

    def about(self, keys: Iterable[str]) -> tuple[Asked | Heard, ...]:
        """Give what is known of clips and stretches, what everybody said of a clip together."""
        said = (self._answers[key] for key in keys if key in self._answers)
        return tuple(_together([by[name] for name in self._kept if name in by]) for by in said)

    def _note(self, name: str, one: Asked | Heard) -> None:
        self._answers.setdefault(one.key, {})[name] = _of(one, name)


def _names(one: Asked | Heard) -> set[str]:
    return {LISTENER} if isinstance(one, Heard) else {answer.who for answer in one.answers}


def _of(one: Asked | Heard, name: str) -> Asked | Heard:
    """Give what one contestant said of it."""
    if isinstance(one, Heard):
        return one
    return msgspec.structs.replace(one, answers=tuple(a for a in one.answers if a.who == name))


def _together(some: list[Asked | Heard]) -> Asked | Heard:
    first = some[0]
    if isinstance(first, Heard):
        return first
    answers = tuple(answer for one in some if isinstance(one, Asked) for answer in one.answers)
    return msgspec.structs.replace(first, answers=answers)
