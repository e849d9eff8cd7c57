"""Who is a person and what is a notice, where names look like sentences and sentences name people."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import put, read, rows

L = "\u200e"
CLOSED = f"{L}Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them."


def _android(*lines: str) -> str:
    return "".join(f"13/02/2024, 09:{n:02} - {line}\n" for n, line in enumerate(lines))


def _iphone(*lines: str) -> str:
    return "".join(
        f"{L if line.startswith(L) else ''}[13/02/2024, 09:{n:02}:00] {line.removeprefix(L)}\n"
        for n, line in enumerate(lines)
    )


def _read(text: str) -> list[tuple[str | None, str, str]]:
    return [(message.sender, message.kind, message.text) for message in read(text)[0]]


NAMES = [
    "Trainer Lisa Badminton Halle", "Lea Rossi Book Club Admin", "Ben Karlsson Admin", "Carla Gruppe Admin",
    "Administrador Piscina Norte Sur", "U Kyaw Zin Htet", "Hai Nguyen Van", "Du Plessis Jan Hendrik",
    "You & me forever", "Du und ich immer", 'דוד כהן נדל"ן', 'ד"ר רות לוי', "5'10\" Tom", 'Tom 42"',
    "Anna from Community Garden", "Voyage Club Paris", "Has Van Dijk Junior",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_whatever_somebody_is_called_is_a_name(name: str, times: int) -> None:
    said = [f"what they say, {n}" for n in range(times)]
    lines = ["Ana: hi", *(f"{name}: {text}" for text in said), "Ana: yes", "Ana: bye"]
    for text in (_android(*lines), _iphone(*lines)):
        found = [row for row in _read(text) if row[0] != "Ana"]
        assert found == [(name, "text", one) for one in said]


@pytest.mark.parametrize("name", ["Lisa left us Smith", "Who added Ben Here"])
def test_who_writes_often_has_a_name_though_it_reads_like_a_sentence(name: str) -> None:
    lines = ["Ana: hi", *(f"{name}: what they say, {n}" for n in range(5)), "Ana: yes"]
    assert [row[0] for row in _read(_android(*lines))] == ["Ana", *[name] * 5, "Ana"]


@pytest.mark.parametrize(
    "notice",
    [
        "Ana changed the subject to “Trip: Rome”",
        'Ana changed the subject from "A: B" to "C: D"',
        "Ana created group “Trip: Rome”",
        "You added Ben: Work",
        "Ana added Ben: Work",
        "Ana hat die Gruppe „Reise: Rom“ erstellt",
        "Hai aggiunto Ben: Lavoro",
    ],
)
def test_a_notice_with_a_colon_is_nobody(notice: str) -> None:
    rows_found = _read(_android("Ana: hi", notice, "Ben: Work: no", "Ana: yes"))
    assert (None, "system", notice) in rows_found


JOINED = "~\u202f{0}: " + L + "~\u202f{0} joined using this group's invite link"


@pytest.mark.parametrize(
    "said",
    [
        "What about badminton?",
        "You guys are so kind",
        "Has anyone been to the lake hotel?",
        "I left the keys at home",
        "I added milk to the list",
        "the admin was here",
    ],
)
def test_who_joined_and_wrote_once_wrote_it(said: str) -> None:
    text = _iphone(f"Sport: {CLOSED}", "Ana: hi", JOINED.format("Jo"), f"~\u202fJo: {said}", "Ana: yes")
    assert ("~ Jo", "text", said) in _read(text)
    assert [row[1] for row in _read(text)].count("system") == 2


@pytest.mark.parametrize(
    "line",
    [
        f"~\u202fMaria: {L}~\u202fMaria was added",
        f"~\u202fTom: {L}~\u202fMaria added ~\u202fTom",
        f"~\u202fTom: {L}~\u202fTom joined from the community",
        f"Ulla: {L}Ulla hat Tom hinzugefügt.",
        f"\u202a+61\u00a0421\u00a0555\u00a0312\u202c: {L}\u202a+61\u00a0421\u00a0555\u00a0312\u202c was added",
        f"~\u202fTom: {L}~\u202fTom changed this group’s settings to allow all members to add others to this group",
        f"Ana: {L}This group has over 256 participants so now only admins can edit the group settings",
        f"Ana: {L}Ana cambió la imagen de este grupo.",
    ],
)
def test_a_notice_about_somebody_who_also_writes(line: str) -> None:
    others = ["~\u202fMaria: hello", "~\u202fTom: hi", "Ulla: servus", "Ana: good", "+61 421 555 312: yes"]
    found = _read(_iphone(f"Sport: {CLOSED}", line, *others))
    assert [row[1] for row in found] == ["system", "system", *["text"] * 5]
    assert found[1][0] is None
    assert found[1][2].count("\u202a") == found[1][2].count("\u202c")


@pytest.mark.parametrize(
    "said",
    [
        f"{L}Llamada\u202f {L}55 s",
        f"{L}Llamada. {L}Sin respuesta",
        f"{L}Error en la llamada. {L}Reintentar",
        f"{L}Call failed. {L}Try again",
        f"{L}Group call, {L}2 invited",
        f"{L}Ben started a call",
        f"{L}Ben started a video call",
        f"{L}Sprachchat. {L}{L}14\u00a0Sek. • {L}2 beigetreten",
    ],
)
def test_calls_as_iphones_tell_of_them(said: str) -> None:
    found = _read(_iphone(f"Ben: {CLOSED}", f"Ben: {said}", "Ben: hello", "Ana: hi"))
    assert [row[:2] for row in found][1] == ("Ben", "call")


def test_somebody_known_needs_no_blank_behind_the_colon() -> None:
    found = _read(_iphone("Ben: hi", "Ana: yes", f"{L}Ben:GIF omitted", "Ana:no"))
    assert [row[:2] for row in found] == [("Ben", "text"), ("Ana", "text"), ("Ben", "gif"), ("Ana", "text")]


@pytest.mark.parametrize("names", [("~ Adi", "~ ADI", "~ 𝙰𝙳𝙸"), ("Kim", "kim"), ("Zoë", "ZOË")])
def test_whom_one_phone_calls_almost_the_same_are_several(tmp_path: Path, names: tuple[str, ...]) -> None:
    database = tmp_path / "memories.db"
    export = tmp_path / "WhatsApp Chat with Sport.txt"
    lines = [*(f"{name}: I am one of {len(names)}, number {n}" for n, name in enumerate(names)), "Ana: all of you!"]
    export.write_text(_android(*lines), "utf-8")
    (account,) = put(database, export)
    assert account.people == len(names) + 1
    told = rows(
        database, "SELECT people.name, text FROM messages JOIN people ON people.id = sender_id ORDER BY sent_at"
    )
    assert [row[0] for row in told] == [*names, "Ana"]
    # Again, longer, and by another phone that writes one of them in capitals.
    export.write_text(_android(*lines, f"{names[-1]}: and me once more"), "utf-8")
    put(database, export)
    before = rows(database, "SELECT id, name FROM people ORDER BY id")
    assert [name for _, name in before] == [*names, "Ana"]
    # Made anew, each has the number it had.
    database.unlink()
    put(database, export)
    assert rows(database, "SELECT id, name FROM people ORDER BY id") == before


def test_two_phones_that_write_a_name_otherwise_mean_one(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    for name in ("Zoe Lee", "zoe lee"):
        export = tmp_path / f"WhatsApp Chat with {name}.txt"
        export.write_text(_android("Ana: hi", f"{name}: hello you"), "utf-8")
        put(database, export, chat=name[:3])
    assert len(rows(database, "SELECT 1 FROM people")) == 2
