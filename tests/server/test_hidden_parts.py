"""Talks that are put together and parted again, hidden whole or message by message: what is hidden says nothing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.archive.database import connect
from memories_lib.shared import curation, edit_log
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client, ids
from tests.commands import memories
from tests.conftest import serve
from tests.four_talks import SAID, WORDS, archive_of, four_talks, serving
from tests.helpers import one, put, rows


@pytest.mark.parametrize("hidden", [0, 1])
def test_a_hidden_part_gives_neither_note_nor_star_nor_title(archive: Path, hidden: int) -> None:
    numbers = [row[0] for row in rows(archive, "SELECT id FROM exchanges ORDER BY started_at")]
    keys = rows(
        archive,
        "SELECT exchanges.key, started_at, chats.key FROM exchanges JOIN chats ON chats.id = chat_id ORDER BY 2",
    )
    key, at, chat = keys[hidden]
    where = {"chat": chat, "at": at}
    parts = [{"key": one_key, "at": one_at} for one_key, one_at, _ in keys[:2]]
    path = str(ArchiveFiles.of(archive).edits)
    with closing(edit_log.open_log(path)) as log, closing(connect(archive)) as connection:
        for action, more in (
            ("note", {"note": "fadenkreuz"}), ("retitle", {"title": "perlsack"}), ("star", {}), ("hide", {}),
            ("merge", {"exchanges": parts}),
        ):  # fmt: skip
            subject = keys[0][0] if action == "merge" else key
            edit_log.write(log, edit_log.draft(log, "owner", action, "exchange", subject, {**where, **more}))
            time.sleep(0.002)
        everything = edit_log.events(log)
        assert curation.replay(connection, edit_log.effective(everything), edit_log.digest(everything), fold) == []
        connection.commit()
    shown = str(rows(archive, "SELECT title, summary, topics, prompt_version FROM exchanges"))
    shown += str(rows(archive, "SELECT note, is_starred FROM exchange_marks WHERE NOT is_hidden"))
    assert "perlsack" not in shown
    assert "fadenkreuz" not in shown
    assert WORDS[hidden] not in shown
    assert WORDS[1 - hidden] in shown
    assert rows(archive, "SELECT max(is_starred) FROM exchange_marks") == [(0,)]
    assert not set(numbers) - {numbers[1]} - {row[0] for row in rows(archive, "SELECT id FROM exchanges")}


def test_a_merged_talk_that_is_hidden_stays_so_when_it_is_parted(api: Client) -> None:
    first, second = sorted(ids(api, "&all=1"))[:2]
    merge = api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[2]["edit"]
    assert api.ask("DELETE", f"/api/exchanges/{first}")[0] == 204
    assert api.ask("POST", f"/api/edits/{merge}/undo")[0] == 200
    assert len(ids(api, "&all=1")) == 2
    for number in (first, second):
        assert api.ask("GET", f"/api/exchanges/{number}")[0] == 404
    assert api.get(f"/api/search?q={WORDS[1]}")["total"] == 0
    # And it comes back one by one.
    assert api.ask("POST", f"/api/exchanges/{second}/restore")[0] == 200
    assert ids(api, "&all=1").count(second) == 1


@pytest.mark.parametrize("header", ["Basic abc", "basic !!!", "Basic", "BASIC YTpi"])
def test_a_name_and_password_that_nothing_asks_for_are_passed_over(api: Client, header: str) -> None:
    for path in ("/health", "/", "/api/people"):
        status, headers, _ = api.ask("GET", path, headers={"authorization": header})
        assert status in (200, 403)
        assert headers["x-content-type-options"] == "nosniff"


def test_a_link_is_called_by_what_was_shared_alone(api: Client) -> None:
    first, second = sorted(ids(api, "&all=1"))[:2]
    link = api.ask("POST", "/api/shares", {"exchange_id": second, "days": 3})[2]["path"]
    assert WORDS[1] in api.text(link)
    assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
    page = api.text(link)
    assert WORDS[1] in page
    assert WORDS[0] not in page


def test_links_to_what_was_forgotten_are_gone_with_their_names(api: Client, archive: Path) -> None:
    # Of one who talks to nobody no talk is a memory, but for those that somebody starred.
    assert api.ask("POST", f"/api/exchanges/{min(ids(api, '&all=1'))}/star")[0] == 200
    kept = api.ask("POST", "/api/shares", {"book": {"person": "Ana"}, "days": 3})[2]["path"]
    api.ask("POST", "/api/shares", {"book": {"person": "Ben"}, "days": 3})
    memories("forget", "person", "Ben", "--db", archive, "--yes")
    assert [share["what"]["book"] for share in api.get("/api/shares")["shares"]] == [{"person": "Ana"}]
    assert api.ask("GET", kept)[0] == 200
    for path in archive.parent.glob("access.db*"):
        assert b"Ben" not in path.read_bytes(), path.name


def test_a_talk_has_the_times_and_the_mood_of_what_may_be_seen(archive: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(archive)) as connection:
        connection.execute("UPDATE exchanges SET mood = 'joy'")
        connection.commit()
    before = rows(archive, "SELECT * FROM exchanges ORDER BY id")
    served = serve(archive, tmp_path / "log")
    api = Client(served)
    number = min(ids(api, "&all=1"))
    talk = api.get(f"/api/exchanges/{number}")
    assert (talk["mood"], talk["started_at"][11:16], talk["ended_at"][11:16]) == ("joy", "10:00", "10:03")
    messages = [message["message_id"] for message in talk["messages"]]
    api.ask("DELETE", "/api/messages", {"message_ids": [messages[0], messages[-1]]})
    talk = api.get(f"/api/exchanges/{number}")
    assert (talk["mood"], talk["started_at"][11:16], talk["ended_at"][11:16]) == ("calm", "10:01", "10:02")
    # It is found again by its first message, hidden or not, also where that is not the first of its talk any more.
    api.ask("POST", f"/api/exchanges/{number}/star")
    anew = tmp_path / "anew" / "memories.db"
    anew.parent.mkdir()
    with closing(sqlite3.connect(ArchiveFiles.of(archive).edits)) as log:
        log.execute("VACUUM INTO ?", (str(anew.with_name("curation.db")),))
    longer = tmp_path / "anew" / "WhatsApp Chat with Ben.txt"
    longer.write_text(f"10.03.24, 09:59 - Ben: and before that\n{four_talks()}", "utf-8")
    put(anew, longer, me="Ana")
    starred = "SELECT started_at FROM exchanges JOIN exchange_marks ON exchange_id = id WHERE is_starred"
    assert rows(anew, starred) == [("2024-03-10T09:59:00",)]
    seen = str(rows(anew, "SELECT text FROM visible_messages"))
    assert SAID[0] not in seen
    assert f"{WORDS[0]} 3" not in seen
    with closing(connect(anew)) as connection:
        assert list(check(connection, ArchiveFiles.of(anew).media, ArchiveFiles.of(anew).edits)) == []
    api.ask("POST", f"/api/exchanges/{number}/unstar")
    api.ask("POST", "/api/messages/restore", {"message_ids": [messages[0], messages[-1]]})
    served.stop()
    assert rows(archive, "SELECT * FROM exchanges ORDER BY id") == before


def test_a_talk_hidden_message_by_message_comes_back_as_one(api: Client) -> None:
    number = min(ids(api, "&all=1"))
    messages = [message["message_id"] for message in api.get(f"/api/exchanges/{number}")["messages"]]
    assert api.ask("DELETE", "/api/messages", {"message_ids": messages})[2] == {"deleted_count": 4}
    assert number not in ids(api, "&all=1")
    edit = api.ask("POST", f"/api/exchanges/{number}/restore")[2]["edit"]
    assert number in ids(api, "&all=1")
    assert [message["message_id"] for message in api.get(f"/api/exchanges/{number}")["messages"]] == messages
    assert api.get(f"/api/search?q={WORDS[0]}")["total"] == 4
    assert api.ask("POST", f"/api/edits/{edit}/undo")[0] == 200
    assert number not in ids(api, "&all=1")
    assert api.get(f"/api/search?q={WORDS[0]}")["total"] == 0


@pytest.mark.parametrize("secret", ["4711 0815 9999 2233 4455", "🦄🦄🦄🪤🪤", "2031-04-05", "+49 170 5550167 ‼"])
def test_words_without_letters_are_hidden_like_others(tmp_path: Path, secret: str) -> None:
    database = archive_of(
        tmp_path, f"10.03.24, 10:00 - Ana: {secret}\n10.03.24, 10:01 - Ben: 12\n10.03.24, 10:02 - Ana: 34\n"
    )
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE exchanges SET title = ?, language = 'es'", (secret,))
        connection.commit()
    with serving(database) as api:
        (number,) = ids(api, "&all=1")
        first = api.get(f"/api/exchanges/{number}")["messages"][0]["message_id"]
        assert api.ask("DELETE", "/api/messages", {"message_ids": [first]})[0] == 200
        told = api.get(f"/api/exchanges/{number}")
        assert (told["title"], told["language"], told["mood"]) == ("12", None, "calm")
        assert secret not in str(api.get("/api/exchanges?all=1"))
        for path in ("/?all=1", f"/talk/{number}", "/book?all=1", "/years"):
            assert secret not in api.text(path), path
        assert api.ask("POST", "/api/messages/restore", {"message_ids": [first]})[0] == 200
        assert api.get(f"/api/exchanges/{number}")["title"] == secret
        assert api.get(f"/api/exchanges/{number}")["language"] == "es"


def test_a_talk_of_photos_alone_is_called_by_those_that_may_be_seen(tmp_path: Path) -> None:
    database = archive_of(tmp_path, "".join(f"10.03.24, 10:0{n} - Ana: <Media omitted>\n" for n in range(3)))
    with serving(database) as api:
        (number,) = ids(api, "&all=1")
        talk = api.get(f"/api/exchanges/{number}")
        assert talk["title"] == "3 photos · Ana"
        api.ask("DELETE", "/api/messages", {"message_ids": [talk["messages"][0]["message_id"]]})
        assert api.get(f"/api/exchanges/{number}")["title"] == "2 photos · Ana"


def _told(api: Client) -> str:
    """What anybody sees of talks, by all the ways there are to it."""
    return "".join(
        str(api.ask("GET", path)[2])
        for path in ("/?all=1", "/api/exchanges?all=1", "/book.json?all=1", "/on-this-day?date=2024-03-13", "/years")
    )


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("merged_first", [True, False])
def test_what_was_merged_parted_and_hidden_is_quoted_nowhere(
    tmp_path: Path, one_by_one: bool, merged_first: bool
) -> None:
    """The words of what was merged are in another talk's summary: also when they are parted from it again."""
    database = archive_of(
        tmp_path,
        "13.03.24, 10:00 - Ana: we went down to the harbour and swam until it was dark\n"
        "14.03.24, 10:00 - Ben: I have to tell you that the zwiebelkranich lost it all at cards ❤️ I love you\n"
        "14.03.24, 10:01 - Ana: what a week this is\n"
        "15.03.24, 10:00 - Ana: a quiet day, with bread and soup and nothing else to do\n",
    )
    with serving(database) as api:
        assert "zwiebelkranich" in _told(api)
        first, second, third = (row[0] for row in rows(database, "SELECT id FROM exchanges ORDER BY started_at"))
        (word,) = (row[0] for row in rows(database, "SELECT id FROM messages WHERE text LIKE '%zwiebelkranich%'"))
        assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
        if not merged_first:
            assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, third]})[0] == 200
        assert api.ask("POST", f"/api/exchanges/{first}/split", {"message_id": word})[0] == 200
        if one_by_one:
            api.ask("DELETE", "/api/messages", {"message_ids": [word]})
        else:
            new = one(database, "SELECT exchange_id FROM messages WHERE id = ?", [word])
            api.ask("DELETE", f"/api/exchanges/{new}")
        assert "zwiebelkranich" not in _told(api)
        assert api.get("/api/search?q=zwiebelkranich")["exchanges"] == []


