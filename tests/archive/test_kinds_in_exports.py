"""What kind of message a line of an export is, and what it carries."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ingest.core import languages
from tests.helpers import one, put, rows, save_as

_L, _R = "\u200e", "\u200f"


def test_what_an_admin_deleted_is_deleted_in_every_language_on_android(tmp_path: Path) -> None:
    table = json.loads((Path(languages.__file__).parent.parent / "data" / "languages.json").read_text("utf-8"))
    said = [s.replace("{name}", "Mo") for words in table.values() for s in words.get("deleted_by_admin", ())]
    assert len(said) > 40
    text = "".join(f"13/05/2023, 07:{n:02} - Zoe: {words}\n" for n, words in enumerate(said) if n < 60)
    put(tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with G", text))
    assert rows(tmp_path / "memories.db", "SELECT text FROM messages WHERE kind <> 'deleted'") == []


def test_a_poll_has_no_marks_inside(tmp_path: Path) -> None:
    mark = "\u200e"
    text = (
        f"[13.05.23, 07:00:00] Zoe: {mark}UMFRAGE:\nWann?\n{mark}OPTION: Montag (1 Stimme)\n{mark}OPTION: Dienstag\n\n"
        "[13.05.23, 07:01:00] Mo: hallo zusammen\n"
    )
    put(tmp_path / "memories.db", save_as(tmp_path, "_chat", text))
    poll = one(tmp_path / "memories.db", "SELECT text FROM messages WHERE kind = 'poll'")
    assert poll == "UMFRAGE:\nWann?\nOPTION: Montag (1 Stimme)\nOPTION: Dienstag"


def test_a_caption_that_comes_with_the_photo_is_kept_with_it(tmp_path: Path) -> None:
    """And what is in it: the first export was made without media, and said nothing of either."""
    first = "13/2/24, 1:05 pm - Anna: <Media omitted>\n13/2/24, 1:06 pm - Emma: wow\n"
    database, export = tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Emma", first)
    put(database, export)
    name = "IMG-20240213-WA0001.jpg"
    (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0 no picture")
    words = "the lake https://lake.example/map"
    save_as(tmp_path, export.stem, first.replace("<Media omitted>", f"{name} (file attached)\n{words}"))
    put(database, export)
    assert rows(database, "SELECT filename, caption FROM media") == [(name, words)]
    assert rows(database, "SELECT url FROM links") == [("https://lake.example/map",)]


def test_what_is_edited_away_is_no_link_any_more(tmp_path: Path) -> None:
    first = "13/2/24, 1:05 pm - Anna: see https://old.example/a\n13/2/24, 1:06 pm - Emma: wow\n"
    database, export = tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Emma", first)
    put(database, export)
    edited = first.replace("https://old.example/a", "https://new.example/b <This message was edited>")
    put(database, save_as(tmp_path, export.stem, edited))
    assert rows(database, "SELECT url FROM links") == [("https://new.example/b",)]


@pytest.mark.parametrize(
    "words",
    [
        "EVENT:\nBirthday of Tom\nbring cake", "Ann started a new list: milk, eggs and bread for the party",
        "Something new omitted\nwith words", "Shop order #12: tea", "Payment sent: 20 EUR",
    ],
)  # fmt: skip
def test_what_whatsapp_tells_in_many_words_keeps_them(tmp_path: Path, words: str) -> None:
    text = f"[03/02/2024, 10:00:00] Ann: hello\n{_L}[13/02/2024, 10:00:02] Ann: {_L}{words}\n"
    put(tmp_path / "memories.db", save_as(tmp_path, "_chat", text))
    assert rows(tmp_path / "memories.db", "SELECT text FROM messages WHERE text <> 'hello'") == [(words,)]


def test_a_mark_before_every_line_says_nothing(tmp_path: Path) -> None:
    said = ["שלום", "כן", f'{_R}(אולי) מחר, "כן" אמרתי', f"ראה {_L}@יוסי", "טוב"]
    text = "".join(f"{_R}[{n + 1}.2.2024, 21:14:05] ליאת: {words}\n" for n, words in enumerate(said))
    put(tmp_path / "memories.db", save_as(tmp_path, "_chat", text))
    assert rows(tmp_path / "memories.db", "SELECT kind FROM messages") == [("text",)] * len(said)
    everything = str(rows(tmp_path / "memories.db", "SELECT text FROM messages"))
    assert "אולי" in everything
    assert "יוסי" in everything


def test_a_photo_that_is_numbered_otherwise_is_one(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    for number in (11, 4):
        name = f"000000{number:02}-PHOTO-2024-02-13-21-14-05.jpg"
        with zipfile.ZipFile(tmp_path / "WhatsApp Chat - Ann.zip", "w") as archive:
            archive.writestr(
                "_chat.txt",
                f"[13/02/2024, 21:13:05] Bo: look {number if number < 9 else 4}\n"
                f"{_L}[13/02/2024, 21:14:05] Ann: {_L}<attached: {name}>\n[13/02/2024, 21:15:05] Bo: nice\n"
                + "[14/02/2024, 21:15:05] Bo: more\n"
                * (number == 4),
            )
            archive.writestr(name, b"\xff\xd8\xff\xe0 a picture")
        put(database, tmp_path / "WhatsApp Chat - Ann.zip")
    assert rows(database, "SELECT filename, is_missing FROM media") == [("00000011-PHOTO-2024-02-13-21-14-05.jpg", 0)]
