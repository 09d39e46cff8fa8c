"""What each kept result depends on, as a name: a change of any of it begins anew, of anything else does not."""

import inspect
from collections.abc import Iterable
from hashlib import sha256
from importlib import import_module
from pathlib import Path

from central.evaluation.material import Material
from device.features import PARAMETERS
from device.match import background, calibration

# Modules, of packages every one, whose change may change what is meant.
SOUND = ("clips", "coding", "conditions", "plan", "rooms", "unknown")
EMBEDDING = ("device.embedding", "device.features", "device.quantised", "device.sound.segments")
MATCHING = ("central.evaluation.contestant", "device.catalogue.catalogue", "device.match", "device.play")
PEER = ("central.evaluation.chromaprint",)


def of_sounds(material: Material, longest: float, seed: int) -> str:
    """Name the clips and stretches that are made; how many of them are asked for is not among it."""
    made_of = (material.known, material.unknown, material.speech, material.noise, longest, seed)
    return _named(_sources(f"central.evaluation.{module}" for module in SOUND), repr(made_of).encode())


def of_embeddings(sounds: str, model: str) -> str:
    """Name what a model makes of sounds.

    Args:
        sounds: From `of_sounds`.
        model: The model's digest.
    """
    return _named(_sources(EMBEDDING), sounds.encode(), model.encode(), PARAMETERS.canonical)


def of_the_box(embeddings: str, catalogue: str, lengths: tuple[float, ...], beside: Path | None) -> str:
    """Name what the box answers.

    Args:
        embeddings: From `of_embeddings`.
        catalogue: The catalogue's digest.
        lengths: Seconds that are asked for.
        beside: A float model that answers as well.
    """
    shipped = [
        path.read_bytes() for path in (calibration.SHIPPED, background.SHIPPED, *([beside] if beside else []))
    ]
    return _named(
        _sources(MATCHING), embeddings.encode(), catalogue.encode(), repr(lengths).encode(), *shipped
    )


def of_the_peer(sounds: str, references: Iterable[object], lengths: tuple[float, ...]) -> str:
    """Name what the classical peer answers: neither our model nor our score is among it."""
    return _named(_sources(PEER), sounds.encode(), repr((list(references), lengths)).encode())


def _sources(modules: Iterable[str]) -> bytes:
    """Read the source of modules, of a package's every module."""
    read = b""
    for module in modules:
        source = Path(inspect.getfile(import_module(module)))
        files = sorted(source.parent.glob("*.py")) if source.name == "__init__.py" else [source]
        read += b"".join(file.read_bytes() for file in files)
    return read


def _named(*parts: bytes) -> str:
    named = sha256()
    for part in parts:
        named.update(sha256(part).digest())
    return named.hexdigest()[:16]
