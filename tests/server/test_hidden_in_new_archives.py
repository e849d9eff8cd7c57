"""Archives made anew, restored, rolled back: what was hidden stays so in chats of other names, or it is refused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.archive.database import connect
from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client, ids
from tests.commands import memories, newest
from tests.conftest import serve
from tests.four_talks import SAID, four_talks
from tests.four_talks import WORDS as FOUR
from tests.helpers import one, put, rows

WORDS = ("zwetschke", "mirabelle", "renette", "quitte", "perlsack", "fadenkreuz")


def _text(who: str = "Cara") -> str:
    """Six talks, one a day, of a short message and longer ones that hold the day's word."""
    return "".join(
        f"1{day}.03.24, 10:0{n} - {'Nora' if n % 2 else who}: {'hi' if n == 0 else f'the {word} by the harbour, {n}'}\n"
        for day, word in enumerate(WORDS)
        for n in range(4)
    )


def _archive(folder: Path) -> Path:
    folder.mkdir()
    export = folder / "WhatsApp Chat with Cara.txt"
    export.write_text(_text(), "utf-8")
    put(folder / "memories.db", export, me="Nora")
    export.unlink()
    return folder / "memories.db"


def _hide(database: Path, log: Path, talks: int = 2) -> set[str]:
    """Hide the first talks, and one long message of each but the last of the others; returns the words hidden whole."""
    served = serve(database, log)
    try:
        api = Client(served)
        for word in WORDS[:talks]:
            number = one(database, "SELECT exchange_id FROM messages WHERE text LIKE ?", [f"%{word}%"])
            assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
        for word in WORDS[talks:-1]:
            found = rows(database, "SELECT id FROM messages WHERE text LIKE ?", [f"%{word}%"])
            assert api.ask("DELETE", "/api/messages", {"message_ids": [row[0] for row in found]})[0] == 200
    finally:
        served.stop()
    return set(WORDS[:-1])


def _seen(database: Path) -> set[str]:
    text = str(rows(database, "SELECT text FROM visible_messages"))
    text += str(rows(database, "SELECT title, summary, topics FROM visible_exchanges"))
    return {word for word in WORDS if word in text}


@pytest.mark.parametrize(
    ("name", "who", "chat"),
    [
        ("WhatsApp Chat with Cara Smith.txt", "Cara", None), ("_chat.txt", "Cara", None), ("Cara.txt", "Cara", None),
        ("WhatsApp Chat with Cara.txt", "Cara", "Other"), ("WhatsApp Chat with Cara Smith.txt", "Cara Smith", None),
        ("WhatsApp Chat with Nora.txt", "Cara", None),
    ],
)  # fmt: skip
def test_what_was_hidden_is_hidden_in_a_chat_of_another_name(
    tmp_path: Path, name: str, who: str, chat: str | None
) -> None:
    database = _archive(tmp_path / "old")
    _hide(database, tmp_path / "log")
    assert _seen(database) == {WORDS[-1]}
    anew = tmp_path / "new" / "memories.db"
    anew.parent.mkdir()
    with closing(sqlite3.connect(ArchiveFiles.of(database).edits)) as log:
        log.execute("VACUUM INTO ?", (str(anew.with_name("curation.db")),))
    (anew.parent / name).write_text(_text(who), "utf-8")
    put(anew, anew.parent / name, me="Nora", chat=chat)
    assert _seen(anew) == {WORDS[-1]}
    assert "all is well" in memories("check", "--db", anew)
    assert "all shown" in memories("doctor", "--db", anew)


