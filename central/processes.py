"""Processes that work side by side, each with what it opened once.

They are spawned, not forked, because neither the model's runtime nor numpy's threads survive a fork. Each uses one thread: more
processes are faster than more threads in each. They end with the process that began them, however that ends.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from multiprocessing.connection import wait as wait_for_end
from typing import Any, TypeVar

from device.errors import Broken, EstuError

_AHEAD = 3  # tasks given out for each process, so that none waits and a million do not queue

Opened = TypeVar("Opened")
Task = TypeVar("Task")
Done = TypeVar("Done")


@dataclass(frozen=True)
class _Fault:
    """An error on its way between processes, which no EstuError survives."""

    kind: type[EstuError]
    code: str
    message: str
    advice: str


def side_by_side(
    tasks: Iterable[Task],
    work: Callable[[Opened, Task], Done],
    begin: Callable[[], Opened],
    jobs: int,
    died: Broken,
) -> Iterator[Done]:
    """Work tasks off.

    Args:
        tasks: They are taken as they are needed, some ahead.
        work: Does one task with what the process opened; a function of a module.
        begin: Opens what each process needs, once; what it takes is bound by `functools.partial`.
        jobs: How many processes work.
        died: What to say when one of them is killed.

    Yields:
        What came of each task as soon as it is done, in no particular order.

    Raises:
        EstuError: `work` or a worker's death raised it; the other tasks are given up.
    """
    waiting = iter(tasks)
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(begin,)
        ) as pool,
    ):
        try:
            working: set[Future[Done | _Fault]] = {
                pool.submit(_work, work, task) for task in islice(waiting, jobs * _AHEAD)
            }
            while working:
                finished, working = wait(working, return_when=FIRST_COMPLETED)
                working |= {pool.submit(_work, work, task) for task in islice(waiting, len(finished))}
                for future in finished:
                    done = future.result()
                    if isinstance(done, _Fault):
                        raise done.kind(done.code, done.message, done.advice)
                    yield done
        except BrokenProcessPool as error:
            raise died from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Place:
    """Where a process works: opened with its first task, for a pool does not tell what went wrong before."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin

    @cached_property
    def opened(self) -> Any:
        return self._begin()


_place: list[_Place] = []  # one in each process; a pool hands its workers nothing else to keep


def _begin(begin: Callable[[], object]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard interrupts the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _place.append(_Place(begin))


def _work(work: Callable[[Any, Task], Done], task: Task) -> Done | _Fault:
    (place,) = _place
    try:
        return work(place.opened, task)
    except EstuError as error:
        return _Fault(type(error), error.code, error.message, error.advice)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start now use one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
