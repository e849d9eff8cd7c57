"""Again, longer, overlapping, from another phone: nothing twice, nothing lost, ids as they were."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import one, put, rows
from tests.phones import Sent, write
from tests.talks import BY_NAME, save, shape, talk, whole_minute


@pytest.mark.parametrize("phone", ["us", "de", "ios_gb"])
def test_the_same_file_adds_nothing(tmp_path: Path, phone: str) -> None:
    database, export = tmp_path / "memories.db", save(tmp_path, "chat.txt", BY_NAME[phone], talk(120))
    first, again = put(database, export, export)
    assert first.new == first.messages > 120
    assert (again.new, again.is_known) == (0, True)
    renamed = export.rename(tmp_path / "other name.txt")
    assert put(database, renamed)[0].new == 0
    assert one(database, "SELECT count(*) FROM chats") == 1


@pytest.mark.property
@given(
    st.integers(1, 10_000), st.integers(5, 110), st.integers(0, 100), st.sampled_from(["us", "de", "ios_gb", "ios_us"])
)
def test_parts_put_together_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, seed: int, middle: int, overlap: int, phone: str
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    messages = talk(120, seed)
    # Whole minutes: a cut between two equal messages of one minute cannot be told from a repeat.
    end, start = whole_minute(messages, middle), whole_minute(messages, max(0, middle - overlap))
    early, late = messages[:end], messages[start:]
    files = [save(folder, f"{n}.txt", BY_NAME[phone], part) for n, part in enumerate((messages, early, late))]
    whole, forward, backward = folder / "whole.db", folder / "forward.db", folder / "backward.db"
    put(whole, files[0], chat="Lake")
    put(forward, files[1], files[2], chat="Lake", date_order=None)
    put(backward, files[2], files[1], chat="Lake")
    assert shape(forward)["messages"] == shape(whole)["messages"]
    assert shape(forward) == shape(whole)
    assert [m[0] for m in shape(backward)["messages"]] == [m[0] for m in shape(whole)["messages"]]  # type: ignore[attr-defined]


def test_a_longer_export_adds_only_what_is_new_and_keeps_ids(tmp_path: Path) -> None:
    database, messages = tmp_path / "memories.db", talk(200)
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], messages[:150]))
    before = rows(database, "SELECT id, key FROM messages ORDER BY id")
    exchanges = rows(database, "SELECT id, key, message_count, started_at FROM exchanges ORDER BY started_at, id")
    account = put(database, save(tmp_path, "b.txt", BY_NAME["us"], messages))[0]
    assert account.new == len(messages) - 150
    assert rows(database, "SELECT id, key FROM messages ORDER BY id LIMIT 150") == before
    after = set(rows(database, "SELECT id, key, message_count, started_at FROM exchanges"))
    assert len([e for e in exchanges if e not in after]) <= 2
    assert account.messages == len(messages)


@pytest.mark.parametrize(
    ("first", "second"), [("us", "de"), ("de", "gb"), ("us", "ios_us"), ("ios_gb", "us"), ("gb", "ja")]
)
def test_another_language_or_date_format_doubles_nothing(tmp_path: Path, first: str, second: str) -> None:
    database, messages = tmp_path / "memories.db", talk(150)
    put(database, save(tmp_path, "a.txt", BY_NAME[first], messages))
    account = put(database, save(tmp_path, "b.txt", BY_NAME[second], messages))[0]
    assert (account.new, account.updated) == (0, 0)


@pytest.mark.parametrize("hours", [-6, 5.5, 9, -13])
def test_an_export_from_another_time_zone_doubles_nothing(tmp_path: Path, hours: float) -> None:
    database, messages = tmp_path / "memories.db", talk(180)
    elsewhere = [replace(m, at=m.at + timedelta(hours=hours)) for m in messages]
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], messages[:150]), chat="Lake")
    before = rows(database, "SELECT id, sent_at FROM messages ORDER BY id")
    account = put(database, save(tmp_path, "b.txt", BY_NAME["gb"], elsewhere), chat="Lake")[0]
    assert account.new == len(messages) - 150
    assert rows(database, "SELECT id, sent_at FROM messages ORDER BY id LIMIT 150") == before
    assert one(database, "SELECT max(sent_at) FROM messages") == messages[-1].at.strftime("%Y-%m-%dT%H:%M:00")
    assert any(f"{-hours:+g}" in note for note in account.notes)
    (again,) = put(database, save(tmp_path, "c.txt", BY_NAME["us"], messages), chat="Lake")
    assert (again.new, again.notes) == (0, [])


def test_clocks_that_change_on_different_days(tmp_path: Path) -> None:
    """Two countries: six hours apart, five in the weeks between their changes to summer time."""
    database, messages = tmp_path / "memories.db", talk(400)
    between = (messages[150].at, messages[230].at)
    elsewhere = [replace(m, at=m.at - timedelta(hours=5 if between[0] <= m.at < between[1] else 6)) for m in messages]
    put(database, save(tmp_path, "a.txt", BY_NAME["gb"], messages), chat="Lake")
    account = put(database, save(tmp_path, "b.txt", BY_NAME["us"], elsewhere), chat="Lake")[0]
    assert account.new <= 6  # a stretch that the change of clocks runs through may lose a few
    assert "+6" in account.notes[0]
    assert "+5" in account.notes[0]


def test_two_equal_messages_stay_two(tmp_path: Path) -> None:
    at = datetime(2022, 3, 27, 21, 41)
    twice = [Sent(at, "Anna", "ha"), Sent(at, "Anna", "ha"), Sent(at, "Ben", "ha"), *talk(40)]
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], twice))
    more = [twice[0], *twice]
    account = put(database, save(tmp_path, "b.txt", BY_NAME["gb"], more))[0]
    assert account.new == 1
    assert one(database, "SELECT count(*) FROM messages WHERE text = 'ha'") == 4
    assert one(database, "SELECT count(DISTINCT key) FROM messages WHERE text = 'ha'") == 4


def test_edited_and_deleted_since_keep_the_earlier_wording(tmp_path: Path) -> None:
    messages = [m for m in talk(60) if m.kind == "text"]
    later = list(messages)
    later[10] = Sent(messages[10].at, messages[10].sender, "what I meant to say", "edited")
    later[20] = Sent(messages[20].at, messages[20].sender, "", "deleted")
    for order in ("forward", "backward"):
        database = tmp_path / f"{order}.db"
        files = [save(tmp_path, "a.txt", BY_NAME["us"], messages), save(tmp_path, "b.txt", BY_NAME["us"], later)]
        accounts = put(database, *(files if order == "forward" else files[::-1]))
        assert accounts[1].new == 0
        kept = rows(
            database, "SELECT revisions.text FROM revisions JOIN messages ON messages.id = message_id ORDER BY sent_at"
        )
        assert [k[0] for k in kept] == [messages[10].text, messages[20].text]
        assert one(database, "SELECT count(*) FROM messages WHERE text = 'what I meant to say' AND is_edited") == 1
        assert one(database, "SELECT count(*) FROM messages WHERE kind = 'deleted'") == 1
        assert one(database, "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH '\"meant to say\"'") == 1


def test_a_renamed_contact_is_the_same_person(tmp_path: Path) -> None:
    messages = talk(120)
    renamed = [Sent(m.at, "Benjamin 🌻" if m.sender == "Ben" else m.sender, m.text, m.kind) for m in messages]
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], messages[:100]))
    account = put(database, save(tmp_path, "b.txt", BY_NAME["us"], renamed))[0]
    assert account.new == len(messages) - 100
    assert rows(database, "SELECT name FROM people ORDER BY name") == [("Anna",), ("Benjamin 🌻",)]


def test_with_media_after_without_fills_the_files_in(tmp_path: Path) -> None:
    from PIL import Image

    messages = [Sent(datetime(2022, 3, 27, 9, n), "Anna" if n % 2 else "Ben", f"picture number {n}") for n in range(20)]
    photo = Sent(datetime(2022, 3, 28, 10, 0), "Anna", "", "media")
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", BY_NAME["us"], [*messages, photo]))
    assert rows(database, "SELECT is_missing, filename FROM media") == [(1, None)]
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "IMG-20220328-WA0001.jpg")
    named = write(BY_NAME["us"], messages) + "3/28/22, 10:00\u202fAM - Anna: IMG-20220328-WA0001.jpg (file attached)\n"
    with zipfile.ZipFile(tmp_path / "WhatsApp Chat with Ben.zip", "w") as archive:
        archive.writestr("WhatsApp Chat with Ben.txt", named)
        archive.write(tmp_path / "IMG-20220328-WA0001.jpg", "IMG-20220328-WA0001.jpg")
    account = put(database, tmp_path / "WhatsApp Chat with Ben.zip")[0]
    assert (account.new, account.media_found) == (0, 1)
    assert rows(database, "SELECT is_missing, filename, width, height FROM media") == [
        (0, "IMG-20220328-WA0001.jpg", 40, 30)
    ]
    assert len(list((tmp_path / "media").rglob("*.jpg"))) == 1
