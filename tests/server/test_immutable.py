"""``datasette -i memories.db``: an archive to be read only, as `datasette package` and `publish` serve it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.ops.passwords import hash_password
from ingest.ops.serving import datasette_arguments
from tests.client import Client, come_in
from tests.conftest import Served, free_port, serve
from tests.helpers import one


def serve_immutable(database: Path, log: Path) -> Served:
    """As `memories serve` does, but with ``-i`` before the archive."""
    port = free_port()
    arguments = datasette_arguments(database, "127.0.0.1", port)
    arguments[arguments.index(str(database))] = "-i"
    arguments.insert(arguments.index("-i") + 1, str(database))
    return Served(arguments, port, log)


@pytest.fixture(scope="module")
def archive(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With an edit that is shown, and its log beside it."""
    folder = tmp_path_factory.mktemp("immutable")
    shutil.copytree(examples_db.parent, folder / "served")
    database = folder / "served" / "memories.db"
    served = serve(database, folder / "log")
    assert Client(served).ask("DELETE", "/api/exchanges/1")[0] == 204
    served.stop()
    return database


@pytest.fixture(scope="module")
def api(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    served = serve_immutable(archive, tmp_path_factory.mktemp("log") / "log")
    yield Client(served)
    served.stop()


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/", "Relive it"), ("/?order=newest", "mem-card"), ("/chats", "Lakehouse"), ("/chats/1", 'class="bubble'),
        ("/talk/2", 'class="bubble'), ("/search?q=lake", "<mark>"), ("/gallery", "/small"), ("/story", 'class="line'),
        ("/api/exchanges", "items"), ("/memories/messages", "rows-and-columns"), ("/health", "healthy"),
        ("/-/status", "messages"), ("/edits", "You hid"), ("/shares", "No link"),
    ],
)  # fmt: skip
def test_everything_can_be_read(api: Client, path: str, holds: str) -> None:
    status, _, body = api.ask("GET", path)
    assert status == 200
    assert holds in (body.decode() if isinstance(body, bytes) else str(body))


def test_what_is_hidden_stays_so_and_nothing_is_changed(api: Client, archive: Path) -> None:
    before = archive.read_bytes()
    assert api.ask("GET", "/talk/1")[0] == 404
    assert api.ask("POST", "/api/exchanges/2/star")[0] == 403
    assert api.ask("DELETE", "/api/exchanges/2")[0] == 403
    assert api.ask("POST", "/api/exchanges/1/restore")[0] == 403
    assert "data-action" not in api.text("/talk/2")
    assert api.ask("GET", "/memories.db")[0] == 403
    assert archive.read_bytes() == before


def test_it_is_closed_and_opens_with_a_password(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("MEMORIES_VIEWER_PASSWORD", hash_password("viewer word"))
    shutil.copytree(archive.parent, tmp_path / "served")
    served = serve_immutable(tmp_path / "served" / "memories.db", tmp_path / "log")
    try:
        client = Client(served)
        assert client.ask("GET", "/talk/2")[0] in (302, 401)
        cookie = {"cookie": come_in(client, "viewer", "viewer word")[2]}
        assert "bubble" in client.ask("GET", "/talk/2", headers=cookie)[2].decode()
        assert client.ask("GET", "/memories.db", headers=cookie)[0] in (403, 404)
        assert client.ask("GET", "/health")[0] == 200
    finally:
        served.stop()


def test_an_archive_that_does_not_show_its_edits_is_refused(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive.parent, tmp_path / "served")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    before = tmp_path / "before.db"
    assert one(tmp_path / "served" / "memories.db", "SELECT count(*) FROM exchange_marks WHERE is_hidden") == 1
    shutil.copyfile(tmp_path / "served" / "memories.db", before)
    assert Client(served).ask("DELETE", "/api/exchanges/3")[0] == 204
    served.stop()
    shutil.copyfile(before, tmp_path / "served" / "memories.db")
    with pytest.raises(AssertionError, match="does not show all edits"):
        serve_immutable(tmp_path / "served" / "memories.db", tmp_path / "log")
