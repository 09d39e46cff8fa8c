"""The coarse index of a large part: 16 bytes a vector, in lists of which a query looks at a few.

IVF with product quantisation (Jegou, Douze, Schmid, "Product quantization for nearest neighbor search", 2011),
by inner product: for the unit vectors that it holds it approximates their cosine. It is written as faiss writes
it, so that a box maps it into memory and the kernel reads the lists that are looked at.
"""

from pathlib import Path

import faiss
import numpy as np

from device.catalogue.part import Vectors
from device.embedding import dequantise

# Below this a part's int8 vectors are searched as they are: exact, and fast enough.
COARSE_FROM = 20_000  # vectors

BYTES = 16  # a vector
_LISTS_PER_ROOT = 4  # lists grow with the square root of the vectors: the usual four times it
_LISTS_AT_MOST = 65_536
_TRAINED_ON = 64  # vectors for each centroid, of a list or of a quantiser; faiss likes 39 at least
_AT_ONCE = 100_000  # vectors turned into floats at a time


def write(vectors: Vectors, path: Path, threads: int) -> None:
    """Build the coarse index of a part, the same for the same vectors.

    Args:
        vectors: (n, dimension) int8, n at least some thousands; may be mapped, and is read in order.
        path: The file to write; ids are the vectors' places.
        threads: How many work on it; more than there are idle cores make it many times slower.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        _write(vectors, path)
    finally:
        faiss.omp_set_num_threads(before)


def _write(vectors: Vectors, path: Path) -> None:
    count, dimension = vectors.shape
    lists = min(_LISTS_AT_MOST, round(_LISTS_PER_ROOT * count**0.5))
    codes = max(size for size in range(1, BYTES + 1) if dimension % size == 0)
    index = faiss.IndexIVFPQ(
        faiss.IndexFlatIP(dimension), dimension, lists, codes, 8, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.max_points_per_centroid = index.pq.cp.max_points_per_centroid = _TRAINED_ON
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1  # without a warning for each
    index.cp.niter, index.pq.cp.niter = 10, 15
    sample = np.random.default_rng(0).choice(count, min(count, _TRAINED_ON * max(lists, 256)), replace=False)
    index.train(dequantise(vectors[np.sort(sample)]))
    for start in range(0, count, _AT_ONCE):
        index.add(dequantise(vectors[start : start + _AT_ONCE]))
    faiss.write_index(index, str(path))
