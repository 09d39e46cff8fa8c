"""Building the coarse index of a large part; `device/catalogue/coarse.py` draws its form.

One vector a second goes in, silence left out. What is left of a vector beside the middle of its list is told by a product
quantiser in 12 bytes; so by inner product a query's cosine is approximated.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from central.catalogue import quantiser
from device.catalogue import coarse
from device.catalogue.manifest import CoarseSize
from device.catalogue.part import Vectors
from device.embedding import dequantise, quantise

# Below this a part's int8 vectors are searched as they are: exact, and fast enough.
COARSE_FROM = 20_000  # vectors
CODE_BYTES = 12
HOP = 1.0  # seconds between the vectors of a recording that are in the index

_LISTS_PER_ROOT = 4  # lists grow with the square root of the vectors: the usual four times it
_LISTS_AT_MOST = 65_536
_BYTES_FOR_MIDDLES = 0.75  # a vector, at most: a small part has fewer lists
_TRAINED_ON = 40  # vectors for each list, and for each value of a code's byte
_QUANTISER_TRAINED_ON = 65_536  # vectors
_AT_ONCE = 65_536  # vectors turned into floats at a time


@dataclass(frozen=True, eq=False)
class _Source:
    """The vectors that go into the index."""

    vectors: Vectors
    rows: NDArray[np.int64]

    def some(self, at: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        return dequantise(self.vectors[self.rows[at]])

    def sample(self, count: int) -> NDArray[np.float32]:
        if count >= len(self.rows):
            return self.some(slice(None))
        chosen = np.random.default_rng(0).choice(len(self.rows), count, replace=False)
        return self.some(np.sort(chosen))


def write(
    vectors: Vectors, first_rows: NDArray[np.int64], hop: float, folder: Path, threads: int
) -> CoarseSize | None:
    """Build the coarse index of a part, the same for the same vectors.

    Args:
        vectors: (n, dimension) int8; may be mapped, and is read in order.
        first_rows: (recordings + 1,) each recording's first row, and n.
        hop: Seconds from one vector of a recording to the next.
        folder: Where its files are written.
        threads: How many work on it; more than there are idle cores make it many times slower.

    Returns:
        How large it is; None if nothing sounds in the part.
    """
    return write_of(vectors, sounding(vectors, chosen_rows(first_rows, hop)), folder, threads)


def write_of(vectors: Vectors, rows: NDArray[np.int64], folder: Path, threads: int) -> CoarseSize | None:
    """Build a coarse index of chosen vectors, each of which sounds.

    Args:
        vectors: As for `write`; of them only `rows` are read, a good part of a million at a time.
        rows: (n,) ascending.
        folder: As for `write`.
        threads: As for `write`.

    Returns:
        How large it is; None if there are no rows.
    """
    source = _Source(vectors, rows)
    if not len(source.rows):
        return None
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        return _write(source, folder, threads)
    finally:
        faiss.omp_set_num_threads(before)


def chosen_rows(first_rows: NDArray[np.int64], hop: float) -> NDArray[np.int64]:
    """Give a row of each recording every `HOP` seconds, its first one included; arguments as for `write`."""
    step = max(1, round(HOP / hop))
    counts = -(-np.diff(first_rows) // step)
    begins = np.cumsum(counts) - counts
    within = np.arange(counts.sum()) - np.repeat(begins, counts)
    return np.asarray(np.repeat(first_rows[:-1], counts) + step * within)


def sounding(vectors: Vectors, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out silence, which is stored as zeros."""
    some = (rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE))
    return np.concatenate([each[vectors[each].any(axis=1)] for each in some] or [rows])


def _write(source: _Source, folder: Path, threads: int) -> CoarseSize:
    count, dimension = len(source.rows), source.vectors.shape[1]
    affordable = int(_BYTES_FOR_MIDDLES * count / dimension)
    lists = max(1, min(_LISTS_AT_MOST, affordable, round(_LISTS_PER_ROOT * count**0.5)))
    rough = quantiser.train(source.sample(_TRAINED_ON * lists), lists)
    middles = quantise(rough.middles)
    stored = dequantise(middles)
    lists_of = rough.rounded(stored)
    code_bytes = max(size for size in range(1, CODE_BYTES + 1) if dimension % size == 0)
    product = _train_product(source.sample(_QUANTISER_TRAINED_ON), lists_of, stored, code_bytes)
    assigned = np.empty(count, dtype=np.int32)
    codes = np.empty((count, code_bytes), dtype=np.uint8)

    def encode(start: int) -> None:
        some = source.some(slice(start, start + _AT_ONCE))
        own = lists_of.assign(some)
        assigned[start : start + _AT_ONCE] = own
        codes[start : start + _AT_ONCE] = product.compute_codes(some - stored[own])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(encode, range(0, count, _AT_ONCE)))
    order = np.argsort(assigned, kind="stable")
    ends = np.cumsum(np.bincount(assigned, minlength=len(middles)))
    middles.tofile(folder / coarse.CENTROIDS)
    np.concatenate([[0], ends]).astype("<i8").tofile(folder / coarse.LISTS)
    with (folder / coarse.CODES).open("wb") as file:
        for start in range(0, count, _AT_ONCE):
            codes[order[start : start + _AT_ONCE]].tofile(file)
    coarse.pack(source.rows[order], coarse.bits_for(len(source.vectors))).tofile(folder / coarse.ROWS)
    faiss.vector_to_array(product.centroids).astype("<f4").tofile(folder / coarse.CODEBOOK)
    return CoarseSize(vectors=count, lists=len(middles), code_bytes=code_bytes)


def _train_product(
    sample: NDArray[np.float32], lists_of: quantiser.Quantiser, stored: NDArray[np.float32], code_bytes: int
) -> faiss.ProductQuantizer:
    product = faiss.ProductQuantizer(sample.shape[1], code_bytes, 8)
    product.cp.niter, product.cp.seed = 15, 1
    product.cp.min_points_per_centroid, product.cp.max_points_per_centroid = 1, 256
    residuals = sample - stored[lists_of.assign(sample)]
    # faiss wants as many as there are values, whether or not they differ.
    product.train(np.resize(residuals, (max(len(residuals), coarse.VALUES), sample.shape[1])))
    return product
