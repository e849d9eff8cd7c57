"""Talks that are put together and parted again, archives made anew: what was hidden gives nothing away."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
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
from tests.helpers import one, put, rows

_TALKS = (
    ("Ana", "the kettle sang zwetschke"), ("Ben", "and the lake was quiet mirabelle"),
    ("Ana", "we found the red boat renette"), ("Ben", "nobody was there but us quitte"),
)  # fmt: skip
WORDS = ("zwetschke", "mirabelle", "renette", "quitte")


def _text(since: int = 0) -> str:
    """Four talks, one a day, each of four messages that are told apart by one word."""
    lines = [
        f"1{day}.03.24, 10:0{n} - {sender}: {said if n == 0 else f'and then, {word} {n}'}\n"
        for day, (said, word) in enumerate(zip((said for _, said in _TALKS), WORDS, strict=True))
        for n, sender in enumerate(("Ana", "Ben", "Ana", "Ben"))
    ]
    return "".join(lines[since:])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(_text(), "utf-8")
    (tmp_path / "served").mkdir()
    put(tmp_path / "served" / "memories.db", export, me="Ana")
    assert one(tmp_path / "served" / "memories.db", "SELECT count(*) FROM exchanges") == 4
    return tmp_path / "served" / "memories.db"


@pytest.fixture
def api(archive: Path, tmp_path: Path) -> Iterator[Client]:
    served = serve(archive, tmp_path / "log")
    yield Client(served)
    served.stop()


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


def test_what_was_hidden_is_hidden_in_an_archive_made_anew_from_less(
    api: Client, archive: Path, tmp_path: Path
) -> None:
    first, second = sorted(ids(api, "&all=1"))[:2]
    assert api.ask("DELETE", f"/api/exchanges/{first}")[0] == 204
    message = api.get(f"/api/exchanges/{second}")["messages"][0]["message_id"]
    assert api.ask("DELETE", "/api/messages", {"message_ids": [message]})[0] == 200
    anew = tmp_path / "anew" / "memories.db"
    anew.parent.mkdir()
    with closing(sqlite3.connect(ArchiveFiles.of(archive).edits)) as log:
        log.execute("VACUUM INTO ?", (str(anew.with_name("curation.db")),))
    later = tmp_path / "anew" / "WhatsApp Chat with Ben.txt"
    # It begins in the middle of the hidden talk, and the hidden message was edited meanwhile.
    later.write_text(_text(since=1).replace(_TALKS[1][1], f"{_TALKS[1][1]} indeed"), "utf-8")
    put(anew, later, me="Ana")
    seen = str(rows(anew, "SELECT text FROM visible_messages")) + str(
        rows(anew, "SELECT title, summary FROM visible_exchanges")
    )
    assert WORDS[0] not in seen
    assert _TALKS[1][1] not in seen
    assert WORDS[2] in seen
    with closing(connect(anew)) as connection:
        assert list(check(connection, ArchiveFiles.of(anew).media, ArchiveFiles.of(anew).edits)) == []


def test_commands_show_the_edits_before_they_give_words_away(archive: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.db"
    with closing(connect(archive)) as connection:
        connection.execute("VACUUM INTO ?", (str(before),))
    served = serve(archive, tmp_path / "log")
    api = Client(served)
    number = min(ids(api, "&all=1"))
    assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
    served.stop()
    for end in ("-wal", "-shm"):
        Path(f"{archive}{end}").unlink(missing_ok=True)
    shutil.copy(before, archive)  # an older copy, as from a backup program
    assert WORDS[0] not in memories("search", WORDS[0], "--db", archive).replace(f"“{WORDS[0]}”", "")
    shutil.copy(before, archive)
    memories("publish", "static", tmp_path / "out", "--db", archive, "--yes")
    assert not [path for path in (tmp_path / "out").rglob("*.html") if WORDS[0] in path.read_text("utf-8")]
    pages = [path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.html")]
    assert any(word in page for word in WORDS[1:] for page in pages)


def test_what_is_the_owners_to_say_is_the_owners_to_take_back(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.ops.passwords import hash_password

    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    from memories_lib.shared import access_tokens

    store = access_tokens.open_store(str(archive.with_name("access.db")))
    by_role = {role: access_tokens.make(store, role, role, 86_400)[1] for role in ("owner", "curator")}
    store.close()
    served = serve(archive, tmp_path / "log")
    api = Client(served)
    asked = {role: {"authorization": f"Bearer {token}"} for role, token in by_role.items()}
    person = api.ask("GET", "/api/people", headers=asked["owner"])[2]["people"][0]["id"]
    edit = api.ask("POST", f"/api/people/{person}/rename", {"name": "Ottilie"}, headers=asked["owner"])[2]["edit"]
    assert api.ask("POST", f"/api/edits/{edit}/undo", headers=asked["curator"])[0] == 403
    assert api.ask("POST", f"/api/edits/{edit}/undo", headers=asked["owner"])[0] == 200
    served.stop()


@pytest.mark.parametrize("header", ["Basic abc", "basic !!!", "Basic", "BASIC YTpi"])
def test_a_name_and_password_that_nothing_asks_for_are_passed_over(api: Client, header: str) -> None:
    for path in ("/health", "/", "/api/people"):
        status, headers, _ = api.ask("GET", path, headers={"authorization": header})
        assert status in (200, 403)
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": (1 << 63) - 1}, {"id": 0}, {"id": -5}, {"at": "junk"}, {"actor": "x" * 300},
        {"detail": {"chat": 10**30, "at": "2024-03-10T10:00:00"}},
        {"detail": {"chat": 5, "at": "a" * 20_000}},
        {"detail": {"chat": 5, "at": "2024\0"}},
        {"detail": {"chat": 5, "at": "%"}},
        {"detail": {"chat": 5, "at": "2024-03-10T10:00:00", "parts": [{"key": 1, "at": "%"}]}},
        {"subject_kind": "banana"}, {"subject_kind": "person"}, {"subject_kind": "source"},
        {"action": "star", "subject_kind": "message"}, {"action": "unstar", "subject_kind": "message"},
        {"action": "note", "subject_kind": "message", "detail": {"chat": 5, "at": "2024-03-10T10:00:00", "note": "x"}},
        {"action": "highlight"}, {"action": "me", "detail": {"was": "Ana"}},
        {"action": "rename_person", "subject_kind": "person", "detail": {"was": " ", "name": "x"}},
        {"action": "forget", "subject_kind": "exchange"},
        {"action": "part_source", "detail": {"chat": [1], "sha256": "a" * 64, "name": "x", "from": 1}},
        {"action": "undo", "detail": {"of": 10**40}},
        {"action": "undo", "detail": {"of": True}},
        {"action": "undo", "id": 7, "detail": {"of": 7}},
    ],
)  # fmt: skip
def test_an_edit_from_elsewhere_that_no_machine_makes_is_refused(
    api: Client, archive: Path, wrong: dict[str, object]
) -> None:
    event = {
        "id": 7_000_000_000_000_000, "at": "2024-03-10T10:00:00Z", "actor": "owner", "action": "hide",
        "subject_kind": "exchange", "subject_key": 5, "detail": {"chat": 5, "at": "2024-03-10T10:00:00"}, **wrong,
    }  # fmt: skip
    assert api.ask("POST", "/api/edits/log", {"events": [event]})[0] == 422
    number = min(ids(api, "&all=1"))
    assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
    assert api.ask("POST", "/api/edits/log", api.get("/api/edits/log"))[2] == {"added": 0}
    assert one(ArchiveFiles.of(archive).edits, "SELECT count(*) FROM edits") == 1


def test_edits_of_the_wrong_kind_hide_nothing_and_bring_nothing_back(api: Client, archive: Path) -> None:
    hidden, seen = rows(archive, "SELECT id, key, sent_at, chat_id FROM messages ORDER BY id LIMIT 2")
    (chat,) = rows(archive, "SELECT key FROM chats")[0]
    assert api.ask("DELETE", "/api/messages", {"message_ids": [hidden[0]]})[0] == 200
    before = rows(archive, "SELECT id FROM visible_messages ORDER BY id")
    number = int(time.time() * 1000 - 5_000) << 12
    for (_, key, at, _), action in ((hidden, "unstar"), (seen, "star")):
        event = {
            "id": number, "at": "2024-03-10T10:00:00Z", "actor": "x", "action": action, "subject_kind": "message",
            "subject_key": key, "detail": {"chat": chat, "at": at},
        }  # fmt: skip
        assert api.ask("POST", "/api/edits/log", {"events": [event]})[0] == 422
    assert rows(archive, "SELECT id FROM visible_messages ORDER BY id") == before


def test_too_many_things_at_once_are_refused_before_they_are_looked_at(api: Client) -> None:
    """Empty objects are two bytes each on their way, and a hundred in memory."""
    status, _, told = api.ask("POST", "/api/edits/log", {"events": [{}] * 500_000})
    assert (status, "at most" in told["detail"]) == (413, True)
    assert api.ask("POST", "/api/edits/log", {"events": [{}] * 1000})[0] == 422


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
    longer.write_text(f"10.03.24, 09:59 - Ben: and before that\n{_text()}", "utf-8")
    put(anew, longer, me="Ana")
    starred = "SELECT started_at FROM exchanges JOIN exchange_marks ON exchange_id = id WHERE is_starred"
    assert rows(anew, starred) == [("2024-03-10T09:59:00",)]
    seen = str(rows(anew, "SELECT text FROM visible_messages"))
    assert _TALKS[0][1] not in seen
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
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(
        f"10.03.24, 10:00 - Ana: {secret}\n10.03.24, 10:01 - Ben: 12\n10.03.24, 10:02 - Ana: 34\n", "utf-8"
    )
    database = tmp_path / "served" / "memories.db"
    database.parent.mkdir()
    put(database, export, me="Ana")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE exchanges SET title = ?, language = 'es'", (secret,))
        connection.commit()
    served = serve(database, tmp_path / "log")
    api = Client(served)
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
    served.stop()


def test_a_talk_of_photos_alone_is_called_by_those_that_may_be_seen(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text("".join(f"10.03.24, 10:0{n} - Ana: <Media omitted>\n" for n in range(3)), "utf-8")
    database = tmp_path / "served" / "memories.db"
    database.parent.mkdir()
    put(database, export, me="Ana")
    served = serve(database, tmp_path / "log")
    api = Client(served)
    (number,) = ids(api, "&all=1")
    talk = api.get(f"/api/exchanges/{number}")
    assert talk["title"] == "3 photos · Ana"
    api.ask("DELETE", "/api/messages", {"message_ids": [talk["messages"][0]["message_id"]]})
    assert api.get(f"/api/exchanges/{number}")["title"] == "2 photos · Ana"
    served.stop()


def test_a_star_that_is_taken_back_leaves_no_memory(api: Client, archive: Path) -> None:
    number = next(one for one in ids(api, "&all=1") if one not in ids(api))
    api.ask("POST", f"/api/exchanges/{number}/star")
    assert number in ids(api)
    assert one(archive, "SELECT is_memory FROM exchanges WHERE id = ?", [number]) == 1
    api.ask("POST", f"/api/exchanges/{number}/unstar")
    assert number not in ids(api)
    kept = max(ids(api))
    api.ask("POST", f"/api/exchanges/{kept}/star")
    api.ask("POST", f"/api/exchanges/{kept}/unstar")
    assert kept in ids(api)


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
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(
        "13.03.24, 10:00 - Ana: we went down to the harbour and swam until it was dark\n"
        "14.03.24, 10:00 - Ben: I have to tell you that the zwiebelkranich lost it all at cards ❤️ I love you\n"
        "14.03.24, 10:01 - Ana: what a week this is\n"
        "15.03.24, 10:00 - Ana: a quiet day, with bread and soup and nothing else to do\n",
        "utf-8",
    )
    (tmp_path / "served").mkdir()
    database = tmp_path / "served" / "memories.db"
    put(database, export, me="Ana")
    served = serve(database, tmp_path / "log")
    try:
        api = Client(served)
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
    finally:
        served.stop()


def test_a_year_that_a_model_told_is_silent_of_a_talk_that_was_merged_across_new_year(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(
        "31.12.23, 10:00 - Ana: the last day of a good year, with all of us there\n"
        "02.01.24, 10:00 - Ben: the glasspigeon came back to the window this morning\n"
        "05.01.24, 10:00 - Ana: and now it is cold again, and we are all at home\n",
        "utf-8",
    )
    (tmp_path / "served").mkdir()
    database = tmp_path / "served" / "memories.db"
    put(database, export, me="Ana")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE periods SET title = 'The year of the glasspigeon', told_by = 'gemini-2.5', told_at = '2024-02-01'"
            " WHERE period = '2024'"
        )
    served = serve(database, tmp_path / "log")
    try:
        api = Client(served)
        assert "The year of the glasspigeon" in api.text("/years?year=2024")
        first, second, _ = (row[0] for row in rows(database, "SELECT id FROM exchanges ORDER BY started_at"))
        assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
        assert "The year of the glasspigeon" in api.text("/years?year=2024")
        api.ask("DELETE", f"/api/exchanges/{first}")
        assert "glasspigeon" not in api.text("/years?year=2024") + api.text("/")
    finally:
        served.stop()


def test_a_year_in_which_all_is_hidden_is_no_year(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(
        "".join(f"10.03.{year}, 10:00 - Ana: it was the spring of twenty {year}\n" for year in (21, 22, 23, 25)),
        "utf-8",
    )
    (tmp_path / "served").mkdir()
    database = tmp_path / "served" / "memories.db"
    put(database, export, me="Ana")
    served = serve(database, tmp_path / "log")
    try:
        api = Client(served)
        assert "2025" in api.text("/years")
        for (number,) in rows(database, "SELECT id FROM exchanges WHERE substr(started_at, 1, 4) IN ('2021', '2025')"):
            api.ask("DELETE", f"/api/exchanges/{number}")
        page = api.text("/years")
        assert "2025" not in page
        assert "2021" not in page
        assert "the spring of twenty 23" in page
    finally:
        served.stop()


def test_where_every_memory_is_hidden_the_best_of_the_rest_are_shown(api: Client, archive: Path) -> None:
    """A viewer's first page, story and book have something while anything may be seen; and all is as it was after."""
    chosen = "SELECT id, is_memory FROM exchanges ORDER BY id"
    before = rows(archive, chosen)
    memories = [number for number, is_memory in before if is_memory]
    assert 0 < len(memories) < 4
    edits = []
    for number in memories:
        assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
    edits = [edit["id"] for edit in api.get("/api/edits")["edits"]]
    found = {item["id"] for item in api.get("/api/exchanges")["items"]}
    assert found == {number for number, _ in before} - set(memories)
    assert 'class="mem-card"' in api.text("/?order=newest")
    assert api.ask("GET", "/story")[0] == 200
    # Taken back one by one, or shown again: what ingest chose is what is shown.
    assert api.ask("POST", f"/api/edits/{edits[0]}/undo")[0] == 200
    shown = {item["id"] for item in api.get("/api/exchanges")["items"]}
    assert shown < set(memories)
    for number in memories:
        api.ask("POST", f"/api/exchanges/{number}/restore")
    assert rows(archive, chosen) == before


def test_what_took_the_place_of_memories_is_the_same_live_and_made_anew(api: Client, archive: Path) -> None:
    memories = [number for (number,) in rows(archive, "SELECT id FROM exchanges WHERE is_memory")]
    others = [number for (number,) in rows(archive, "SELECT id FROM exchanges WHERE NOT is_memory ORDER BY started_at")]
    for number in memories:
        api.ask("DELETE", f"/api/exchanges/{number}")
    if len(others) > 1:
        assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": others[:2]})[0] == 200
    api.ask("POST", f"/api/exchanges/{memories[0]}/restore")
    live = rows(archive, "SELECT id, is_memory FROM exchanges ORDER BY id")
    with (
        closing(edit_log.open_log(str(ArchiveFiles.of(archive).edits))) as log,
        closing(connect(archive)) as connection,
    ):
        curation.replay(connection, edit_log.effective(edit_log.events(log)), "again", fold)
        connection.commit()
    assert rows(archive, "SELECT id, is_memory FROM exchanges ORDER BY id") == live


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
