"""How far a long work is, as bars on a terminal."""

from rich.progress import Progress, TaskID


class Bars:
    """A watcher (`central.catalogue.builder.Watcher`) that draws a bar for each stage."""

    def __init__(self, progress: Progress) -> None:
        """Draw on a display that somebody else begins and ends."""
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int) -> None:
        """Draw a bar for a stage with so many steps."""
        self._task = self._progress.add_task(stage, total=total)

    def step(self) -> None:
        """Move the bar of the stage on by a step."""
        if self._task is not None:
            self._progress.advance(self._task)
