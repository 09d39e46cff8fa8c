"""What files are called in the repository; `central/publishing/content.py` draws the tree."""

import re

CATALOGUE_FOLDER = "catalogue/"
CATALOGUE = "catalogue/catalogue.json"
MODEL_FOLDER = "model/"
SYSTEM = "system/system.raucb"

# What a part's file may be called on the box's disk: no path, nothing hidden.
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def part_file(part: str, file: str) -> str:
    """Give the name of a part's file."""
    return f"{CATALOGUE_FOLDER}parts/{part}/{file}"


def model_file(digest: str, file: str) -> str:
    """Give the name of a model's file; of the folder of all of them where `file` is empty."""
    return f"{MODEL_FOLDER}{digest}/{file}"


def is_file_name(name: str) -> bool:
    """Say whether a name is one of a file in its folder, and leads nowhere else."""
    return _FILE.fullmatch(name) is not None