def test_edits_that_wait_are_said_to(tmp_path: Path) -> None:
    database = _archive(tmp_path / "old")
    _hide(database, tmp_path / "log")
    anew = tmp_path / "new" / "memories.db"
    anew.parent.mkdir()
    with closing(sqlite3.connect(ArchiveFiles.of(database).edits)) as log:
        log.execute("VACUUM INTO ?", (str(anew.with_name("curation.db")),))
    other = anew.parent / "WhatsApp Chat with Ben.txt"
    other.write_text("10.03.24, 10:00 - Ben: hi\n10.03.24, 10:02 - Nora: something else altogether\n", "utf-8")
    put(anew, other, me="Nora")
    # A short greeting in the same minute is no proof of anything.
    assert one(anew, "SELECT count(*) FROM visible_messages") == 2
    assert "wait for what they are about" in memories("doctor", "--db", anew)


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    """Two chats that were joined after a backup was made, and things hidden since."""
    home = _archive(tmp_path / "home")
    group = tmp_path / "home" / "WhatsApp Chat with Group Zed.txt"
    group.write_text(
        "01.03.24, 09:00 - Nora created group “Group Zed”\n"
        + "".join(
            f"0{n + 1}.03.24, 11:0{n} - {who}: the tents are dry, {n}\n"
            for n, who in enumerate(("Nora", "Ben", "Ida", "Cara"))
        ),
        "utf-8",
    )
    put(home, group)
    memories("backup", "--db", home, "--to", tmp_path / "backups")
    memories("chats", "--db", home, "join", "--yes", "Group Zed", "Cara")
    assert rows(home, "SELECT name FROM chats") == [("Group Zed",)]
    _hide(home, tmp_path / "log")
    assert _seen(home) == {WORDS[-1]}
    return home


def test_a_backup_from_before_chats_were_joined_shows_nothing_again(joined: Path, tmp_path: Path) -> None:
    memories("restore", "--db", joined, newest(tmp_path / "backups"))
    assert len(rows(joined, "SELECT name FROM chats")) == 2
    assert _seen(joined) == {WORDS[-1]}
    assert "all is well" in memories("check", "--db", joined)
    memories("rollback", "--db", joined)
    assert _seen(joined) == {WORDS[-1]}


@pytest.mark.parametrize("order", [("Cara", "Group Zed"), ("Group Zed", "Cara")])
def test_chats_are_joined_again_in_an_archive_made_anew(joined: Path, tmp_path: Path, order: tuple[str, str]) -> None:
    anew = tmp_path / "new" / "memories.db"
    anew.parent.mkdir()
    with closing(sqlite3.connect(ArchiveFiles.of(joined).edits)) as log:
        log.execute("VACUUM INTO ?", (str(anew.with_name("curation.db")),))
    for name in order:
        export = anew.parent / f"WhatsApp Chat with {name}.txt"
        if name == "Cara":
            export.write_text(_text(), "utf-8")
        else:
            shutil.copy(joined.with_name(export.name), export)
        put(anew, export, me="Nora")
    assert rows(anew, "SELECT name, kind FROM chats") == [("Group Zed", "group")]
    assert _seen(anew) == {WORDS[-1]}


def test_what_would_be_seen_again_is_refused(tmp_path: Path) -> None:
    """Where edits cannot find it: here the messages of the backup are short, and in another chat."""
    home = tmp_path / "home" / "memories.db"
    home.parent.mkdir()
    export = home.parent / "WhatsApp Chat with Cara.txt"
    lines = "".join(f"1{n}.03.24, 10:0{n} - Cara: {word}\n" for n, word in enumerate(WORDS))
    export.write_text(lines, "utf-8")
    put(home, export)
    memories("backup", "--db", home, "--to", tmp_path / "backups")
    for path in home.parent.iterdir():
        if path.is_file():
            path.unlink()
    other = home.parent / "WhatsApp Chat with Zed.txt"
    other.write_text(lines, "utf-8")
    put(home, other)
    served = serve(home, tmp_path / "log")
    message = one(home, "SELECT id FROM messages WHERE text = ?", [WORDS[2]])
    assert Client(served).ask("DELETE", "/api/messages", {"message_ids": [message]})[0] == 200
    served.stop()
    before = home.read_bytes()
    said = memories("restore", "--db", home, newest(tmp_path / "backups"), fails=True)
    assert "1 hidden message would be seen again" in said
    assert home.read_bytes() == before
    assert WORDS[2] not in _seen(home)
    memories("restore", "--db", home, newest(tmp_path / "backups"), "--unhide")
    assert WORDS[2] in _seen(home)


