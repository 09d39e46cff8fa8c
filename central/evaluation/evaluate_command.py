"""`estu-central evaluate`: how well the box recognises music, by length, room and noise, and what it wrongly plays."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import Refused
from device.match.calibration import SHIPPED

if TYPE_CHECKING:
    from central.catalogue.builder import Watcher
    from central.evaluation.conditions import Condition
    from central.evaluation.evaluating import Measured
    from central.evaluation.material import Material

_EVALUATE = """Measure how well this installation recognises music: with the model and the thresholds that ship, by the
box's own code. Clips of known music are made under every condition (rooms, audiences, dialogue, a cheap microphone, speed,
coding) and looked up; hours of unknown music, speech and noise are listened to without a break. None of the sound may have
been trained on. What is done is kept, and a run that was cut off goes on where it was."""

OUT = Path("build/evaluation")
LENGTHS = (3.0, 5.0, 10.0, 15.0)
CLIPS, HOURS = 60, 20.0
QUICK_CLIPS, QUICK_HOURS = 10, 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = _EVALUATE
    parser.add_argument(
        "--corpus",
        choices=["test"],
        help="measure on the test side of the project's corpus, fetched if need be",
    )
    parser.add_argument(
        "--music",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="measure on any music: every third folder of it becomes unknown, the rest goes into the catalogue",
    )
    for name, text in (
        ("known", "music for the catalogue, of which clips are made"),
        ("beside", "more music for the catalogue, which is never played"),
        ("unknown", "music that the catalogue does not hold"),
        ("speech", "recorded speech"),
        ("noise", "effects, crowds, machines"),
    ):
        parser.add_argument(f"--{name}", nargs="+", type=Path, default=[], metavar="FOLDER", help=text)
    parser.add_argument(
        "--quick", action="store_true", help="a first look: 10 clips, 1 hour, nobody beside the box"
    )
    parser.add_argument("--clips", type=_many, metavar="N", help=f"under every condition ({CLIPS})")
    parser.add_argument(
        "--lengths",
        nargs="+",
        type=float,
        default=LENGTHS,
        metavar="S",
        help="seconds of the clips (3 5 10 15)",
    )
    parser.add_argument("--hours", type=float, metavar="H", help=f"of unknown sound to listen to ({HOURS:g})")
    parser.add_argument(
        "--conditions", nargs="+", metavar="NAME", help="only these; * stands for anything ('hall, *')"
    )
    parser.add_argument(
        "--references",
        type=_many,
        default=400,
        metavar="N",
        help="recordings in the corpus's catalogue (%(default)s)",
    )
    parser.add_argument(
        "--float",
        type=Path,
        dest="float_model",
        metavar="FILE",
        help="the network before quantisation, a float .tflite or a checkpoint (.pt, needs the extra `training`)",
    )
    parser.add_argument(
        "--no-chromaprint", action="store_true", help="leave the classical peer out; it needs fpcalc"
    )
    parser.add_argument(
        "--set-thresholds",
        action="store_true",
        help="where these hours of unknown sound ask for higher thresholds than those that ship, write them into the "
        "model's calibration, and measure what they cost",
    )
    parser.add_argument("--jobs", type=_many, default=2, metavar="N", help="processes (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn (%(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER", help="(%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Run `evaluate`.

    Returns:
        The exit status.
    """
    from central.evaluation import plots, report
    from central.evaluation.evaluating import Order, evaluate

    order = Order(
        material=_material(args),
        out=args.out,
        conditions=_conditions(args.conditions),
        clips=args.clips or (QUICK_CLIPS if args.quick else CLIPS),
        lengths=tuple(sorted(args.lengths)),
        hours=args.hours if args.hours is not None else (QUICK_HOURS if args.quick else HOURS),
        jobs=args.jobs,
        seed=args.seed,
        float_model=args.float_model,
        chromaprint=not (args.no_chromaprint or args.quick),
    )
    if order.lengths[0] < _SHORTEST:
        raise Refused(
            "evaluation-too-short",
            f"A clip of {order.lengths[0]:g} s holds no segment.",
            f"Ask for lengths from {_SHORTEST:g} s on.",
        )
    order.out.mkdir(parents=True, exist_ok=True)
    with _progress() as watcher:
        measured = evaluate(order, watcher)
        report.write(order, measured)  # it stays, even where the hours are too short to set thresholds by
        if args.set_thresholds and raise_thresholds(measured):
            measured = evaluate(order, watcher)
    cells = report.write(order, measured)
    plots.draw(order.out, cells, measured.answers, measured.thresholds.accept)
    print((order.out / "report.md").read_text(encoding="utf-8"))
    return 0


_SHORTEST = 2.0  # seconds, one segment


def raise_thresholds(measured: "Measured", path: Path = SHIPPED) -> bool:
    """Write the thresholds that the unknown sound asks for into a calibration, if they are higher than those there.

    Returns:
        Whether anything was written.
    """
    from central.evaluation import calibration, figures
    from central.evaluation.answers import Heard
    from device.match import calibration as shipped

    chance = figures.chance([one for one in measured.answers if isinstance(one, Heard)])
    before = shipped.load(path)
    if chance is None:
        return False
    asked = calibration.with_thresholds(before, chance)
    if asked.accept <= before.accept and asked.candidate <= before.candidate:
        return False
    accept = max(asked.accept, before.accept)
    raised = replace(before, accept=accept, candidate=min(accept, max(asked.candidate, before.candidate)))
    calibration.write(path, raised, chance)
    return True


def _material(args: argparse.Namespace) -> "Material":
    from central.evaluation import material

    if args.corpus:
        return material.from_corpus(references=args.references)
    if args.music:
        known, unknown = material.divided(args.music)
        return material.Material(
            known=known,
            beside=material.sounds(args.beside),
            unknown=unknown,
            speech=material.sounds(args.speech) or material.voices(),
            noise=material.sounds(args.noise),
        )
    return material.from_folders(args.known, args.unknown, args.speech, args.noise, args.beside)


def _conditions(names: list[str] | None) -> "tuple[Condition, ...]":
    from central.evaluation.conditions import PROTOCOL

    chosen = tuple(one for one in PROTOCOL if not names or any(fnmatch(one.name, name) for name in names))
    if not chosen:
        raise Refused(
            "evaluation-no-condition",
            f"No condition is called {', '.join(names or [])}.",
            f"There are: {'; '.join(one.name for one in PROTOCOL)}.",
        )
    return chosen


@contextmanager
def _progress() -> "Iterator[Watcher]":
    """Show on standard error how far each stage is: a bar on a terminal, a line for each tenth elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from central.progress import Bars

    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description:>17}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bars(progress)


class _Lines:
    """A watcher that writes a line now and then."""

    def begin(self, stage: str, total: int) -> None:
        self._stage, self._total, self._done = stage, total, 0

    def step(self) -> None:
        self._done += 1
        if self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            print(f"{self._stage}: {self._done} of {self._total}", file=sys.stderr, flush=True)


def _many(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
