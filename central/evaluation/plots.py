"""The report's pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from central.evaluation.answers import Asked, Heard
from central.evaluation.conditions import PROTOCOL_NOISES, PROTOCOL_ROOMS
from central.evaluation.figures import NEAR, Cell

_GREYS_AND_BLUES = ("#9ecae1", "#6baed6", "#2171b5", "#08306b")
_PEER = "#b35806"
_DPI = 110


def draw(out: Path, cells: Sequence[Cell], answers: Sequence[Asked | Heard], accept: float) -> None:
    """Draw every picture into a folder."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    asked = [one for one in answers if isinstance(one, Asked)]
    heard = [one for one in answers if isinstance(one, Heard)]
    _recall(out / "recall.png", cells)
    _noise(out / "noise.png", cells)
    _position(out / "position.png", asked, accept)
    _scores(out / "scores.png", asked, heard, accept)


def _recall(path: Path, cells: Sequence[Cell]) -> None:
    """Every room a panel, every noise a group, every length a bar; the peer's longest but one as a mark."""
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lengths = sorted({cell.seconds for cell in cells})
    peer_length = 10.0 if 10.0 in lengths else lengths[-1]
    by = {(cell.who, cell.condition, cell.seconds): cell for cell in cells}
    figure, panels = plt.subplots(2, 2, figsize=(11, 6.2), sharey=True, layout="constrained")
    width = 0.8 / len(lengths)
    for panel, (room, walls) in zip(panels.flat, PROTOCOL_ROOMS, strict=True):
        for place, (noise, _, _) in enumerate(PROTOCOL_NOISES):
            for turn, seconds in enumerate(lengths):
                if cell := by.get(("int8", f"{room}, {noise}", seconds)):
                    _bar(panel, place + (turn + 0.5) * width - 0.4, cell, width, _colour(turn, len(lengths)))
            if cell := by.get(("chromaprint", f"{room}, {noise}", peer_length)):
                panel.plot([place - 0.42, place + 0.42], [100 * cell.hit.share] * 2, color=_PEER, lw=2)
        panel.set_title(room if walls is None else f"{room}, T60 {walls.t60:g} s", loc="left", weight="bold")
        panel.set_xticks(
            range(len(PROTOCOL_NOISES)), [n.replace(" ", "\n", 1) for n, _, _ in PROTOCOL_NOISES]
        )
        panel.set(xlim=(-0.6, len(PROTOCOL_NOISES) - 0.4), ylim=(0, 100))
        panel.grid(axis="y", alpha=0.25)
    for panel in panels[:, 0]:
        panel.set_ylabel("recall, %")
    handles: list[Any] = [Patch(color=_colour(turn, len(lengths))) for turn in range(len(lengths))]
    labels = [f"Estu, {seconds:g} s" for seconds in lengths]
    if any(cell.who == "chromaprint" for cell in cells):
        handles.append(Line2D([], [], color=_PEER, lw=2))
        labels.append(f"Chromaprint, {peer_length:g} s")
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), frameon=False)
    _save(figure, path)


def _noise(path: Path, cells: Sequence[Cell]) -> None:
    """What an audience does, room by room, for clips of 5 and 10 s; the peer dashed."""
    from matplotlib import pyplot as plt

    lengths = [s for s in (5.0, 10.0) if any(cell.seconds == s for cell in cells)] or [cells[0].seconds]
    levels = [(name, snr) for name, kind, snr in PROTOCOL_NOISES if kind == "audience"]
    by = {(cell.who, cell.condition, cell.seconds): cell for cell in cells}
    figure, panels = plt.subplots(
        1, len(lengths), figsize=(5.5 * len(lengths), 4), sharey=True, layout="constrained", squeeze=False
    )
    for panel, seconds in zip(panels.flat, lengths, strict=True):
        for turn, (room, _) in enumerate(PROTOCOL_ROOMS):
            for who, style in (("int8", "o-"), ("chromaprint", "x:")):
                points = [
                    (snr, 100 * cell.hit.share)
                    for name, snr in levels
                    if (cell := by.get((who, f"{room}, {name}", seconds)))
                ]
                if points:
                    label = f"{room}{'' if who == 'int8' else ', Chromaprint'}"
                    panel.plot(*zip(*points, strict=True), style, color=f"C{turn}", label=label)
        panel.set(title=f"clips of {seconds:g} s", xlabel="music above the audience, dB", ylim=(0, 102))
        panel.invert_xaxis()
        panel.grid(alpha=0.25)
    panels.flat[0].set_ylabel("recall, %")
    panels.flat[-1].legend(frameon=False, fontsize=8)
    _save(figure, path)


def _position(path: Path, asked: Sequence[Asked], accept: float) -> None:
    """How far off the positions of accepted right recordings are."""
    from matplotlib import pyplot as plt

    off = [
        answer.off
        for one in asked
        for answer in one.answers
        if answer.who == "int8" and answer.off is not None and answer.score >= accept
    ]
    figure, panel = plt.subplots(figsize=(7, 3.4), layout="constrained")
    panel.hist(np.clip(off, -2, 2), bins=np.linspace(-2, 2, 81).tolist(), color=_GREYS_AND_BLUES[2])
    for side in (-NEAR, NEAR):
        panel.axvline(side, color="black", lw=0.8, ls=":")
    panel.set(
        xlabel="seconds by which the position is off (further ones at the ends)", ylabel="clips", yscale="log"
    )
    _save(figure, path)


def _scores(path: Path, asked: Sequence[Asked], heard: Sequence[Heard], accept: float) -> None:
    """Scores of right answers, and the best of unknown clips and stretches, against the threshold."""
    from matplotlib import pyplot as plt

    lengths = sorted({answer.seconds for one in asked for answer in one.answers})
    figure, panel = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for turn, seconds in enumerate(lengths):
        right = _sorted_scores(asked, seconds, known=True)
        unknown = _sorted_scores(asked, seconds, known=False)
        panel.plot(right, _left(right), color=_colour(turn, len(lengths)), label=f"known, {seconds:g} s")
        panel.plot(unknown, _left(unknown), color=_colour(turn, len(lengths)), ls="--")
    if heard:
        highest = np.sort([one.highest for one in heard])
        panel.plot(highest, _left(highest), color=_PEER, ls="--", label="unknown, each 10 minutes' highest")
    panel.axvline(accept, color="black", lw=0.8, label="threshold")
    panel.set(xlabel="score (dashed: unknown music)", ylabel="share that scores more, %")
    panel.legend(frameon=False, fontsize=8)
    _save(figure, path)


def _sorted_scores(asked: Sequence[Asked], seconds: float, known: bool) -> "np.ndarray[Any, Any]":
    return np.sort(
        [
            answer.score if answer.right or not known else 0.0
            for one in asked
            if one.known == known
            for answer in one.answers
            if answer.who == "int8" and answer.seconds == seconds
        ]
    )


def _left(scores: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    return 100.0 * (1.0 - np.arange(len(scores)) / max(1, len(scores)))


def _bar(panel: Any, place: float, cell: Cell, width: float, colour: str) -> None:
    low, high = cell.hit.interval
    share = cell.hit.share
    panel.bar(place, 100 * share, width, color=colour)
    panel.plot([place, place], [100 * low, 100 * high], color="black", lw=0.7, alpha=0.6)


def _colour(turn: int, of: int) -> str:
    return _GREYS_AND_BLUES[len(_GREYS_AND_BLUES) - of + turn] if of <= len(_GREYS_AND_BLUES) else f"C{turn}"


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, dpi=_DPI)
    plt.close(figure)
