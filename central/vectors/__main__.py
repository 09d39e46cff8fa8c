"""`python -m central.vectors`: write the test vectors anew, or check that they are as they would be written."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from central.vectors.files import all_files

FOLDER = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the files.

    Returns:
        0 done, 1 a file is not as it would be written.
    """
    parser = argparse.ArgumentParser(prog="python -m central.vectors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; name the files that differ")
    parser.add_argument("--out", type=Path, default=FOLDER, help="another folder than their own")
    asked = parser.parse_args(arguments)
    made = all_files()
    if asked.check:
        different = [name for name, content in made.items() if _read(asked.out / name) != content]
        for name in different:
            print(f"{asked.out / name} differs; run: python -m central.vectors", file=sys.stderr)
        return 1 if different else 0
    for name, content in made.items():
        (asked.out / name).write_bytes(content)
    return 0


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
