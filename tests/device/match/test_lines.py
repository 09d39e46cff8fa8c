"""Lines: what a query is compared with, between references and beyond a recording's ends."""

from collections.abc import Iterator

import numpy as np
import pytest

from device.catalogue.catalogue import Catalogue
from device.match import lines
from tests.device.match.test_matcher import HOP, MODEL, build, music, reference

SOUND = music(7, 40)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    out = tmp_path_factory.mktemp("catalogue")
    build(
        out, [[reference("before", music(1, 30)), reference("it", SOUND), reference("after", music(2, 30))]]
    )
    with Catalogue.open(out, MODEL, MODEL) as opened:
        yield opened


def alike(catalogue: Catalogue, query: np.ndarray, *seconds: float) -> list[float]:
    """Cosines of one query with places of the recording in the middle."""
    number = catalogue.number("it")
    assert number is not None
    times = np.array(seconds)[None, :, None]
    return lines.similarities(query[None].astype(np.float32), times, [number], catalogue)[0, :, 0].tolist()


def test_a_query_on_a_reference_is_compared_with_it(catalogue: Catalogue) -> None:
    assert alike(catalogue, SOUND[20], 20 * HOP) == pytest.approx([1.0], abs=0.01)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_query_between_two_references_is_compared_with_the_way_between_them(
    catalogue: Catalogue, share: float
) -> None:
    between = (1 - share) * SOUND[20] + share * SOUND[21]
    between /= np.linalg.norm(between)
    right, left, later = alike(catalogue, between, (20 + share) * HOP, 20 * HOP, 21 * HOP)
    assert right == pytest.approx(1.0, abs=0.01)
    assert max(left, later) < right


def test_beyond_a_recordings_ends_there_is_nothing_to_compare_with(catalogue: Catalogue) -> None:
    end = (len(SOUND) - 1) * HOP
    found = alike(catalogue, SOUND[0], -HOP, -0.2, 0.0, end + 0.2, end + HOP)
    assert np.isnan(found).tolist() == [True, False, False, False, True]
    assert found[1] == found[2] == pytest.approx(1.0, abs=0.01)
