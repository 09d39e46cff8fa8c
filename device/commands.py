"""What each command of `estu` does; heavy libraries are imported by the command that needs them."""

import argparse
import json
import os
import signal
import sys
import threading
import uuid
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from device import settings
from device.errors import EstuError, Refused
from device.host.clock import StreamClock, SystemClock


def listen(asked: argparse.Namespace) -> int:
    """Hear through the microphone until asked to stop."""
    from device import first_catalogue, listening
    from device.assembly import ear, microphone
    from device.bulletin import Bulletin
    from device.ending import Ending
    from device.floor import floor_of
    from device.front import front
    from device.host import service

    service.log_to_journal("estu-listen")
    chosen = settings.load(asked.settings)
    stop = _stop_on_signals()
    clock = SystemClock(floor_of(chosen.paths.log))
    bulletin = Bulletin(chosen.hearing, clock)
    bulletin.starting()
    source = microphone(chosen.microphone)
    ending = Ending(chosen.paths.runtime)
    try:
        with front(chosen):
            if first_catalogue.wait(chosen.paths.catalogue, bulletin, stop):
                with ear(chosen, clock, source, bulletin, ending.last()) as parts:
                    ending.begin()
                    service.ready("Opening the microphone.")
                    listening.listen(source.arrivals(stop), parts, alive=service.alive)
    except EstuError as error:
        bulletin.broken(error)
        if error.code == "microphone-stuck":  # PortAudio would hang again in its own clearing up at the end
            print(f"estu listen: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        raise
    ending.end()
    service.stopping()
    return 0


def replay(asked: argparse.Namespace) -> int:
    """Hear a file in the microphone's place."""
    from device import listening
    from device.assembly import ear
    from device.sound import pacing
    from device.sound.replay import blocks

    chosen = settings.load(asked.settings)
    stop = _stop_on_signals()
    clock = StreamClock(pacing.begin(asked.start), str(uuid.uuid4()))
    sound = pacing.until(stop, pacing.paced(blocks(asked.file), asked.speed))
    with ear(chosen, clock) as parts:
        listening.listen(pacing.moving(clock, sound), parts)
    return 0


def sync(asked: argparse.Namespace) -> int:
    """Bring events to the platform until asked to stop."""
    from device.floor import floor_of
    from device.host import service
    from device.record.keys import Jwks
    from device.sync import courier, link
    from device.sync.notices import NoticeBoard
    from device.updating import updating

    service.log_to_journal("estu-sync")
    chosen = settings.load(asked.settings)
    broker = chosen.broker
    floor = floor_of(chosen.paths.log)
    ways = [
        link.from_url(url, chosen.box.id, broker.ca, broker.certificate, broker.key, floor)
        for url in (broker.url, *broker.fallback)
    ]
    platform = Jwks.load(broker.platform_keys)
    stop = _stop_on_signals()
    service.ready("Carrying events to the platform.")
    with updating(chosen, floor, stop):
        courier.run(
            ways,
            chosen.paths.log,
            platform,
            stop,
            chosen.sync_state,
            version("estu"),
            alive=service.alive,
            notices=NoticeBoard(chosen.notices, chosen.box.id, platform),
        )
    service.stopping()
    return 0


def page(asked: argparse.Namespace) -> int:
    """Show the box to a browser until asked to stop."""
    from device.floor import floor_as_known
    from device.host import service
    from device.host.clock import believable, running
    from device.page import server, site
    from device.page.now import Places, look

    service.log_to_journal("estu-page")
    chosen = settings.load(asked.settings)
    places = Places.of(chosen)
    listening, handed_over = server.sockets(server.Address.read(asked.listen))
    if not handed_over:
        host, port, *_ = listening[0].getsockname()
        print(
            f"The page is at http://{f'[{host}]' if ':' in host else host}:{port}",
            file=sys.stderr,
            flush=True,
        )

    def utc_now() -> datetime:
        return datetime.now(UTC)

    def sign_of_life() -> AbstractAsyncContextManager[None]:
        return server.sign_of_life(lambda: look(places, utc_now(), running()), "Showing the box.")

    floor, begun = floor_as_known(chosen.paths.log), running()

    # Not a SystemClock: which run of the machine this is, the page's sandbox hides from it.
    def believed() -> datetime:
        return believable(utc_now(), floor + timedelta(seconds=running() - begun))

    server.run(site.site(chosen, utc_now, running, sign_of_life, believed), listening)
    return 0


def self_test(asked: argparse.Namespace) -> int:
    """Check the box for the technician."""
    from device.self_test.finding import Outcome
    from device.self_test.run import run

    chosen = settings.load(asked.settings)
    found = []
    for finding in run(chosen, asked.loudspeaker):
        found.append(finding)
        if not asked.json:
            print(finding, flush=True)
    failed = sum(finding.outcome is Outcome.FAIL for finding in found)
    skipped = sum(finding.outcome is Outcome.SKIP for finding in found)
    if asked.json:
        checks = [finding.as_json() for finding in found]
        print(json.dumps({"box": chosen.box.id, "passed": not failed, "checks": checks}, ensure_ascii=False))
    else:
        print(f"{len(found) - failed - skipped} passed, {failed} failed, {skipped} could not be checked.")
    return 1 if failed else 0


def commission(asked: argparse.Namespace) -> int:
    """Measure how the microphone hears its hall."""
    import msgspec

    from device import commissioning
    from device.assembly import microphone

    chosen = settings.load(asked.settings)
    now = datetime.now(UTC)
    found = commissioning.commission(microphone(chosen.microphone), chosen.baseline, now, _to_the_technician)
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(commissioning.in_words(found)))
    return 0


