"""A receipt is published after the commit and never before: the real receiver, killed at each point between the two."""

from pathlib import Path

import pytest

from tests.central.receiver.conftest import forge, retained
from tests.simulated.broker import Broker
from tests.simulated.receiver import ReceiverProcess
from tests.simulated.signing_box import SigningBox
from tests.simulated.venue import wait_until


@pytest.mark.parametrize("dies", ["before the database", "before the commit"])
def test_what_was_not_committed_is_neither_kept_nor_receipted(
    dies: str, tmp_path: Path, broker: Broker, database_url: str
) -> None:
    box = SigningBox()
    receiver = ReceiverProcess(
        tmp_path / "platform", ["--broker", broker.url], database_url=database_url, dies=dies
    )
    receiver.register(box.key.public)
    receiver.start()
    forge(broker, box.name, *box.write(5))
    receiver.wait_until_dead()
    assert receiver.account().counted(box.name) == []
    assert retained(broker, receiver.platform) == {}
    goes_on(receiver, broker, box)


@pytest.mark.parametrize("dies", ["after the commit", "before the acknowledgement"])
def test_what_was_committed_is_receipted_by_whoever_comes_next(
    dies: str, tmp_path: Path, broker: Broker, database_url: str
) -> None:
    box = SigningBox()
    receiver = ReceiverProcess(
        tmp_path / "platform", ["--broker", broker.url], database_url=database_url, dies=dies
    )
    receiver.register(box.key.public)
    receiver.start()
    forge(broker, box.name, *box.write(5))
    receiver.wait_until_dead()
    committed = receiver.account().counted(box.name)
    assert committed, "its first batch was committed"
    told = retained(broker, receiver.platform)
    if dies == "after the commit":
        assert told == {}
    receiver.dies = ""
    receiver.start()
    wait_until(
        lambda: (found := retained(broker, receiver.platform)) and found[box.name].through == len(committed),
        "the ledger's place is told although nothing new came",
    )
    receiver.kill()
    goes_on(receiver, broker, box)


def goes_on(receiver: ReceiverProcess, broker: Broker, box: SigningBox) -> None:
    """The next receiver takes all that the box sends again, once."""
    receiver.dies = ""
    with receiver:
        forge(broker, box.name, *box.events)
        wait_until(lambda: len(receiver.account().counted(box.name)) == 5, "all are counted")
        wait_until(
            lambda: (found := retained(broker, receiver.platform)) and found[box.name].head == box.head,
            "all are receipted",
        )
    assert [event.jws for event in receiver.account().counted(box.name)] == box.events
    assert list(receiver.account().quarantined()) == []
