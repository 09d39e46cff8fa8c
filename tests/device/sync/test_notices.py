"""What the platform has to say: which notices a box keeps, and which of them it shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.errors import Refused
from device.record import limits
from device.record.keys import Jwks
from device.record.notice import Notice, Words, seal_notice
from device.record.signing_key import SigningKey
from device.sync.notices import NoticeBoard, NoticeWindow

NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
KEY = SigningKey.create(None)
VISIT = Notice(
    *("kz-ala-0001", "visit-7", NOW, NOW + timedelta(days=7), "visit"),
    Words("Техник сейсенбіде келеді.", "Техник придёт во вторник.", "A technician comes on Tuesday."),
)


@pytest.fixture
def board(tmp_path: Path) -> NoticeBoard:
    return NoticeBoard(tmp_path / "notices.jws", VISIT.box, Jwks.of([KEY.public]))


def post(board: NoticeBoard, notice: Notice, key: SigningKey = KEY) -> None:
    board.post(seal_notice(notice, key))


def test_a_notice_is_shown_until_it_is_over(board: NoticeBoard) -> None:
    post(board, VISIT)
    assert board.shown(NOW) == [VISIT]
    assert board.shown(NOW + timedelta(days=7)) == []


def test_a_notice_without_an_end_stays(board: NoticeBoard) -> None:
    lasting = replace(VISIT, until=None)
    post(board, lasting)
    assert board.shown(NOW + timedelta(days=3_000)) == [lasting]


def test_the_newest_stands_first(board: NoticeBoard) -> None:
    later = replace(VISIT, id="power", time=NOW + timedelta(hours=1))
    post(board, later)
    post(board, VISIT)
    assert [notice.id for notice in board.shown(NOW)] == ["power", "visit-7"]


def test_the_same_id_once_more_replaces_what_was_said(board: NoticeBoard) -> None:
    post(board, VISIT)
    moved = replace(VISIT, time=NOW + timedelta(hours=1), text=replace(VISIT.text, en="On Friday."))
    post(board, moved)
    assert board.shown(NOW) == [moved]


def test_a_notice_that_was_taken_back_cannot_be_shown_again(board: NoticeBoard) -> None:
    post(board, VISIT)
    post(board, replace(VISIT, time=NOW + timedelta(hours=1), until=NOW))
    assert board.shown(NOW) == []
    with pytest.raises(Refused) as refused:
        post(board, VISIT)
    assert refused.value.code == "notice-older"
    assert board.shown(NOW) == []


def test_what_comes_twice_changes_nothing(board: NoticeBoard) -> None:
    post(board, VISIT)
    written = board.path.stat().st_mtime_ns
    post(board, VISIT)
    assert board.shown(NOW) == [VISIT]
    assert board.path.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("changes", "key", "code"),
    [
        ({}, SigningKey.create(None), "key-unknown"),
        ({"box": "kz-ala-0002"}, KEY, "notice-other-box"),
    ],
)
def test_what_is_not_the_platforms_or_not_for_this_box_is_not_kept(
    board: NoticeBoard, changes: dict[str, str], key: SigningKey, code: str
) -> None:
    post(board, VISIT)
    with pytest.raises(Refused) as refused:
        post(board, replace(VISIT, time=NOW + timedelta(hours=1), **changes), key)
    assert refused.value.code == code
    assert board.shown(NOW) == [VISIT]


def test_the_oldest_goes_where_there_are_too_many(board: NoticeBoard) -> None:
    for number in range(limits.NOTICES_KEPT + 3):
        post(board, replace(VISIT, id=f"visit-{number}", time=NOW + timedelta(minutes=number)))
    shown = [notice.id for notice in board.shown(NOW)]
    assert shown == [f"visit-{number}" for number in range(limits.NOTICES_KEPT + 2, 2, -1)]


@pytest.mark.parametrize("spoilt", [b"", b"\xff\n", b"a.b.c\n", b"\n" * 1_000, b"x" * 1_000_000])
def test_a_file_that_somebody_else_wrote_shows_nothing_and_takes_the_next(
    board: NoticeBoard, spoilt: bytes
) -> None:
    board.path.write_bytes(spoilt)
    assert board.shown(NOW) == []
    post(board, VISIT)
    assert board.shown(NOW) == [VISIT]


def test_who_may_write_the_file_cannot_put_words_on_the_page(board: NoticeBoard) -> None:
    lines = [seal_notice(VISIT, SigningKey.create(None)), seal_notice(replace(VISIT, box="kz-ala-0002"), KEY)]
    board.path.write_bytes(b"\n".join(lines))
    assert board.shown(NOW) == []


def test_who_only_looks_asks_for_the_signature_again(board: NoticeBoard, tmp_path: Path) -> None:
    keys = tmp_path / "platform.jwks"
    window = NoticeWindow(board.path, board.box, keys)
    assert window.shown(NOW) == []
    post(board, VISIT)
    assert window.shown(NOW) == [], "there are no keys"
    keys.write_bytes(board.platform.as_json())
    assert window.shown(NOW) == [VISIT]
    keys.write_bytes(Jwks.of([SigningKey.create(None).public]).as_json())
    assert window.shown(NOW) == []