def _to_the_technician(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def identify(asked: argparse.Namespace) -> int:
    """Say which recordings sound in files."""
    from device.identify import Answer, identify
    from device.recogniser import recogniser

    def show(answer: Answer) -> None:
        if asked.json:
            print(json.dumps(asdict(answer), ensure_ascii=False), flush=True)
            return
        print(f"{answer.file} ({answer.seconds:.1f} s)" + ("" if answer.matches else ": nothing recognised"))
        for match in answer.matches:
            name = " - ".join(filter(None, [match.artist, match.title])) or match.recording
            sure = "" if match.accepted else " (unsure)"
            where = f"{match.start:7.1f} to {match.end:7.1f} s, from {match.reference_start:.1f} s of"
            print(f"  {where} {name}{sure}, score {match.score:.1f}")

    failed = 0
    with recogniser(asked.catalogue) as parts:
        for file in asked.files:
            try:
                show(identify(file, parts, everything=asked.all))
            except Refused as error:
                failed += 1
                print(f"estu identify: {error}", file=sys.stderr)
    return 1 if failed else 0


def health(asked: argparse.Namespace) -> int:
    """Wait until the box hears and the platform has receipted what it signed since its start."""
    from device import health as proof
    from device.host.clock import boot_id, running

    if found := proof.wait(settings.load(asked.settings), boot_id(), asked.within, running):
        print(found)
        return 1
    print("The box hears, and the platform has what it signed since its start.")
    return 0


def status(asked: argparse.Namespace) -> int:
    """Say what was heard last and what the platform has receipted."""
    import msgspec

    from device import status as box
    from device.present import present
    from device.sync.notices import NoticeWindow
    from device.sync.updates import state as update_state

    chosen = settings.load(asked.settings)
    notices = NoticeWindow(chosen.notices, chosen.box.id, chosen.broker.platform_keys).shown(
        datetime.now(UTC)
    )
    updates = update_state.read(chosen.update_state)
    found = box.read(chosen.paths.log, chosen.sync_state, notices, updates)
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        print(present(chosen).advice)
        print("\n".join(box.in_words(found, datetime.now(UTC))))
    return 0


def verify(asked: argparse.Namespace) -> int:
    """Check a log or an export offline."""
    import msgspec

    from device.record.keys import Jwks
    from device.record.log_verification import verify_file

    platform = Jwks.load(asked.platform_keys) if asked.platform_keys else None
    found = verify_file(asked.log, Jwks.load(asked.keys), platform)
    if asked.json:
        print(msgspec.json.encode(found).decode())
    elif found.fault:
        where = f"At event {found.fault.seq}: " if found.fault.seq else ""
        print(f"NOT whole. {where}{found.fault.words} [{found.fault.reason}]")
        print(f"{found.events} events before it are whole and signed.")
    else:
        numbers = f", {found.first.seq} to {found.last.seq}" if found.first and found.last else ""
        print(f"Whole: {found.events} events of {found.box or 'no box'}{numbers}, all signed and chained.")
        if found.lost:
            print(f"{found.lost} more were lost by the box's card; signed events of the box say which.")
        if found.receipt:
            print(f"The platform's receipt covers them up to {found.receipt.through}.")
    return 1 if found.fault else 0


def _stop_on_signals() -> threading.Event:
    """Let SIGTERM and SIGINT ask for an orderly end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
