"""Which chat an export belongs to: joined where much speaks for it, kept apart where something speaks against it."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.archive.curation import show_edits
from ingest.core.languages import chat_name_from_file
from memories_lib.shared import edit_log
from memories_lib.shared.layout import ArchiveFiles
from tests.helpers import one, put, rows
from tests.phones import PHONES, Sent
from tests.talks import save, talk

US = next(phone for phone in PHONES if phone.name == "us")
GB = next(phone for phone in PHONES if phone.name == "gb")
DE = next(phone for phone in PHONES if phone.name == "de")


def _names(database: Path) -> list[str]:
    return [str(row[0]) for row in rows(database, "SELECT name FROM chats ORDER BY id")]


def _between(messages: list[Sent], names: dict[str, str]) -> list[Sent]:
    return [replace(m, sender=names.get(m.sender or "", m.sender)) for m in messages]


def _people(database: Path) -> list[str]:
    return [str(row[0]) for row in rows(database, "SELECT name FROM people ORDER BY name")]


FILES = [
    ("WhatsApp Chat with Mia.txt", "Mia"),
    ("whatsapp chat with mia.txt", "mia"),
    ("WhatsApp%20Chat%20with%20Mia.txt", "Mia"),
    ("Copy of WhatsApp Chat with Mia.txt", "Mia"),
    ("Kopie von WhatsApp Chat mit Mia.txt", "Mia"),
    ("WhatsApp-Chat mit Haus.txt", "Haus"),
    ("WHATSAPP-CHAT MIT HAUS.TXT", "HAUS"),
    ("WhatsApp Sohbeti - Haus.txt", "Haus"),
    ("WhatsApp Beszélgetés - Haus.zip", "Haus"),
    ("WhatsApp Chat - Anna - Ben.zip", "Anna - Ben"),
    ("Discussion WhatsApp - La Bretagne.zip", "La Bretagne"),
    ("Chat de WhatsApp - Casa.zip", "Casa"),
    ("Conversa do WhatsApp - Praia.zip", "Praia"),
    ("Чат WhatsApp - Дача.zip", "Дача"),
    ("Family and WhatsApp - notes.zip", None),
    ("holiday.txt", None),
    ("whatsapp.txt", None),
]


@pytest.mark.parametrize(("file", "name"), FILES, ids=[f[0] for f in FILES])
def test_the_name_in_a_file_name(file: str, name: str | None) -> None:
    assert chat_name_from_file(file.removesuffix(".TXT")) == name


@pytest.mark.parametrize("name", ["Ben-1", "Ben copy", "Ben 2", "Ben copy 2", "Ben (1)", "Ben part 2"])
def test_what_a_copy_puts_behind_a_name_makes_no_group(tmp_path: Path, name: str) -> None:
    database = tmp_path / "memories.db"
    account = put(database, save(tmp_path, f"WhatsApp Chat with {name}.txt", US, talk(40)))[0]
    assert (account.chat, account.chat_kind) == ("Ben", "direct")


def test_two_groups_of_one_name_that_share_a_member_are_two(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    (tmp_path / "other").mkdir()
    mine = talk(80, 1, ("Anna", "Ben", "Cleo", "Dora"))
    theirs = talk(80, 2, ("Anna", "Emil", "Finn", "Greta"))
    put(database, save(tmp_path, "WhatsApp Chat with Family.txt", US, mine))
    account = put(database, save(tmp_path / "other", "WhatsApp Chat with Family.txt", US, theirs))[0]
    assert account.new == account.messages
    assert "Family" in account.notes[-1]
    assert _names(database) == ["Family", "Family (2)"]


def test_two_groups_without_a_name_of_the_same_people_are_two(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    senders = ("Anna", "Ben", "Cleo")
    put(database, save(tmp_path, "_chat.txt", US, talk(80, 1, senders)))
    (tmp_path / "b").mkdir()
    account = put(database, save(tmp_path / "b", "_chat.txt", US, talk(80, 2, senders)))[0]
    assert one(database, "SELECT count(*) FROM chats") == 2
    assert account.new == account.messages
    assert any("--chat" in note for note in account.notes)


def test_two_friends_with_the_same_greetings_are_two(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    at = datetime(2023, 1, 1, 0, 1)
    wishes = ["A happy new year to you!", "And to you, all the best!", "See you soon, I hope", "Yes, come by one day"]
    for friend in ("Paul", "Lena"):
        sent = [Sent(at + timedelta(minutes=n), (friend, "Tim")[n % 2], text) for n, text in enumerate(wishes)]
        put(database, save(tmp_path, f"WhatsApp Chat with {friend}.txt", US, sent))
    assert _names(database) == ["Paul", "Lena"]
    assert _people(database) == ["Lena", "Paul", "Tim"]


def test_two_groups_to_which_one_member_forwarded_the_same_are_two(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    start = datetime(2022, 5, 1, 12, 0)
    forwarded = [Sent(start + timedelta(days=n), "Anna", f"a recipe to be sent round, number {n}") for n in range(20)]
    for name, others, seed in (("Choir", ("Anna", "Ben", "Cleo"), 1), ("Street", ("Anna", "Emil", "Finn"), 2)):
        shift = start - timedelta(days=2)
        around = talk(60, seed, others)
        around = [replace(m, at=shift + (m.at - around[0].at)) for m in around]
        sent = sorted([*forwarded, *around], key=lambda m: m.at)
        put(database, save(tmp_path, f"WhatsApp Chat with {name}.txt", US, sent))
    assert _names(database) == ["Choir", "Street"]


def test_two_chats_of_one_person_each_are_two(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "WhatsApp Chat with List.txt", US, talk(30, 1, ("Anna",))))
    put(database, save(tmp_path, "WhatsApp Chat with Notes.txt", US, talk(30, 2, ("Anna",))))
    assert _names(database) == ["List", "Notes"]


def test_two_phones_that_call_each_other_otherwise_are_one(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(120)
    put(database, save(tmp_path, "WhatsApp Chat with Mum.txt", US, _between(messages, {"Anna": "Tim", "Ben": "Mum"})))
    theirs = _between(messages, {"Anna": "Timmy", "Ben": "Helga"})
    account = put(database, save(tmp_path, "WhatsApp Chat with Timmy.txt", DE, theirs))[0]
    assert (account.new, one(database, "SELECT count(*) FROM chats")) == (0, 1)
    assert one(database, "SELECT count(*) FROM people") == 2
    assert f"{len(messages):,} of its {len(messages):,} messages are known" in account.joined


def test_a_gap_between_two_exports_is_filled(tmp_path: Path) -> None:
    """The export between falls into the time that the chat spans, and hardly any of it is there."""
    database = tmp_path / "memories.db"
    messages = talk(300, 3, ("Anna", "Ben", "Cleo"))
    parts = (messages[:100], messages[200:], messages[90:210])
    accounts = put(database, *(save(tmp_path, f"{n}.txt", US, part) for n, part in enumerate(parts[:2])), chat="Trip")
    accounts += put(database, save(tmp_path, "WhatsApp Chat with Trip.txt", US, parts[2]))
    assert one(database, "SELECT count(*) FROM messages") == len(messages)
    assert accounts[2].joined
    assert one(database, "SELECT count(*) FROM chats") == 1


def test_a_group_that_was_renamed_is_one_and_has_its_new_name(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(120, 4, ("Anna", "Ben", "Cleo"))
    notice = Sent(messages[100].at, None, "Ben changed the group name from “Lake” to “Lake 2023”")
    put(database, save(tmp_path, "WhatsApp Chat with Lake.txt", US, messages[:60]))
    later = [*messages[90:100], notice, *messages[100:]]
    account = put(database, save(tmp_path, "WhatsApp Chat with Lake 2023.txt", US, later))[0]
    assert _names(database) == ["Lake 2023"]
    assert account.chat == "Lake 2023"
    assert account.new == account.messages
    put(database, save(tmp_path, "WhatsApp Chat with Lake.txt", US, messages[:70]))
    assert _names(database) == ["Lake 2023"]


def test_a_number_that_was_saved_names_the_chat(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(90)
    number = "+49 170 1234567"
    put(database, save(tmp_path, f"WhatsApp Chat with {number}.txt", US, _between(messages[:70], {"Ben": number})))
    account = put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", US, messages))[0]
    assert _names(database) == ["Ben"]
    assert account.new == len(messages) - 70
    assert _people(database) == ["Anna", "Ben"]


def test_a_name_that_was_said_is_kept(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(90, 1, ("Anna", "Ben", "Cleo"))
    put(database, save(tmp_path, "WhatsApp Chat with Lake.txt", US, messages[:80]), chat="Our summer")
    put(database, save(tmp_path, "WhatsApp Chat with Lake 23.txt", US, messages))
    assert _names(database) == ["Our summer"]


@pytest.mark.parametrize("kind", ["text", "media"])
def test_who_only_sends_short_things_is_one_person_under_two_names(tmp_path: Path, kind: str) -> None:
    database = tmp_path / "memories.db"
    messages = talk(100, 5, ("Anna", "Ben"))
    dice = random.Random(1)
    cleo = [
        Sent(m.at + timedelta(seconds=5), "Cleo", dice.choice(["ok", "yes", "👍"]) if kind == "text" else "", kind)
        for m in messages[::8]
    ]
    everything = sorted([*messages, *cleo], key=lambda m: m.at)
    put(database, save(tmp_path, "WhatsApp Chat with Choir.txt", US, everything))
    theirs = _between(everything, {"Cleo": "Cleopatra 🌻"})
    account = put(database, save(tmp_path, "WhatsApp Chat with Choir.txt", GB, theirs))[0]
    assert account.new == 0
    assert one(database, "SELECT count(*) FROM people") == 3


def test_clocks_some_seconds_apart_double_nothing(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = [m for m in talk(300, 6) if m.kind == "text"]
    for seconds in (7, -20, 55):
        other = [replace(m, at=m.at + timedelta(seconds=seconds)) for m in messages]
        put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", US, messages))
        account = put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", DE, other))[0]
        assert account.new == 0, seconds
    assert one(database, "SELECT count(*) FROM messages") == len(messages)


def test_nothing_is_lost_in_the_minute_where_an_export_ended(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    end = datetime(2022, 3, 27, 10, 5)
    before = [
        Sent(end - timedelta(hours=n), "Ann" if n % 2 else "Ben", f"a word of the day, {n}") for n in range(9, 0, -1)
    ]
    first = [*before, Sent(end, "Ben", "ok"), Sent(end, "Ann", "", "media")]
    more = [Sent(end, "Ben", "ok"), Sent(end, "Ann", "", "media"), Sent(end, "Ann", "", "media")]
    whole = [*first, *more, Sent(end + timedelta(minutes=1), "Ben", "bye")]
    put(database, save(tmp_path, "a.txt", US, first))
    put(database, save(tmp_path, "b.txt", US, whole))
    assert one(database, "SELECT count(*) FROM messages") == len(whole)
    again = put(database, save(tmp_path, "c.txt", GB, whole), chat=_names(database)[0])[0]
    assert again.new == 0


MENTIONS = [
    ("come here @\u2068Omar Neighbour\u2069, please", "come here @\u2068~ Omar N.\u2069, please"),
    ("@\u2068Omar\u2069 and @\u2068Ida\u2069: tea at five", "@\u2068O. K.\u2069 and @\u2068Ida May\u2069: tea at five"),
    ("ask @491701234567 about it, will you", "ask @\u2068Omar\u2069 about it, will you"),
    ("did @Omar Neighbour call you back?", "did @\u2068Omar\u2069 call you back?"),
]


@pytest.mark.parametrize(("here", "there"), MENTIONS)
def test_a_mention_is_one_message_whatever_name_is_shown(tmp_path: Path, here: str, there: str) -> None:
    database = tmp_path / "memories.db"
    messages = talk(40)
    at = messages[20].at
    mine, theirs = ([*messages[:20], Sent(at, "Ben", text), *messages[20:]] for text in (here, there))
    put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", US, mine))
    assert put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", DE, theirs))[0].new == 0


def test_two_mentions_of_different_words_are_two_messages(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(40)
    at = messages[20].at
    for phone, text in ((US, "@\u2068Omar\u2069 come"), (DE, "@\u2068Omar\u2069 go away")):
        sent = [*messages[:20], Sent(at, "Ben", text), *messages[20:]]
        account = put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", phone, sent))[0]
    assert account.new == 1


def test_a_poll_with_more_votes_is_the_same_poll(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(40)
    polls = (
        "POLL:\nWhere to?\nOPTION: Lake (1 vote)\nOPTION: Hill (0 votes)",
        "ABSTIMMUNG:\nWhere to?\nOPTION: Lake (3\u00a0Stimmen)\nOPTION: Hill (1\u00a0Stimme)",
        "POLL:\nWhere to?\nOPTION: Lake (2 votes)\nOPTION: Hill (0 votes)",
    )
    for phone, poll in zip((US, DE, GB), polls, strict=True):
        sent = [*messages[:20], Sent(messages[20].at, "Ben", poll), *messages[20:]]
        account = put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", phone, sent))[0]
    assert account.new == 0
    assert one(database, "SELECT text FROM messages WHERE kind = 'poll'") == polls[1]


def test_the_weeks_between_two_clock_changes_double_nothing(tmp_path: Path) -> None:
    """Six hours apart for most of three years; five in the three weeks of each spring and the one of each autumn."""
    database = tmp_path / "memories.db"
    start = datetime(2021, 1, 3, 9, 0)
    dice = random.Random(9)
    messages = [
        Sent(
            start + timedelta(hours=9 * n, minutes=dice.randint(0, 59)),
            ("Anna", "Ben")[n % 2],
            f"a thought of number {n}",
        )
        for n in range(2900)
    ]
    gaps = [(datetime(y, 3, 14), datetime(y, 3, 28)) for y in (2021, 2022, 2023)]
    gaps += [(datetime(y, 10, 31), datetime(y, 11, 7)) for y in (2021, 2022, 2023)]
    elsewhere = [
        replace(m, at=m.at - timedelta(hours=5 if any(a <= m.at < b for a, b in gaps) else 6)) for m in messages
    ]
    put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", DE, messages))
    account = put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", US, elsewhere))[0]
    assert account.new == 0
    assert one(database, "SELECT count(*) FROM messages") == len(messages)


def test_an_account_of_a_grown_export_counts_all_of_it(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    messages = talk(120, 1, ("Anna", "Ben", "Cleo"))
    put(database, save(tmp_path, "WhatsApp Chat with Lake.txt", US, messages[:110]))
    account = put(database, save(tmp_path, "WhatsApp Chat with Lake.txt", US, messages))[0]
    assert account.people == 3
    assert account.first_at[:10] == messages[0].at.date().isoformat()
    assert account.last_at[:10] == messages[-1].at.date().isoformat()
    assert account.messages == len(messages)


def test_a_copy_that_is_kept_apart_shows_nothing_that_was_hidden(tmp_path: Path) -> None:
    """The same talk, an hour later and under another name: what somebody hid in the one is hidden in the other."""
    database = tmp_path / "memories.db"

    def export(name: str, hours: int) -> Path:
        path = tmp_path / f"WhatsApp Chat with {name}.txt"
        path.write_text(
            "".join(
                f"{day:02}/03/2024, {9 + hours + n // 30:02}:{n % 30:02} - {'Ben' if n % 2 else 'Ana'}: "
                f"{'ok' if n == 3 else f'day {day} and the number {n} of what we said'}\n"
                for day in (13, 14, 15)
                for n in range(40)
            ),
            "utf-8",
        )
        return path

    put(database, export("Ben", 0), me="Ana")
    hidden = """
        SELECT id, key, sent_at, text, chat_id FROM messages
        WHERE text IN ('ok', 'day 13 and the number 7 of what we said')
    """
    (chat,) = rows(database, "SELECT key FROM chats")[0]
    with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        for _, key, at, _, _ in rows(database, hidden):
            edit_log.write(log, edit_log.draft(log, "owner", "hide", "message", key, {"chat": chat, "at": at}))
    show_edits(database)
    (tried,) = put(database, export("Ben abroad", 1), dry_run=True)
    assert one(ArchiveFiles.of(database).edits, "SELECT count(*) FROM edits") == 4
    (report,) = put(database, export("Ben abroad", 1))
    assert one(database, "SELECT count(*) FROM chats") == 2
    texts = [text for (text,) in rows(database, "SELECT text FROM visible_messages ORDER BY id")]
    assert "day 13 and the number 7 of what we said" not in texts
    # What everybody says is not taken for the same.
    assert texts.count("ok") == 3
    for told in (tried, report):
        assert [note for note in told.notes if "that somebody hid" in note]
    assert one(ArchiveFiles.of(database).edits, "SELECT count(*) FROM edits") == 5
    # Read again, nothing more is hidden and nothing comes back.
    put(database, export("Ben abroad", 1))
    assert one(ArchiveFiles.of(database).edits, "SELECT count(*) FROM edits") == 5
