"""What every request must be, and what every answer carries."""

import pytest

from device.page.guard import HEADERS, is_from_own_page, is_own_name
from device.page.site import names
from tests.device.page.conftest import Reader
from tests.device.page.house import BOX, CODE

OWN = names(BOX, "raspberrypi.lan")


@pytest.mark.parametrize(
    "host",
    [
        "estu-0007.local", "ESTU-0007.local:80", "estu-0007.local.", "estu-0007", "raspberrypi.local", "localhost:8080",
        "192.168.1.20", "192.168.1.20:8080", "[fe80::1]", "[::1]:8080",
    ],
)  # fmt: skip
def test_the_box_answers_under_its_names_and_addresses(host: str) -> None:
    assert is_own_name(host, OWN)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "estu-0007.local.evil.example", "evil.example:80", "localhost.evil.example", "192.168.1.20.nip.io",
        "estu-0007.local@evil.example", "a b", "estu-0008.local", "[::1", "127.0.0.1:port", "estu-0007.local\n",
    ],
)  # fmt: skip
def test_under_a_strangers_name_it_answers_nobody(host: str) -> None:
    assert not is_own_name(host, OWN)


def test_a_web_site_whose_name_leads_here_reads_nothing(reader: Reader) -> None:
    answer = reader.client.get("/", headers={"host": "rebound.example"})
    assert answer.status_code == 421
    assert "Көзімнің қарасы" not in answer.text


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"host": "estu-0007.local"}, True),  # a program, not a browser; it has no cookie either
        ({"host": "estu-0007.local", "origin": "http://estu-0007.local"}, True),
        (
            {"host": "estu-0007.local", "origin": "http://estu-0007.local", "sec-fetch-site": "same-origin"},
            True,
        ),
        ({"host": "estu-0007.local", "origin": "null"}, False),
        ({"host": "estu-0007.local", "origin": "http://evil.example"}, False),
        ({"host": "estu-0007.local", "origin": "http://estu-0007.local:8080"}, False),
        ({"host": "estu-0007.local", "sec-fetch-site": "cross-site"}, False),
        ({"host": "estu-0007.local", "sec-fetch-site": "same-site"}, False),
    ],
)
def test_a_form_counts_only_from_the_page_itself(headers: dict[str, str], own: bool) -> None:
    assert is_from_own_page(headers) is own


def test_a_form_of_another_site_changes_nothing(reader: Reader) -> None:
    answer = reader.client.post("/enter", data={"code": CODE}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert not reader.client.cookies


@pytest.mark.parametrize("path", ["/", "/month", "/static/page.css", "/nowhere", "/documents/log.jsonl"])
def test_every_answer_carries_what_keeps_strangers_out(reader: Reader, path: str) -> None:
    answer = reader.client.get(path, follow_redirects=False)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"]
    assert "server" not in answer.headers


def test_the_policy_lets_nothing_run_or_load_that_is_not_a_file_of_the_box() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert {value for name, value in policy.items() if value != "'none'"} == {"'self'"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_only_reading_and_forms_are_understood(reader: Reader, method: str) -> None:
    assert reader.client.request(method, "/").status_code == 405


def test_a_large_request_is_refused_before_it_is_read(reader: Reader) -> None:
    assert reader.client.post("/enter", content=b"code=" + b"A" * 5_000).status_code == 413
    chunks = (b"code=", b"A")
    assert reader.client.post("/enter", content=iter(chunks)).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"&".join(b"a=%d" % n for n in range(50)), b"code=%zz&code=1"]
)
def test_a_form_of_nonsense_is_a_wrong_code(reader: Reader, body: bytes) -> None:
    answer = reader.client.post(
        "/enter", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 403
