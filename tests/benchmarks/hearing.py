"""How much of a processor hearing takes, stage by stage, and how fast music is fingerprinted."""

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from central.catalogue.builder import Nobody, Order, build
from central.catalogue.fingerprinting import REFERENCE_HOP, fingerprint
from central.training import corpus
from device.embedding import EmbeddingModel, shipped_model_path
from device.features import log_mel
from device.gate import Gate, shipped_gate_path
from device.recogniser import recogniser
from device.sound import replay
from tests.benchmarks.figure import Figure, stopwatch

PACKAGES = ("freecol", "ardentryst", "zaz-data")
SECONDS_HEARD = 300
TRACKS = 8  # of stereo music at 44.1 or 48 kHz, that are fingerprinted
FORMATS = {
    "ogg": ("-c:a", "libvorbis", "-q:a", "5"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "192k"),
    "flac": ("-c:a", "flac"),
}
LIMIT_MS = 20.0  # of one core for each second of sound, the whole way of the sound


def measure() -> Iterator[Figure]:
    """Hear some minutes of music, fingerprint some tracks."""
    files = corpus.fetch(PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        build(Order((*files,), Path(folder), shipped_model_path(), 2, datetime.now(UTC)), Nobody())
        yield from _stages(files, Path(folder))
    yield from _fingerprinting(files)


def _stages(files: list[Path], catalogue: Path) -> Iterator[Figure]:
    blocks = [block for file in files[:6] for block in replay.blocks(file)]
    blocks = blocks[: SECONDS_HEARD * 10]
    with recogniser(catalogue) as parts:
        cutter = parts.cutter()
        with stopwatch() as cutting:
            segments = [s for block in blocks[: len(blocks)] for s in cutter.cut(block)]
        seconds = sum(block.seconds for block in blocks)
        with stopwatch() as features:
            spectra = [log_mel(segment.samples[None]) for segment in segments]
        gate = Gate(shipped_gate_path())
        with stopwatch() as gating:
            for spectrum in spectra:
                gate.hear(spectrum)
        with stopwatch() as model:
            embeddings = [parts.model.embed(spectrum)[0] for spectrum in spectra]
        with stopwatch() as matching:
            for number, embedding in enumerate(embeddings):
                parts.matcher.hear(number * cutter.hop, embedding)
    each = {
        "resample and cut": cutting.seconds,
        "log-mel": features.seconds,
        "gate": gating.seconds,
        "embedding": model.seconds,
        "neighbours and alignment": matching.seconds,
    }
    for what, spent in [*each.items(), ("the whole way of the sound", sum(each.values()))]:
        yield Figure(what, 1000 * spent / seconds, "ms/s", "limit for the whole", LIMIT_MS)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("resident memory, at most", memory, "MB", "limit of `estu listen`", 400.0)


def _fingerprinting(files: list[Path]) -> Iterator[Figure]:
    """Fingerprint the same tracks in each of `FORMATS`, decoding included."""
    model = EmbeddingModel(shipped_model_path())
    if (fpcalc := shutil.which("fpcalc")) is None:
        raise RuntimeError("fpcalc is not installed: apt install libchromaprint-tools")
    with tempfile.TemporaryDirectory() as folder:
        for form, coder in FORMATS.items():
            some = [_coded(file, Path(folder) / f"{file.stem}.{form}", coder) for file in files[:TRACKS]]
            before = _processor()
            seconds = sum(fingerprint(file, model, REFERENCE_HOP, report=print).seconds for file in some)
            ours = seconds / (_processor() - before)
            before = _processor()
            for file in some:
                # It ends with status 3 where the last packet is damaged, and has heard the rest.
                told = subprocess.run([fpcalc, "-length", "0", str(file)], check=False, capture_output=True)
                if b"FINGERPRINT=" not in told.stdout:
                    raise RuntimeError(f"fpcalc cannot read {file}: {told.stderr.decode()}")
            theirs = seconds / (_processor() - before)
            what = f"fingerprinting {form}, decoding included"
            yield Figure(what, ours, "x real time", "wanted", 300.0, True)
            yield Figure(what, ours, "x real time", "chromaprint's fpcalc", theirs, True)


def _coded(file: Path, out: Path, coder: Sequence[str]) -> Path:
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-vn", "-i", str(file), *coder, str(out)]
    subprocess.run(command, check=True)
    return out


def _processor() -> float:
    """Processor seconds of this process and of those it waited for."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(t.ru_utime + t.ru_stime for t in times)
