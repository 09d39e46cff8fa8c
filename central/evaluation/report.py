"""The report: what was measured, on what, as JSON for programs and as Markdown for people."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from central.evaluation import calibration, figures
from central.evaluation.answers import Asked, Heard
from central.evaluation.conditions import PROTOCOL_NOISES, PROTOCOL_ROOMS
from central.evaluation.evaluating import Measured, Order
from central.evaluation.figures import Cell, Share
from device.host import atomic_file

PICTURES = ("recall.png", "noise.png", "position.png", "scores.png")


def write(order: Order, measured: Measured) -> list[Cell]:
    """Write `report.json` and `report.md` into the order's folder.

    Returns:
        The cells, for whoever draws them.
    """
    asked = [one for one in measured.answers if isinstance(one, Asked)]
    heard = [one for one in measured.answers if isinstance(one, Heard)]
    cells = _in_order(figures.cells(asked, measured.thresholds.accept), order)
    content = json.dumps(_facts(order, measured, asked, heard, cells), indent=1, ensure_ascii=False)
    atomic_file.replace(order.out / "report.json", content.encode() + b"\n")
    text = "\n".join(_page(order, measured, asked, heard, cells))
    atomic_file.replace(order.out / "report.md", text.encode() + b"\n")
    return cells


def _in_order(cells: Sequence[Cell], order: Order) -> list[Cell]:
    conditions = [condition.name for condition in order.conditions]
    return sorted(cells, key=lambda c: (c.who != "int8", c.who, conditions.index(c.condition), c.seconds))


def _facts(
    order: Order, measured: Measured, asked: Sequence[Asked], heard: Sequence[Heard], cells: Sequence[Cell]
) -> dict[str, Any]:
    accept = measured.thresholds.accept
    return {
        "model": measured.model,
        "catalogue": {"recordings": measured.recordings, "hours": round(measured.hours_known, 2)},
        "thresholds": asdict(measured.thresholds),
        "float": str(order.float_model) if order.float_model else None,
        "seed": order.seed,
        "clips": {"known": sum(a.known for a in asked), "unknown": sum(not a.known for a in asked)},
        "cells": [
            {
                "who": cell.who,
                "condition": cell.condition,
                "seconds": cell.seconds,
                "recall": _share(cell.hit),
                "first_right": _share(cell.first),
                "right_recording": _share(cell.recording),
                "wrong": _share(cell.wrong),
                "position_error": {"median": cell.off_median, "p95": cell.off_most},
            }
            for cell in cells
        ],
        "unknown_clips_accepted": [
            {"who": who, "seconds": seconds} | _share(share)
            for (who, seconds), share in sorted(figures.unknown_clips(asked, accept).items())
        ],
        "thresholds_used": [
            {"who": who, "seconds": seconds, "score": round(score, 4)}
            for (who, seconds), score in sorted(figures.thresholds(asked, accept).items())
        ],
        "false_plays": {
            status: {
                kind: {
                    "plays": rate.count,
                    "hours": round(rate.hours, 3),
                    "upper_95_an_hour": round(rate.upper_bound, 4),
                }
                for kind, rate in figures.false_plays(heard, status).items()
            }
            for status in ("identified", "candidate")
        },
        "highest_score_of_unknown_sound": max((one.highest for one in heard), default=None),
        "chance": asdict(chance) if (chance := figures.chance(heard)) else None,
    }


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    figure = round(share.share, 4) if share.of else None
    return {
        "share": figure,
        "count": share.count,
        "of": share.of,
        "interval_95": [round(low, 4), round(high, 4)],
    }


def _page(
    order: Order, measured: Measured, asked: Sequence[Asked], heard: Sequence[Heard], cells: Sequence[Cell]
) -> list[str]:
    accept = measured.thresholds.accept
    known = sum(one.known for one in asked)
    lines = [
        "# Evaluation",
        "",
        (
            f"Model {measured.model[:12]}, threshold {accept:g} ({measured.thresholds.measured}); {measured.recordings} "
            f"recordings in the catalogue, {measured.hours_known:.1f} hours; {known} clips of "
            f"{len({one.file for one in asked if one.known})} known and {len(asked) - known} of "
            f"{len({one.file for one in asked if not one.known})} unknown tracks, seed {order.seed}."
        ),
        "",
        (
            f"A clip is a **hit** if the box accepts an answer, it is the right recording, and its position is within "
            f"{figures.NEAR:g} s. Each figure is followed by Wilson's 95 % interval. In brackets: the best answer is right, "
            "accepted or not."
        ),
        "",
        "![Recall by room, noise and length](recall.png)",
        "",
    ]
    for seconds in order.lengths:
        lines += _by_room(cells, seconds)
    lines += _beside_rooms(cells, order)
    lines += _together(cells, order)
    lines += _false(heard, asked, accept)
    lines += _side_by_side(cells, asked, order, accept)
    return [*lines, *(f"![{name}]({name})" for name in PICTURES[1:])]


def _by_room(cells: Sequence[Cell], seconds: float) -> list[str]:
    rooms = [room for room, _ in PROTOCOL_ROOMS]
    by = {cell.condition: cell for cell in cells if cell.who == "int8" and cell.seconds == seconds}
    lines = [f"## Clips of {seconds:g} s", "", f"| | {' | '.join(rooms)} |", "|---" * (1 + len(rooms)) + "|"]
    for noise, _, _ in PROTOCOL_NOISES:
        row = [by.get(f"{room}, {noise}") for room in rooms]
        if any(row):
            lines.append(f"| {noise} | {' | '.join(_told(cell) for cell in row)} |")
    return [*lines, ""]


def _beside_rooms(cells: Sequence[Cell], order: Order) -> list[str]:
    grid = {f"{room}, {noise}" for room, _ in PROTOCOL_ROOMS for noise, _, _ in PROTOCOL_NOISES}
    others = [condition.name for condition in order.conditions if condition.name not in grid]
    by = {(cell.condition, cell.seconds): cell for cell in cells if cell.who == "int8"}
    heads = " | ".join(f"{seconds:g} s" for seconds in order.lengths)
    lines = ["## Microphone, speed, coding", "", f"| | {heads} |", "|---" * (1 + len(order.lengths)) + "|"]
    for name in others:
        row = [_told(by.get((name, seconds))) for seconds in order.lengths]
        lines.append(f"| {name} | {' | '.join(row)} |")
    return [*lines, ""] if others else []


def _together(cells: Sequence[Cell], order: Order) -> list[str]:
    lines = [
        "## All conditions together",
        "",
        "| clips of | hit | best answer right | right recording accepted, wherever in it | another one accepted | off by, median |",
        "|---|---|---|---|---|---|",
    ]
    for seconds in order.lengths:
        some = [cell for cell in cells if cell.who == "int8" and cell.seconds == seconds]
        kinds = ("hit", "first", "recording", "wrong")
        shares = [_percent(figures.together(getattr(cell, kind) for cell in some).share) for kind in kinds]
        off = sorted(cell.off_median for cell in some if cell.off_median is not None)
        median = f"{off[len(off) // 2]:.2f} s" if off else "-"
        lines.append(f"| {seconds:g} s | {' | '.join(shares)} | {median} |")
    return [*lines, ""]


def _told(cell: Cell | None) -> str:
    if cell is None or not cell.hit.of:
        return "-"
    low, high = cell.hit.interval
    return f"**{_percent(cell.hit.share)}** {_percent(low)}-{_percent(high)} ({_percent(cell.first.share)})"


def _false(heard: Sequence[Heard], asked: Sequence[Asked], accept: float) -> list[str]:
    lines = ["## False plays", ""]
    if heard and (chance := figures.chance(heard)):
        lines += [
            "Unknown sound, heard without a break through the box's matcher and plays. Upper bound: 95 %, an hour.",
            "",
            "| what sounded | hours | false plays | upper bound | false candidates |",
            "|---|---|---|---|---|",
        ]
        identified, candidates = (
            figures.false_plays(heard, status) for status in ("identified", "candidate")
        )
        lines += [
            f"| {kind} | {rate.hours:.2f} | {rate.count} | {rate.upper_bound:.3f} | {candidates[kind].count} |"
            for kind, rate in identified.items()
        ]
        lines += [
            "",
            (
                f"The highest score was {chance.highest:.2f}; a play starts at {accept:g}. By its exponential tail such sound "
                f"scores {chance.score_at(calibration.FALSE_PLAYS_AN_HOUR):.2f} once in "
                f"{1 / calibration.FALSE_PLAYS_AN_HOUR:.0f} hours."
            ),
            "",
        ]
    single = [
        f"{share.count} of {share.of} at {seconds:g} s"
        for (who, seconds), share in sorted(figures.unknown_clips(asked, accept).items())
        if who == "int8"
    ]
    return [
        *lines,
        f"Single clips of unknown music that were accepted: {', '.join(single) or 'none asked'}.",
        "",
    ]


def _side_by_side(cells: Sequence[Cell], asked: Sequence[Asked], order: Order, accept: float) -> list[str]:
    others = sorted({cell.who for cell in cells} - {"int8"}, reverse=True)
    if not others:
        return []
    needed = figures.thresholds(asked, accept)
    by = {(cell.who, cell.condition, cell.seconds): cell for cell in cells}
    lengths = [seconds for seconds in order.lengths if seconds >= 5.0] or list(order.lengths)
    lines = [
        "## Side by side, on the same clips",
        "",
        "Recall in per cent. `float` is the network before quantisation, at the same threshold. `chromaprint` is searched "
        "densely and accepts what scores above every unknown clip of its length: "
        + ", ".join(
            f"{needed[who, seconds]:.2f} at {seconds:g} s"
            for who, seconds in sorted(needed)
            if who == "chromaprint"
        )
        + ".",
        "",
        "| | " + " | ".join(f"{who}, {s:g} s" for s in lengths for who in ("int8", *others)) + " |",
        "|---" * (1 + len(lengths) * (1 + len(others))) + "|",
    ]
    for condition in order.conditions:
        row = [by.get((who, condition.name, s)) for s in lengths for who in ("int8", *others)]
        lines.append(f"| {condition.name} | {' | '.join(_percent(c.hit.share) if c else '-' for c in row)} |")
    row_of_all = [
        _percent(figures.together(c.hit for c in cells if (c.who, c.seconds) == (who, s)).share)
        for s in lengths
        for who in ("int8", *others)
    ]
    return [*lines, f"| all together | {' | '.join(row_of_all)} |", ""]


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share == share else "-"
