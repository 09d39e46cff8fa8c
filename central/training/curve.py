"""A picture of how a training went."""

import csv
from pathlib import Path


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
