"""What a demonstration came to: a table for people, a JSON file for programs."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.account import Account
from demo.evening import Scene
from demo.live import clock
from demo.score import MUST_BE_FOUND, Finding, Score


@dataclass(frozen=True)
class Summary:
    """The figures of an evening."""

    score: Score
    account: Account
    chain_verified: bool
    seconds_of_sound: float
    seconds_taken: float

    @property
    def good(self) -> bool:
        """Whether the box did what it is for."""
        return self.score.good and self.chain_verified and self.account.receipt == self.account.head

    def as_json(self) -> dict[str, Any]:
        """Give what `summary.json` holds."""
        return {
            "known": self.score.known,
            "found": self.score.found,
            "missed": len(self.score.missed),
            "false_plays": len(self.score.false_plays),
            "chain_verified": self.chain_verified,
            "head_seq": self.account.head,
            "receipt_seq": self.account.receipt,
            "seconds_of_sound": round(self.seconds_of_sound, 1),
            "seconds_taken": round(self.seconds_taken, 1),
            "plays": len(self.account.entries),
            "pieces": [_piece(finding) for finding in self.score.findings],
            "false": [asdict(entry) for entry in self.score.false_plays],
        }

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        """Print the table."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("known piece", no_wrap=True)
        for heading in ("from", "for", "heard", "plays", "at", "off", "score", ""):
            table.add_column(heading, justify="right", no_wrap=True)
        for finding in self.score.findings:
            table.add_row(*_row(finding))
        for entry in self.score.false_plays:
            heard, scored = f"{entry.end - entry.start:.0f} s", f"{entry.score:.1f}"
            table.add_row(
                entry.title, clock(entry.start), "", heard, "1", "", "", scored, Text("false", "red")
            )
        if table.rows:
            console.print(table)
            console.print()
        console.print(Text.assemble(*self._verdict()))

    def _verdict(self) -> list[tuple[str, str]]:
        """Give coloured words; of what was found only where somebody knows what sounded."""
        known, found, false = self.score.known, self.score.found, len(self.score.false_plays)
        head, receipt = self.account.head, self.account.receipt
        heard = [
            (f"{found} of {known} known pieces found", found == known),
            (f"{false} false play{'' if false == 1 else 's'}", not false),
        ]
        written = [
            (
                f"chain of {head} events {'verified' if self.chain_verified else 'NOT verified'}",
                self.chain_verified,
            ),
            (f"platform receipted {receipt} of {head}", receipt == head),
        ]
        words = [
            (f"{text}   ", "green" if good else "red") for text, good in (heard if known else []) + written
        ]
        took = (
            f"\n{clock(self.seconds_of_sound)} of sound; the demonstration took {clock(self.seconds_taken)}."
        )
        return [*words, (took, "dim")]


def truth(scenes: tuple[Scene, ...]) -> list[dict[str, Any]]:
    """Write down what sounded, for `evening.json`."""
    return [
        {
            "kind": str(scene.kind),
            "title": scene.title,
            "recording": scene.piece.recording if scene.piece else None,
            "from": round(scene.start, 3),
            "until": round(scene.end, 3),
            "piece_from": round(scene.piece_start, 3) if scene.piece else None,
        }
        for scene in scenes
    ]


def _piece(finding: Finding) -> dict[str, Any]:
    scene = finding.scene
    off = finding.seconds_off
    return {
        **truth((scene,))[0],
        "found": finding.found,
        "seconds_heard": round(finding.seconds_heard, 1),
        "seconds_off": None if off is None else round(off, 2),
        "plays": [asdict(play) for play in finding.plays],
    }


def _row(finding: Finding) -> tuple[str | Text, ...]:
    scene = finding.scene
    sounded = (scene.title, clock(scene.start), f"{scene.seconds:.0f} s")
    if finding.best is None:
        short = scene.seconds < MUST_BE_FOUND
        return (*sounded, *[""] * 5, Text("missed (short)", "yellow") if short else Text("missed", "red"))
    return (
        *sounded,
        f"{finding.seconds_heard:.0f} s",
        f"{len(finding.plays)}",
        clock(finding.best.reference_start),
        f"{finding.seconds_off:+.1f} s",
        f"{finding.best.score:.1f}",
        Text("found", "green"),
    )
