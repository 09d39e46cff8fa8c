"""Small experiments: each is done once, under the same budget, on music that none of them was trained on."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from central.training import compare, experiments, measure, stock
from central.training.degradation import responses
from central.training.stock import Stock
from central.training.training import Schedule

RATE = 8000
SCHEDULE = Schedule(steps=2, pairs=4)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Sixteen packages of one tune each."""
    rng = np.random.default_rng(1)
    sounds: list[tuple[str, str, np.ndarray]] = []
    for number in range(16):
        hertz = np.repeat(rng.uniform(250, 3500, 36), RATE // 2)
        tune = 8000 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
        sounds.append(("music", f"game-{number:02d}/usr/tune.ogg.npy", tune.astype(np.int16)))
    for kind in ("dialogue", "noise"):
        sounds.append(("beds", kind, (2000 * rng.standard_normal(10 * RATE)).astype(np.int16)))  # noqa: PERF401
    for response in responses(rng, 2):
        sounds.append(("rooms", "", np.rint(30000 * response / np.abs(response).max()).astype(np.int16)))  # noqa: PERF401
    folder = tmp_path_factory.mktemp("compare") / "stock"
    stock.write(folder, sounds)
    return stock.read(folder)


def test_no_package_is_trained_on_and_held_back(made: Stock) -> None:
    trained, kept, unknown = compare.held_back(made)
    assert sorted(trained + kept) == list(range(16))
    assert len(kept) == 4
    assert 0 < len(unknown) < len(kept)


def test_every_experiment_differs_from_the_shipped_form_in_one_thing() -> None:
    first, *others = experiments.listed(SCHEDULE)
    assert {one.group for one in others} == set(experiments.GROUPS)
    assert len({one.name for one in others}) == len(others)
    for one in others:
        # A window of another length changes the spectrogram and, with it, the last layer.
        changed = [
            name
            for name in ("schedule", "shape", "parameters", "chances", "cutting")
            if getattr(one, name) != getattr(first, name)
        ]
        assert changed == (["shape", "parameters"] if one.group == "window" else changed[:1]), one.name
        assert changed


def test_experiments_are_done_once_and_make_a_table(
    made: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare.measure, "CONDITIONS", measure.CONDITIONS[:2])
    chosen = experiments.listed(SCHEDULE, ["window"])
    compare.run(made, chosen, tmp_path, 4, torch.device("cpu"))
    found = compare.results(tmp_path, chosen)
    assert [one["name"] for one in found] == ["as shipped", "window 1 s", "window 3 s"]
    assert all(one["steps"] == 2 for one in found)
    assert found[1]["multiplications_a_second"] < found[0]["multiplications_a_second"]
    written = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("*/result.json"))]
    capsys.readouterr()
    compare.run(made, chosen, tmp_path, 4, torch.device("cpu"))
    assert written == [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("*/result.json"))]
    assert capsys.readouterr().out == ""
    more = compare.results(tmp_path, experiments.listed(SCHEDULE, ["window", "dimension"]))
    lines = compare.table(more).splitlines()
    assert len(lines) == 7
    assert ["–" in line for line in lines] == [False] * 5 + [True] * 2, "what is not done has only its costs"
    assert {line.count("|") for line in lines} == {10}
    assert json.loads((tmp_path / "as-shipped/result.json").read_text())["cells"]
