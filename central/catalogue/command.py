"""`estu-central catalogue`: build a catalogue, and show what is in one."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from central.progress import Bars
from device.catalogue.catalogue import Catalogue
from device.catalogue.manifest import MANIFEST, MANIFEST_BYTES, decode_manifest, read_checked
from device.embedding import shipped_model_path
from device.errors import EstuError

_LISTED = 50  # lines of one kind that are shown
_WIDEST = 21  # characters of the name of a part

_BUILD = """Build a catalogue from music, or bring one up to date: only new and changed files are heard.
Music is files and folders of any format that ffmpeg reads. What is known about each recording comes from its
tags, or from a table; its id is the name of its file without the ending, or comes from the table."""

_BUILD_END = """tables (CSV; UTF-8; comma, semicolon or tab):
  --metadata  file, recording [, isrc, title, artist, label, iswc, ai_generated]
              a row a recording; file: relative to the table's folder or to MUSIC; iswc: several by space or ;
  --works     iswc, title, creator, role, ipi
              a row a creator; role: a CISAC code or its name, such as C or composer

exit status: 0 all is built; 1 something was skipped, and is named; 2 nothing was built; 130 interrupted"""


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `catalogue` to the commands."""
    catalogue = subparsers.add_parser("catalogue", help="build a catalogue from music, or show one")
    actions = catalogue.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build",
        help="build a catalogue, or bring one up to date",
        description=_BUILD,
        epilog=_BUILD_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    build.add_argument(
        "music", nargs="+", type=Path, metavar="MUSIC", help="a file, or a folder of any depth"
    )
    build.add_argument("--out", required=True, type=Path, metavar="DIR", help="the catalogue's folder")
    build.add_argument("--metadata", type=Path, metavar="CSV", help="a table of recordings")
    build.add_argument("--works", type=Path, metavar="CSV", help="a table of works and their creators")
    build.add_argument(
        "--withdrawn",
        type=Path,
        metavar="FILE",
        help="ids that shall not be found any more, one a line (default: those withdrawn before)",
    )
    build.add_argument(
        "--jobs", type=_jobs, default=_cores(), metavar="N", help="processes (default: %(default)s)"
    )
    build.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="let a cluster hear the music: the address of a dask scheduler, such as tcp://10.0.0.5:8786",
    )
    build.add_argument(
        "--model", type=Path, default=shipped_model_path(), metavar="FILE", help=argparse.SUPPRESS
    )
    from central.publishing import publish_command

    publish_command.add_catalogue_arguments(
        actions.add_parser(
            "publish", help=publish_command.WHAT_CATALOGUE, description=publish_command.WHAT_CATALOGUE
        )
    )
    show = actions.add_parser("show", help="show what is in a catalogue")
    show.add_argument("folder", type=Path, metavar="DIR", help="the catalogue's folder")
    show.add_argument("--recordings", action="store_true", help="list every recording")
    show.add_argument("--verify", action="store_true", help="read all of it and compare it with its digests")


def run(args: argparse.Namespace) -> int:
    """Run `catalogue build` or `catalogue show`.

    Returns:
        The exit status.
    """
    try:
        if args.action == "publish":
            from central.publishing import publish_command

            return publish_command.run_catalogue(args)
        return _build(args) if args.action == "build" else _show(args)
    except EstuError as error:
        print(f"estu-central catalogue: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        Console(stderr=True).print(
            "Interrupted; what was done is kept, and the next build goes on from there."
        )
        return 128 + signal.SIGINT


def _build(args: argparse.Namespace) -> int:
    from central.catalogue.builder import Order, build

    order = Order(
        music=tuple(args.music),
        out=args.out,
        model=args.model,
        jobs=args.jobs,
        time=datetime.now(UTC),
        metadata=args.metadata,
        works=args.works,
        withdrawn=args.withdrawn,
        dask=args.dask,
    )
    columns = (TextColumn("{task.description:>17}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        report = build(order, Bars(progress))
    print(
        f"{args.out}: {_count(report.recordings, 'recording')}, {_duration(report.seconds)}, "
        f"{_count(report.vectors, 'vector')}; {report.added} new or changed, {report.gone} gone, "
        f"{_count(report.fingerprinted, 'file')} heard."
    )
    if report.left_out:
        print(f"Files in folders that do not end like sound, left out: {report.left_out}.")
    _list("Same sound under several ids:", [", ".join(ids) for ids in report.same_sound])
    _list("To be looked at:", list(report.remarks))
    _list(
        f"Skipped: {len(report.skipped)}.",
        [f"{one.what}: {one.reason}" for one in report.skipped],
        sys.stderr,
    )
    return 1 if report.skipped else 0


def _show(args: argparse.Namespace) -> int:
    manifest = decode_manifest(read_checked(args.folder / MANIFEST, MANIFEST_BYTES))
    with Catalogue.open(args.folder, manifest.model, manifest.parameters) as catalogue:
        if args.verify:
            catalogue.verify()
        size = sum(file.size for part in catalogue.parts for file in part.description.files)
        facts = {
            "catalogue": catalogue.digest,
            "created": manifest.created,
            "model": manifest.model,
            "parameters": manifest.parameters,
            "recordings": f"{len(catalogue) - len(catalogue.withdrawn_numbers)}",
            "withdrawn": f"{len(catalogue.withdrawn)} ids; {len(catalogue.withdrawn_numbers)} recordings in the parts",
            "sound": _duration(sum(part.seconds for part in catalogue.parts)),
            "vectors": f"{catalogue.size} of {catalogue.dimension} bytes, one each {catalogue.reference_hop} s",
            "on disk": f"{size / 2**20:.1f} MiB",
            "thresholds": f"accept {catalogue.thresholds.accept:g}, candidate {catalogue.thresholds.candidate:g}: "
            + catalogue.thresholds.measured,
            "verified": "all digests are right"
            if args.verify
            else "sizes only (--verify compares the digests)",
        }
        for part in catalogue.parts:
            coarse = "coarse index" if part.coarse else "searched exactly"
            facts[part.name] = f"{len(part.numbers)} recordings, {len(part.rows)} vectors, {coarse}"
        for name, fact in facts.items():
            print(f"{name:<{_WIDEST}}  {fact}")
        if args.recordings:
            _show_recordings(catalogue)
    return 0


def _show_recordings(catalogue: Catalogue) -> None:
    for number in range(len(catalogue)):
        if number not in catalogue.withdrawn_numbers:
            one = catalogue.recording(number)
            works = " ".join(work.iswc or work.title or "?" for work in one.works)
            facts = (one.id, _duration(one.seconds), one.isrc, one.artist, one.title, works)
            print("\t".join(fact or "-" for fact in facts))


def _list(heading: str, lines: list[str], stream: TextIO | None = None) -> None:
    if not lines:
        return
    print(heading, file=stream)
    for line in lines[:_LISTED]:
        print(f"  {line}", file=stream)
    if len(lines) > _LISTED:
        print(f"  ... and {len(lines) - _LISTED} more.", file=stream)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _jobs(text: str) -> int:
    jobs = int(text)
    if jobs < 1:
        raise argparse.ArgumentTypeError("at least one process is needed")
    return jobs
