"""A box after three weeks in a philharmonic hall: a real log with real signatures, made in seconds."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from device.hearing import Hearing, Sounding
from device.hearing import write as write_hearing
from device.host.clock import Instant
from device.page.label_code import hash_label_code
from device.record.keys import Jwks
from device.record.log import EventLog
from device.record.notice import Notice, seal_notice
from device.record.receipt import Receipt, seal_receipt
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import (
    BootReport,
    CoverageLevel,
    CoverageReport,
    CoverageSeconds,
    CreatorName,
    IncidentReport,
    LogFound,
    PlayReport,
    RecordingName,
    Report,
    WorkName,
)
from device.record.signing_key import SigningKey
from device.sync.notices import NoticeBoard
from device.sync.state import StateFile
from device.trouble import Trouble
from tests.simulated.reports import COVERAGE, PLAY

BOX, CODE = "estu-0007", "7KQ2M-XD4WP"
RUN = "3cf6d579-34f6-4769-b05c-5739868a08d2"

# 19:40 in the hall, while a concert goes on.
NOW = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
FIRST_DAY = datetime(2026, 10, 30, 19, tzinfo=UTC)  # 31 October begins in the hall

PROGRAMME = [
    ("Сарыарқа", "Құрманғазы", "Құрманғазы атындағы ұлттық оркестр", "KZA231900011", "T0700000017"),
    ("Адай", "Құрманғазы", "Құрманғазы атындағы ұлттық оркестр", "KZA231900012", "T0700000028"),
    ("Көзімнің қарасы", "Абай Құнанбайұлы", "Роза Бағланова", "KZA100500123", "T0345246801"),
    ("Қараторғай", "Ақан сері", "Ермек Серкебаев", "KZA101100007", None),
    (
        "Ромео и Джульетта: Танец рыцарей",
        "Сергей Прокофьев",
        "Государственный оркестр",
        "RUA141200456",
        "T0700000039",
    ),
    ("Вальс из балета «Спящая красавица»", "Пётр Чайковский", "Astana Opera", "RUA141200470", None),
    ("Qobyz Dreams", "Aigerim Saparova", "Aigerim Saparova, Steppe Strings", "KZB152200031", None),
    ("=SUM(A1:A9)", "Nobody", "+7 701", None, None),
]


@dataclass(frozen=True)
class House:
    """Where everything of the box lies."""

    folder: Path
    boxes: Jwks
    platform: Jwks

    @property
    def settings(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def log(self) -> Path:
        return self.folder / "log.sqlite"

    @property
    def run(self) -> Path:
        return self.folder / "run"


def instant(at: datetime) -> Instant:
    return Instant(at, (at - FIRST_DAY).total_seconds() + 60.0, RUN, "synchronised", 12)


def play(number: int, start: datetime, seconds: float = 200.0, sure: bool = True) -> PlayReport:
    title, author, performers, isrc, iswc = PROGRAMME[number % len(PROGRAMME)]
    return replace(
        PLAY,
        status="identified" if sure else "candidate",
        recording=RecordingName(f"kz-{number % len(PROGRAMME):06}", isrc, title, performers, None),
        works=(WorkName(iswc, title, (CreatorName(author, "C", None),)),),
        start=start,
        end=start + timedelta(seconds=seconds),
        seconds_heard=seconds,
        spans=((0.0, seconds),),
        ai_generated=number % len(PROGRAMME) == 6,
    )


def coverage(start: datetime, seconds: float = 3600.0, **spent: float) -> CoverageReport:
    told = {"identified": 0.0, "silent": 0.0, "lost": 0.0, "deaf": 0.0, "muted": 0.0, "covered": 0.0} | spent
    listened = seconds - told["lost"] - told["deaf"] - told["muted"]
    return replace(
        COVERAGE,
        start=start,
        end=start + timedelta(seconds=seconds),
        seconds=CoverageSeconds(listened=listened, music=None, speech=None, **told),
        level=CoverageLevel(-62.0, -41.0, -24.0),
    )


def account() -> list[tuple[datetime, Report]]:
    """Three weeks: concerts on most evenings, one hour without a microphone, one evening muted."""
    told: list[tuple[datetime, Report]] = [
        (FIRST_DAY, BootReport("0.1.0", "a1" * 32, "b2" * 32, None, None, LogFound(0, 0)))
    ]
    hour = FIRST_DAY
    while hour < NOW.replace(minute=0):
        local = (hour + timedelta(hours=5)).hour
        show = 18 <= local < 22
        day = (hour + timedelta(hours=5)).day
        spent = {"silent": 200.0 if show else 3300.0}
        if day == 12 and local == 20:
            spent = {"deaf": 2900.0}
            told.append(
                (
                    hour + timedelta(minutes=4),
                    IncidentReport("microphone-lost", "The microphone is gone.", {}),
                )
            )
            told.append((hour + timedelta(minutes=52), IncidentReport("microphone-back", "It is back.", {})))
        if day == 17 and 18 <= local < 21:
            spent = {"muted": 3600.0}
        if not (day in (6, 7) and local < 17):  # the box was off
            told.append((hour + timedelta(hours=1), coverage(hour, **spent)))
        hour += timedelta(hours=1)
    number = 0
    for day in range(25):
        evening = FIRST_DAY + timedelta(days=day, hours=18, minutes=30)
        if day % 7 in (3, 4) or day == 17:
            continue
        for turn in range(5 + day % 4):
            start = evening + timedelta(minutes=13 * turn + 2)
            if start + timedelta(minutes=6) < NOW:
                report = play(number * 3 + turn, start, 140.0 + 31 * turn, sure=(number + turn) % 9 != 4)
                told.append((report.end + timedelta(seconds=30), report))
        number += 1
    return sorted(told, key=lambda each: each[0])


def build(folder: Path, told: list[tuple[datetime, Report]] | None = None, waiting: int = 0) -> House:
    """Make the box.

    Args:
        folder: Empty.
        told: What its log holds; three weeks if not given.
        waiting: Events that the platform has not receipted.
    """
    key, platform = SigningKey.create(BOX), SigningKey.create(None)
    house = House(folder, Jwks.of([key.public]), Jwks.of([platform.public]))
    house.run.mkdir()
    write_settings(house)
    (folder / "label-code.scrypt").write_text(f"{hash_label_code(CODE, os.urandom(16))}\n")
    (folder / "boxes.jwks").write_bytes(house.boxes.as_json())
    (folder / "platform.jwks").write_bytes(house.platform.as_json())
    with EventLog.open(house.log, BOX, key) as log:
        log._connection.execute("PRAGMA synchronous = OFF")  # no power fails in this house
        for at, report in account() if told is None else told:
            log.append(report, instant(at))
        head = log.head()
        receipted = log.at(head.seq - waiting) if head else None
    if receipted:
        with ReceiptLedger.open(house.log) as ledger:
            at = NOW - timedelta(minutes=2)
            ledger.keep_receipt(
                seal_receipt(Receipt(BOX, receipted.seq, receipted.hash, at), platform), house.platform
            )
    return house


def write_settings(house: House, language: str = "kk") -> None:
    house.settings.write_text(
        f"""
