"""The processes of a demonstration."""

import os
import signal
import subprocess
import sys
import time

import pytest

from demo.processes import Processes, end_leftovers
from device.errors import Broken

SLEEPS = [sys.executable, "-c", "import time; print('asleep'); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('no'); time.sleep(60)",
]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until_it_spoke(running):
    while not running.words.read_text():
        time.sleep(0.02)


def test_nothing_outlives_a_demonstration_that_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("demo.processes.GRACE", 0.5)
    running = []

    def a_stopped_demonstration():
        with Processes(tmp_path) as processes:
            running.append(processes.start("sleeper", SLEEPS))
            running.append(processes.start("stubborn one", STUBBORN))
            for each in running:
                until_it_spoke(each)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        a_stopped_demonstration()
    assert not any(lives(each.process.pid) for each in running)


def test_a_step_that_fails_shows_its_own_last_words(tmp_path):
    failing = [sys.executable, "-c", "import sys; sys.exit('the cellar is flooded')"]
    with Processes(tmp_path) as processes, pytest.raises(Broken, match="the cellar is flooded"):
        processes.run("pump", failing)


def test_a_service_that_dies_is_noticed_and_one_that_may_end_well_is_not(tmp_path):
    with Processes(tmp_path) as processes:
        replay = processes.start("replay", [sys.executable, "-c", ""])
        replay.process.wait()
        processes.check(replay)
        with pytest.raises(Broken, match="replay ended"):
            processes.check()


def test_what_a_killed_demonstration_left_behind_is_ended_by_the_next(tmp_path):
    child = (
        "import sys; from pathlib import Path; from demo.processes import Processes\n"
        f"p = Processes(Path({str(tmp_path)!r})).__enter__(); r = p.start('sleeper', {SLEEPS!r})\n"
        "print(r.process.pid, flush=True); import time; time.sleep(60)"
    )
    killed = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True)
    left = int(killed.stdout.readline())
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    assert lives(left)
    assert end_leftovers(tmp_path) == 1
    assert end_leftovers(tmp_path) == 0


def test_another_program_that_got_the_number_is_left_alone(tmp_path):
    with Processes(tmp_path / "other") as processes:
        innocent = processes.start("innocent", SLEEPS)
        (tmp_path / "processes.txt").write_text(f"{innocent.process.pid} 1\n")
        assert end_leftovers(tmp_path) == 0
        assert innocent.process.poll() is None


def test_the_last_warning_of_a_process_is_known(tmp_path):
    warns = [sys.executable, "-c", "print('box: WARNING: one\\nbox: WARNING: two\\nbox: INFO: three')"]
    with Processes(tmp_path) as processes:
        box = processes.start("box", warns)
        box.process.wait()
        assert box.warning == "two"
        quiet = processes.start("quiet", [sys.executable, "-c", ""])
        quiet.process.wait()
        assert quiet.warning == ""
