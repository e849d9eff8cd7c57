"""Each edit and each advice about a setting is a sentence in every language of the pages."""

from __future__ import annotations

import pytest

from memories_lib.shared import settings
from memories_lib.shared.edit_event import Event
from memories_lib.web.edit_sentences import Sentences
from memories_lib.web.i18n import Words

LANGUAGES = ("en", "de", "es")


def event(action: str, kind: str = "exchange", **detail: object) -> Event:
    return Event(1, "2025-01-31T20:15:00Z", "anna", action, kind, 7, detail)


def told(one: Event, language: str, reader: str = "owner") -> str:
    return Sentences(Words(language), reader, {}, {one.id: one})(one)


EDITS = [
    event("hide"), event("restore"), event("star"), event("unstar"), event("merge"), event("split"),
    event("retitle", title="The lake"), event("note", note="our first"), event("note", note=""),
    event("highlight", "message"), event("highlight", "message", on=False),
    event("rename_person", "person", was="June", name="Gran"), event("rename_chat", "chat", was="Fam", name="Family"),
    event("join_people", "person", was="June", also=["Gran"]), event("me", "person", was="June"),
    event("me", "person", was="June", on=False), event("forget", "chat"), event("forget", "person"),
    event("forget", "source"), event("join_chats", "chat", name="Family", other="Fam", chat=3, key=4, sources=[]),
    event("part_source", "source", name="Work", sha256="00"),
    event("read_as", "source", name="chat.txt", date_order="dmy", timezone="Europe/Berlin"),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("one", EDITS, ids=lambda one: f"{one.action}-{one.subject_kind}")
def test_an_edit_is_a_sentence(one: Event, language: str) -> None:
    said = told(one, language)
    assert "anna" in said
    assert one.action.replace("_", " ") not in said or language == "en"
    assert "{" not in said
    # In another language no sentence is the English one.
    assert language == "en" or said != told(one, "en")
    for name in ("name", "title"):
        assert str(one.detail.get(name, "")) in said


def test_what_it_was_about_is_named() -> None:
    joined = next(one for one in EDITS if one.action == "join_chats")
    assert told(joined, "en") == "anna joined the chats “Fam” and “Family”"
    read = next(one for one in EDITS if one.action == "read_as")
    assert told(read, "en", reader="anna") == (
        "You had “chat.txt” read with --date-order dmy, --timezone Europe/Berlin"
    )


WRONG = {
    "ALLOWED_ORIGINS": "https://a.example/path, *, a.example, https://*.b.example",
    "MEMORIES_OWNER_PASSWORD": "", "MEMORIES_VIEWER_PASSWORD": "swordfish", "MEMORIES_PUBLIC": "1",
    "MEMORIES_LOG_LEVEL": "loud", "MEMORIES_TILES": "http://tiles.example/",
    "GOOGLE_API_KEY": "a-key", "GEMINI_API_KEY": "another-key",
}  # fmt: skip


@pytest.mark.parametrize("secret", [None, "short-secret"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_advice_is_a_sentence_without_the_value(
    language: str, secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WRONG.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    if secret:
        monkeypatch.setenv("DATASETTE_SECRET", secret)
    advice = settings.wrong()
    assert {one.kind for one in advice} == {
        "origin_path", "origin_star", "no_origin", "origin_star_within", "no_hash", "closed_to_owner", "no_level",
        "no_tiles", "two_keys", "short_secret" if secret else "no_secret",
    }  # fmt: skip
    said = [Words(language).advice(one) for one in advice]
    english = [Words("en").advice(one) for one in advice]
    assert language == "en" or not set(said) & set(english)
    for value in ("swordfish", "short-secret", "tiles.example", "a-key", "another-key"):
        assert not any(value in sentence for sentence in said)
