"""Draws an evening's time line: what sounded above, what the box wrote down below, the sound's level between.

Drawn by matplotlib without a screen. Each known piece has a colour of its own, the same above and below, and a
pale band joins the two: a band that leads nowhere is a piece that was missed.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Patch, Polygon
from matplotlib.ticker import FuncFormatter, MultipleLocator

from demo.account import Entry
from demo.evening import Kind, Programme, Scene
from demo.score import Score, is_of

SIZE = (16.0, 6.8)  # inches
DOTS = 150  # an inch

PAPER, INK, FAINT, SOFT = "#fbfaf7", "#2d3142", "#8d8f9b", "#e4e2dc"
FALSE = "#c1121f"
# No reds: they are kept for what went wrong. Neighbours differ in hue and in lightness.
PALETTE = (
    "#3d7ea6", "#e0a04f", "#4f9d7e", "#8a68b0", "#b9627f", "#7fb7d1", "#9aa84a", "#c9774a",
    "#2f8f8b", "#6f78c2", "#d596b4", "#8a6d4b", "#5c9e58", "#a7b8d8", "#c7b44f", "#5d6f86",
)  # fmt: skip
STYLE = {
    Kind.UNKNOWN: ("#d9d9d9", "#7d7f8a"),
    Kind.SPEECH: ("#f0dfb8", "#b08a3c"),
    Kind.APPLAUSE: ("#f6cfc4", "#c9735b"),
}

# Heights of the lanes; the level's band lies between them.
TRUTH, BOX, HEIGHT = 2.15, -0.15, 0.5
LEVEL_FOOT, LEVEL_HEIGHT = 0.62, 1.25
LEVEL_RANGE = (-65.0, -12.0)  # dBFS
LONGEST_TITLE = 22  # characters
TITLES_APART = 0.022  # of the evening, at least


def draw(
    programme: Programme, account: Sequence[Entry], score: Score, levels: np.ndarray, path: Path
) -> None:
    """Draw the evening into a PNG file.

    Args:
        programme: What sounded.
        account: What the box wrote down, candidates included.
        score: The comparison of both.
        levels: dBFS in equal stretches of the evening's sound.
        path: The file to write.
    """
    with mpl.rc_context({"font.family": "DejaVu Sans", "hatch.linewidth": 0.6, "text.color": INK}):
        figure = Figure(figsize=SIZE, dpi=DOTS, facecolor=PAPER)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.085, 0.19, 0.895, 0.64))
        _frame(axes, programme)
        _draw_level(axes, levels, programme.seconds)
        _draw_truth(axes, programme, score)
        _draw_account(axes, account, score)
        _draw_words(figure, programme, score)
        figure.savefig(path, facecolor=PAPER)


def colours(count: int) -> list[str]:
    """Give a colour for each piece of an evening; they repeat only in a very long one."""
    return [PALETTE[number % len(PALETTE)] for number in range(count)]


def _frame(axes: Axes, programme: Programme) -> None:
    axes.set_facecolor(PAPER)
    axes.set_xlim(-4, programme.seconds + 4)
    axes.set_ylim(-0.62, 3.72)
    axes.set_yticks([TRUTH + HEIGHT / 2, BOX + HEIGHT / 2], ["what\nsounded", "what the\nbox wrote"])
    axes.xaxis.set_major_locator(MultipleLocator(60))
    axes.xaxis.set_minor_locator(MultipleLocator(15))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda second, _: f"{second / 60:.0f} min" if second >= 0 else "")
    )
    axes.tick_params(axis="both", length=0, labelcolor=INK, labelsize=11)
    axes.tick_params(axis="x", which="major", length=5, color=FAINT, labelcolor=FAINT, labelsize=10)
    axes.tick_params(axis="x", which="minor", length=2.5, color=SOFT)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(SOFT)


def _draw_level(axes: Axes, levels: np.ndarray, seconds: float) -> None:
    """Draw the level as a band around the middle, so that it reads as sound and not as a curve."""
    low, high = LEVEL_RANGE
    smooth = np.convolve(np.pad(levels, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    half = np.clip((smooth - low) / (high - low), 0.012, 1.0) * LEVEL_HEIGHT / 2
    middle = LEVEL_FOOT + LEVEL_HEIGHT / 2
    times = (np.arange(len(half)) + 0.5) * seconds / max(1, len(half))
    axes.fill_between(times, middle - half, middle + half, color=INK, alpha=0.17, linewidth=0, zorder=2)


def _draw_truth(axes: Axes, programme: Programme, score: Score) -> None:
    for finding, colour in zip(score.findings, colours(len(score.findings)), strict=True):
        scene = finding.scene
        if finding.found:
            _bar(axes, scene.start, scene.end, TRUTH, colour)
        else:
            _bar(axes, scene.start, scene.end, TRUTH, colour + "55", edge=FALSE, line=2.0)
    for scene in programme.of(Kind.UNKNOWN):
        fill, line = STYLE[Kind.UNKNOWN]
        _bar(axes, scene.start, scene.end, TRUTH, fill, edge=line, hatch="////")
    for scene in programme.of(Kind.SPEECH, Kind.APPLAUSE):
        fill, line = STYLE[scene.kind]
        over = any(other.start < scene.start and scene.end < other.end for other in programme.scenes)
        # Speech over music lies within the music's bar.
        height = HEIGHT * (0.42 if over else 1.0)
        _bar(axes, scene.start, scene.end, TRUTH, fill, edge=line, height=height, line=0.6)
    _draw_titles(axes, programme, {scene.start for scene in score.missed})


def _draw_titles(axes: Axes, programme: Programme, missed: set[float]) -> None:
    """Write the titles on a slant above the bars; one that would lie on the one before moves to the right."""
    free_from = -np.inf
    for scene in programme.of(Kind.KNOWN, Kind.UNKNOWN):
        second = max(scene.start + min(scene.seconds / 2, 8.0), free_from)
        free_from = second + TITLES_APART * programme.seconds
        colour = FAINT if scene.kind is Kind.UNKNOWN else FALSE if scene.start in missed else INK
        title = scene.title if len(scene.title) <= LONGEST_TITLE else scene.title[: LONGEST_TITLE - 1] + "…"
        axes.text(
            second, TRUTH + HEIGHT + 0.09, title, color=colour, fontsize=10, rotation=38,
            rotation_mode="anchor", ha="left", va="bottom",
        )  # fmt: skip


def _draw_account(axes: Axes, account: Sequence[Entry], score: Score) -> None:
    for finding, colour in zip(score.findings, colours(len(score.findings)), strict=True):
        scene = finding.scene
        for play in finding.plays:
            _bar(axes, play.start, play.end, BOX, colour)
            _join(axes, scene, play, colour)
        for maybe in account:
            if not maybe.identified and is_of(maybe, scene):
                _bar(axes, maybe.start, maybe.end, BOX, PAPER, edge=colour, dashed=True, layer=3)
    for play in score.false_plays:
        _bar(axes, play.start, play.end, BOX, FALSE, edge=FALSE, hatch="xx")
        axes.text(
            play.start, BOX - 0.1, play.title, color=FALSE, fontsize=9, rotation=-35, va="top", ha="left"
        )
    for maybe in account:
        if not maybe.identified and not any(is_of(maybe, finding.scene) for finding in score.findings):
            _bar(axes, maybe.start, maybe.end, BOX, PAPER, edge=FAINT, dashed=True, layer=3)


def _draw_words(figure: Figure, programme: Programme, score: Score) -> None:
    minutes, seconds = divmod(round(programme.seconds), 60)
    figure.text(0.02, 0.945, "An evening, as the box heard it", fontsize=19, fontweight="bold", va="center")
    false = f"{len(score.false_plays)} false play{'' if len(score.false_plays) == 1 else 's'}"
    verdict = f"{score.found} of {score.known} known pieces found  ·  {false}"
    figure.text(
        0.02,
        0.893,
        f"{minutes} min {seconds} s of sound in a simulated hall  ·  {verdict}",
        fontsize=12,
        color=FAINT,
    )
    unknown, speech, applause = (STYLE[kind] for kind in (Kind.UNKNOWN, Kind.SPEECH, Kind.APPLAUSE))
    swatch = colours(2)[0]
    keys = [
        (Patch(facecolor=swatch), "known piece, a colour each"),
        (Patch(facecolor=unknown[0], edgecolor=unknown[1], hatch="////"), "unknown piece"),
        (Patch(facecolor=speech[0], edgecolor=speech[1]), "speech"),
        (Patch(facecolor=applause[0], edgecolor=applause[1]), "applause"),
        (Patch(facecolor=INK, alpha=0.17), "sound level"),
        (
            Patch(facecolor=PAPER, edgecolor=swatch, linestyle=(0, (2, 1.5)), linewidth=1.3),
            "candidate: the box is not sure",
        ),
        (Line2D([], [], color=FALSE, linewidth=2), "missed or false"),
    ]
    figure.legend(
        [key for key, _ in keys], [words for _, words in keys], loc="lower center", bbox_to_anchor=(0.5, 0.025),
        ncols=len(keys), frameon=False, fontsize=10.5, handlelength=1.7, handleheight=1.1, columnspacing=2.0,
    )  # fmt: skip


def _bar(
    axes: Axes,
    start: float,
    end: float,
    foot: float,
    fill: str,
    edge: str | None = None,
    hatch: str | None = None,
    height: float = HEIGHT,
    line: float = 1.3,
    dashed: bool = False,
    layer: int = 4,
) -> None:
    """Draw one stretch of time with slightly rounded corners."""
    shape = FancyBboxPatch(
        (start, foot), end - start, height, boxstyle="round,pad=0,rounding_size=1.6", mutation_aspect=0.035,
        facecolor=fill, edgecolor=edge or fill, linewidth=line if edge else 0.0,
        linestyle=(0, (2, 1.5)) if dashed else "-", hatch=hatch, zorder=layer,
    )  # fmt: skip
    axes.add_patch(shape)


def _join(axes: Axes, scene: Scene, play: Entry, colour: str) -> None:
    """Lead from a scene, or the part of it that was heard, down to its play."""
    top, foot = TRUTH, BOX + HEIGHT
    start, end = max(scene.start, play.start), min(scene.end, play.end)
    if start >= end:
        return  # only the echo was heard
    corners = [(start, top), (end, top), (play.end, foot), (play.start, foot)]
    axes.add_patch(Polygon(corners, closed=True, facecolor=colour, alpha=0.16, linewidth=0, zorder=1))