[box]
id = "{BOX}"
venue = "Жамбыл атындағы филармония"
hall = "Үлкен зал"
language = "{language}"
[microphone]
usb = "0d8c:0014"
[paths]
log = "log.sqlite"
catalogue = "catalogue"
signing_key = "signing.pem"
label_code = "label-code.scrypt"
runtime = "run"
[broker]
url = "mqtts://someone:secret@broker.example:8883"
fallback = ["wss://someone:secret@broker.example:443"]
platform_keys = "platform.jwks"
"""
    )


def hears(house: House, at: datetime, state: str = "hearing", sounding: bool = True, **more: object) -> None:
    """Let `estu listen` say what it hears."""
    told = {
        "state": state,
        "since": at - timedelta(hours=3),
        "level_dbfs": -31.0,
        "peak_dbfs": -14.0,
        "noise_floor_dbfs": -62.0,
        "microphone": "USB PnP Sound Device",
        "sounding": (Sounding("kz-1", *PROGRAMME[2][0:3:2], at - timedelta(minutes=2), "identified"),)
        if sounding
        else (),
        "clock": "synchronised",
        "trouble": None,
        "written": at,
        "monotonic": None,
    } | more
    write_hearing(house.run / "hearing.json", Hearing(**told))


def says(house: House, notice: Notice, signer: SigningKey) -> None:
    """Let a platform with this key say something, and `estu sync` keep it."""
    platform = Jwks.of([signer.public])
    (house.folder / "platform.jwks").write_bytes(platform.as_json())
    NoticeBoard(house.folder / "notices.jws", BOX, platform).post(seal_notice(notice, signer))


def sends(house: House, at: datetime, connected: bool = True, trouble: Trouble | None = None) -> None:
    """Let `estu sync` say how it goes."""
    file = StateFile(house.folder / "sync.json")
    file.report(connected, "broker.example:8883", trouble, at - timedelta(hours=1), 0.0)
    file.report(connected, "broker.example:8883", trouble, at, 3600.0)
