"""A bar shows how far it has come, where somebody is there to see it."""

import io
import sys

import pytest

from provisioning.progress import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_comes_to_its_end_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with bar("Writing", 4_000_000) as advance:
        for _ in range(4):
            advance(1_000_000)
    shown = sys.stderr.getvalue()
    assert "Writing" in shown
    assert "100%" in shown


def test_nothing_is_drawn_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with bar("Writing", 10) as advance:
        advance(10)
    assert sys.stderr.getvalue() == ""
