"""Shows an evening while it passes: what sounds, what the box wrote, what the platform has receipted.

On a terminal a table that is drawn anew; elsewhere a line for whatever is new.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from demo.account import Account, Entry
from demo.evening import Kind, Programme, Scene
from demo.score import is_of

ROWS = 16  # scenes shown, the latest
PATIENCE = 40.0  # seconds of the evening after a piece's end in which the box may still write it down


@dataclass(frozen=True)
class View:
    """What is to be shown."""

    second: float  # of the evening
    account: Account
    programme: Programme | None = None  # None where a microphone hears who knows what
    warning: str = ""  # what the box complains of


class Screen:
    """Shows one view after the other."""

    def __init__(self, console: Console) -> None:
        """Take the console.

        Args:
            console: Decides by itself whether it is a terminal.
        """
        self._console = console
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._told = View(-1.0, Account())

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last table standing."""
        if self._live:
            self._live.stop()

    def show(self, view: View) -> None:
        """Show a view."""
        if self._live:
            self._live.update(drawn(view))
        else:
            for line in news(self._told, view):
                self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        self._told = view


def drawn(view: View) -> Group:
    """Draw a view as a table with its head and foot."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column("", width=1)
    table.add_column("from", justify="right", width=6)
    table.add_column("for", justify="right", width=5)
    if view.programme:
        table.add_column("what sounds", ratio=1, no_wrap=True)
    table.add_column("what the box wrote", ratio=1, no_wrap=True)
    if view.programme:
        sounded = [scene for scene in view.programme.scenes if scene.start <= view.second]
        for scene in sounded[-ROWS:]:
            table.add_row(*_scene_row(scene, view))
    else:
        for entry in view.account.entries[-ROWS:]:
            table.add_row("", clock(entry.start), f"{entry.end - entry.start:.0f} s", _said(entry))
    warning = [Text(view.warning, "yellow")] if view.warning else []
    return Group(_head(view), Text(), table, Text(), *warning, _foot(view.account))


def news(before: View, now: View) -> list[str]:
    """Tell in lines what a view has that the one before had not."""
    scenes = now.programme.scenes if now.programme else ()
    lines = [
        f"{clock(scene.start)}  hall      {_sounding(scene).plain}, {scene.seconds:.0f} s"
        for scene in scenes
        if before.second < scene.start <= now.second
    ]
    for entry in now.account.entries[len(before.account.entries) :]:
        heard = f"{clock(entry.start)} to {clock(entry.end)}"
        lines.append(f"{clock(now.second)}  box       {_said(entry).plain}, {heard}, event {entry.seq}")
    if now.warning != before.warning and now.warning:
        lines.append(f"{clock(now.second)}  box       warns: {now.warning}")
    if now.account.receipt != before.account.receipt:
        lines.append(f"{clock(now.second)}  platform  has all events up to {now.account.receipt}")
    return lines


def clock(second: float) -> str:
    """Write a time of the evening."""
    minutes, seconds = divmod(max(0, int(second)), 60)
    return f"{minutes:02d}:{seconds:02d}"


def _head(view: View) -> Table:
    head = Table.grid(padding=(0, 2))
    if view.programme:
        bar = ProgressBar(total=view.programme.seconds, completed=view.second, width=40)
        head.add_row(
            Text("An evening in the hall", "bold"),
            bar,
            f"{clock(view.second)} of {clock(view.programme.seconds)}",
        )
    else:
        head.add_row(
            Text("What the microphone hears", "bold"), clock(view.second), Text("Ctrl-C ends it", "dim")
        )
    return head


def _foot(account: Account) -> Text:
    through = (
        "all of them" if account.head and account.receipt == account.head else f"up to {account.receipt}"
    )
    return Text.assemble(
        ("box ", "dim"),
        f"{account.head} signed events written",
        ("     platform ", "dim"),
        (f"receipted {through}", "green" if account.receipt == account.head else "yellow"),
    )


def _scene_row(scene: Scene, view: View) -> tuple[str, str, str, Text, Text]:
    now = "▶" if view.second < scene.end else ""
    return now, clock(scene.start), f"{scene.seconds:.0f} s", _sounding(scene), _answer(scene, view)


def _sounding(scene: Scene) -> Text:
    if scene.piece is None:
        return Text(scene.title, "dim italic")
    by = f" – {scene.piece.artist}" if scene.piece.artist else ""
    where = f", from {clock(scene.piece_start)}" if scene.kind is Kind.KNOWN else " (unknown)"
    return Text.assemble((scene.title, "bold" if scene.kind is Kind.KNOWN else ""), by, (where, "dim"))


def _answer(scene: Scene, view: View) -> Text:
    """Say what the box made of a scene."""
    if scene.kind is not Kind.KNOWN:
        false = [
            entry for entry in view.account.entries if entry.identified and _only_during(entry, scene, view)
        ]
        return Text(f"✗ {false[0].title}", "red") if false else Text("–", "dim")
    of_it = [entry for entry in view.account.entries if is_of(entry, scene)]
    if named := [entry for entry in of_it if entry.identified]:
        return _said(named[0])
    if of_it:
        return _said(of_it[0])
    waiting = view.second < scene.end + PATIENCE
    return Text("…", "dim") if waiting else Text("✗ nothing", "red")


def _only_during(entry: Entry, scene: Scene, view: View) -> bool:
    """Tell whether an entry began in a scene, and is of no piece that sounded."""
    scenes = view.programme.of(Kind.KNOWN) if view.programme else ()
    return scene.start <= entry.start < scene.end and not any(is_of(entry, known) for known in scenes)


def _said(entry: Entry) -> Text:
    at = f" at {clock(entry.reference_start)}, score {entry.score:.1f}"
    if entry.identified:
        return Text.assemble(("✓ " + entry.title, "green"), (at, "dim"))
    return Text.assemble(("? perhaps " + entry.title, "yellow"), (at, "dim"))
