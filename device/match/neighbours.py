"""The references nearest to a query; the only module that knows faiss.

A large part is searched by its coarse index: of its lists those whose middles are nearest are scanned, by codes of some
12 bytes. The codes stay in their mapped file; faiss is handed the addresses of the lists.
"""

import weakref
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.catalogue.coarse import Coarse
from device.catalogue.part import Part
from device.embedding import EMBEDDING_SCALE, Embeddings, dequantise, quantise

# How many of a coarse index's lists are scanned for one query. Of 400 clips in halls among 10,000 and 50,000 recordings the same
# ones are found with twice as many, and one is lost with half as many. Now Playing scans 2 % of its index (arXiv 1711.10958,
# section 4); a catalogue's lists grow with the square root of its size.
LISTS_SCANNED = 0.01
FEWEST_LISTS_SCANNED = 24

# For each neighbour wanted so many are taken by their codes and compared as they are. Among 50,000 recordings 6 of 400 clips more are
# found with 4 than with 1, as many as by exact search. Each is a page of the card that is read.
LOOKED_AT = 4

# The length that a unit vector has in its int8 form.
QUANTISED_LENGTH = 127 * EMBEDDING_SCALE

_AT = (
    0xFFFF_FFFF  # faiss tells a code by its list in the upper 32 bits and its place in the list in the lower
)


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of n queries its k nearest references, best first."""

    rows: NDArray[np.int64]  # (n, k) rows of the catalogue; -1 where there are fewer than k
    similarities: NDArray[np.float32]  # (n, k) cosine


class Neighbours:
    """Finds the references nearest to a query over all parts of a catalogue."""

    def __init__(self, catalogue: Catalogue, lists: int | None = None) -> None:
        """Open each part's index: the coarse one in place, or an exact one over a small part's vectors.

        Args:
            catalogue: The references.
            lists: How many lists of a coarse index are scanned for a query; None: as many as a box scans.
        """
        self._parts = [
            _Coarse(part, part.coarse, lists) if part.coarse else _Exact(part.rows.start, part.vectors)
            for part in catalogue.parts
        ]

    def nearest(self, embeddings: Embeddings, count: int) -> Nearest:
        """Look up the nearest references.

        Args:
            embeddings: (n, dimension), unit length.
            count: How many neighbours to return for each.
        """
        rows, similarities = [], []
        for part in self._parts:
            found, row = part.search(embeddings, count)
            rows.append(np.where(row >= 0, row + part.first_row, -1))
            similarities.append(np.where(row >= 0, found, -1.0).astype(np.float32))
        all_rows, all_similarities = np.concatenate(rows, axis=1), np.concatenate(similarities, axis=1)
        best = np.argsort(-all_similarities, axis=1, kind="stable")[:, :count]
        return Nearest(
            rows=np.take_along_axis(all_rows, best, axis=1),
            similarities=np.take_along_axis(all_similarities, best, axis=1),
        )


class _Coarse:
    """A large part's lists of short codes, left in their file until a list is looked at.

    The nearest by their codes are compared again as they are: a code is wrong by so much that among many recordings the right
    one is often not among the first.
    """

    def __init__(self, part: Part, coarse: Coarse, scanned: int | None = None) -> None:
        self.first_row = part.rows.start
        self._part = part
        self._coarse = coarse
        lists, dimension = coarse.centroids.shape
        middles = faiss.IndexFlatIP(dimension)
        middles.add(dequantise(coarse.centroids))
        self._index: Any = faiss.IndexIVFPQ(
            middles, dimension, lists, coarse.code_bytes, 8, faiss.METRIC_INNER_PRODUCT
        )
        faiss.copy_array_to_vector(np.ascontiguousarray(coarse.codebook.ravel()), self._index.pq.centroids)
        self._index.is_trained = True
        self._middles = middles  # faiss does not keep it alive
        self._codes = _in_place(coarse)  # nor this
        self._index.replace_invlists(self._codes, False)
        weakref.finalize(self, _let_go, self._codes)
        self._index.nprobe = min(lists, scanned or max(FEWEST_LISTS_SCANNED, round(lists * LISTS_SCANNED)))

    def search(self, embeddings: Embeddings, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Give (similarities, rows in this part), each (n, count)."""
        rows = self._by_codes(embeddings, LOOKED_AT * count)
        vectors = dequantise(self._part.read(np.maximum(rows, 0).ravel())).reshape(*rows.shape, -1)
        similarities = np.matmul(vectors, embeddings[:, :, None], dtype=np.float32)[:, :, 0]
        similarities[rows < 0] = -np.inf
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :count]
        return np.take_along_axis(similarities, best, axis=1), np.take_along_axis(rows, best, axis=1)

    def _by_codes(self, embeddings: Embeddings, count: int) -> NDArray[np.int64]:
        """Give the rows whose codes are nearest, (n, count), best first; -1 where there are fewer."""
        queries = np.ascontiguousarray(embeddings, dtype=np.float32)
        nearness, nearest = self._middles.search(queries, self._index.nprobe)
        similarities = np.empty((len(queries), count), dtype=np.float32)
        labels = np.empty((len(queries), count), dtype=np.int64)
        told = (faiss.swig_ptr(each) for each in (nearest, nearness, similarities, labels))
        # In pairs of list and place, for the lists have no ids.
        self._index.search_preassigned_c(len(queries), faiss.swig_ptr(queries), count, *told, True)
        lists = self._coarse.lists
        self._coarse.scanned(int(np.sum(lists[nearest + 1] - lists[nearest])), nearest.size)
        there = labels >= 0
        rows = np.full(labels.shape, -1, dtype=np.int64)
        rows[there] = self._coarse.rows(lists[labels[there] >> 32] + (labels[there] & _AT))
        return rows


def _in_place(coarse: Coarse) -> Any:
    """Show faiss where each list lies in the mapped file: it has no other lists that leave the codes to somebody else.

    What it gives must be let go by `_let_go`, or faiss unmaps the file when it is through with them.
    """
    lists: Any = faiss.OnDiskInvertedLists(len(coarse.lists) - 1, coarse.code_bytes, "")
    sizes = np.diff(coarse.lists)
    each = np.stack([sizes, sizes, coarse.lists[:-1] * coarse.code_bytes], axis=1)  # size, capacity, offset
    each = np.ascontiguousarray(each, dtype=np.int64)
    faiss.memcpy(lists.lists.data(), faiss.swig_ptr(each), each.nbytes)
    lists.ptr, lists.totsize, lists.read_only = faiss.swig_ptr(coarse.codes), coarse.codes.nbytes, True
    return lists


def _let_go(lists: Any) -> None:
    lists.ptr = None


class _Exact:
    """A small part's int8 vectors, searched as they are."""

    def __init__(self, first_row: int, vectors: NDArray[np.int8]) -> None:
        self.first_row = first_row
        self._index = faiss.IndexScalarQuantizer(
            vectors.shape[1], faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
        )
        self._index.add(vectors.astype(np.float32))

    def search(self, embeddings: Embeddings, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Give (similarities, rows in this part), each (n, count); the index takes whole numbers on both sides."""
        found, rows = self._index.search(quantise(embeddings).astype(np.float32), count)
        return found / QUANTISED_LENGTH**2, rows
