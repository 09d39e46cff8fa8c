"""`make chaos`: a season under faults, told, judged, and summed up in `build/chaos/summary.json`.

What is wanted can be said by the environment:
    SEED=N        another season
    MINUTES=N     how long things go wrong (3)
    EVENTS=N      how many events the boxes write together (12,000)
    BOXES=N       how many boxes (4)
    RECEIVERS=N   how many receivers share the events (2)
    DATABASE=postgresql   for the ledger, a server made for it, which is killed now and then; else SQLite
"""

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from rich.console import Console

from tests.chaos.season import run
from tests.chaos.stage import Season
from tests.chaos.story import Story
from tests.chaos.summary import Summary
from tests.chaos.verdict import judge

FOLDER = Path("build/chaos")
WIDTH = 120  # columns where there is no terminal to ask


def wish(environment: Mapping[str, str]) -> Season:
    """Read what is wanted.

    Raises:
        ValueError: A number is none, or the database is another.
    """
    database = environment.get("DATABASE") or "sqlite"
    if database not in {"sqlite", "postgresql"}:
        raise ValueError(f"DATABASE={database} is neither sqlite nor postgresql")
    seconds = 60 * float(environment.get("MINUTES") or 3)
    return Season(
        folder=FOLDER / "season",
        seed=int(environment.get("SEED") or 1),
        seconds=seconds,
        events=int(environment.get("EVENTS") or 12_000),
        boxes=int(environment.get("BOXES") or 4),
        receivers=int(environment.get("RECEIVERS") or 2),
        database="postgresql" if database == "postgresql" else "sqlite",
        patience=300.0,
    )


def main() -> int:
    """Let a season happen.

    Returns:
        0 if nothing was lost, doubled or forged, 1 if something was, 2 if the wish is unclear, 130 if it was stopped.
    """
    signal.signal(signal.SIGTERM, _stop)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        season = wish(os.environ)
    except ValueError as error:
        print(f"make chaos: {error}", file=sys.stderr)
        return 2
    shutil.rmtree(season.folder, ignore_errors=True)
    story = Story(season, console)
    story.begin()
    try:
        outcome = run(season, story.glance)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        return 130
    verdict = judge(outcome.evidence)
    summary = Summary.of(season, outcome, verdict)
    summary.write(FOLDER / "summary.json")
    story.end(outcome, verdict, summary)
    return 0 if verdict.sound else 1


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Let a request to end be answered as Ctrl-C is: leaving nothing running."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
