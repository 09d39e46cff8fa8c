"""How a training went: figures on the way, and a picture of them."""

import csv
from pathlib import Path

import numpy as np

_MEAN_OF = 20  # steps
_HEAD = ["step", "seconds", "loss", "right", "rate", "making"]


class Curve:
    """Means over 20 steps, appended to a CSV.

    `making` is the share of the time in which the network waited for its batch: where it is near 1, the pipeline is the
    limit, not the network.
    """

    def __init__(self, path: Path, steps: int) -> None:
        """Open a curve.

        Args:
            path: The CSV. Of one that exists, what was noted after the checkpoint is forgotten: it will come again.
            steps: How many the checkpoint has, 0 for a new run.
        """
        self._path = path
        self._noted: list[tuple[float, float, float]] = []
        self._begun = 0.0
        self.last = ""
        kept: list[list[str]] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= steps]
        if kept:
            self._begun = float(kept[-1][1])
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([_HEAD, *kept])

    def note(self, step: int, seconds: float, loss: float, right: float, rate: float, making: float) -> bool:
        """Note a step; tell whether a line was written.

        Args:
            step: Its number.
            seconds: Of training so far.
            loss: Its loss.
            right: Share of partners that were nearest.
            rate: Its learning rate.
            making: Seconds that the network waited for the batch.
        """
        self._noted.append((loss, right, making))
        if len(self._noted) < _MEAN_OF:
            return False
        means = np.mean(self._noted, axis=0)
        waited = means[2] * _MEAN_OF / max(1e-9, seconds - self._begun)
        self._noted.clear()
        self._begun = seconds
        self.last = f"loss {means[0]:.3f}  right {means[1]:.3f}  waits {100 * waited:.0f} %"
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(
                [step, f"{seconds:.1f}", f"{means[0]:.4f}", f"{means[1]:.4f}", f"{rate:.2e}", f"{waited:.3f}"]
            )
        return True


def draw(curve: Path, picture: Path) -> None:
    """Draw loss and share of right neighbours over the minutes.

    Args:
        curve: The CSV a run writes.
        picture: The PNG to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")  # no screen needed
    import matplotlib.pyplot as plt

    with curve.open(newline="", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    minutes = [row["seconds"] / 60 for row in rows]
    figure, loss = plt.subplots(figsize=(8, 4), layout="constrained")
    loss.plot(minutes, [row["loss"] for row in rows], color="tab:red")
    loss.set_xlabel("minutes of training")
    loss.set_ylabel("NT-Xent loss", color="tab:red")
    right = loss.twinx()
    right.plot(minutes, [100 * row["right"] for row in rows], color="tab:blue")
    right.set_ylabel("partner is nearest in the batch, %", color="tab:blue")
    right.set_ylim(0, 100)
    loss.set_title(f"{rows[-1]['step']:.0f} steps" if rows else "nothing yet")
    figure.savefig(picture, dpi=120)
    plt.close(figure)
