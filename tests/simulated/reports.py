"""One report of each type, as a box would make it: those that the contract's test vectors are made of, the play shorter."""

from dataclasses import replace

from central.vectors import reports as contract
from device.record.reports import CreatorName, RecordingName, Report, WorkName

PLAY = replace(
    contract.PLAY,
    recording=RecordingName("kz-000123", "KZA012600001", "Желсіз түнде жарық ай", "Р. Жұбатова", None),
    works=(WorkName("T0345246801", "Желсіз түнде жарық ай", (CreatorName("Абай", "C", "00012345678"),)),),
)
UNIDENTIFIED = contract.UNIDENTIFIED
COVERAGE = contract.COVERAGE
BOOT = contract.BOOT
INCIDENT = contract.INCIDENT
CORRECTION = contract.CORRECTION

ALL: tuple[Report, ...] = (PLAY, UNIDENTIFIED, COVERAGE, BOOT, INCIDENT, CORRECTION)
