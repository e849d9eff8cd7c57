"""Edits that others send, and who may take what back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client, ids
from tests.conftest import serve
from tests.helpers import one, rows


def test_what_is_the_owners_to_say_is_the_owners_to_take_back(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.ops.passwords import hash_password

    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    from memories_lib.shared import access_tokens

    store = access_tokens.open_store(str(archive.with_name("access.db")))
    by_role = {role: access_tokens.make(store, role, role, 86_400)[1] for role in ("owner", "curator")}
    store.close()
    served = serve(archive, tmp_path / "log")
    api = Client(served)
    asked = {role: {"authorization": f"Bearer {token}"} for role, token in by_role.items()}
    person = api.ask("GET", "/api/people", headers=asked["owner"])[2]["people"][0]["id"]
    edit = api.ask("POST", f"/api/people/{person}/rename", {"name": "Ottilie"}, headers=asked["owner"])[2]["edit"]
    assert api.ask("POST", f"/api/edits/{edit}/undo", headers=asked["curator"])[0] == 403
    assert api.ask("POST", f"/api/edits/{edit}/undo", headers=asked["owner"])[0] == 200
    served.stop()


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": (1 << 63) - 1}, {"id": 0}, {"id": -5}, {"at": "junk"}, {"actor": "x" * 300},
        {"detail": {"chat": 10**30, "at": "2024-03-10T10:00:00"}},
        {"detail": {"chat": 5, "at": "a" * 20_000}},
        {"detail": {"chat": 5, "at": "2024\0"}},
        {"detail": {"chat": 5, "at": "%"}},
        {"detail": {"chat": 5, "at": "2024-03-10T10:00:00", "parts": [{"key": 1, "at": "%"}]}},
        {"subject_kind": "banana"}, {"subject_kind": "person"}, {"subject_kind": "source"},
        {"action": "star", "subject_kind": "message"}, {"action": "unstar", "subject_kind": "message"},
        {"action": "note", "subject_kind": "message", "detail": {"chat": 5, "at": "2024-03-10T10:00:00", "note": "x"}},
        {"action": "highlight"}, {"action": "me", "detail": {"was": "Ana"}},
        {"action": "rename_person", "subject_kind": "person", "detail": {"was": " ", "name": "x"}},
        {"action": "forget", "subject_kind": "exchange"},
        {"action": "part_source", "detail": {"chat": [1], "sha256": "a" * 64, "name": "x", "from": 1}},
        {"action": "undo", "detail": {"of": 10**40}},
        {"action": "undo", "detail": {"of": True}},
        {"action": "undo", "id": 7, "detail": {"of": 7}},
    ],
)  # fmt: skip
def test_an_edit_from_elsewhere_that_no_machine_makes_is_refused(
    api: Client, archive: Path, wrong: dict[str, object]
) -> None:
    event = {
        "id": 7_000_000_000_000_000, "at": "2024-03-10T10:00:00Z", "actor": "owner", "action": "hide",
        "subject_kind": "exchange", "subject_key": 5, "detail": {"chat": 5, "at": "2024-03-10T10:00:00"}, **wrong,
    }  # fmt: skip
    assert api.ask("POST", "/api/edits/log", {"events": [event]})[0] == 422
    number = min(ids(api, "&all=1"))
    assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
    assert api.ask("POST", "/api/edits/log", api.get("/api/edits/log"))[2] == {"added": 0}
    assert one(ArchiveFiles.of(archive).edits, "SELECT count(*) FROM edits") == 1


def test_edits_of_the_wrong_kind_hide_nothing_and_bring_nothing_back(api: Client, archive: Path) -> None:
    hidden, seen = rows(archive, "SELECT id, key, sent_at, chat_id FROM messages ORDER BY id LIMIT 2")
    (chat,) = rows(archive, "SELECT key FROM chats")[0]
    assert api.ask("DELETE", "/api/messages", {"message_ids": [hidden[0]]})[0] == 200
    before = rows(archive, "SELECT id FROM visible_messages ORDER BY id")
    number = int(time.time() * 1000 - 5_000) << 12
    for (_, key, at, _), action in ((hidden, "unstar"), (seen, "star")):
        event = {
            "id": number, "at": "2024-03-10T10:00:00Z", "actor": "x", "action": action, "subject_kind": "message",
            "subject_key": key, "detail": {"chat": chat, "at": at},
        }  # fmt: skip
        assert api.ask("POST", "/api/edits/log", {"events": [event]})[0] == 422
    assert rows(archive, "SELECT id FROM visible_messages ORDER BY id") == before


def test_too_many_things_at_once_are_refused_before_they_are_looked_at(api: Client) -> None:
    """Empty objects are two bytes each on their way, and a hundred in memory."""
    status, _, told = api.ask("POST", "/api/edits/log", {"events": [{}] * 500_000})
    assert (status, "at most" in told["detail"]) == (413, True)
    assert api.ask("POST", "/api/edits/log", {"events": [{}] * 1000})[0] == 422
