"""A damaged part of an archive is named, made again where it can be, and never shows what was hidden."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.ops.healing import heal
from ingest.ops.serving import datasette_arguments
from memories_lib.shared import damage, versions
from memories_lib.shared.layout import ArchiveFiles, media_name
from tests.client import Client, ids
from tests.commands import memories, newest
from tests.conftest import serve
from tests.helpers import one, rows

_SEARCH = ("messages_fts", "exchanges_fts", "media_fts")


@pytest.fixture(scope="module")
def whole(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damage") / "memories.db"
    with closing(sqlite3.connect(examples_db)) as source:
        versions.copy(source, path)
    return path


@pytest.fixture
def home(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    return tmp_path / "home" / "memories.db"


def roots(path: Path) -> Iterator[tuple[str, int]]:
    """Everything in a file that has pages: its name, and the number of the page that leads to all others."""
    with closing(sqlite3.connect(path)) as connection:
        yield from connection.execute(
            "SELECT name, rootpage FROM sqlite_master WHERE rootpage > 1 AND name NOT LIKE 'sqlite_stat%' ORDER BY 1"
        ).fetchall()


def spoil(path: Path, name: str) -> None:
    """Write noise over the first page of a part."""
    size = one(path, "PRAGMA page_size")
    root = dict(roots(path))[name]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : root * size] = random.Random(root).randbytes(size)
    path.write_bytes(content)


def looked(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [str(part) for part in damage.look(connection)]


def test_whatever_is_damaged_is_named_and_made_again_where_that_can_be(whole: Path, tmp_path: Path) -> None:
    assert looked(whole) == []
    with closing(sqlite3.connect(whole)) as connection:
        files_are_elsewhere = list(check(connection, whole.parent / "media"))
    made_again = 0
    for name, _ in roots(whole):
        path = tmp_path / "spoilt.db"
        shutil.copyfile(whole, path)
        spoil(path, name)
        with closing(sqlite3.connect(path)) as connection:
            parts = damage.look(connection)
        index = next((index for index in _SEARCH if name.startswith(f"{index}_")), None)
        assert [part.name for part in parts] == [index or name] or [part.kind for part in parts] == ["table"], name
        if all(part.can_be_made_again for part in parts):
            damage.mend(path, parts)
            assert looked(path) == [], name
            assert one(path, "PRAGMA integrity_check") == "ok", name
            with closing(sqlite3.connect(path)) as connection:
                assert list(check(connection, whole.parent / "media")) == files_are_elsewhere, name
            made_again += 1
    assert made_again >= 25


@pytest.mark.parametrize("table", ["days", "person_months", "person_emoji", "chat_kinds", "uncounted"])
def test_counts_are_made_again_without_what_is_hidden(home: Path, tmp_path: Path, table: str) -> None:
    served = serve(home, tmp_path / "log")
    api = Client(served)
    first, second = ids(api, "&all=1")[:2]
    assert api.ask("DELETE", f"/api/exchanges/{first}")[0] == 204
    message = api.get(f"/api/exchanges/{second}")["messages"][0]["message_id"]
    assert api.ask("DELETE", "/api/messages", {"message_ids": [message]})[0] == 200
    served.stop()

    def counts() -> list[list[tuple[object, ...]]]:
        return [
            rows(home, f"SELECT {columns} FROM {name} ORDER BY 1, 2, 3")
            for name, columns in (
                ("days", "chat_id, day, message_count, media_count"), ("person_months", "*"), ("person_emoji", "*"),
                ("chat_kinds", "*"), ("uncounted", "*, 1"), ("people", "id, message_count, 1"),
                ("chats", "id, message_count, first_at"),
            )
        ]  # fmt: skip

    before = counts()
    assert before[4]
    spoil(home, table)
    healed = heal(home)
    assert (healed.made_again, healed.left) == ((f"the table {table}",), ())
    assert counts() == before
    with closing(sqlite3.connect(home)) as connection:
        assert list(check(connection, home.parent / "media", home.with_name("curation.db"))) == []


def test_rows_that_an_index_does_not_hold_are_found(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "spoilt.db"
    shutil.copyfile(whole, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('delete-all')")
    assert looked(path) == ["the search index messages_fts"]


def test_an_archive_of_an_earlier_version_is_not_damaged(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "memories.db"
    shutil.copyfile(whole, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP INDEX messages_by_kind")
        connection.execute("PRAGMA user_version = 4")
    assert heal(path).left == ()


def test_before_it_is_served_an_index_is_made_again_and_an_earlier_version_follows_a_table(
    home: Path, tmp_path: Path
) -> None:
    spoil(home, "messages_fts_data")
    healed = heal(home)
    assert healed.made_again == ("the search index messages_fts",)
    assert heal(home) == type(healed)()

    memories("backup", "--db", home, "--to", tmp_path / "kept")
    spoil(home, "messages")
    assert heal(home).left == ("the table messages",)  # no earlier version yet: what can be read is served
    memories("restore", newest(tmp_path / "kept"), "--db", home)
    memories("restore", newest(tmp_path / "kept"), "--db", home)  # which keeps a version
    spoil(home, "messages")
    assert heal(home).version is not None
    assert one(home, "SELECT count(*) FROM messages") == 188


def test_health_names_what_is_damaged_and_keeps_the_pages_up_where_they_are(home: Path, tmp_path: Path) -> None:
    spoil(home, "messages_by_sent_at")
    served = serve(home, tmp_path / "log")
    try:
        status, _, told = Client(served).ask("GET", "/health")
        assert (status, told["status"]) == (200, "degraded")
        assert "the index messages_by_sent_at" in told["detail"]
    finally:
        served.stop()
    spoil(home, "places")
    served = serve(home, tmp_path / "log")
    try:
        status, _, told = Client(served).ask("GET", "/health")
        assert (status, told["status"]) == (503, "unhealthy")
        assert "the table places" in told["detail"]
    finally:
        served.stop()


def test_a_server_that_cannot_show_the_edits_does_not_start(home: Path, tmp_path: Path) -> None:
    served = serve(home, tmp_path / "log")
    try:
        client = Client(served)
        number = ids(client)[0]
        assert client.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
        said = one(home, "SELECT id FROM messages WHERE exchange_id <> ? AND is_highlight LIMIT 1", (number,))
        assert client.ask("DELETE", "/api/messages", {"message_ids": [said]})[0] == 200
    finally:
        served.stop()
    with closing(sqlite3.connect(home)) as connection, connection:
        connection.execute("UPDATE curation_state SET digest = 'of an earlier state'")
    spoil(home, "exchanges_fts_docsize")
    done = subprocess.run(
        [sys.executable, *datasette_arguments(home, "127.0.0.1", 0)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "what people hid would be seen again" in done.stderr
    assert "Traceback" not in done.stderr
    assert heal(home).made_again == ("the search index exchanges_fts",)
    served = serve(home, tmp_path / "log")
    try:
        found = ids(Client(served))
        assert found
        assert number not in found
    finally:
        served.stop()


def test_what_is_damaged_while_it_is_served_is_told_by_health(home: Path, tmp_path: Path) -> None:
    served = serve(home, tmp_path / "log")
    try:
        api = Client(served)
        assert api.ask("GET", "/health")[2]["status"] == "healthy"
        size = int(str(one(home, "PRAGMA page_size")))
        pages = home.stat().st_size // size
        with home.open("r+b") as stream:
            for page in range(2, pages, 3):
                stream.seek(page * size)
                stream.write(bytes(size))
        pages_of_ours = ("/people", "/gallery", "/years", "/numbers", "/talk/5", "/", "/book?all=1", "/-/")
        # Side by side: a connection that has read all of a small archive before knows nothing of the damage.
        with ThreadPoolExecutor(6) as together:
            met = set(together.map(lambda path: api.ask("GET", path)[0], pages_of_ours * 3))
        assert met in ({503}, {200, 503})
        status, _, told = api.ask("GET", "/health")
        assert (status, told["status"]) == (503, "unhealthy")
        assert "damaged" in told["detail"]
    finally:
        served.stop()


@pytest.mark.parametrize("how", ["zeroed", "emptied", "longer"])
def test_a_damaged_photo_is_not_sent_to_stay_in_browsers(home: Path, tmp_path: Path, how: str) -> None:
    sha256, name = rows(home, "SELECT sha256, filename FROM media WHERE filename LIKE '%.jpg' LIMIT 1")[0]
    path = ArchiveFiles.of(home).media / media_name(str(sha256), str(name))
    served = serve(home, tmp_path / "log")
    try:
        api = Client(served)
        assert api.ask("GET", f"/-/media/{sha256}")[0] == 200
        whole = path.read_bytes()
        path.write_bytes({"zeroed": whole[:50] + bytes(50) + whole[100:], "emptied": b"", "longer": whole + b"x"}[how])
        status, headers, _ = api.ask("GET", f"/-/media/{sha256}")
        assert status == 503
        assert "immutable" not in headers.get("cache-control", "")
    finally:
        served.stop()
