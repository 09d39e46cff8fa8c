"""Reading all of a catalogue, to compare it with another."""

from pathlib import Path

import numpy as np

from central.catalogue.builder import BUILDING
from device.catalogue.catalogue import Catalogue


def snapshot(folder: Path) -> dict[str, bytes]:
    """Read all that belongs to a catalogue."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and BUILDING not in path.parts
    }


def contents(catalogue: Catalogue) -> dict[str, bytes]:
    """Tell a catalogue's vectors by id."""
    numbers = sorted(set(range(len(catalogue))) - catalogue.withdrawn_numbers)
    spans = {catalogue.recording(number).id: catalogue.span(number) for number in numbers}
    return {
        name: catalogue.vectors(np.arange(span.start, span.stop)).tobytes() for name, span in spans.items()
    }
