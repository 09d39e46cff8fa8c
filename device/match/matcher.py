"""Hears one embedding after the other and says what sounds: the last seconds, matched anew each time."""

import numpy as np

from device.catalogue.catalogue import Catalogue
from device.embedding import Embeddings
from device.match import alignment
from device.match.background import Background
from device.match.calibration import Calibration
from device.match.match import Match
from device.match.neighbours import Neighbours
from device.match.queries import Queries

NEIGHBOURS = 24  # looked up for each query window
MEMORY = 15.0  # seconds of queries that are matched together
TURN = 2  # windows from one alignment to the next: nobody needs an answer twice a second


class Matcher:
    """Matches queries against one catalogue.

    It remembers the last `MEMORY` seconds of what it heard; a new stream wants `forget` first.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        background: Background,
        calibration: Calibration,
        hop: float,
        window: float,
    ) -> None:
        """Join a catalogue with the way the model's similarities are read.

        Args:
            catalogue: The references.
            background: Where density is measured.
            calibration: The model's weights and thresholds.
            hop: Seconds from one query to the next.
            window: Seconds that each query holds.
        """
        self.catalogue = catalogue
        self._neighbours = Neighbours(catalogue)
        self._background = background
        self._calibration = calibration
        self._hop = hop
        self._window = window
        self._heard: Queries | None = None
        self._awaited: list[tuple[float, Embeddings]] = []  # heard since, and not looked up yet
        self._windows = 0  # of this stream

    def hear(self, position: float, embedding: Embeddings) -> list[Match]:
        """Take the next embedding and, every `TURN` windows, match the last seconds.

        Args:
            position: Seconds in the stream of the window's first sample, later than those before.
            embedding: (dimension,), unit length.

        Returns:
            Matches over the remembered seconds, best first, those below every threshold included; none between turns.
        """
        self._awaited.append((position, embedding))
        self._windows += 1
        if self._windows % TURN:
            return []
        return self._align(self._all())

    def forget(self) -> None:
        """Begin a new stream."""
        self._heard = None
        self._awaited.clear()
        self._windows = 0

    def take_over(self, former: "Matcher") -> None:
        """Go on where another matcher of the same model stands: what it heard last is looked up here."""
        self._heard = (
            None
            if former._heard is None
            else self._look_up(former._heard.positions, former._heard.embeddings)
        )
        self._awaited = list(former._awaited)
        self._windows = former._windows

    def identify(self, positions: np.ndarray, embeddings: Embeddings) -> list[Match]:
        """Match a whole short clip as one query, without touching what was heard before."""
        return self._align(self._look_up(positions, embeddings))

    def _all(self) -> Queries:
        """Look up what is not yet, all at once: that takes less than one after the other; and leave out what is too old."""
        positions, embeddings = zip(*self._awaited, strict=True)
        self._awaited.clear()
        latest = self._look_up(np.array(positions), np.stack(embeddings))
        if self._heard is not None:
            latest = self._heard.followed_by(latest)
        self._heard = latest.since(positions[-1] - MEMORY)
        return self._heard

    def _look_up(self, positions: np.ndarray, embeddings: Embeddings) -> Queries:
        nearest = self._neighbours.nearest(embeddings, NEIGHBOURS)
        return Queries(positions, embeddings, self._background.density(embeddings), nearest)

    def _align(self, queries: Queries) -> list[Match]:
        return alignment.align(queries, self.catalogue, self._calibration, self._hop, self._window)
