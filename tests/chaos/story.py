"""Tells a season to a person: who takes part, how it goes, what happened, and whether every event is accounted for."""

from rich.console import Console
from rich.table import Table

from tests.chaos.season import Glance, Outcome
from tests.chaos.stage import Season
from tests.chaos.summary import Summary
from tests.chaos.verdict import BoxEvidence, Verdict


class Story:
    """A season, told while it happens."""

    def __init__(self, season: Season, console: Console) -> None:
        """Take what it is about, and where to tell it."""
        self._season, self._console = season, console

    def begin(self) -> None:
        """Say who takes part."""
        season = self._season
        self._console.print(
            f"{season.boxes} boxes write {season.events:,} events of a season, July to September, in some"
            f" {season.seconds:,.0f} s. Their networks, their power and their clocks fail, and so do the broker and the"
            f" {season.receivers} receivers. Seed {season.seed}.",
            highlight=False,
        )

    def glance(self, glance: Glance) -> None:
        """Say how it goes."""
        phase = "all is well again" if glance.healed else f"{glance.faults:,} things went wrong"
        self._console.print(
            f"{glance.seconds:6.0f} s   {glance.written:8,} events written   {glance.receipted:8,} receipted   {phase}",
            highlight=False,
        )

    def end(self, outcome: Outcome, verdict: Verdict, summary: Summary) -> None:
        """Say what happened, and what is there now."""
        console = self._console
        faults = Table("what went wrong", "times", title_justify="left")
        faults.columns[1].justify = "right"
        for kind, times in summary.faults.items():
            faults.add_row(kind, f"{times:,}")
        console.print(faults)
        boxes = Table("box", "committed", "on the platform", "chains", "receipt")
        for column in boxes.columns[1:3]:
            column.justify = "right"
        for box in outcome.evidence.boxes:
            boxes.add_row(box.name, f"{len(box.log):,}", f"{len(box.counted):,}", _chains(box), _receipt(box))
        console.print(boxes)
        console.print(
            f"{summary.events:,} events committed, {summary.lost:,} lost, {summary.doubled:,} doubled,"
            f" {summary.foreign:,} that no box wrote; {summary.quarantined:,} altered ones set aside."
            f" The last receipt came {summary.healing_seconds:.1f} s after the last fault.",
            highlight=False,
        )
        for finding in verdict.findings:
            console.print(finding, style="red", highlight=False, markup=False)
        if verdict.sound:
            console.print(
                "The platform has each committed event exactly once; every chain verifies; every receipt is the head.",
                style="green",
            )


def _chains(box: BoxEvidence) -> str:
    return "whole" if box.log_verified.sound and box.ledger_verified.sound else "NOT whole"


def _receipt(box: BoxEvidence) -> str:
    if box.receipt is None:
        return "none"
    return f"through {box.receipt.seq:,}" + (", the head" if box.receipt.seq == len(box.log) else "")