def test_the_server_does_not_roll_back_to_what_is_hidden(joined: Path, tmp_path: Path) -> None:
    memories("restore", "--db", joined, newest(tmp_path / "backups"))
    served = serve(joined, tmp_path / "log2")
    try:
        api = Client(served)
        assert api.ask("POST", "/api/archive/rollback", {"unhide": "yes"})[0] == 422
        assert api.ask("POST", "/api/archive/rollback", {})[0] == 200
        for word in WORDS[:-1]:
            assert api.get(f"/api/search?q={word}")["total"] == 0
        assert ids(api, "&all=1")
    finally:
        served.stop()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("talks", [0, 2])
def test_both_copies_of_what_was_parted_are_hidden_in_an_archive_made_anew(
    tmp_path: Path, order: tuple[int, int], talks: int
) -> None:
    """Two overlapping exports of one group under two names, hidden while they were one chat, and then parted."""
    home = tmp_path / "home" / "memories.db"
    home.parent.mkdir()
    lines = _text().splitlines(keepends=True)
    exports = [home.parent / f"WhatsApp Chat with {name}.txt" for name in ("Group Zed", "Zed Club")]
    notice = "09.03.24, 09:00 - Nora created group “Group Zed”\n09.03.24, 09:01 - Nora added Ida\n"
    exports[0].write_text(notice + "09.03.24, 09:02 - Ida: the tents are dry\n" + "".join(lines[:20]), "utf-8")
    exports[1].write_text("".join(lines), "utf-8")
    put(home, *exports, me="Nora")
    assert len(rows(home, "SELECT 1 FROM chats")) == 1
    _hide(home, tmp_path / "log", talks)
    memories("chats", "--db", home, "part", exports[0].name, "--as", "Part")
    assert len(rows(home, "SELECT 1 FROM chats")) == 2
    assert _seen(home) == {WORDS[-1]}
    anew = tmp_path / "new" / "memories.db"
    anew.parent.mkdir()
    with closing(sqlite3.connect(ArchiveFiles.of(home).edits)) as log:
        log.execute("VACUUM INTO ?", (str(anew.with_name("curation.db")),))
    put(anew, *(exports[n] for n in order), me="Nora")
    assert _seen(anew) == {WORDS[-1]}
    assert "all is well" in memories("check", "--db", anew)


def test_a_backup_does_not_bring_back_what_was_forgotten(tmp_path: Path) -> None:
    database = _archive(tmp_path / "one")
    other = tmp_path / "WhatsApp Chat with Ben.txt"
    other.write_text("10.03.24, 10:00 - Ben: the marmalade is yours\n", "utf-8")
    put(database, other)
    memories("backup", "--db", database, "--to", tmp_path / "backups")
    memories("forget", "--db", database, "chat", "Ben", "--yes")
    said = memories("restore", newest(tmp_path / "backups"), "--db", database, fails=True)
    assert "what was forgotten for good would be back: chat 'Ben'" in said
    assert rows(database, "SELECT name FROM chats") == [("Cara",)]
    memories("restore", newest(tmp_path / "backups"), "--db", database, "--unhide")
    assert rows(database, "SELECT name FROM chats ORDER BY 1") == [("Ben",), ("Cara",)]


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
    later.write_text(four_talks(since=1).replace(SAID[1], f"{SAID[1]} indeed"), "utf-8")
    put(anew, later, me="Ana")
    seen = str(rows(anew, "SELECT text FROM visible_messages")) + str(
        rows(anew, "SELECT title, summary FROM visible_exchanges")
    )
    assert FOUR[0] not in seen
    assert SAID[1] not in seen
    assert FOUR[2] in seen
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
    assert FOUR[0] not in memories("search", FOUR[0], "--db", archive).replace(f"“{FOUR[0]}”", "")
    shutil.copy(before, archive)
    memories("publish", "static", tmp_path / "out", "--db", archive, "--yes")
    assert not [path for path in (tmp_path / "out").rglob("*.html") if FOUR[0] in path.read_text("utf-8")]
    pages = [path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.html")]
    assert any(word in page for word in FOUR[1:] for page in pages)
