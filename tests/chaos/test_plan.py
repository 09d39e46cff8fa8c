"""What is planned to go wrong."""

from collections import Counter
from dataclasses import replace

from tests.chaos.plan import OF_MESSAGES, Cast, Kind, plan

CAST = Cast(["a", "b", "c"], ["receiver-1", "receiver-2"], frozenset({"a", "receiver-1"}))


def test_the_same_seed_gives_the_same_season_and_another_one_another() -> None:
    assert plan(5, 60.0, CAST) == plan(5, 60.0, CAST)
    assert plan(5, 60.0, CAST) != plan(6, 60.0, CAST)


def test_every_kind_comes_about_as_often_as_any_other_and_the_end_is_quiet() -> None:
    faults = plan(1, 100.0, CAST)
    times = Counter(fault.kind for fault in faults)
    assert set(times) == set(Kind) - {Kind.KILL_DATABASE}
    assert max(times.values()) - min(times.values()) <= 1
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert faults[-1].at < 90.0


def test_a_database_is_killed_where_it_is_a_server() -> None:
    assert {fault.kind for fault in plan(1, 100.0, replace(CAST, server=True))} == set(Kind)


def test_messages_are_struck_only_where_they_can_be_read() -> None:
    targets = {fault.target for fault in plan(1, 300.0, CAST) if fault.kind in OF_MESSAGES}
    assert targets == CAST.legible
