"""One report of each type, as a box would make it."""

from datetime import UTC, datetime, timedelta

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
    WorkName,
)

EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
MODEL, CATALOGUE = "a1" * 32, "b2" * 32

PLAY = PlayReport(
    status="identified",
    kind="recording",
    recording=RecordingName("kz-000123", "KZA012600001", "Желсіз түнде жарық ай", "Р. Жұбатова", None),
    works=(WorkName("T0345246801", "Желсіз түнде жарық ай", (CreatorName("Абай", "C", "00012345678"),)),),
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
    runner_up=RunnerUp("kz-000777", 0.4102),
    windows=342,
    windows_agreeing=330,
    model=MODEL,
    catalogue=CATALOGUE,
    level_dbfs=-31.4,
    snr_db=12.5,
    ai_generated=False,
)
COVERAGE = CoverageReport(
    start=EVENING,
    end=EVENING + timedelta(minutes=15),
    seconds=CoverageSeconds(900.0, 182.5, 40.0, 0.0, 0.0, 0.0, None, None, None),
    level=CoverageLevel(-60.1, -42.0, -28.3),
    model=MODEL,
    catalogue=CATALOGUE,
)
UNIDENTIFIED = UnidentifiedReport(
    start=EVENING,
    end=EVENING + timedelta(seconds=3),
    start_monotonic=1_000.0,
    end_monotonic=1_003.0,
    seconds_heard=3.0,
    hop=1.0,
    dimension=4,
    embeddings=bytes(range(12)),
    model=MODEL,
    catalogue=CATALOGUE,
    level_dbfs=-31.4,
    snr_db=None,
)
BOOT = BootReport("0.1.0", MODEL, None, LastEvent(6, EVENING), 12.5, LogFound(6, 0))
INCIDENT = IncidentReport("microphone-lost", "The microphone went away.", {"usb": {"port": "1-1.2"}})
CORRECTION = CorrectionReport(CorrectedEvents(3, 6), -86_400_000, "The clock was a day ahead.")

ALL: tuple[Report, ...] = (PLAY, UNIDENTIFIED, COVERAGE, BOOT, INCIDENT, CORRECTION)
