"""The process in which libFuzzer runs: `python -m tests.fuzz.inside TARGET FLAG...`, begun by `python -m tests.fuzz`."""

import sys

import atheris

READERS = [
    "device.record", "device.catalogue.manifest", "device.settings", "device.sync", "device.hearing", "device.mute",
    "central.receiver", "tomllib",
]  # fmt: skip


def main(name: str, flags: list[str]) -> None:
    """Hand over to libFuzzer, which ends the process.

    Args:
        name: A target's, or `all`: then an input's first byte says which target takes the rest.
        flags: libFuzzer's.
    """
    with atheris.instrument_imports(include=READERS):
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
    main(sys.argv[1], sys.argv[2:])
