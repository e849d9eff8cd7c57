"""What two phones tell in their own way is one message: polls, places, what one of them still waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run
from tests.helpers import put, rows

BEFORE = "27/04/2024, 21:05 - Uta: lamp sea harbour candle\n27/04/2024, 21:06 - Bo: stone harbour corn plum\n"
AFTER = "27/04/2024, 21:09 - Uta: copper river maple\n"
IOS_BEFORE = "[27/04/2024, 21:05:01] Uta: lamp sea harbour candle\n[27/04/2024, 21:06:01] Bo: stone harbour corn plum\n"
IOS_AFTER = "[27/04/2024, 21:09:01] Uta: copper river maple\n"
POLL = "27/04/2024, 21:08 - Bo: POLL:\nWhen?\nOPTION: mon (2 votes)\nOPTION: tue (0 votes)\n"
IOS_POLL = (
    "\u200e[27/04/2024, 21:08:03] Bo: \u200eUMFRAGE:\nWhen?\n\u200eOPTION: mon (\u200e2 Stimmen)\n"
    "\u200eOPTION: tue (\u200e0 Stimmen)\n"
)
PLACE = "27/04/2024, 21:08 - Bo: {}: https://maps.google.com/?q=52.5,13.4\n"
WAITING = "27/04/2024, 21:08 - Bo: Waiting for this message\n"
CAME = "27/04/2024, 21:08 - Bo: it came after all\n"
PHOTO = "27/04/2024, 21:08 - Bo: IMG-20240427-WA0001.jpg (file attached)\n"


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("one", "other", "kind", "text"),
    [
        (BEFORE + POLL + AFTER, IOS_BEFORE + IOS_POLL + IOS_AFTER, "poll", None),
        (BEFORE + PLACE.format("location") + AFTER, BEFORE + PLACE.format("Standort") + AFTER, "location", None),
        (BEFORE + WAITING + AFTER, BEFORE + CAME + AFTER, "text", "it came after all"),
        (BEFORE + WAITING + AFTER, BEFORE + PHOTO + AFTER, "image", ""),
    ],
)
def test_it_is_there_once_whichever_came_first(
    tmp_path: Path, one: str, other: str, kind: str, text: str | None, is_first: bool
) -> None:
    exports = []
    for name, told in (("a", one), ("b", other)):
        export = tmp_path / name / "WhatsApp Chat with Uta.txt"
        export.parent.mkdir()
        export.write_text(told, "utf-8")
        exports.append(export)
    put(tmp_path / "m.db", *(exports if is_first else exports[::-1]), me="Bo")
    found = rows(tmp_path / "m.db", "SELECT kind, text FROM messages ORDER BY sent_at")
    assert len(found) == 4
    assert found[2][0] == kind
    assert text is None or found[2][1] == text
    assert "\u200e" not in str(found)
    counted = rows(tmp_path / "m.db", "SELECT sum(message_count) FROM chat_kinds WHERE kind = ?", [kind])
    assert counted == rows(tmp_path / "m.db", "SELECT count(*) FROM messages WHERE kind = ?", [kind])


def test_a_file_that_runs_forward_is_read_so_whatever_the_chats_other_export_was(tmp_path: Path) -> None:
    days = ["1/5", "2/7", "3/4", "4/9", "5/6"]
    said = ["lamp sea harbour", "stone corn plum", "candle wind", "maple fern salt", "copper river"]
    american = "".join(f"{day}/24, 10:0{n} AM - Bo: {said[n]}\n" for n, day in enumerate(days))
    british = ""
    for n, day in enumerate(days):
        month, number = day.split("/")
        british += f"{int(number):02}/{int(month):02}/2024, 10:0{n} - Bo: {said[n]}\n"
    for name, text in (("a", f"{american}5/25/24, 11:07 AM - Uta: tail word\n"), ("b", british)):
        export = tmp_path / name / "WhatsApp Chat with Uta.txt"
        export.parent.mkdir()
        export.write_text(text, "utf-8")
        put(tmp_path / "m.db", export, me="Bo")
    found = rows(tmp_path / "m.db", "SELECT substr(sent_at, 6, 5) FROM messages ORDER BY sent_at")
    assert found == [("01-05",), ("02-07",), ("03-04",), ("04-09",), ("05-06",), ("05-25",)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_pasted_talk_of_the_future_is_words(tmp_path: Path, count: int) -> None:
    pasted = "".join(f"30/04/2025, 10:0{n} - Zoe: from the future {n}\n" for n in range(count))
    text = (
        "27/04/2024, 21:05 - Uta: hey\n28/04/2024, 21:06 - Bo: hi\n29/04/2024, 21:13 - Uta: look\n"
        f"{pasted}29/04/2024, 21:15 - Bo: ah\n30/04/2024, 21:15 - Uta: yes\n"
    )
    export = tmp_path / "WhatsApp Chat with Uta.txt"
    export.write_text(text, "utf-8")
    (account,) = put(tmp_path / "m.db", export, me="Bo")
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM messages") == [(5,)]
    assert rows(tmp_path / "m.db", "SELECT name FROM people ORDER BY 1") == [("Bo",), ("Uta",)]
    assert account.unsure


def test_a_name_with_a_colon_behind_a_tilde_and_a_narrow_blank(tmp_path: Path) -> None:
    text = "".join(
        f"[{day:02}/05/2024, 09:05:01] ~\u202fBo: Ek: hello {day}\n[{day:02}/05/2024, 09:05:02] Al: hi {day}\n"
        for day in range(1, 20)
    )
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    export.write_text(text, "utf-8")
    put(tmp_path / "m.db", export)
    assert rows(tmp_path / "m.db", "SELECT name FROM people ORDER BY 1") == [("Al",), ("~ Bo: Ek",)]


@pytest.mark.parametrize("joins", [False, True])
def test_chats_that_call_people_differently_are_joined_once(tmp_path: Path, joins: bool) -> None:
    for name, chat, me, you in (("a", "Uta", "Bo", "Uta"), ("b", "Bo Ek", "Bo Ek", "Ute")):
        export = tmp_path / name / f"WhatsApp Chat with {chat}.txt"
        export.parent.mkdir()
        more = f"13/05/2024, 10:0{9 if name == 'a' else 8} - {you}: only {name}\n"
        export.write_text(f"13/05/2024, 10:00 - {me}: ok\n13/05/2024, 10:05 - {you}: yes\n{more}", "utf-8")
        run(tmp_path / "m.db", "ingest", str(export), "--me", me)
    if joins:
        run(tmp_path / "m.db", "people", "join", "Bo", "Bo Ek")
        run(tmp_path / "m.db", "people", "join", "Uta", "Ute")
    assert "2 messages were in both" in run(tmp_path / "m.db", "chats", "join", "Uta", "Bo Ek", "-y").output
    found = rows(
        tmp_path / "m.db", "SELECT name, text FROM messages JOIN people ON people.id = sender_id ORDER BY sent_at"
    )
    assert found == [("Bo", "ok"), ("Uta", "yes"), ("Uta", "only b"), ("Uta", "only a")]
    counted = rows(tmp_path / "m.db", "SELECT name, message_count FROM people WHERE message_count ORDER BY 1")
    assert counted == [("Bo", 1), ("Uta", 3)]
    run(tmp_path / "m.db", "check")


def test_a_chain_of_joins_names_everybody(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    export.write_text("".join(f"13/05/2024, 10:0{n} - A{n}: word {n}\n" for n in (1, 2, 3)), "utf-8")
    put(tmp_path / "m.db", export)
    run(tmp_path / "m.db", "people", "join", "A1", "A2")
    run(tmp_path / "m.db", "people", "join", "A3", "A1")
    assert "A3: 3 messages · in 1 chat · joined with A1, A2" in run(tmp_path / "m.db", "people").output
    told = run(tmp_path / "m.db", "people", "part", "A3").output
    assert all(name in told for name in ("A1", "A2"))
    assert [name for (name,) in rows(tmp_path / "m.db", "SELECT name FROM people ORDER BY 1")] == ["A1", "A2", "A3"]


def test_what_is_said_of_names_is_so(tmp_path: Path) -> None:
    said = "".join(
        f"{day:02}/04/2024, 21:05 - {'Uta' if day % 2 else 'Bo'}: word{day} lamp river{3 * day}\n"
        for day in range(1, 20)
    )
    for name, chat, text in (
        ("a", "Uta", said),
        ("b", "Bo", said.replace("Uta", "Ute") + "28/04/2024, 21:05 - Ute: new copper\n"),
    ):
        export = tmp_path / name / f"WhatsApp Chat with {chat}.txt"
        export.parent.mkdir()
        export.write_text(text, "utf-8")
    run(tmp_path / "m.db", "ingest", str(tmp_path / "a"), "--me", "Bo")
    told = run(tmp_path / "m.db", "ingest", str(tmp_path / "b")).output
    assert "Uta is called Ute now" in told
    assert "Ute is Uta here" not in told
    assert [name for (name,) in rows(tmp_path / "m.db", "SELECT name FROM people ORDER BY 1")] == ["Bo", "Ute"]
