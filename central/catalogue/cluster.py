"""A cluster: fingerprints made by the workers of a dask scheduler, and kept here.

Rules:
1. A worker runs the same release with the same model; one with another model refuses.
2. A worker finds a file under the path that it has here (a shared disk), and sends back only its vectors.
3. What is done is in the store at once, so a kill here or of any worker costs only the files being worked on.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from central.catalogue.fingerprinting import Fingerprint, fingerprint
from central.catalogue.store import Store
from central.catalogue.workers import Done, Task
from device.embedding import EmbeddingModel
from device.errors import Broken, Refused

_AHEAD = 4  # files given out for each thread of the cluster
_WAIT = 30.0  # seconds for the scheduler to answer

Answer = tuple[Fingerprint | None, Done]


def fingerprint_all(tasks: Iterable[Task], model: Path, store: Store, address: str) -> Iterator[Done]:
    """Fingerprint files into a store, on a cluster.

    Args:
        tasks: The files.
        model: The embedding model's file, under the same path on every worker.
        store: Where the fingerprints go, here.
        address: Of the scheduler, such as `tcp://10.0.0.5:8786`.

    Yields:
        Each file as soon as it is done, in no particular order.

    Raises:
        Broken: The scheduler does not answer, or has no workers; or a worker cannot work.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise Broken(
            "builder-without-dask",
            "dask.distributed is not installed.",
            "Install estu with the extra `dask`.",
        ) from error
    dask: Any = distributed  # it says no types
    try:
        client = dask.Client(address, timeout=_WAIT)
    except (OSError, ValueError, TimeoutError) as error:
        raise Broken(
            "builder-no-cluster",
            f"No dask scheduler answers at {address}: {error}.",
            "Check the address and the network; `dask scheduler` prints where it listens.",
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise Broken(
                "builder-no-cluster",
                f"The scheduler at {address} has no workers.",
                "Start some with `dask worker`.",
            )
        waiting = iter(tasks)

        def give(some: int) -> list[object]:
            return [
                client.submit(_work, task, model, store.model, store.hop, pure=False)
                for task in islice(waiting, some)
            ]

        working = dask.as_completed(give(threads * _AHEAD))
        for future in working:
            yield _taken(future, store)
            working.update(give(1))


def _taken(future: Any, store: Store) -> Done:
    """Keep what a worker sent."""
    found: Fingerprint | None
    done: Done
    try:
        found, done = future.result()
    except Exception as error:
        raise Broken(
            "builder-worker-died",
            f"A worker of the cluster failed: {type(error).__name__}: {error}.",
            "See the worker's log, and build again: what is done is kept.",
        ) from error
    if done.broken:
        raise Broken(*done.broken)
    if found is not None:
        store.write(done.task.content, found)
    return done


@lru_cache(maxsize=1)
def _model(path: Path) -> EmbeddingModel:
    return EmbeddingModel(path)


def _work(task: Task, path: Path, digest: str, hop: float) -> Answer:
    """Fingerprint one file; runs on a worker."""
    logging.getLogger("estu").debug("Hearing %s", task.path)
    remarks: list[str] = []
    try:
        model = _model(path)
        if model.digest != digest:
            text = f"A worker's model at {path} is {model.digest[:12]}, the builder's is {digest[:12]}."
            return None, Done(
                task, None, broken=("builder-other-model", text, "Install the same release everywhere.")
            )
        return fingerprint(task.path, model, hop, remarks.append), Done(task, None, tuple(remarks))
    except Refused as error:
        return None, Done(task, error.message.removeprefix(f"{task.path} "))
    except Broken as error:
        return None, Done(task, None, broken=(error.code, error.message, error.advice))
