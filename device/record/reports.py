"""What a box reports: one frozen value for each type of event, its fields as they stand in the event's `data`.

Units are in the names or the comments. Times are UTC; `*_monotonic` are seconds since the machine started, which hold
even where the clock on the wall was wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from device.record import limits
from device.record.field import Binary, Free, Number, Text, Whole
from device.record.shape import Many

BOX_NAME = r"[a-z0-9][a-z0-9-]{2,31}"

Digest = Annotated[str, Text(64, r"[0-9a-f]{64}")]  # SHA-256
Name = Annotated[str, Text(limits.TITLE_CHARACTERS)]
Sentence = Annotated[str, Text(limits.TEXT_CHARACTERS)]
RecordingId = Annotated[str, Text(limits.ID_CHARACTERS, r"(?s).+")]
Isrc = Annotated[str, Text(12, r"[A-Z]{2}[A-Z0-9]{3}\d{7}")]  # ISO 3901, no hyphens
Iswc = Annotated[str, Text(15, r"T-?\d{3}\.?\d{3}\.?\d{3}-?\d")]  # ISO 15707, with or without its punctuation
Ipi = Annotated[str, Text(11, r"\d{9,11}")]  # CISAC's name number
Seconds = Annotated[float, Number(0.0, 1e8)]
Offset = Annotated[float, Number(-1e8, 1e8)]  # seconds, either way
Level = Annotated[float, Number(-200.0, 60.0, digits=1)]  # dBFS RMS
Ratio = Annotated[float, Number(-200.0, 200.0, digits=1)]  # dB
Score = Annotated[float, Number(-1e6, 1e6, digits=4)]
Cosine = Annotated[float, Number(-1.001, 1.001, digits=3)]
Rate = Annotated[float, Number(0.0, 1e6, digits=12)]  # an hour
Count = Annotated[int, Whole(0, limits.SEQ)]
Seq = Annotated[int, Whole(1, limits.SEQ)]


@dataclass(frozen=True)
class CreatorName:
    """Someone who has a share in a work."""

    name: Name
    role: Annotated[str, Text(40)] | None  # CISAC's codes where known: C composer, A author, AR arranger
    ipi: Ipi | None


@dataclass(frozen=True)
class WorkName:
    """A composition, as the catalogue has it."""

    iswc: Iswc | None
    title: Name
    creators: Annotated[tuple[CreatorName, ...], Many(limits.CREATORS)]


@dataclass(frozen=True)
class RecordingName:
    """A published sound recording, as the catalogue has it."""

    id: RecordingId
    isrc: Isrc | None
    title: Name
    artist: Name | None
    label: Name | None


@dataclass(frozen=True)
class RunnerUp:
    """The next best recording, and how near it came."""

    recording: RecordingId
    score: Score


@dataclass(frozen=True)
class WindowReport:
    """What one window of a play's best match says."""

    at: Offset  # seconds after the play's `start`
    reference: Offset  # seconds into the recording
    similarity: Cosine | None  # of the two; `None` before the recording begins and after its end
    density: Cosine  # to music that does not sound: how common this sound is
    weight: Score  # evidence: natural log of the odds that it is this place of this recording


@dataclass(frozen=True)
class PlayReport:
    """One recording or work was heard from here to there. However short it was, it counts."""

    status: Literal["identified", "candidate"]
    kind: Literal["recording", "film", "work"]
    recording: RecordingName
    # Recordings of the catalogue that sound the same: releases of one sound, of which nobody can hear which it was.
    alternatives: Annotated[tuple[RecordingName, ...], Many(limits.ALTERNATIVES)]
    works: Annotated[tuple[WorkName, ...], Many(limits.WORKS)]
    start: datetime
    end: datetime
    start_monotonic: Seconds
    end_monotonic: Seconds
    seconds_heard: Seconds
    spans: Annotated[
        tuple[tuple[Seconds, Seconds], ...], Many(limits.SPANS)
    ]  # from, to: seconds after `start`
    reference_start: Offset  # seconds into the recording that sounded at `start`
    tempo: Annotated[float, Number(0.1, 10.0, digits=4)]  # 1.02 is 2 % faster than the recording
    score: Score
    threshold: Score  # what `score` had to reach to be identified
    false_alarms: Rate | None  # times an hour that unknown sound scores so much; `None` where nobody measured
    runner_up: RunnerUp | None
    margin: Score | None  # evidence of the best match, before a rival took any, less the runner-up's
    windows: Count  # segments listened to
    windows_agreeing: Count  # segments among them that agree with this recording at this place
    groups_agreeing: Count  # segments among these that have no sound in common; two at least if identified
    evidence: Annotated[tuple[WindowReport, ...], Many(limits.WINDOWS)]  # the best match, window by window
    model: Digest
    catalogue: Digest
    level_dbfs: Level
    snr_db: Ratio | None
    ai_generated: bool


