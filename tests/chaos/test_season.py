"""A short season under faults, with all that takes part; `make chaos` runs longer ones."""

from pathlib import Path

import pytest

from tests.chaos.broken import receipt_before_commit
from tests.chaos.plan import Kind
from tests.chaos.season import run
from tests.chaos.stage import Season
from tests.chaos.verdict import judge

# Long enough for machines that are busy with something else; on two free cores a season takes some 25 s.
pytestmark = pytest.mark.timeout(900)


def test_after_a_season_of_faults_the_platform_has_each_committed_event_exactly_once(tmp_path: Path) -> None:
    season = Season(tmp_path / "season", seed=1, seconds=14.0, events=300, boxes=3, each=0.2, patience=300.0)
    outcome = run(season)
    verdict = judge(outcome.evidence)
    assert verdict.findings == []
    assert (verdict.events, verdict.lost, verdict.doubled, verdict.foreign) == (300, 0, 0, 0)
    happened = {kind for kind, times in outcome.happened.items() if times}
    assert len(happened) >= len(Kind) - 3, f"only these faults happened: {sorted(happened)}"


def test_a_platform_that_receipts_what_it_does_not_keep_is_found_out(tmp_path: Path) -> None:
    season = Season(
        *(tmp_path / "season", 1, 3.0, 30),
        boxes=1,
        receivers=1,
        each=10.0,
        patience=120.0,
        receive=receipt_before_commit,
    )
    verdict = judge(run(season).evidence)
    assert verdict.lost == 30
    assert "The platform lacks 30 events of kz-box-0001." in verdict.findings
