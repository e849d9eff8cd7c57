"""A wrong guess of day and month, healed by what another export of the chat holds."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from memories_lib.shared import edit_log
from tests.helpers import is_well, one, put, rows
from tests.phones import Sent
from tests.talks import BY_NAME, save, shape, talk

US, GB = BY_NAME["us"], BY_NAME["gb"]


def _open(count: int = 40) -> list[Sent]:
    """A talk on 3 May and 5 June, so that nothing proves the order: both ways it runs forward."""
    start, later = datetime(2021, 5, 3, 9), datetime(2021, 6, 5, 9)
    return [
        replace(sent, at=(start if n < count // 2 else later) + timedelta(minutes=3 * n))
        for n, sent in enumerate(talk(count)[:count])
    ]


def _sure(messages: list[Sent]) -> list[Sent]:
    """The same, and more on the 25th."""
    return [*messages, *[replace(sent, at=datetime(2021, 6, 25, 9, n)) for n, sent in enumerate(talk(12, 3)[:12])]]


def _guessed(database: Path, path: Path, chat: str | None = None) -> None:
    """Read it; which way it is guessed is none of this test's business."""
    put(database, path, chat=chat)
    assert str(one(database, "SELECT date_order FROM sources")).endswith("(guessed)")


@pytest.mark.parametrize("phone", ["us", "gb"])
@pytest.mark.parametrize("name", ["WhatsApp Chat with Ben.txt", "other.txt"])
def test_a_later_export_proves_it(tmp_path: Path, phone: str, name: str) -> None:
    messages = _open()
    first = save(tmp_path, "WhatsApp Chat with Ben.txt", BY_NAME[phone], messages)
    database = tmp_path / "memories.db"
    _guessed(database, first)
    is_wrong = one(database, "SELECT min(sent_at) FROM messages") != "2021-05-03T09:00:00"
    ids = rows(database, "SELECT id, text FROM messages ORDER BY 1")
    folder = tmp_path / "later"
    folder.mkdir()
    # Another phone, another clock: not byte for byte a longer one.
    other = "ios_gb" if phone == "gb" else "gb"
    (account,) = put(database, save(folder, name, BY_NAME[other], _sure(messages)))
    assert account.new == 12
    assert any("put right" in note for note in account.notes) == is_wrong
    assert one(database, "SELECT count(*) FROM chats") == 1
    assert rows(database, "SELECT min(sent_at), max(sent_at) FROM messages")[0][0] == "2021-05-03T09:00:00"
    assert rows(database, "SELECT id, text FROM messages WHERE id <= ? ORDER BY 1", (len(ids),)) == ids
    fresh = tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(fresh, first, date_order="dmy" if phone == "gb" else "mdy")
    put(fresh, save(folder, name, BY_NAME[other], _sure(messages)))
    assert shape(database) == shape(fresh)
    is_well(database)


def test_at_least_one_of_them_was_wrong(tmp_path: Path) -> None:
    """What is guessed of slashes and of a short year differs: one of the two cases above is a real one."""
    starts = []
    for phone in ("us", "gb"):
        database = tmp_path / f"{phone}.db"
        _guessed(database, save(tmp_path, f"{phone}.txt", BY_NAME[phone], _open()))
        starts.append(one(database, "SELECT min(sent_at) FROM messages"))
    assert starts[0] == "2021-05-03T09:00:00" or starts[1] == "2021-05-03T09:00:00"


def _turned(messages: list[Sent]) -> list[Sent]:
    """As a phone that writes the other order would show it."""
    return [replace(sent, at=sent.at.replace(month=sent.at.day, day=sent.at.month)) for sent in messages]


@pytest.mark.parametrize("later", ["proved", "guessed", "grown"])
def test_a_wrong_guess_is_put_right(tmp_path: Path, later: str) -> None:
    """A British phone's export, which is read as day and month: here the truth is the other order."""
    messages = _open()
    first = save(tmp_path, "WhatsApp Chat with Ben.txt", GB, _turned(messages))
    database = tmp_path / "memories.db"
    _guessed(database, first)
    assert one(database, "SELECT min(sent_at) FROM messages") != "2021-05-03T09:00:00"
    (key, at) = rows(database, "SELECT key, started_at FROM exchanges ORDER BY started_at")[0]
    talk_id = one(database, "SELECT id FROM exchanges ORDER BY started_at")
    with closing(edit_log.open_log(str(tmp_path / "curation.db"))) as log:
        detail = {"chat": one(database, "SELECT key FROM chats"), "at": at}
        edit_log.write(log, edit_log.draft(log, "owner", "hide", "exchange", key, detail))
    folder = tmp_path / "later"
    folder.mkdir()
    if later == "grown":
        lines = first.read_text("utf-8") + "06/25/2021, 09:00 - Anna: late in june\n"
        second = folder / first.name
        second.write_text(lines, encoding="utf-8")
    else:
        second = save(folder, first.name, BY_NAME["de"], _sure(messages) if later == "proved" else messages)
    (account,) = put(database, second)
    if later == "guessed":  # both are guesses: they agree at least, and the account still asks
        assert one(database, "SELECT count(*) FROM messages") == len(messages)
        return
    assert one(database, "SELECT min(sent_at) FROM messages") == "2021-05-03T09:00:00"
    assert account.new == (1 if later == "grown" else 12)
    assert not one(database, "SELECT count(*) FROM sources WHERE date_order LIKE '%guessed%'")
    assert rows(database, "SELECT exchange_id FROM exchange_marks WHERE is_hidden") == [(talk_id,)]
    is_well(database)
    assert put(database, second)[0].is_known


def test_a_later_guess_follows_what_is_known(tmp_path: Path) -> None:
    messages = _open()
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "first.txt", BY_NAME["us"], _sure(messages)), chat="Lake")
    (account,) = put(database, save(tmp_path, "second.txt", GB, _turned(messages)))
    assert (account.chat, account.new, account.is_guess) == ("Lake", 0, False)
    assert account.date_order == "month/day"
    assert "what the archive has" in account.proof
    is_well(database)