@dataclass(frozen=True)
class UnidentifiedReport:
    """Music was heard that the catalogue does not know; its embeddings, for a larger catalogue to try later.

    An embedding is no sound and gives none back, and none is kept of what the gate took for speech.
    """

    start: datetime
    end: datetime
    start_monotonic: Seconds
    end_monotonic: Seconds
    seconds_heard: Seconds
    hop: Annotated[float, Number(0.01, 60.0, digits=4)]  # seconds between two embeddings
    dimension: Annotated[int, Whole(1, 4_096)]
    embeddings: Annotated[bytes, Binary(limits.VECTOR_BYTES)]  # int8, one row of `dimension` after the other
    model: Digest
    catalogue: Digest
    level_dbfs: Level
    snr_db: Ratio | None


@dataclass(frozen=True)
class CoverageSeconds:
    """How a stretch of time was spent, in seconds. `None`: not assessed."""

    listened: Seconds
    identified: Seconds
    silent: Seconds
    lost: Seconds  # blocks that the machine could not take in time
    deaf: Seconds  # no microphone, or it gave nothing
    muted: Seconds  # somebody had asked the box not to listen
    covered: Seconds | None  # listened to, through something that lay over the microphone
    music: Seconds | None
    speech: Seconds | None


@dataclass(frozen=True)
class CoverageLevel:
    """Percentiles of the level, dBFS."""

    p10: Level
    p50: Level
    p90: Level


@dataclass(frozen=True)
class CoverageReport:
    """What the box could hear and what it could not, so that "no plays" differs from "could not hear"."""

    start: datetime
    end: datetime
    seconds: CoverageSeconds
    level: CoverageLevel | None  # `None` where nothing was listened to
    model: Digest
    catalogue: Digest


@dataclass(frozen=True)
class LastEvent:
    """The event before this start of the box."""

    seq: Seq
    time: datetime


@dataclass(frozen=True)
class LogFound:
    """The log as it was found at the start."""

    events: Count
    cut: Count  # damaged events at the end, never receipted, that were put aside


@dataclass(frozen=True)
class BootReport:
    """The box began to listen."""

    software: Annotated[str, Text(100)]  # version
    model: Digest
    catalogue: Digest | None
    previous: LastEvent | None
    off_seconds: Seconds | None  # since `previous`; `None` where the clock does not say
    log: LogFound


@dataclass(frozen=True)
class IncidentReport:
    """Something happened that bears on what could be heard: a microphone lost, a clock stepped, settings changed."""

    code: Annotated[str, Text(64, r"[a-z][a-z0-9-]*")]
    text: Sentence
    detail: Annotated[Mapping[str, Any], Free(limits.DETAIL_BYTES, limits.DETAIL_DEPTH)] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class CorrectedEvents:
    """A stretch of events, both ends within it."""

    from_: Seq
    to: Seq


@dataclass(frozen=True)
class CorrectionReport:
    """The times of earlier events are off by so much; they themselves stay as they were signed."""

    corrects: CorrectedEvents
    offset_ms: Annotated[int, Whole(-limits.SEQ, limits.SEQ)]  # to add to their times
    reason: Sentence


Report = PlayReport | UnidentifiedReport | CoverageReport | BootReport | IncidentReport | CorrectionReport
