"""A cluster that fingerprints: a scheduler and two workers, each a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from central.catalogue.store import Store
from central.catalogue.workers import Task
from device.embedding import EmbeddingModel
from device.errors import Broken
from device.features import PARAMETERS
from tests.central.catalogue import music
from tests.central.catalogue.conftest import Builder, Onlooker, Opener
from tests.central.catalogue.reading import contents


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as running:
        running.wait_for_workers(2, timeout=180)
        yield running


def test_a_cluster_builds_the_same_catalogue_and_goes_on_where_a_build_ended(
    cluster: LocalCluster, collection: Path, built: Builder, opened: Opener, tmp_path: Path
) -> None:
    (collection / "notes.wav").write_text("no music")
    built(collection, out=tmp_path / "alone")
    with pytest.raises(KeyboardInterrupt):  # 5 files are looked at, then two of them are heard
        built(collection, watcher=Onlooker(interrupt_after=7), dask=cluster.scheduler_address)
    report = built(collection, dask=cluster.scheduler_address)
    assert 2 <= report.fingerprinted <= 3
    assert [Path(one.what).name for one in report.skipped] == ["notes.wav"]
    with opened(tmp_path / "alone") as alone, opened(tmp_path / "out") as together:
        assert contents(alone) == contents(together)


def test_a_worker_with_another_model_is_refused(
    cluster: LocalCluster, tmp_path: Path, model: EmbeddingModel
) -> None:
    from central.catalogue import cluster as clusters
    from device.embedding import shipped_model_path

    store = Store(tmp_path, "ab" * 32, PARAMETERS.digest, 0.5)
    task = Task(music.write(tmp_path / "a.wav", 1, 2.0), "cd" * 32)
    with pytest.raises(Broken, match="abababababab"):
        list(clusters.fingerprint_all([task], shipped_model_path(), store, cluster.scheduler_address))


def test_a_scheduler_that_is_not_there_is_named(
    collection: Path, built: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.catalogue.cluster._WAIT", 0.5)
    with pytest.raises(Broken) as caught:
        built(collection, dask="tcp://127.0.0.1:9")
    assert caught.value.code == "builder-no-cluster"
    assert "127.0.0.1:9" in caught.value.message
