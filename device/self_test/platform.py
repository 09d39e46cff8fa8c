"""What the box recognises with, signs with, and whom it reaches."""

from collections.abc import Sequence
from pathlib import Path

from device.catalogue.catalogue import Catalogue
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import EstuError
from device.features import PARAMETERS
from device.record.keys import Jwks
from device.record.log_reader import LogReader
from device.record.reports import BootReport
from device.record.signed_event import unseal
from device.record.signing_key import SigningKey
from device.self_test.finding import Check, Finding
from device.sync.broker_link import BrokerLink
from device.sync.link import Link
from device.sync.state import SyncState

MODEL = Check(50, "model")
CATALOGUE = Check(51, "catalogue")
KEY = Check(52, "signing key")
BROKER = Check(60, "broker")

_SHORT = 12  # letters of a digest that are read out


def model(path: Path | None = None) -> tuple[Finding, EmbeddingModel | None]:
    """Load the model, and give it if it can be used."""
    try:
        found = EmbeddingModel(path or shipped_model_path())
    except EstuError as error:
        return MODEL.failed(error.message, error.advice), None
    return MODEL.passed(f"SHA-256 {found.digest[:_SHORT]}…"), found


def catalogue(folder: Path, model: EmbeddingModel | None, log: Path) -> Finding:
    """Read the whole catalogue and compare it with its own digests, and with what the last start used.

    Args:
        folder: The catalogue.
        model: It must have been built with this one.
        log: The box's log; it may not be there yet.
    """
    if model is None:
        return CATALOGUE.skipped("there is no model to use it with")
    try:
        with Catalogue.open(folder, model.digest, PARAMETERS.digest) as opened:
            opened.verify()
            words = f"{len(opened)} recordings, every byte as built, SHA-256 {opened.digest[:_SHORT]}…"
            last = _last_catalogue(log)
            new = last is not None and last != opened.digest
            return CATALOGUE.passed(
                words + (f"; the last start had {last[:_SHORT]}…" if new and last else "")
            )
    except EstuError as error:
        return CATALOGUE.failed(error.message, error.advice)


def _last_catalogue(log: Path) -> str | None:
    try:
        with LogReader.read(log) as reader:
            for stored in reader.latest(BootReport, 1):
                report = stored.event.report
                if isinstance(report, BootReport):
                    return report.catalogue
    except EstuError:
        pass  # the log has its own ways of saying what is wrong with it
    return None


def signing_key(path: Path, box: str, log: Path) -> Finding:
    """Load the key that events are signed with, and see that the last event was signed with it.

    Args:
        path: The key.
        box: Whose it should be.
        log: The box's log; it may not be there yet.
    """
    try:
        public = SigningKey.load(path, box).public
    except EstuError as error:
        return KEY.failed(error.message, error.advice)
    words = f"thumbprint {public.kid[:_SHORT]}…"
    try:
        with LogReader.read(log) as reader:
            last = reader.last()
    except EstuError:
        last = None  # there is no log yet, or it has its own ways of saying what is wrong with it
    if last is None:
        return KEY.passed(f"{words}; nothing was signed yet")
    try:
        unseal(last.jws, Jwks.of([public]))
    except EstuError:
        return KEY.failed(
            f"{words}, but event {last.seq}, the last in the log, was signed with another key",
            "Put the key back that was made with this box's card; the platform knows no other.",
        )
    return KEY.passed(f"{words}, as event {last.seq} was signed")


def broker(ways: Sequence[Link], state: SyncState | None) -> Finding:
    """Reach the broker with this box's identity, by the first of its ways that is open.

    Args:
        ways: How, the preferred first.
        state: What `estu sync` wrote, if it runs. If it is connected, that is the proof: a second connection under the
            same name would end the first.
    """
    if state is not None and state.connected:
        return BROKER.passed(
            f"`estu sync` is connected to {state.broker} since {state.since:%Y-%m-%d %H:%M} UTC"
        )
    shut: list[EstuError] = []
    for way in ways:
        try:
            with BrokerLink(way, [], by_hand=True):
                greeted = f"{way} greets this box" + (" over TLS" if way.tls else "")
                return BROKER.passed("; but ".join([greeted, *(error.message for error in shut)]))
        except EstuError as error:
            shut.append(error)
    return BROKER.failed(" ".join(error.message for error in shut), shut[0].advice)
