"""The references nearest to a query; the only module that knows faiss."""

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from device.catalogue.catalogue import Catalogue
from device.embedding import EMBEDDING_SCALE, Embeddings, quantise

# How many of a coarse index's lists are scanned for one query. Now Playing scans 2 % of its index
# (arXiv 1711.10958, section 4); a catalogue's lists grow with the square root of its size.
LISTS_SCANNED = 0.04
FEWEST_LISTS_SCANNED = 8

# The length that a unit vector has in its int8 form.
QUANTISED_LENGTH = 127 * EMBEDDING_SCALE


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of n queries its k nearest references, best first."""

    rows: NDArray[np.int64]  # (n, k) rows of the catalogue; -1 where there are fewer than k
    similarities: NDArray[np.float32]  # (n, k) cosine, approximate where the part has a coarse index


class Neighbours:
    """Finds the references nearest to a query over all parts of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Open each part's index: the coarse one in place, or an exact one over a small part's vectors."""
        self._parts = [
            _Coarse(part.rows.start, part.coarse_path)
            if part.coarse_path
            else _Exact(part.rows.start, part.vectors)
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
    """A large part's index of short codes, left in its file until a list is looked at."""

    def __init__(self, first_row: int, path: Path) -> None:
        self.first_row = first_row
        self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        lists = faiss.extract_index_ivf(self._index)
        lists.nprobe = max(FEWEST_LISTS_SCANNED, round(lists.nlist * LISTS_SCANNED))

    def search(self, embeddings: Embeddings, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Give (similarities, rows in this part), each (n, count)."""
        found, rows = self._index.search(np.ascontiguousarray(embeddings, dtype=np.float32), count)
        return found, rows


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
