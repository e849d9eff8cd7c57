"""Memories and years as they are told of what may be seen, when talks are hidden and shown again."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from ingest.archive.database import connect
from memories_lib.shared import curation, edit_log
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client, ids
from tests.four_talks import WORDS, archive_of, four_talks, serving
from tests.helpers import one, put, rows


def test_a_star_that_is_taken_back_leaves_no_memory(api: Client, archive: Path) -> None:
    number = next(one for one in ids(api, "&all=1") if one not in ids(api))
    api.ask("POST", f"/api/exchanges/{number}/star")
    assert number in ids(api)
    assert one(archive, "SELECT is_memory FROM exchanges WHERE id = ?", [number]) == 1
    api.ask("POST", f"/api/exchanges/{number}/unstar")
    assert number not in ids(api)
    kept = max(ids(api))
    api.ask("POST", f"/api/exchanges/{kept}/star")
    api.ask("POST", f"/api/exchanges/{kept}/unstar")
    assert kept in ids(api)


def test_a_year_that_a_model_told_is_silent_of_a_talk_that_was_merged_across_new_year(tmp_path: Path) -> None:
    database = archive_of(
        tmp_path,
        "31.12.23, 10:00 - Ana: the last day of a good year, with all of us there\n"
        "02.01.24, 10:00 - Ben: the glasspigeon came back to the window this morning\n"
        "05.01.24, 10:00 - Ana: and now it is cold again, and we are all at home\n",
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE periods SET title = 'The year of the glasspigeon', told_by = 'gemini-2.5', told_at = '2024-02-01'"
            " WHERE period = '2024'"
        )
    with serving(database) as api:
        assert "The year of the glasspigeon" in api.text("/years?year=2024")
        first, second, _ = (row[0] for row in rows(database, "SELECT id FROM exchanges ORDER BY started_at"))
        assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
        assert "The year of the glasspigeon" in api.text("/years?year=2024")
        api.ask("DELETE", f"/api/exchanges/{first}")
        assert "glasspigeon" not in api.text("/years?year=2024") + api.text("/")


def test_a_year_in_which_all_is_hidden_is_no_year(tmp_path: Path) -> None:
    database = archive_of(
        tmp_path,
        "".join(f"10.03.{year}, 10:00 - Ana: it was the spring of twenty {year}\n" for year in (21, 22, 23, 25)),
    )
    with serving(database) as api:
        assert "2025" in api.text("/years")
        for (number,) in rows(database, "SELECT id FROM exchanges WHERE substr(started_at, 1, 4) IN ('2021', '2025')"):
            api.ask("DELETE", f"/api/exchanges/{number}")
        page = api.text("/years")
        assert "2025" not in page
        assert "2021" not in page
        assert "the spring of twenty 23" in page


def test_where_every_memory_is_hidden_the_best_of_the_rest_are_shown(api: Client, archive: Path) -> None:
    """A viewer's first page, story and book have something while anything may be seen; and all is as it was after."""
    chosen = "SELECT id, is_memory FROM exchanges ORDER BY id"
    before = rows(archive, chosen)
    memories = [number for number, is_memory in before if is_memory]
    assert 0 < len(memories) < 4
    edits = []
    for number in memories:
        assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
    edits = [edit["id"] for edit in api.get("/api/edits")["edits"]]
    found = {item["id"] for item in api.get("/api/exchanges")["items"]}
    assert found == {number for number, _ in before} - set(memories)
    assert 'class="mem-card"' in api.text("/?order=newest")
    assert api.ask("GET", "/story")[0] == 200
    # Taken back one by one, or shown again: what ingest chose is what is shown.
    assert api.ask("POST", f"/api/edits/{edits[0]}/undo")[0] == 200
    shown = {item["id"] for item in api.get("/api/exchanges")["items"]}
    assert shown < set(memories)
    for number in memories:
        api.ask("POST", f"/api/exchanges/{number}/restore")
    assert rows(archive, chosen) == before


def test_what_took_the_place_of_memories_is_the_same_live_and_made_anew(api: Client, archive: Path) -> None:
    memories = [number for (number,) in rows(archive, "SELECT id FROM exchanges WHERE is_memory")]
    others = [number for (number,) in rows(archive, "SELECT id FROM exchanges WHERE NOT is_memory ORDER BY started_at")]
    for number in memories:
        api.ask("DELETE", f"/api/exchanges/{number}")
    if len(others) > 1:
        assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": others[:2]})[0] == 200
    api.ask("POST", f"/api/exchanges/{memories[0]}/restore")
    live = rows(archive, "SELECT id, is_memory FROM exchanges ORDER BY id")
    with (
        closing(edit_log.open_log(str(ArchiveFiles.of(archive).edits))) as log,
        closing(connect(archive)) as connection,
    ):
        curation.replay(connection, edit_log.effective(edit_log.events(log)), "again", fold)
        connection.commit()
    assert rows(archive, "SELECT id, is_memory FROM exchanges ORDER BY id") == live


def _told_now(database: Path) -> None:
    """As a model tells a year, of what may be seen at this moment."""
    time.sleep(1.01)  # an edit's time is a whole second: what is told in the same may speak of it
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute(
            "UPDATE periods SET title = 'As it was told', told_by = 'gemini-2.5',"
            " told_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE period = '2024'",
        )


def test_a_year_told_while_a_talk_was_shown_is_silent_when_that_is_undone(archive: Path) -> None:
    """The talk is hidden since the undo, and not since it was first hidden, before the year was told."""
    number = one(archive, "SELECT min(id) FROM exchanges")
    with serving(archive) as api:
        assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
        shown = api.ask("POST", f"/api/exchanges/{number}/restore")[2]["edit"]
    _told_now(archive)
    with serving(archive) as api:
        assert "As it was told" in api.text("/years?year=2024")
        assert api.ask("POST", f"/api/edits/{shown}/undo")[0] == 200
        assert "As it was told" not in api.text("/years?year=2024") + api.text("/")


def test_a_year_told_before_an_older_hide_came_from_elsewhere_is_silent(archive: Path, tmp_path: Path) -> None:
    elsewhere = archive_of(tmp_path / "elsewhere", four_talks())
    number = one(archive, "SELECT min(id) FROM exchanges")
    with serving(elsewhere) as api:
        assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
        edits = api.get("/api/edits/log")
    _told_now(archive)
    with serving(archive) as api:
        assert "As it was told" in api.text("/years?year=2024")
        assert api.ask("POST", "/api/edits/log", edits)[2] == {"added": 1}
        assert "As it was told" not in api.text("/years?year=2024") + api.text("/")


def test_a_year_told_without_what_was_hidden_stays_when_edits_are_shown_again(archive: Path, tmp_path: Path) -> None:
    """An undo of something else, more of the chat, the archive replaced by itself: all show the edits from the log."""
    first, second, *_ = (number for (number,) in rows(archive, "SELECT id FROM exchanges ORDER BY id"))
    with serving(archive) as api:
        assert api.ask("DELETE", f"/api/exchanges/{first}")[0] == 204
    _told_now(archive)
    with serving(archive) as api:
        edit = api.ask("POST", f"/api/exchanges/{second}/star")[2]["edit"]
        assert api.ask("POST", f"/api/edits/{edit}/undo")[0] == 200
        assert "As it was told" in api.text("/years?year=2024")
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(four_talks() + "20.03.25, 10:00 - Ana: a year later by the water\n", "utf-8")
    put(archive, export, me="Ana")
    with serving(archive) as api:
        assert WORDS[0] not in api.text("/?all=1")
        assert "As it was told" in api.text("/years?year=2024")
