"""Exports that leave something open, put right by what comes later: guessed dates, names made of people, encodings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.core.errors import NotAnExport
from ingest.importing.report import lines_of
from tests.helpers import one, put, rows


def _android(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def _talk(days: list[str]) -> list[str]:
    said = ("paper boat", "sank at once", "next one of tin", "it floats", "who has the oars", "under the stairs")
    return [f"{day}, 09:0{n} - {'Kim' if n % 2 else 'Ina'}: {said[n]} on {day}" for day in days for n in range(6)]


def test_a_guess_is_ended_by_an_export_of_the_same_layout(tmp_path: Path) -> None:
    """Nothing is in both: the chat is known by its name and people, and its phone writes dates in one way."""
    guessed = _android(tmp_path / "a", "WhatsApp Chat with Boats.txt", *_talk(["3/4/21", "5/4/21", "8/4/21"]))
    proved = _android(tmp_path / "b", "WhatsApp Chat with Boats.txt", *_talk(["11/10/21", "27/12/21"]))
    database = tmp_path / "memories.db"
    put(database, guessed)
    _, account = put(database, guessed, proved)
    days = [day for (day,) in rows(database, "SELECT DISTINCT substr(sent_at, 1, 10) FROM messages ORDER BY 1")]
    assert days == ["2021-04-03", "2021-04-05", "2021-04-08", "2021-10-11", "2021-12-27"]
    assert one(database, "SELECT count(*) FROM chats") == 1
    assert one(database, "SELECT count(*) FROM messages") == 30
    assert account.is_guess is False


def test_two_lines_in_common_are_enough(tmp_path: Path) -> None:
    lines = [
        "3/6/21, 09:00 - Ina: who has glue?", "5/6/21, 09:00 - Kim: paper boat", "5/6/21, 09:01 - Ina: sank at once",
    ]  # fmt: skip
    guessed = _android(tmp_path / "a", "WhatsApp Chat with Kim.txt", *lines)
    proved = _android(
        tmp_path / "b", "WhatsApp Chat with Kim.txt", *lines[1:], "27/6/21, 09:00 - Kim: next one of tin"
    )  # fmt: skip
    database = tmp_path / "memories.db"
    put(database, guessed)
    put(database, proved)
    assert rows(database, "SELECT substr(sent_at, 1, 10) FROM messages WHERE kind = 'text' ORDER BY sent_at") == [
        ("2021-06-03",), ("2021-06-05",), ("2021-06-05",), ("2021-06-27",),
    ]  # fmt: skip


def test_a_group_gets_its_name_from_the_export_that_tells_it(tmp_path: Path) -> None:
    people = ["Odo", "Ina", "Bo"] * 3
    lines = [f"27/3/21, 09:0{n} - {who}: number {n} of the attic list" for n, who in enumerate(people)]
    database = tmp_path / "memories.db"
    put(database, _android(tmp_path / "a", "chat.txt", *lines))
    assert one(database, "SELECT name FROM chats") != "Attic"
    put(database, _android(tmp_path / "b", "WhatsApp Chat with Attic.txt", *lines, "28/3/21, 09:00 - Odo: and a lamp"))
    assert rows(database, "SELECT name FROM chats") == [("Attic",)]


def test_what_was_encoded_twice_is_undone(tmp_path: Path) -> None:
    lines = [
        "27/3/21, 09:00 - Žofia: größer als ich dachte 😊", "27/3/21, 09:01 - Bo: plain words",
        "27/3/21, 09:02 - Žofia: “schön”, oder?", "27/3/21, 09:03 - Žofia: ça alors",
    ]  # fmt: skip
    text = "".join(f"{line}\n" for line in lines)
    twice = "".join(
        bytes([code]).decode("cp1252", "ignore") or chr(code) if code > 127 else chr(code) for code in text.encode()
    )
    path = tmp_path / "WhatsApp Chat with Bo.txt"
    path.write_text(twice, "utf-8")
    (account,) = put(tmp_path / "memories.db", path)
    assert any("encoded twice" in note for note in account.notes)
    assert rows(tmp_path / "memories.db", "SELECT text FROM messages ORDER BY sent_at") == [
        (line.partition(": ")[2],) for line in lines
    ]  # fmt: skip
    assert one(tmp_path / "memories.db", "SELECT count(*) FROM people WHERE name = 'Žofia'") == 1


def test_a_word_that_looks_encoded_twice_beside_others_stays(tmp_path: Path) -> None:
    path = _android(
        tmp_path, "WhatsApp Chat with Bo.txt", "27/3/21, 09:00 - Bo: what is Å½ for", "27/3/21, 09:01 - Ann: größer"
    )
    put(tmp_path / "memories.db", path)
    assert ("what is Å½ for",) in rows(tmp_path / "memories.db", "SELECT text FROM messages")


def test_dates_without_a_year_and_of_years_to_come_are_told(tmp_path: Path) -> None:
    for number, (head, told) in enumerate(
        [
            ("Mar 2, 9:05 AM", "no year"), ("2. décembre 09:05", "no year"), ("13/04/2091, 09:05", "still to come"),
            ("13/04/21, 09:05", ""), ("24年3月2日 9:05", ""), ("2 décembre 21 09:05", ""), ("R6/3/2 9:05:01", ""),
        ]
    ):  # fmt: skip
        path = _android(tmp_path / "export", "WhatsApp Chat with Bo.txt", f"{head} - Bo: hi")
        (account,) = put(tmp_path / f"{number}.db", path)
        said = [note for note in account.notes if "no year" in note or "still to come" in note]
        assert len(said) == bool(told)
        assert all(told in note for note in said)


def test_what_is_in_doubt_is_told_again_of_an_export_that_is_known(tmp_path: Path) -> None:
    """The account says that `--explain` shows it, and by then the export is known."""
    mark = "\u200e"
    path = _android(
        tmp_path, "WhatsApp Chat - Zed.txt", "[27/03/2024, 09:01:30] Bo: hi", "[27/03/2024, 09:01:31] Zed: hello",
        f"{mark}[27/03/2024, 09:02:00] Zed: {mark}Tin chẳng rõ là gì",
    )  # fmt: skip
    (first,) = put(tmp_path / "memories.db", path)
    (again,) = put(tmp_path / "memories.db", path)
    assert again.is_known
    assert again.unsure == first.unsure
    assert "line 3: " in "\n".join(lines_of(again, explain=True))
    assert "line 3: " not in "\n".join(lines_of(again))


_TABLE = "Trains to the lake\n13.02.24, 10:00 - platform 7\n13.02.24, 11:00 - platform 8\n14.02.24, 09:00 - no train\n"


@pytest.mark.parametrize(
    ("name", "is_chat"),
    [
        ("trains.txt", False),
        ("_chat.txt", True),
        ("WhatsApp Chat with Trains.txt", True),
        ("Chat WhatsApp con Ida.txt", True),
    ],
)
def test_times_and_nobody_who_writes_are_no_chat_unless_the_file_is_called_one(
    tmp_path: Path, name: str, is_chat: bool
) -> None:
    """A table of times lies in a folder with exports; a group in which nobody has said anything yet is a chat."""
    (tmp_path / name).write_text(_TABLE, "utf-8")
    if is_chat:
        (report,) = put(tmp_path / "memories.db", tmp_path / name)
        assert report.messages == 3
        return
    with pytest.raises(NotAnExport, match="nobody who writes"):
        put(tmp_path / "memories.db", tmp_path / name)
    assert rows(tmp_path / "memories.db", "SELECT 1 FROM chats") == []
