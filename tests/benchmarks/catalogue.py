"""Catalogues from a thousand recordings to a million: size, building, opening, memory, time and recall; and an evening's plays.

Real embeddings as far as there is music, made-up ones with the same statistics beyond (`distractors.py`). All five sizes take some
two hours, most of them the last; `SIZES=1000,10000` takes minutes. What was measured stays in `build/bench/catalogue/rows.json`, so that sizes may be measured in runs of
their own: figures and drawing show all that this machine measured with the same music. With `KEEP=1` the catalogues stay there
too, and are not made again. The queries are clips of the real recordings in simulated
halls, with talking, heard as plays: a right answer is the right recording within 1.5 s, above the threshold the box ships with.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Drawing

from central.catalogue.builder import Nobody, Order, build
from central.training import corpus
from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel, shipped_model_path
from device.features import PARAMETERS
from tests.benchmarks import clips_heard, distractors
from tests.benchmarks.catalogue_evening import Box
from tests.benchmarks.catalogue_kept import Kept, Row
from tests.benchmarks.catalogue_listening import listen
from tests.benchmarks.catalogue_made import WHOLE_UP_TO, made_or_kept
from tests.benchmarks.figure import OUT, Figure
from tests.simulated.house import Heard

PACKAGES = ("freecol", "ardentryst", "zaz-data", "wizznic-data", "enigma-data")
UNKNOWN = "blobwars-data"
SIZES = (1_000, 10_000, 50_000, 200_000, 1_000_000)
# Recordings up to which all vectors are compared with every query; with 50,000 that takes ten minutes of a core.
EXACT_UP_TO = int(os.environ.get("EXACT_UP_TO", "50000"))
CLIPS = 400  # so that a point of recall is four of them
HERE = Path("build/bench/catalogue")


def measure() -> Iterator[Figure]:
    """Make catalogues, ask them, and draw how they grow."""
    sizes = [int(size) for size in (os.environ.get("SIZES") or ",".join(map(str, SIZES))).split(",")]
    files = corpus.fetch(PACKAGES)
    HERE.mkdir(parents=True, exist_ok=True)
    build(Order((*files,), HERE / "real", shipped_model_path(), 2, datetime.now(UTC)), Nobody())
    model = EmbeddingModel(shipped_model_path())
    known = named_once(files)
    clips_heard.save(HERE / "clips.npz", clips_heard.hear(known, CLIPS, model))
    box = Box.put_up(HERE / "box", _programme(known))
    alone = box.hear(HERE / "real")
    with Catalogue.open(HERE / "real", model.digest, PARAMETERS.digest) as real:
        spans = [real.span(number) for number in range(len(real))]
        vectors = [real.vectors(np.arange(span.start, span.stop)) for span in spans]
        made_up = distractors.of(vectors, real.reference_hop)
        kept = Kept(HERE / "rows.json", [part.name for part in real.parts])
        for size in sizes:
            made = made_or_kept(HERE / f"{size}", real, made_up, size)
            row: Row = {"recordings": size, "bytes_a_recording": made.bytes_a_recording}
            row |= {"load_before": os.getloadavg()[0]}
            row |= {"bytes_a_second": made.bytes_a_second, "build_s": made.build_seconds}
            row |= _asked(made.folder)
            if size <= EXACT_UP_TO:
                exact = _asked(made.folder, "--exact")
                row |= {"exact_ms_per_second": exact["ms_per_second"], "exact_right": exact["right_percent"]}
            evening = box.hear(made.folder)
            row |= {"evening_ms": evening.milliseconds, "evening_mb": evening.peak_mb}
            row["same_plays"] = float(evening.same_as(alone))
            listening = listen(box, made.folder)
            row |= {"listening_ms": listening.milliseconds, "listening_mb": listening.peak_mb}
            row |= {"first_minute_ms": listening.first_milliseconds, "card_ms": listening.client_milliseconds}
            row |= {"load_after": os.getloadavg()[0]}
            if not evening.same_as(alone):
                print("among others:", *evening.plays, "alone:", *alone.plays, sep="\n  ", flush=True)
            kept.add(row)
            print(json.dumps(row), flush=True)
            _draw(kept.rows)
            if not os.environ.get("KEEP"):
                shutil.rmtree(made.folder)
    for row in kept.rows:
        yield from _figures(row, len(alone.plays))


def _figures(row: Row, plays: int) -> Iterator[Figure]:
    size = f"{row['recordings']:,.0f} recordings"
    whole = "" if row["recordings"] <= WHOLE_UP_TO else ", exact vectors of made-up ones left out"
    yield Figure(
        f"{size}{whole}: coarse index", row["bytes_a_recording"], "bytes a recording", "limit", 3500.0
    )
    yield Figure(f"{size}: coarse index", row["bytes_a_second"], "bytes a second", "limit", 16.0)
    sound = 210.0 * row["recordings"]
    yield Figure(f"{size}: building, of one core", row["build_s"], "s", "what sounds in them", sound)
    yield Figure(f"{size}: opening", row["opening_s"], "s", "limit", 1.0)
    yield Figure(f"{size}: matching", row["ms_per_second"], "ms/s", "limit for the whole", 20.0)
    yield Figure(f"{size}: estu replay, all in all", row["evening_ms"], "ms/s", "limit", 20.0)
    yield Figure(f"{size}: most memory of estu replay", row["evening_mb"], "MB", "limit", 400.0)
    running = f"{size}: estu listen in real time"
    yield Figure(f"{running}, a running minute", row["listening_ms"], "ms/s", "limit", 20.0)
    yield Figure(f"{running}, its first minute", row["first_minute_ms"], "ms/s", "limit", 20.0)
    yield Figure(
        f"{running}, of it the virtual card's", row["card_ms"], "ms/s", "the whole", row["listening_ms"]
    )
    yield Figure(f"{size}: most memory of estu listen", row["listening_mb"], "MB", "limit", 400.0)
    yield Figure(f"{size}: an evening's {plays} plays are the same", row["same_plays"], "", "must", 1.0, True)
    if "exact_right" in row:
        right, exact = row["right_percent"], row["exact_right"]
        yield Figure(f"{size}: right plays", right, "%", "exact search, less a point", exact - 1.0, True)
        yield Figure(
            f"{size}: matching", row["ms_per_second"], "ms/s", "exact search", row["exact_ms_per_second"]
        )


def _asked(folder: Path, *options: str) -> Row:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.catalogue_asked",
        str(folder),
        str(HERE / "clips.npz"),
        *options,
    ]
    told: Row = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return told


def named_once(files: Sequence[Path]) -> list[Path]:
    """Leave out files that share their name: which of them was told could not be said."""
    times = Counter(file.stem for file in files)
    return [file for file in files if times[file.stem] == 1]


def _programme(known: list[Path]) -> list[Heard]:
    """Plan an evening: known and unknown pieces by turns, with pauses."""
    unknown = corpus.fetch([UNKNOWN])
    rng = np.random.default_rng(3)
    programme: list[Heard] = []
    for turn, number in enumerate(rng.permutation(len(known))[:9].tolist()):
        programme += [Heard(None, 4.0), Heard(known[number], 14.0 + turn, start=5.0)]
        if turn % 3 == 0:
            programme += [Heard(None, 4.0), Heard(unknown[turn], 15.0, start=20.0)]
    return [*programme, Heard(None, 5.0)]


def _draw(rows: list[Row]) -> None:
    """Draw how figures grow with the catalogue, into `catalogue.png`."""
    panels = (
        ("bytes_a_second", "coarse index, bytes a second of reference", 16.0),
        ("build_s", "building, seconds of one core", None),
        ("opening_s", "opening, s", 1.0),
        ("listening_mb", "most memory of estu listen, MB", 400.0),
        ("listening_ms", "a core's time a second of sound, ms", 20.0),
        ("right_percent", f"right plays, %, up to {WHOLE_UP_TO:,} recordings", None),
    )
    drawing = Drawing(figsize=(13, 7), layout="constrained")
    axes = drawing.subplots(2, 3)
    beside = {
        "listening_ms": (("evening_ms", "estu replay"), ("ms_per_second", "matching alone")),
        "right_percent": (("exact_right", "exact search"),),
    }
    for (name, title, limit), axis in zip(panels, axes.flat, strict=True):
        # What is left out of larger catalogues never wins in them.
        told = [row for row in rows if name != "right_percent" or row["recordings"] <= WHOLE_UP_TO]
        label = {"listening_ms": "estu listen"}.get(name)
        axis.plot(
            [row["recordings"] for row in told],
            [row[name] for row in told],
            "o-",
            color="#24598f",
            label=label,
        )
        if limit is not None:
            axis.axhline(limit, color="#b03a2e", linestyle="--", linewidth=1, label="limit")
        for other, other_label in beside.get(name, ()):
            some = [row for row in told if other in row]
            axis.plot(
                [row["recordings"] for row in some], [row[other] for row in some], "x:", label=other_label
            )
        axis.set(xscale="log", title=title)
        axis.set_ylim(0, 100 if name == "right_percent" else None)
        axis.set_xlabel("recordings")
        if axis.get_legend_handles_labels()[0]:
            axis.legend()
    OUT.mkdir(parents=True, exist_ok=True)
    drawing.savefig(OUT / "catalogue.png", dpi=110)
