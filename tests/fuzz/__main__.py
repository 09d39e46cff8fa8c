"""`python -m tests.fuzz`: coverage-guided fuzzing with atheris (libFuzzer), of one reader or of all.

What is found stays in the folder of the target as `crash-...`; copied into `tests/fuzz/found/TARGET/` it becomes a test.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SLOW = 10  # seconds that one input may take
LONGEST = 140_000  # bytes: a little more than the largest event
READ = [
    "device.record", "device.catalogue.manifest", "device.settings", "device.sync", "device.hearing", "device.mute",
    "central.receiver", "tomllib", "json",
]  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz.

    Returns:
        0 nothing was found, 1 something was; it is told.
    """
    asked = _asked(arguments)
    if asked.inside:
        _fuzz(asked.target, asked.rest)
        return 0
    names = _names() if asked.target == "each" else [asked.target]
    return max([_run(name, asked) for name in names])


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", help="a target's name; `all` in one run, or `each` in a run of its own")
    parser.add_argument("--seconds", type=int, default=0, help="how long each run takes")
    parser.add_argument("--runs", type=int, default=-1, help="how many inputs are tried")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="where inputs are kept")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _names() -> list[str]:
    from tests.fuzz.targets import TARGETS

    return list(TARGETS)


def _run(name: str, asked: argparse.Namespace) -> int:
    """Let one run of libFuzzer, in a process of its own, begin with the seeds."""
    from tests.fuzz.targets import TARGETS

    folder = asked.out / name
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    for number, target in enumerate(TARGETS.values()):
        if name not in ("all", target.name):
            continue
        before = bytes([number]) if name == "all" else b""
        for place, content in enumerate(target.seeds()):
            (folder / "corpus" / f"seed-{target.name}-{place}").write_bytes(before + content)
    flags = [
        f"-max_total_time={asked.seconds}", f"-runs={asked.runs}", f"-timeout={SLOW}", f"-max_len={LONGEST}",
        f"-artifact_prefix={folder}/", "-print_final_stats=1", "-rss_limit_mb=2048", str(folder / "corpus"),
    ]  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz", name, "--inside", "--", *flags]
    found = subprocess.run(command, check=False).returncode
    print(
        f"{name}: {'something was found, see ' + str(folder) if found else 'nothing was found'}", flush=True
    )
    return 1 if found else 0


def _fuzz(name: str, flags: list[str]) -> None:
    """Hand over to libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=READ):
        from tests.fuzz.targets import TARGETS, feed

    targets = list(TARGETS.values())

    def one(content: bytes) -> None:
        if name != "all":
            feed(TARGETS[name], content)
        elif content:
            feed(targets[content[0] % len(targets)], content[1:])

    atheris.Setup([sys.argv[0], *flags], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
