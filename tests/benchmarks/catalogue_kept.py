"""What was measured of catalogues, kept by size, so that long measurements may be taken one by one."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, float]


class Kept:
    """The rows that one machine measured with the same real recordings; what others left there is passed over, and replaced."""

    def __init__(self, path: Path, real: Sequence[str]) -> None:
        """Take up what is there.

        Args:
            path: A JSON file; its folder exists.
            real: The parts of the catalogue of real recordings.
        """
        self._path = path
        self._of: dict[str, Any] = {"processor": _processor(), "real": list(real)}
        told = json.loads(path.read_text()) if path.exists() else {}
        same = {name: told.get(name) for name in self._of} == self._of
        self.rows: list[Row] = told["rows"] if same else []

    def add(self, row: Row) -> None:
        """Keep a row in place of an older one of the same size, at once."""
        others = [other for other in self.rows if other["recordings"] != row["recordings"]]
        self.rows = sorted([*others, row], key=lambda one: one["recordings"])
        self._path.write_text(json.dumps(self._of | {"rows": self.rows}, indent=2) + "\n")


def _processor() -> str:
    """Name the processor, as the kernel does."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"model name", "Model"}:
            return value.strip()
    return platform.machine()
