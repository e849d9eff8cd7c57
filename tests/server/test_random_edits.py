"""Edits in any order: what may be seen holds no word of what may not; all undone, all is as it was."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.database import connect
from memories_lib.shared import curation, edit_log
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client
from tests.conftest import serve
from tests.helpers import put, rows

_WORDS = [
    start + end
    for start in ("zwetsch", "mirabell", "renett", "quitt", "perlsack")
    for end in ("kamm", "ulme", "horn", "rad", "tor")
]
_TOLD = "SELECT key, started_at, title, summary, topics, mood, message_count FROM exchanges ORDER BY started_at, key"


#: Said in turn, so that some are titles, some are quoted and some are neither: what is told of a talk draws on those.
_SAID = (
    "I love the {word} by the old harbour so much ❤️",
    "I have to tell you that the {word} lost the whole inheritance at cards last night",
    "where did you put the {word}? nobody has seen it since we came back from the island",
    "ok {word}",
    "happy birthday, dear {word}! may all your days be as bright as this one was for us 🎂🎉",
    "we went down to the water, and the {word} was there before the sun came up",
    "haha the {word} 😂😂😂 I cannot stop laughing about his face when the door opened",
)


def _text() -> str:
    """Five talks of five messages, each with a word of its own; two hours apart, so that parts can be told apart."""
    return "".join(
        f"1{n // 5}.03.24, 1{n % 5}:0{n % 5} - {'Ana' if n % 2 else 'Ben'}: {_SAID[n % len(_SAID)].format(word=word)}\n"
        for n, word in enumerate(_WORDS)
    )


def _seen_and_hidden(database: Path) -> tuple[str, set[str]]:
    """(what is told of the talks that may be seen, words of messages that may not)"""
    seen = " ".join(text for (text,) in rows(database, "SELECT text FROM visible_messages"))
    told = "SELECT title, summary, topics FROM visible_exchanges"
    return str(rows(database, told)), {word for word in _WORDS if word not in seen}


def _step(api: Client, dice: random.Random) -> str:
    talks = [row[0] for row in rows(api_database(api), "SELECT id FROM exchanges")]
    one = dice.choice(talks)
    messages = [row[0] for row in rows(api_database(api), "SELECT id FROM messages WHERE exchange_id = ?", [one])]
    action = dice.choice(["hide", "hide", "restore", "split", "split", "merge", "message", "undo", "retitle", "star"])
    if action == "hide":
        api.ask("DELETE", f"/api/exchanges/{one}")
    elif action in ("restore", "star"):
        api.ask("POST", f"/api/exchanges/{one}/{action}")
    elif action == "split" and len(messages) > 1:
        api.ask("POST", f"/api/exchanges/{one}/split", {"message_id": dice.choice(messages[1:])})
    elif action == "merge" and len(talks) > 1:
        api.ask("POST", "/api/exchanges/merge", {"exchange_ids": dice.sample(talks, 2)})
    elif action == "message":
        api.ask("DELETE", "/api/messages", {"message_ids": dice.sample(messages, dice.randint(1, len(messages)))})
    elif action == "retitle":
        api.ask("POST", f"/api/exchanges/{one}/retitle", {"title": "A day of ours"})
    elif action == "undo":
        edits = [edit["id"] for edit in api.get("/api/edits")["edits"] if not edit["undone_by"]]
        if edits:
            api.ask("POST", f"/api/edits/{dice.choice(edits)}/undo")
    return f"{action} {one}"


def api_database(api: Client) -> Path:
    return Path(api.served.log).parent / "served" / "memories.db"


@pytest.mark.property
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.drill) for seed in range(2, 8))])
def test_no_order_of_edits_shows_what_is_hidden(tmp_path: Path, seed: int) -> None:
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(_text(), "utf-8")
    (tmp_path / "served").mkdir()
    database = tmp_path / "served" / "memories.db"
    put(database, export, me="Ana")
    untouched = rows(database, _TOLD)
    served = serve(database, tmp_path / "log")
    try:
        api, dice = Client(served), random.Random(seed)
        hid, steps = 0, []
        for _ in range(40):
            steps.append(_step(api, dice))
            told, hidden = _seen_and_hidden(database)
            hid += len(hidden)
            assert not [word for word in hidden if word in told], " | ".join(steps)
            years = api.text("/years")
            assert not [word for word in hidden if word in years], (steps, years)
            for word in hidden:
                found = api.get(f"/api/search?q={word}")
                assert (found["messages"], found["exchanges"]) == ([], []), (steps, word)
        assert hid > 40
    finally:
        served.stop()
    live = rows(database, _TOLD)
    with (
        closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log,
        closing(connect(database)) as connection,
    ):
        everything = edit_log.events(log)
        for events in ([], edit_log.effective(everything)):
            curation.replay(connection, events, "again", fold)
            connection.commit()
            assert rows(database, _TOLD) == (live if events else untouched)
