"""What goes out next, decided without a network: each test is a broker and a platform in a few lines."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from device.sync.forwarder import Forwarder


@dataclass
class Platform:
    """Keeps what reaches it, and receipts as far as nothing is missing; some numbers it never takes."""

    deaf_to: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    times_seen: dict[int, int] = field(default_factory=dict)

    def hear(self, seq: int) -> None:
        self.times_seen[seq] = self.times_seen.get(seq, 0) + 1
        if seq not in self.deaf_to:
            self.kept.add(seq)

    @property
    def through(self) -> int:
        through = 0
        while through + 1 in self.kept:
            through += 1
        return through


def exchange(
    forwarder: Forwarder, platform: Platform, head: int, now: float, receipts: bool = True
) -> list[int]:
    """Let everything go out that goes out now, be acknowledged, heard and receipted."""
    sent: list[int] = []
    while taken := forwarder.take(head, now):
        for seq in taken:
            sent.append(seq)
            platform.hear(seq)
            forwarder.acknowledged(seq, now)
        if receipts:
            forwarder.receipt(platform.through, now)
    return sent


def test_events_go_out_in_order_after_the_receipt() -> None:
    forwarder = Forwarder(receipted=10, window=4)
    assert forwarder.take(30, 0.0) == range(11, 15)


def test_no_more_are_in_flight_than_the_window_until_the_broker_acknowledges() -> None:
    forwarder = Forwarder(window=4)
    forwarder.take(30, 0.0)
    assert not forwarder.take(30, 1.0)
    forwarder.acknowledged(1, 1.0)
    assert forwarder.take(30, 1.0) == range(5, 6)


def test_the_brokers_acknowledgement_delivers_nothing() -> None:
    forwarder = Forwarder(window=4)
    for seq in forwarder.take(3, 0.0):
        forwarder.acknowledged(seq, 0.0)
    assert forwarder.receipted == 0
    assert forwarder.unreceipted == 3


def test_nothing_new_in_the_log_sends_nothing() -> None:
    forwarder, platform = Forwarder(), Platform()
    assert exchange(forwarder, platform, 5, 0.0) == [1, 2, 3, 4, 5]
    assert not forwarder.take(5, 1000.0)
    assert exchange(forwarder, platform, 6, 1000.0) == [6]


def test_a_backlog_does_not_run_far_ahead_of_the_receipt() -> None:
    forwarder = Forwarder(window=10, ahead=50)
    assert exchange(forwarder, Platform(), 1000, 0.0, receipts=False) == list(range(1, 51))
    forwarder.receipt(20, 1.0)
    assert exchange(forwarder, Platform(), 1000, 1.0, receipts=False) == list(range(51, 71))


def test_events_without_a_receipt_are_sent_again_when_patience_ends_and_not_before() -> None:
    forwarder, platform = Forwarder(window=4, patience=10.0), Platform()
    exchange(forwarder, platform, 3, 0.0, receipts=False)
    assert not forwarder.take(3, 9.9)
    assert not forwarder.silent
    assert list(forwarder.take(3, 10.0)) == [1, 2, 3]
    assert forwarder.silent


def test_patience_grows_while_the_platform_stays_silent() -> None:
    forwarder = Forwarder(window=4, patience=10.0)
    times = []
    for second in range(600):
        if sent := exchange(forwarder, Platform(), 3, float(second), receipts=False):
            times.append(second)
            assert sent == [1, 2, 3]
    assert times == [0, 10, 30, 70, 150, 230, 310, 390, 470, 550]


def test_the_patience_is_measured_from_the_oldest_event_also_while_new_ones_come() -> None:
    forwarder, platform = Forwarder(patience=10.0), Platform(deaf_to={1})
    seen = [exchange(forwarder, platform, 1 + second, float(second)) for second in range(12)]
    assert seen[9] == [10]
    assert seen[10][0] == 1


def test_an_event_that_the_platform_never_takes_does_not_block_those_behind_it() -> None:
    forwarder, platform = Forwarder(window=10, ahead=20, patience=1.0), Platform(deaf_to={5})
    for second in range(100):
        exchange(forwarder, platform, 200, float(second))
    assert platform.kept == set(range(1, 201)) - {5}
    assert forwarder.receipted == 4
    assert platform.times_seen[200] == 1, "what went through must not be sent over and over"
    platform.deaf_to.clear()
    exchange(forwarder, platform, 200, 200.0)
    assert forwarder.receipted == 200


def test_a_lower_receipt_makes_the_box_send_everything_after_it_again() -> None:
    forwarder, platform = Forwarder(window=10, ahead=50), Platform()
    exchange(forwarder, platform, 200, 0.0)
    assert forwarder.receipted == 200
    restored = Platform(kept=set(range(1, 91)))
    forwarder.receipt(90, 1.0)
    assert exchange(forwarder, restored, 200, 1.0) == list(range(91, 201))
    assert forwarder.receipted == 200


def test_after_a_reconnection_it_goes_on_from_the_receipt() -> None:
    forwarder = Forwarder(window=10)
    forwarder.take(100, 0.0)
    forwarder.receipt(3, 0.0)
    forwarder.connected(window=5)
    assert forwarder.take(100, 1.0) == range(4, 9)


def test_a_long_gap_is_closed_at_once_when_the_first_of_it_was_what_was_missing() -> None:
    forwarder, platform = Forwarder(window=10, ahead=500, patience=10.0), Platform()
    exchange(forwarder, Platform(), 300, 0.0, receipts=False)  # the broker took them all and lost them all
    exchange(forwarder, platform, 300, 10.0)
    assert forwarder.receipted == 300
    assert set(platform.times_seen.values()) == {1}


def test_with_nobody_listening_one_event_knocks_and_the_rest_stay_home() -> None:
    forwarder = Forwarder(window=10, patience=10.0)
    for seq in forwarder.take(100, 0.0):
        forwarder.acknowledged(seq, 0.0, heard=False)
    assert forwarder.nobody_listens
    assert not forwarder.take(100, 9.0)
    assert forwarder.take(100, 10.0) == range(1, 2)
    forwarder.acknowledged(1, 10.0, heard=False)
    assert not forwarder.take(100, 11.0)
    platform = Platform()
    forwarder.receipt(0, 12.0)  # a receiver came, and says what it has
    assert not forwarder.nobody_listens
    for second in range(12, 60):
        exchange(forwarder, platform, 100, float(second))
    assert forwarder.receipted == 100


@given(
    window=st.integers(1, 16),
    ahead=st.integers(1, 64),
    head=st.integers(0, 80),
    faults=st.lists(
        st.tuples(
            st.sampled_from(["pass", "lost", "cut", "unheard", "restored", "silent"]), st.integers(0, 80)
        ),
        max_size=40,
    ),
)
def test_whatever_was_lost_on_the_way_all_is_receipted_once_the_way_is_good(
    window: int, ahead: int, head: int, faults: list[tuple[str, int]]
) -> None:
    forwarder, platform = Forwarder(window=window, ahead=ahead, patience=10.0), Platform()
    now = 0.0
    for fault, number in faults:
        now += 3.0
        taken = forwarder.take(head, now)
        assert forwarder.in_flight <= window
        assert all(forwarder.receipted < seq <= head for seq in taken)
        for seq in taken:
            if fault in {"pass", "silent"} or (fault == "lost" and seq % 2):
                platform.hear(seq)
            if fault != "cut":
                forwarder.acknowledged(seq, now, heard=fault != "unheard")
        if fault == "cut":
            forwarder.connected()
        if fault == "restored":
            platform.kept = {seq for seq in platform.kept if seq <= number}
        if fault != "silent":
            forwarder.receipt(platform.through, now)
    for _ in range(400):
        now += 3.0
        exchange(forwarder, platform, head, now)
    assert forwarder.receipted == head
    assert not forwarder.take(head, now + 1000.0)
