"""An export that is taken out takes with it what only it said: words, captions, names of files, files."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from memories_lib.shared.layout import ArchiveFiles
from tests.archive.test_database import as_fifth
from tests.commands import run
from tests.helpers import is_well, one, put, rows

TEXTS = ("the lake froze over", "I found the red boat", "grandma sings again", "who has the ladder?")
PHOTOS = 3


@dataclass(frozen=True)
class Telling:
    """How an export tells of each message: see `_line`."""

    texts: tuple[str, ...]  # plain, edited, deleted
    photos: tuple[str, ...]  # omitted, named, caption, file, captioned file

    def write(self, path: Path) -> Path:
        """The export as a zip with the files it has."""
        text = self.text()
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("WhatsApp Chat with Ann.txt", text)
            for n, how in enumerate(self.photos):
                if "file" in how:
                    archive.writestr(f"IMG-20210318-WA000{n}.jpg", _picture(n))
        return path

    def text(self) -> str:
        """The text in it."""
        said = [("Ann" if n % 2 else "Ben", _line(n, how)) for n, how in enumerate(self.texts)]
        lines = [f"17/03/2021, 09:0{n} - {sender}: {line}" for n, (sender, line) in enumerate(said)]
        lines += [f"18/03/2021, 09:0{n} - Ann: {_photo(n, how)}" for n, how in enumerate(self.photos)]
        lines.append("19/03/2021, 10:00 - Ben: the end of it")
        return "\n".join(lines) + "\n"


def _line(n: int, how: str) -> str:
    return {
        "plain": TEXTS[n], "edited": f"{TEXTS[n]}, really <This message was edited>",
        "deleted": "This message was deleted",
    }[how]  # fmt: skip


def _photo(n: int, how: str) -> str:
    if how == "omitted":
        return "<Media omitted>"
    caption = f"\nphoto words {n}" if "caption" in how else ""
    return f"IMG-20210318-WA000{n}.jpg (file attached){caption}"


def _picture(n: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40 + n, 30), "red").save(out, "JPEG")
    return out.getvalue()


def _shape(database: Path) -> list[tuple[object, ...]]:
    return rows(
        database,
        """
        SELECT sent_at, people.name, kind, text, is_edited, filename, is_missing, sha256, caption
        FROM messages JOIN people ON people.id = sender_id LEFT JOIN media ON message_id = messages.id ORDER BY 1
        """,
    )


def _files(database: Path) -> set[str]:
    return {path.name for path in ArchiveFiles.of(database).media.rglob("*.jpg")}


TELLINGS = st.builds(
    Telling,
    st.tuples(*[st.sampled_from(("plain", "plain", "edited", "deleted"))] * len(TEXTS)),
    st.tuples(*[st.sampled_from(("omitted", "named", "captioned", "file", "captioned file"))] * PHOTOS),
)


@pytest.mark.property
@given(st.lists(TELLINGS, min_size=2, max_size=4), st.data())
def test_what_is_left_is_what_the_others_say(tellings: list[Telling], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(tellings) - 1))
    with TemporaryDirectory() as place:
        folder = Path(place)
        exports = [telling.write(folder / f"{n}.zip") for n, telling in enumerate(tellings)]
        whole, fresh = folder / "whole" / "memories.db", folder / "fresh" / "memories.db"
        for database in (whole, fresh):
            database.parent.mkdir()
        put(whole, *exports, chat="Ann")
        names = [row[0] for row in rows(whole, "SELECT filename FROM sources")]
        rest = [export for n, export in enumerate(exports) if tellings[n].text() != tellings[gone].text()]
        put(fresh, *rest, chat="Ann")
        assume(exports[gone].name in names)  # else it has the same text as another one
        assume(rest)
        run(whole, "sources", "remove", exports[gone].name, "--yes")
        assert _shape(whole) == _shape(fresh)
        assert _files(whole) == _files(fresh)
        is_well(whole)


PLAIN = Telling(("plain",) * 4, ("omitted",) * 3)
FULL = Telling(("plain", "edited", "deleted", "plain"), ("captioned file", "captioned", "file"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An archive of one chat, first told plainly, then with files, captions and edits."""
    put(tmp_path / "memories.db", PLAIN.write(tmp_path / "plain.zip"), FULL.write(tmp_path / "full.zip"), chat="Ann")
    return tmp_path / "memories.db"


@pytest.mark.parametrize("command", [("sources", "remove"), ("forget", "source")])
def test_nothing_of_it_is_left_in_any_file(database: Path, command: tuple[str, str]) -> None:
    assert len(_files(database)) > 1
    said = run(database, *command, "full.zip", "--yes").output
    assert "2 files, other words of 4 messages" in said
    assert [row[2:5] for row in _shape(database)][:7] == [
        *(("text", text, 0) for text in TEXTS), *(("image", "", 0),) * 3
    ]  # fmt: skip
    assert _files(database) == set()
    for table, word in (("messages", "photo"), ("messages", "really")):
        assert one(database, f"SELECT count(*) FROM {table}_fts WHERE {table}_fts MATCH ?", (word,)) == 0
    if command[0] == "forget":
        content = database.read_bytes()
        assert not [words for words in (b"photo words", b"really", b"IMG-20210318") if words in content]
    is_well(database)


def test_an_older_archive_does_not_know_what_brought_a_file_and_keeps_it(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.create_function("fold", 1, str)
        as_fifth(connection)
        connection.commit()
    run(database, "sources", "remove", "full.zip", "--yes")
    assert len({row[7] for row in _shape(database)} - {None}) == 2
    is_well(database)


def test_parting_leaves_nothing_of_its_words_in_the_other_chat(database: Path) -> None:
    run(database, "chats", "part", "full.zip", "--as", "Ann at sea")
    of_chat = "SELECT text FROM messages WHERE chat_id = (SELECT id FROM chats WHERE name = ?) AND kind <> 'system'"
    assert {text for (text,) in rows(database, of_chat, ("Ann",))} == {*TEXTS, "", "the end of it"}
    assert "photo words 0" in {text for (text,) in rows(database, of_chat, ("Ann at sea",))}
    is_well(database)
