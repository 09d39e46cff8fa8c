"""`python -m tests.fuzz`: coverage-guided fuzzing with atheris (libFuzzer), of one reader or of all.

What is found stays in the target's folder as `crash-...`; copied into `tests/fuzz/found/TARGET/` it becomes a test.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.targets import TARGETS

SLOW = 60  # seconds that one input may take, also on a machine that does much else
LONGEST = 140_000  # bytes: a little more than the largest event
MEMORY = 2_048  # MiB


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz.

    Returns:
        0 nothing was found, 1 something was; it is told.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "target", choices=["all", "each", *TARGETS], help="one; all in one run; each in a run of its own"
    )
    parser.add_argument("--seconds", type=int, default=0, help="how long a run takes")
    parser.add_argument("--runs", type=int, default=-1, help="how many inputs a run tries")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="where inputs are kept")
    asked = parser.parse_args(arguments)
    names = list(TARGETS) if asked.target == "each" else [asked.target]
    return max([_run(name, asked.out / name, asked.seconds, asked.runs) for name in names])


def _run(name: str, folder: Path, seconds: int, runs: int) -> int:
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, target in enumerate(TARGETS.values()):
        if name in ("all", target.name):
            which = bytes([number]) if name == "all" else b""
            for place, content in enumerate(target.seeds()):
                (corpus / f"seed-{target.name}-{place}").write_bytes(which + content)
    flags = [
        f"-max_total_time={seconds}", f"-runs={runs}", f"-timeout={SLOW}", f"-max_len={LONGEST}",
        f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={folder}/", str(corpus),
    ]  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz.inside", name, *flags]
    # libFuzzer ends the process without a word, and what it wrote for itself stays.
    here = os.environ | {"TMPDIR": str(folder.absolute())}
    found = subprocess.run(command, check=False, env=here).returncode
    print(f"{name}: {f'something was found, see {folder}' if found else 'nothing was found'}", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
