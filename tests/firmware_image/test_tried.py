"""How a root is let to look at itself: here this machine's own stands for the image's, with other questions."""

import os
import socket
from pathlib import Path

import pytest
from estu_image import tried

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="changes what is mounted, in a world of its own")
HERE = Path("/")


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("true", []),
        ("echo a unit is odd >&2", ["who (status 0): a unit is odd"]),
        ("exit 3", ["who (status 3): "]),
        ("touch /usr/written 2>/dev/null || echo refused", ["who (status 0): refused"]),
    ],
)
def test_what_a_program_says_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, command: str, fault: list[str]
) -> None:
    monkeypatch.setattr(tried, "CHECKS", {"who": command})
    assert tried.faults(HERE) == fault


def test_there_is_no_network_in_there_not_even_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(tried, "CHECKS", {"who": f"exec 3<>/dev/tcp/127.0.0.1/{port}"})
        monkeypatch.setattr(tried, "_INSIDE", tried._INSIDE.replace("/bin/sh", "/bin/bash"))
        (said,) = tried.faults(HERE)
        assert "unreachable" in said
        monkeypatch.setattr(tried, "_INSIDE", 'exec /bin/bash -c "$2"')  # the same question is asked rightly
        monkeypatch.setattr(tried, "_APART", ["unshare", "--mount"])
        assert tried.faults(HERE) == []
