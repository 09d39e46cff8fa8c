"""One catalogue, asked by one process: `python -m tests.benchmarks.catalogue_asked FOLDER CLIPS [--exact]` prints JSON.

A process of its own, so that its memory is that of one catalogue and of nothing else.
"""

import json
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.embedding import Embeddings, dequantise, shipped_model_path
from device.features import PARAMETERS
from device.match import background, calibration
from device.match.matcher import Matcher
from device.match.neighbours import Nearest
from device.quantised import QuantisedModel
from tests.benchmarks.clips_heard import HOP, Heard, read

NEAR = 1.5  # seconds by which a right answer may be off
_AT_ONCE = 200_000  # vectors compared at a time


class Exact:
    """All vectors of a catalogue, compared one by one: what a coarse index is held against."""

    def __init__(self, catalogue: Catalogue, asked: Embeddings, count: int) -> None:
        self._rows = np.full((len(asked), count), -1, dtype=np.int64)
        self._similarities = np.full((len(asked), count), -np.inf, dtype=np.float32)
        for part in catalogue.parts:
            for start in range(0, len(part.rows), _AT_ONCE):
                some = dequantise(part.vectors[start : start + _AT_ONCE])
                found, at = faiss.knn(asked, some, min(count, len(some)), metric=faiss.METRIC_INNER_PRODUCT)
                self._merge(found, at + part.first_row + start)
        self._asked = {embedding.tobytes(): number for number, embedding in enumerate(asked)}

    def _merge(self, similarities: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        both = np.concatenate([self._similarities, similarities], axis=1)
        best = np.argsort(-both, axis=1, kind="stable")[:, : self._rows.shape[1]]
        self._similarities = np.take_along_axis(both, best, axis=1)
        self._rows = np.take_along_axis(np.concatenate([self._rows, rows], axis=1), best, axis=1)

    def nearest(self, embeddings: Embeddings, count: int) -> Nearest:
        at = [self._asked[embedding.tobytes()] for embedding in embeddings]
        return Nearest(self._rows[at, :count], self._similarities[at, :count])


def resident() -> float:
    """Give the resident memory of this process, MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def ask(folder: Path, heard: list[Heard], exact: bool) -> dict[str, float]:
    """Open a catalogue and ask it."""
    model = QuantisedModel(shipped_model_path(), "embedding.json")
    measured = calibration.load(model=model.digest)
    crowd = background.load(model.size)
    before, began = resident(), time.perf_counter()
    catalogue = Catalogue.open(folder, model.digest, PARAMETERS.digest)
    opened = time.perf_counter() - began
    matcher = Matcher(catalogue, crowd, measured, HOP, PARAMETERS.seconds)
    ready = time.perf_counter() - began
    grown = resident() - before
    everything = np.concatenate([one.embeddings for one in heard])
    searched = time.process_time()
    if exact:
        matcher._neighbours = Exact(catalogue, everything, 24)  # type: ignore[assignment]
    searched = time.process_time() - searched
    right = sum(_is_right(one, matcher) for one in heard)
    seconds = sum(len(one.positions) * HOP for one in heard)
    position, spent = 0.0, time.process_time()
    for one in heard:
        for embedding in one.embeddings:
            matcher.hear(position, embedding)
            position += HOP
    spent = time.process_time() - spent + (searched if exact else 0.0)
    return {
        "opening_s": opened,
        "ready_s": ready,
        "opening_mb": grown,
        "resident_mb": resident(),
        "ms_per_second": 1000 * spent / seconds,
        "right_percent": 100 * right / len(heard),
    }


def _is_right(one: Heard, matcher: Matcher) -> bool:
    """Tell whether the best match is the right recording at the right place, surely enough for a play."""
    found = matcher.identify(one.positions, one.embeddings)
    if not found or not found[0].believed(matcher.catalogue.thresholds.accept):
        return False
    numbers = (found[0].recording, *found[0].alternatives)
    ids = {matcher.catalogue.recording(number).id for number in numbers}
    place = float(found[0].times(np.array([0.0]))[0])
    return one.recording in ids and (len(ids) > 1 or abs(place - one.start) <= NEAR)


if __name__ == "__main__":
    faiss.omp_set_num_threads(1)
    print(json.dumps(ask(Path(sys.argv[1]), read(Path(sys.argv[2])), "--exact" in sys.argv)))
