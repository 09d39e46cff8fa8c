"""Processor time of other processes that run (proc(5))."""

import os
from pathlib import Path

_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat after the name


def processor_seconds(process: int, with_children: bool = False) -> float:
    """Give the processor seconds that a process has had so far, all its threads together.

    Args:
        process: Its number.
        with_children: Its children that run, too, but not their own.
    """
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")
    if not with_children:
        return own
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return own + sum(processor_seconds(int(child)) for child in children)


def thread_seconds(process: int, name: str) -> float:
    """Give the processor seconds that those threads of a process have had so far that bear a name.

    Args:
        process: Its number.
        name: As in `/proc/PID/task/TID/comm`, 15 bytes at most.
    """
    nanoseconds = 0
    for task in Path(f"/proc/{process}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9