@pytest.mark.parametrize("hidden_first", [True, False])
def test_a_part_of_a_retitled_talk_is_not_called_by_what_is_hidden(
    api: Client, archive: Path, hidden_first: bool
) -> None:
    number = min(ids(api, "&all=1"))
    third = api.get(f"/api/exchanges/{number}")["messages"][2]
    assert api.ask("POST", f"/api/exchanges/{number}/retitle", {"title": "A day of ours"})[0] == 200
    steps = [
        ("DELETE", "/api/messages", {"message_ids": [third["message_id"]]}),
        ("POST", f"/api/exchanges/{number}/split", {"message_id": third["message_id"]}),
    ]
    for step in steps if hidden_first else steps[::-1]:
        assert api.ask(*step)[0] == 200
    titles = [title for (title,) in rows(archive, "SELECT title FROM visible_exchanges")]
    assert third["quote"] not in titles
    assert "A day of ours" in titles


@pytest.mark.parametrize("parted", [True, False])
def test_what_a_model_told_of_a_merged_part_is_told_again_when_it_is_hidden(
    api: Client, archive: Path, parted: bool
) -> None:
    first, second = sorted(ids(api, "&all=1"))[:2]
    with closing(sqlite3.connect(archive)) as connection, connection:
        connection.execute(
            "UPDATE exchanges SET summarised_by = 'gemini-x', summary = ? WHERE id = ?",
            (f"Ben told of the {WORDS[1]} and Ana said “and then, {WORDS[1]} 2”", second),
        )
    message = api.get(f"/api/exchanges/{second}")["messages"][0]["message_id"]
    told = [m["message_id"] for m in api.get(f"/api/exchanges/{second}")["messages"]]
    assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
    assert WORDS[1] in str(rows(archive, "SELECT summary FROM visible_exchanges WHERE id = ?", [first]))
    if parted:
        assert api.ask("POST", f"/api/exchanges/{first}/split", {"message_id": message})[0] == 200
    assert api.ask("DELETE", "/api/messages", {"message_ids": told})[0] == 200
    assert WORDS[1] not in str(rows(archive, "SELECT title, summary, topics FROM visible_exchanges"))


