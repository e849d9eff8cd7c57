"""`memories sources` and `memories forget`: taken out again, or for good, wherever the words are kept."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from ingest.core.errors import NotAnExport
from ingest.summaries.gemini.cache import AnswerCache
from memories_lib.shared import edit_log
from tests.commands import run
from tests.helpers import is_well, one, put, rows
from tests.talks import BY_NAME, save, shape, talk

GB = BY_NAME["gb"]


def _sources(database: Path) -> list[dict[str, object]]:
    return json.loads(run(database, "sources", "--json").stdout)  # type: ignore[no-any-return]


def test_an_export_is_taken_out_as_if_it_had_never_been_there(tmp_path: Path) -> None:
    messages = talk(120)
    early, late = save(tmp_path, "a.txt", GB, messages[:80]), save(tmp_path, "b.txt", BY_NAME["us"], messages[50:])
    other = save(tmp_path, "c.txt", GB, talk(50, 9, ("Zoe", "Yuri")))
    database, fresh = tmp_path / "memories.db", tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(database, early, late, chat="Lake")
    put(database, other, chat="Sea")
    put(fresh, early, chat="Lake")
    put(fresh, other, chat="Sea")
    found = {str(source["filename"]): source for source in _sources(database)}
    assert found["b.txt"]["alone"] == one(database, "SELECT count(*) FROM messages") - one(  # type: ignore[operator]
        fresh, "SELECT count(*) FROM messages"
    )
    assert "taken out" in run(database, "sources", "remove", "b.txt", "--yes").output
    assert shape(database) == shape(fresh)
    assert [source["filename"] for source in _sources(database)] == ["a.txt", "c.txt"]
    is_well(database)
    run(database, "sources", "remove", str(found["c.txt"]["id"]), "--yes")
    assert rows(database, "SELECT name FROM chats") == [("Lake",)]
    assert rows(database, "SELECT name FROM people ORDER BY 1") == [("Anna",), ("Ben",)]
    is_well(database)
    put(database, late, other, chat="Lake")
    run(database, "sources", "remove", "nothing.txt", "--yes", code=1)


def test_nothing_is_taken_out_unasked(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "a.txt", GB, talk(30)))
    before = shape(database)
    for words in (("sources", "remove", "1"), ("forget", "person", "Anna")):
        assert "will be taken out" in run(database, *words, code=1).output
    assert shape(database) == before


PHOTO = b"\xff\xd8\xff\xe0 no picture at all, and this is the quaggaphoto"


def _folder(tmp_path: Path) -> Path:
    """Two chats, one of them with words and a file that are to be forgotten."""
    folder = tmp_path / "exports"
    (folder / "lake").mkdir(parents=True)
    (folder / "lake" / "IMG-20210317-WA0001.jpg").write_bytes(PHOTO)
    lake = [
        "17/03/2021, 10:00 - Quaggy Jones added you", "17/03/2021, 10:00 - Anna: shall we go to the lake",
        "17/03/2021, 10:01 - Quaggy Jones: the quagga sings at dawn https://quagga.example/x",
        "17/03/2021, 10:02 - Quaggy Jones: IMG-20210317-WA0001.jpg (file attached)",
        "17/03/2021, 10:03 - Anna: how lovely", "19/03/2021, 10:03 - Ben: and another day",
        "19/03/2021, 10:04 - Quaggy Jones: quagga 🦓 again",
    ]  # fmt: skip
    (folder / "lake" / "WhatsApp Chat with Quagglake.txt").write_text("\n".join(lake) + "\n", encoding="utf-8")
    save(folder, "WhatsApp Chat with Sea.txt", GB, talk(40, 5))
    return folder


def _prepare(database: Path) -> None:
    """Edits and answers that quote what is to be forgotten."""
    chat = one(database, "SELECT key FROM chats WHERE name = 'Quagglake'")
    (key, at), message = (
        rows(database, "SELECT key, started_at FROM exchanges WHERE title || summary LIKE '%quagga%'")[0],
        rows(database, "SELECT key, sent_at FROM messages WHERE text LIKE 'the quagga%'")[0],
    )
    with closing(edit_log.open_log(str(database.with_name("curation.db")))) as log:
        for action, kind, subject, detail in (
            ("retitle", "exchange", key, {"chat": chat, "at": at, "title": "Quaggy Jones and the quagga"}),
            ("hide", "message", message[0], {"chat": chat, "at": message[1]}),
            ("rename_person", "person", 1, {"was": "Quaggy Jones", "name": "Quaggy"}),
        ):
            edit_log.write(log, edit_log.draft(log, "owner", action, kind, subject, detail))
    with closing(AnswerCache(database.with_name("summaries.db"))):
        pass
    with closing(sqlite3.connect(database.with_name("summaries.db"))) as kept, kept:
        kept.execute(
            "INSERT INTO answers VALUES ('n', ?, 'd', 'm', 'v', 'The quagga', 'A quagga', '[]', '', 0.5, '[]', '')",
            (key,),
        )
        kept.execute("INSERT INTO consents VALUES ('Quagglake', 'host', '')")


@pytest.mark.parametrize("words", [("chat", "Quagglake"), ("person", "Quaggy Jones"), ("source", "Quagglake.txt")])
def test_what_is_forgotten_is_in_no_file_any_more(tmp_path: Path, words: tuple[str, str]) -> None:
    folder, database = _folder(tmp_path), tmp_path / "kept" / "memories.db"
    database.parent.mkdir()
    put(database, folder)
    _prepare(database)
    kind, name = words
    if kind == "source":
        name = str(one(database, "SELECT id FROM sources WHERE filename LIKE '%Quagglake%'"))
    output = run(database, "forget", kind, name, "--yes").output
    assert "forgotten:" in output
    shutil.rmtree(database.parent / "__pycache__", ignore_errors=True)
    held = []
    for file in database.parent.rglob("*"):
        content = file.read_bytes().lower() if file.is_file() else b""
        # The chat that a person was forgotten in keeps its own name.
        words_of = content.replace(b"quagglake", b"") if kind == "person" else content
        if b"quagg" in words_of:
            held.append(file.name)
    assert held == []
    assert one(database, "SELECT count(*) FROM messages WHERE text LIKE '%quagga%'") == 0
    is_well(database)
    # What is not theirs is all there, as if theirs had never been.
    fresh = tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(fresh, folder / "WhatsApp Chat with Sea.txt")
    if kind == "person":
        lines = (folder / "lake" / "WhatsApp Chat with Quagglake.txt").read_text("utf-8").splitlines(keepends=True)
        others = tmp_path / "WhatsApp Chat with Quagglake.txt"
        others.write_text("".join(line for line in lines if "Quaggy" not in line), encoding="utf-8")
        put(fresh, others)
    for sql in (
        "SELECT name, message_count, first_at, last_at FROM chats ORDER BY 1",
        "SELECT name, message_count FROM people ORDER BY 1",
        "SELECT sent_at, kind, text FROM messages ORDER BY 1, 2, 3",
        "SELECT started_at, message_count, title, summary FROM exchanges ORDER BY 1, 2",
        "SELECT name, counted.kind, counted.message_count FROM chat_kinds AS counted JOIN chats ON id = chat_id",
        "SELECT day, message_count, media_count FROM days ORDER BY 1, 2",
    ):
        assert sorted(rows(database, sql)) == sorted(rows(fresh, sql)), sql


def test_what_was_forgotten_does_not_come_back_by_itself(tmp_path: Path) -> None:
    folder, database = _folder(tmp_path), tmp_path / "memories.db"
    put(database, folder)
    run(database, "forget", "chat", "Quagglake", "--yes")
    text = folder / "lake" / "WhatsApp Chat with Quagglake.txt"
    with pytest.raises(NotAnExport, match="was forgotten on"):
        put(database, text)
    longer = tmp_path / "later" / text.name
    longer.parent.mkdir()
    longer.write_text(text.read_text("utf-8") + "20/03/2021, 10:03 - Ben: more of the quagga\n", encoding="utf-8")
    with pytest.raises(NotAnExport, match="forget chat 'Quagglake' --undo"):
        put(database, longer)
    assert rows(database, "SELECT name FROM chats") == [("Sea",)]
    run(database, "forget", "chat", "Nowhere", "--undo", code=1)
    run(database, "forget", "chat", "Quagglake", "--undo")
    assert put(database, longer)[0].new == 8


def test_a_forgotten_person_stays_out_of_longer_exports(tmp_path: Path) -> None:
    folder, database = _folder(tmp_path), tmp_path / "memories.db"
    put(database, folder)
    run(database, "forget", "person", "Quaggy Jones", "--yes")
    text = (folder / "lake" / "WhatsApp Chat with Quagglake.txt").read_text("utf-8")
    longer = save(tmp_path, "WhatsApp Chat with Quagglake.txt", GB, [])
    longer.write_text(
        text + "21/03/2021, 09:00 - Quaggy Jones: a quagga once more\n21/03/2021, 09:01 - Anna: well\n",
        encoding="utf-8",
    )
    (account,) = put(database, longer)
    assert account.new == 1
    assert any("forgotten wrote 1 message of it" in note for note in account.notes)
    assert one(database, "SELECT count(*) FROM messages WHERE text LIKE '%quagga%'") == 0
    is_well(database)
    run(database, "forget", "person", "Quaggy Jones", "--undo")


def test_earlier_versions_are_named(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "WhatsApp Chat with Lake.txt", GB, talk(30)))
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "20260101T000000Z.db").write_bytes(b"")
    assert (
        "still holds it" in run(database, "forget", "chat", str(one(database, "SELECT name FROM chats")), "-y").output
    )
    assert rows(database, "SELECT count(*) FROM messages") == [(0,)]


def test_who_is_let_in_again_comes_with_the_same_exports(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", save(tmp_path, "WhatsApp Chat with Ben.txt", GB, talk(60))
    put(database, export)
    before = shape(database)
    run(database, "forget", "person", "Ben", "--yes")
    run(database, "forget", "person", "Ben", "--undo")
    put(database, export)
    assert shape(database) == before
    is_well(database)


def test_a_forgotten_export_is_let_in_by_its_path(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", save(tmp_path, "WhatsApp Chat with Ben.txt", GB, talk(30))
    put(database, export)
    run(database, "forget", "source", "1", "--yes")
    run(database, "forget", "source", str(export), "--undo")
    assert put(database, export)[0].new > 0


def test_files_are_counted_as_people_count_them(tmp_path: Path) -> None:
    """A photo is one file, though a small picture of it is kept as well."""
    folder, database = tmp_path / "export", tmp_path / "memories.db"
    folder.mkdir()
    lines = []
    for n in range(3):
        Image.new("RGB", (900, 600), (n * 80, 90, 120)).save(folder / f"IMG-2021031{n}-WA0001.jpg")
        lines.append(f"1{n + 3}/03/2021, 10:0{n} - Anna: IMG-2021031{n}-WA0001.jpg (file attached)\n")
    (folder / "_chat.txt").write_text("".join(lines), encoding="utf-8")
    put(database, folder)
    kept = [file for file in (tmp_path / "media").rglob("*") if file.is_file()]
    assert len(kept) == 6
    assert "3 messages, 3 files" in run(database, "sources", "remove", "1", "--yes").output
    assert [file for file in (tmp_path / "media").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("name", ["Zelda", "~ Zelda", "~Zelda", "~\u202fZelda", "ZELDA"])
@pytest.mark.parametrize("later", ["Zelda", "~ Zelda", "~\u202fZelda"])
def test_who_was_forgotten_stays_so_as_a_contact_and_as_none(tmp_path: Path, name: str, later: str) -> None:
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    lines = (
        "13/05/2024, 1:05 pm - {}: the kettle sang\n13/05/2024, 1:06 pm - Ana: it did\n13/05/2024, 1:07 pm - Bo: ha\n"
    )
    export.write_text(lines.format(name), "utf-8")
    database = tmp_path / "memories.db"
    put(database, export)
    shown = one(database, "SELECT name FROM people WHERE name LIKE '%zelda'")
    run(database, "forget", "person", str(shown), "--yes")
    export.write_text(lines.format(later) + "14/05/2024, 1:07 pm - Ana: more\n", "utf-8")
    put(database, export)
    assert rows(database, "SELECT name FROM people ORDER BY 1") == [("Ana",), ("Bo",)]
    assert "kettle" not in str(rows(database, "SELECT text FROM messages"))
