"""Workers: processes that fingerprint files side by side, each with a model of its own.

They are spawned, not forked, because neither the model's runtime nor numpy's threads survive a fork; and they
end with the process that began them, however that ends.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait as wait_for_end
from pathlib import Path

from central.catalogue.fingerprinting import fingerprint
from central.catalogue.store import Store
from device.embedding import EmbeddingModel
from device.errors import Broken, Refused

_AHEAD = 4  # files given out for each worker, so that none waits and a million do not queue


@dataclass(frozen=True)
class Task:
    """A file to fingerprint."""

    path: Path
    content: str  # hex SHA-256


@dataclass(frozen=True)
class Done:
    """A file that was fingerprinted into the store, or could not be."""

    task: Task
    fault: str | None  # why it could not
    remarks: tuple[str, ...] = ()  # what was wrong with a file that could be read in part
    broken: tuple[str, str, str] | None = None  # code, message and advice of what stops the whole build


def fingerprint_all(tasks: Iterable[Task], model: Path, store: Store, jobs: int) -> Iterator[Done]:
    """Fingerprint files into a store.

    Args:
        tasks: The files.
        model: The embedding model's file.
        store: Where the fingerprints go.
        jobs: How many processes work.

    Yields:
        Each file as soon as it is done, in no particular order.

    Raises:
        Broken: A worker died, or ffmpeg is missing; what was done stays in the store.
    """
    waiting = iter(tasks)
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(model, store)
        ) as pool,
    ):
        try:
            working: set[Future[Done]] = {pool.submit(_work, task) for task in islice(waiting, jobs * _AHEAD)}
            while working:
                finished, working = wait(working, return_when=FIRST_COMPLETED)
                working |= {pool.submit(_work, task) for task in islice(waiting, len(finished))}
                for future in finished:
                    done = future.result()
                    if done.broken:
                        raise Broken(*done.broken)
                    yield done
        except BrokenProcessPool as error:
            raise Broken(
                "builder-worker-died",
                "A process that fingerprints music has died.",
                "Check the memory, use fewer --jobs, and build again: what is done is kept.",
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class _Bench:
    """What a worker has at hand."""

    model: EmbeddingModel
    store: Store


_bench: list[_Bench] = []  # one in each worker; a pool hands its workers nothing else to keep


def _begin(model: Path, store: Store) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard interrupts the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _bench.append(_Bench(EmbeddingModel(model), store))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)


def _work(task: Task) -> Done:
    (bench,) = _bench
    remarks: list[str] = []
    try:
        bench.store.write(task.content, fingerprint(task.path, bench.model, bench.store.hop, remarks.append))
    except Refused as error:
        return Done(task, error.message.removeprefix(f"{task.path} "))
    except Broken as error:  # told as plain texts: an EstuError does not survive the way between processes
        return Done(task, None, broken=(error.code, error.message, error.advice))
    return Done(task, None, tuple(remarks))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let workers that start now use one thread: more processes are faster than more threads in each."""
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