def test_a_link_to_a_part_tells_the_day_of_that_part(api: Client) -> None:
    first, second = sorted(ids(api, "&all=1"))[:2]
    link = api.ask("POST", "/api/shares", {"exchange_id": second})[2]["path"]
    assert "11 March 2024" in api.text(link)
    assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
    assert WORDS[1] in api.text(link)
    assert "11 March 2024" in api.text(link)
    assert "10 March 2024" not in api.text(link)


def test_a_link_to_a_part_shows_that_part_wherever_it_is_in_a_long_talk(tmp_path: Path) -> None:
    """Its own messages are counted and parted, and not those of the talk that it was merged into."""
    database = archive_of(
        tmp_path,
        "".join(f"10.03.24, {10 + n // 60}:{n % 60:02} - Ana: at the market, {n}\n" for n in range(520))
        + "".join(f"12.03.24, {10 + n // 60}:{n % 60:02} - Ben: in the mountains, {n}\n" for n in range(520))
        + "14.03.24, 10:00 - Ana: the pear tree\n14.03.24, 10:01 - Ben: and the plums\n",
    )
    numbers = [number for (number,) in rows(database, "SELECT id FROM exchanges ORDER BY started_at")]
    whole = one(database, "SELECT message_count FROM exchanges WHERE id = ?", [numbers[0]])
    with serving(database) as api:
        link = api.ask("POST", "/api/shares", {"exchange_id": numbers[-1]})[2]["path"]
        first = api.ask("POST", "/api/shares", {"exchange_id": numbers[0]})[2]["path"]
        assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": numbers})[0] == 200
        page = api.text(link)
        assert "the pear tree" in page
        assert "and the plums" in page
        assert "in the mountains" not in page
        assert "1,042" not in page
        assert "from=" not in page
        page = api.text(first)
        assert page.count("at the market, ") >= whole
        assert "in the mountains" not in page
        assert "from=" not in page
