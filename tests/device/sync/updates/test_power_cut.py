"""The power fails at any step of an update: one whole catalogue is there, the old one or the new, and the next look ends it."""

import os
import shutil
import signal
import sys
from pathlib import Path

from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox

# What changes something on a disk, as the interpreter tells it (`sys.addaudithook`); of `open` only what writes.
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.truncate", "shutil.rmtree"}


def look_until(box: UpdatedBox, url: str, step: int) -> bool:
    """Look in a process that is killed just before it changes something on the disk for so many times.

    Returns:
        Whether it came to its end before that.
    """
    child = os.fork()
    if child == 0:
        left = step

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            writes = (
                event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            )
            if event in CHANGES or (writes and "/box/" in str(arguments[0])):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        status = 1
        try:
            status = len(box.look(url).troubles)
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the look ended with {status}"
    return status == 0


def test_a_power_cut_at_any_step_leaves_a_whole_catalogue(
    publisher: Publisher, server: UpdateServer, tmp_path: Path
) -> None:
    publisher.publish("abai")
    before = UpdatedBox(tmp_path / "before" / "box", publisher.root, publisher.now)
    before.folder.parent.mkdir()
    assert before.look(server.url).troubles == ()
    publisher.publish("bayan", withdrawn=("x",))
    publisher.publish_system("2027.1")
    seen: set[tuple[str, ...]] = set()
    step, done = 0, False
    while not done:
        box = UpdatedBox(tmp_path / f"{step}" / "box", publisher.root, publisher.now)
        shutil.copytree(before.folder, box.folder, symlinks=True)
        done = look_until(box, server.url, step)
        seen.add(tuple(box.recordings))
        laid = box.updates / "system.raucb"
        assert not laid.exists() or laid.read_bytes() == (publisher.folder / "system.raucb").read_bytes()
        assert box.look(server.url).troubles == ()
        assert box.recordings == ["bayan"]
        assert laid.exists()
        assert len(box.parts) == 1
        assert sorted(path.name for path in box.catalogue.iterdir())[:2] == ["catalogue.json", "parts"]
        assert len(list(box.catalogue.iterdir())) == 3
        step += 2
    assert step > 40
    assert seen == {("abai",), ("bayan",)}
