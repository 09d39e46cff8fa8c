"""What the box of the test vectors reports: each type of event, with everything filled in and with little."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from device.record import continuation
from device.record.link import Link
from device.record.reports import (
    BootReport,
    CorrectedEvents,
    CorrectionReport,
    CoverageLevel,
    CoverageReport,
    CoverageSeconds,
    CreatorName,
    IncidentReport,
    LastEvent,
    LogFound,
    PlayReport,
    RecordingName,
    Report,
    RunnerUp,
    UnidentifiedReport,
    WindowReport,
    WorkName,
)

EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
MODEL, CATALOGUE = "a1" * 32, "b2" * 32

PLAY = PlayReport(
    status="identified",
    kind="recording",
    recording=RecordingName(
        "kz-000123", "KZA012600001", "Желсіз түнде жарық ай", "Р. Жұбатова", "Дауыс жазбалары"
    ),
    alternatives=(RecordingName("kz-000124", None, "Желсіз түнде жарық ай", "Р. Жұбатова", None),),
    works=(
        WorkName(
            "T0345246801",
            "Желсіз түнде жарық ай",
            (CreatorName("Абай Құнанбаев", "CA", "00014107338"), CreatorName("N. N.", None, None)),
        ),
    ),
    start=EVENING,
    end=EVENING + timedelta(seconds=182.5),
    start_monotonic=1_000.0,
    end_monotonic=1_182.5,
    seconds_heard=171.25,
    spans=((0.0, 120.0), (131.25, 182.5)),
    reference_start=3.2,
    tempo=1.0021,
    score=0.8713,
    threshold=0.62,
    false_alarms=0.000013,
    runner_up=RunnerUp("kz-000777", 0.4102),
    margin=0.5208,
    windows=29,
    windows_agreeing=27,
    groups_agreeing=8,
    evidence=(
        WindowReport(at=40.5, reference=43.7, similarity=0.712, density=0.301, weight=0.9313),
        WindowReport(at=41.0, reference=44.2, similarity=None, density=0.287, weight=-0.5),
    ),
    model=MODEL,
    catalogue=CATALOGUE,
    level_dbfs=-31.4,
    snr_db=12.5,
    ai_generated=False,
)
CANDIDATE = replace(
    PLAY,
    status="candidate",
    recording=RecordingName('"/\\ \t\x01 é 𝄞', None, "", None, None),  # what JSON must escape, and need not
    alternatives=(),
    works=(),
    reference_start=-0.4,
    score=0.41,
    false_alarms=None,
    runner_up=None,
    margin=None,
    groups_agreeing=1,
    evidence=(),
    snr_db=None,
    ai_generated=True,
)
UNIDENTIFIED = UnidentifiedReport(
    start=EVENING,
    end=EVENING + timedelta(seconds=3),
    start_monotonic=1_000.0,
    end_monotonic=1_003.0,
    seconds_heard=3.0,
    hop=1.0,
    dimension=4,
    embeddings=bytes(range(250, 256)) + bytes(range(6)),
    model=MODEL,
    catalogue=CATALOGUE,
    level_dbfs=-31.4,
    snr_db=None,
)
COVERAGE = CoverageReport(
    start=EVENING,
    end=EVENING + timedelta(minutes=15),
    seconds=CoverageSeconds(
        listened=840.0,
        identified=182.5,
        silent=40.0,
        lost=0.0,
        deaf=0.0,
        muted=60.0,
        covered=5.5,
        music=410.0,
        speech=120.0,
    ),
    level=CoverageLevel(-60.1, -42.0, -28.3),
    model=MODEL,
    catalogue=CATALOGUE,
)
NOTHING_HEARD = replace(
    COVERAGE,
    seconds=CoverageSeconds(
        listened=0.0,
        identified=0.0,
        silent=0.0,
        lost=0.0,
        deaf=900.0,
        muted=0.0,
        covered=None,
        music=None,
        speech=None,
    ),
    level=None,
)
FIRST_BOOT = BootReport("0.1.0", MODEL, None, None, None, LogFound(0, 0))
BOOT = BootReport("0.1.0", MODEL, CATALOGUE, LastEvent(6, EVENING), 12.5, LogFound(6, 1))
INCIDENT = IncidentReport(
    "microphone-lost", "The microphone went away.", {"usb": {"port": "1-1.2"}, "tries": [1, 2.5, None, True]}
)
_GONE = "d4" * 32
CONTINUED = continuation.incident(
    [
        continuation.Bridge(Link(2, _GONE), Link(4, "e5" * 32)),
        continuation.Bridge(Link(5, _GONE), Link(6, _GONE)),
    ],
    continuation.Repeated(5, 5, 6, _GONE),
)
CORRECTION = CorrectionReport(CorrectedEvents(3, 6), -86_400_000, "The clock was a day ahead.")

ALL: dict[str, Report] = {
    "play": PLAY,
    "play-candidate": CANDIDATE,
    "unidentified": UNIDENTIFIED,
    "coverage": COVERAGE,
    "coverage-nothing-heard": NOTHING_HEARD,
    "boot": BOOT,
    "boot-first": FIRST_BOOT,
    "incident": INCIDENT,
    "incident-log-continued": CONTINUED,
    "correction": CORRECTION,
}
