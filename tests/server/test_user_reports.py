"""What people who had not seen the program brought to it, and what became of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ingest.core import languages
from tests.archive.test_correcting import run
from tests.conftest import serve
from tests.helpers import one, put, rows
from tests.server.test_api import Client

_OPEN = """\
1/2/24, 1:05 pm - Anna: plan the birthday cake
2/2/24, 2:05 pm - Emma: yes with lemon please
3/4/24, 3:05 pm - Anna: did it arrive
5/6/24, 4:05 pm - Emma: it did, thank you so much
7/8/24, 5:05 pm - Anna: summer at the lake
"""


def _save(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(text, "utf-8")
    return path


def test_what_was_said_of_days_holds_when_the_chat_is_corrected(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Emma", _OPEN)
    put(database, export)
    put(database, export, date_order="dmy")
    put(database, export, chat="Sister")
    days = [day for (day,) in rows(database, "SELECT substr(sent_at, 1, 10) FROM messages ORDER BY sent_at")]
    assert days == ["2024-02-01", "2024-02-02", "2024-04-03", "2024-06-05", "2024-08-07"]


@pytest.mark.parametrize(
    ("date", "name"),
    [
        ("10/5/23", "00000001-PHOTO-2023-05-10-20-51-02.jpg"), ("10/5/23", "IMG-20230510-WA0001.jpg"),
        ("5/10/23", "00000001-PHOTO-2023-05-10-20-51-02.jpg"),
        ("10.5.23", "WhatsApp Image 2023-05-10 at 20.51.02.jpeg"),
        ("10/5/23", "VID_20230510_205102.mp4"), ("10/5/23", "00000007-Screenshot_20230510205102.png"),
    ],
)  # fmt: skip
def test_the_day_in_a_file_name_proves_the_order(tmp_path: Path, date: str, name: str) -> None:
    text = f"[{date}, 20:51:00] Anna: look\n\u200e[{date}, 20:51:02] Emma: \u200e<attached: {name}>\n"
    (account,) = put(tmp_path / "memories.db", _save(tmp_path, "_chat", text))
    assert (account.is_guess, account.first_at[:10]) == (False, "2023-05-10")


@pytest.mark.parametrize("owner_first", [True, False])
def test_another_phone_renames_neither_the_owner_nor_the_chat(tmp_path: Path, owner_first: bool) -> None:
    said = [(n, f"message number {n} about the garden") for n in range(40)]
    android = "".join(f"13/05/2023, 07:{n:02} - {'Anna' if n % 2 else 'Emma'}: {words}\n" for n, words in said)
    ios = "".join(f"[13.05.23, 07:{n:02}:09] {'Mama' if n % 2 else 'Emma'}: {words}\n" for n, words in said)
    mine = _save(tmp_path, "WhatsApp Chat with Emma", android)
    theirs = tmp_path / "WhatsApp Chat - Mama.zip"
    with zipfile.ZipFile(theirs, "w") as archive:
        archive.writestr("_chat.txt", ios)
    database = tmp_path / "memories.db"
    if owner_first:
        put(database, mine, me="Anna")
        put(database, theirs)
        assert rows(database, "SELECT name FROM chats") == [("Emma",)]
        assert rows(database, "SELECT name FROM people WHERE is_owner") == [("Anna",)]
    else:
        put(database, theirs)
        put(database, mine, me="Anna")
    assert one(database, "SELECT count(*) FROM people") == 2
    assert one(database, "SELECT count(*) FROM messages") == 40


@pytest.mark.parametrize("head", ["13/05/2023, 25:14", "13/13/2023, 07:14", "13/05/2023, 07:61"])
def test_a_header_with_a_time_that_there_is_not_is_in_the_doubts(tmp_path: Path, head: str) -> None:
    text = f"13/05/2023, 07:00 - Zoe: one\n{head} - Mo: lost\n13/05/2023, 07:16 - Mo: here\n"
    (account,) = put(tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with G", text))
    assert [unsure.line for unsure in account.unsure] == [2]


def test_a_forgotten_chat_leaves_people_their_names(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    alone = _save(tmp_path, "WhatsApp Chat with Kurt", "13/05/2023, 07:00 - Kurt: one\n13/05/2023, 07:01 - Anna: two\n")
    trip = _save(
        tmp_path, "WhatsApp Chat with Trip", '14/05/2023, 07:00 - Anna created group "Trip"\n'
        "14/05/2023, 07:00 - Kurt: three\n14/05/2023, 07:01 - Anna: four\n14/05/2023, 07:01 - Ida: five\n",
    )  # fmt: skip
    put(database, alone, trip, me="Anna")
    run(database, "people", "rename", "Kurt", "Kurt Xaver")
    run(database, "forget", "chat", "Kurt Xaver", "-y")
    database.unlink()
    put(database, trip)
    assert rows(database, "SELECT name FROM people ORDER BY 1") == [("Anna",), ("Ida",), ("Kurt Xaver",)]


def test_undo_says_so_where_the_newest_is_another_commands_to_take_back(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    for name in ("Emma", "Em"):
        text = f"13/05/2023, 07:00 - {name}: one {name}\n13/05/2023, 07:01 - Anna: two {name}\n"
        put(database, _save(tmp_path, f"WhatsApp Chat with {name}", text))
    run(database, "people", "rename", "Emma", "Emma Rose")
    run(database, "chats", "join", "Emma Rose", "Em", "-y")
    assert "memories chats part" in run(database, "undo", code=1).output
    assert "Emma Rose" in str(rows(database, "SELECT name FROM people"))


def _anew(database: Path, export: Path) -> str:
    """The archive made again of its export, without a word of how."""
    for path in database.parent.glob("memories.db*"):
        if path.suffix != ".ids":
            path.unlink()
    return run(database, "ingest", str(export)).output


@pytest.mark.parametrize(
    ("said", "sql"),
    [
        (("--me", "Emma"), "SELECT name FROM people WHERE is_owner"),
        (("--date-order", "dmy"), "SELECT id, sent_at FROM messages ORDER BY 1"),
        (("--chat", "Sister"), "SELECT id, name FROM chats"),
        (("--timezone", "Asia/Tokyo"), "SELECT timezone FROM sources"),
    ],
)
def test_what_was_said_of_an_export_is_known_when_the_archive_is_made_anew(
    tmp_path: Path, said: tuple[str, str], sql: str
) -> None:
    database, export = tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Emma", _OPEN)
    guessed = run(database, "ingest", str(export)).output
    before = rows(database, sql)
    run(database, "ingest", str(export), *said)
    corrected = rows(database, sql)
    assert corrected != before
    told = _anew(database, export)
    assert rows(database, sql) == corrected
    assert "new       5" in told
    assert "new       5" in guessed
    assert "again" not in told
    # And it is said once: another reading of it changes nothing.
    run(database, "ingest", str(export))
    assert rows(database, sql) == corrected


@pytest.mark.parametrize("said", [("--chat", "Sister"), ("--date-order", "dmy")])
def test_what_people_did_outlasts_a_correction_and_a_rebuild(tmp_path: Path, said: tuple[str, str]) -> None:
    database, export = tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Emma", _OPEN)
    run(database, "ingest", str(export))
    served = serve(database, tmp_path / "log")
    api = Client(served)
    number = one(database, "SELECT exchange_id FROM messages WHERE text = 'did it arrive'")
    api.ask("POST", f"/api/exchanges/{number}/star")
    api.ask("POST", f"/api/exchanges/{number}/note", {"note": "the parcel"})
    served.stop()
    starred = """
    SELECT text, note FROM messages JOIN exchange_marks USING (exchange_id) WHERE is_starred AND text = 'did it arrive'
    """
    assert rows(database, starred) == [("did it arrive", "the parcel")]
    assert "wait" not in run(database, "ingest", str(export), *said).output
    assert rows(database, starred) == [("did it arrive", "the parcel")]
    assert "wait" not in _anew(database, export)
    assert rows(database, starred) == [("did it arrive", "the parcel")]


def test_what_an_admin_deleted_is_deleted_in_every_language_on_android(tmp_path: Path) -> None:
    table = json.loads((Path(languages.__file__).parent.parent / "data" / "languages.json").read_text("utf-8"))
    said = [s.replace("{name}", "Mo") for words in table.values() for s in words.get("deleted_by_admin", ())]
    assert len(said) > 40
    text = "".join(f"13/05/2023, 07:{n:02} - Zoe: {words}\n" for n, words in enumerate(said) if n < 60)
    put(tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with G", text))
    assert rows(tmp_path / "memories.db", "SELECT text FROM messages WHERE kind <> 'deleted'") == []


def test_a_poll_has_no_marks_inside(tmp_path: Path) -> None:
    mark = "\u200e"
    text = (
        f"[13.05.23, 07:00:00] Zoe: {mark}UMFRAGE:\nWann?\n{mark}OPTION: Montag (1 Stimme)\n{mark}OPTION: Dienstag\n\n"
        "[13.05.23, 07:01:00] Mo: hallo zusammen\n"
    )
    put(tmp_path / "memories.db", _save(tmp_path, "_chat", text))
    poll = one(tmp_path / "memories.db", "SELECT text FROM messages WHERE kind = 'poll'")
    assert poll == "UMFRAGE:\nWann?\nOPTION: Montag (1 Stimme)\nOPTION: Dienstag"


def test_a_caption_that_comes_with_the_photo_is_kept_with_it(tmp_path: Path) -> None:
    """And what is in it: the first export was made without media, and said nothing of either."""
    first = "13/2/24, 1:05 pm - Anna: <Media omitted>\n13/2/24, 1:06 pm - Emma: wow\n"
    database, export = tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Emma", first)
    put(database, export)
    name = "IMG-20240213-WA0001.jpg"
    (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0 no picture")
    words = "the lake https://lake.example/map"
    _save(tmp_path, export.stem, first.replace("<Media omitted>", f"{name} (file attached)\n{words}"))
    put(database, export)
    assert rows(database, "SELECT filename, caption FROM media") == [(name, words)]
    assert rows(database, "SELECT url FROM links") == [("https://lake.example/map",)]


def test_what_is_edited_away_is_no_link_any_more(tmp_path: Path) -> None:
    first = "13/2/24, 1:05 pm - Anna: see https://old.example/a\n13/2/24, 1:06 pm - Emma: wow\n"
    database, export = tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Emma", first)
    put(database, export)
    edited = first.replace("https://old.example/a", "https://new.example/b <This message was edited>")
    put(database, _save(tmp_path, export.stem, edited))
    assert rows(database, "SELECT url FROM links") == [("https://new.example/b",)]


@pytest.mark.parametrize("guess_first", [True, False])
def test_what_is_in_common_with_a_proved_order_is_no_guess(tmp_path: Path, guess_first: bool) -> None:
    lines = [
        f"{1 + n // 5:02}/05/2024, 1:{n % 60:02} pm - {'Anna' if n % 2 else 'Emma'}: message {n} of the garden\n"
        for n in range(120)
    ]
    texts = ["".join(lines[:50]), "".join(lines[20:])]
    database = tmp_path / "memories.db"
    for number, text in enumerate(texts if guess_first else texts[::-1]):
        account = put(database, _save(tmp_path, "WhatsApp Chat with Emma", text))[0]
        assert account.is_guess == (guess_first and number == 0)
    assert rows(database, "SELECT DISTINCT date_order FROM sources") == [("day/month",)]
    assert one(database, "SELECT count(*) FROM messages") == 120


def test_a_guess_with_nothing_in_common_stays_one(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, _save(tmp_path, "WhatsApp Chat with Emma", "13/05/2024, 1:05 pm - Emma: the garden\n"))
    put(database, _save(tmp_path, "WhatsApp Chat with Noor", "01/05/2024, 1:05 pm - Noor: the kettle\n"))
    assert rows(database, "SELECT date_order FROM sources") == [("day/month",), ("day/month (guessed)",)]


def test_two_whose_names_begin_alike_are_two_where_a_notice_names_the_longer(tmp_path: Path) -> None:
    talk = "".join(
        f"13/2/24, 13:{n:02} - Ann: hello number {n}\n13/2/24, 13:{n:02} - Ann: Work: the plan {n}\n" for n in range(20)
    )
    notices = '13/2/24, 12:00 - Bob created group "Trip"\n13/2/24, 12:01 - Bob added Ann: Work\n'
    count = "SELECT people.name, count(*) FROM messages JOIN people ON people.id = sender_id GROUP BY 1 ORDER BY 1"
    put(tmp_path / "two.db", _save(tmp_path, "WhatsApp Chat with Trip", notices + talk))
    assert rows(tmp_path / "two.db", count) == [("Ann", 20), ("Ann: Work", 20)]
    # A habit of Ann's, where nobody is called so.
    put(tmp_path / "one.db", _save(tmp_path, "WhatsApp Chat with Trip", talk))
    assert rows(tmp_path / "one.db", count) == [("Ann", 40)]


_L, _R = "\u200e", "\u200f"


@pytest.mark.parametrize("name", ["Tom “Tommy” Lee", "Uli „Ulf“ X", "Ann ”Aa” Lee", "Bo »Bobo« B", "Odd “one"])
@pytest.mark.parametrize("header", ["13/2/24, 21:{:02} - {}: {}\n", "[13/02/2024, 21:{:02}:05] {}: {}\n"])
def test_quotes_are_part_of_a_name(tmp_path: Path, name: str, header: str) -> None:
    text = "".join(header.format(n, who, f"hello {n}") for n in range(10) for who in (name, "Me"))
    put(tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Club", text))
    count = "SELECT people.name, count(*) FROM messages JOIN people ON people.id = sender_id GROUP BY 1 ORDER BY 1"
    assert rows(tmp_path / "memories.db", count) == sorted([("Me", 10), (name, 10)])


def test_a_subject_in_quotes_is_no_name(tmp_path: Path) -> None:
    text = "".join(
        f"13/2/24, 21:{n:02} - Ana changed the subject from “Trip: {n}” to “Trip: {n + 1}”\n" for n in range(9)
    )
    put(tmp_path / "memories.db", _save(tmp_path, "WhatsApp Chat with Trip", text + "13/2/24, 22:00 - Ana: hi\n"))
    assert rows(tmp_path / "memories.db", "SELECT name FROM people") == [("Ana",)]


@pytest.mark.parametrize(
    "words",
    [
        "EVENT:\nBirthday of Tom\nbring cake", "Ann started a new list: milk, eggs and bread for the party",
        "Something new omitted\nwith words", "Shop order #12: tea", "Payment sent: 20 EUR",
    ],
)  # fmt: skip
def test_what_whatsapp_tells_in_many_words_keeps_them(tmp_path: Path, words: str) -> None:
    text = f"[03/02/2024, 10:00:00] Ann: hello\n{_L}[13/02/2024, 10:00:02] Ann: {_L}{words}\n"
    put(tmp_path / "memories.db", _save(tmp_path, "_chat", text))
    assert rows(tmp_path / "memories.db", "SELECT text FROM messages WHERE text <> 'hello'") == [(words,)]


def test_a_mark_before_every_line_says_nothing(tmp_path: Path) -> None:
    said = ["שלום", "כן", f'{_R}(אולי) מחר, "כן" אמרתי', f"ראה {_L}@יוסי", "טוב"]
    text = "".join(f"{_R}[{n + 1}.2.2024, 21:14:05] ליאת: {words}\n" for n, words in enumerate(said))
    put(tmp_path / "memories.db", _save(tmp_path, "_chat", text))
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
