"""Processes as the kernel lists them."""

import time
from collections.abc import Callable
from pathlib import Path


def living() -> dict[int, int]:
    """List the processes that run, not those that only wait to be buried: parents by process."""
    found: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it has ended meanwhile
        if state != "Z":
            found[int(status.parent.name)] = int(parent)
    return found


def children(parent: int) -> set[int]:
    """Find the living children of a process, and theirs."""
    parents = living()
    found = {child for child, its in parents.items() if its == parent}
    return found | {grandchild for grandchild, its in parents.items() if its in found}


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
