"""Backups that can be restored, and nothing else counts as one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import main
from tests.client import Client, ids
from tests.commands import memories, newest
from tests.conftest import serve
from tests.helpers import one


@pytest.fixture
def home(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    return tmp_path / "home" / "memories.db"


@pytest.fixture
def edited(home: Path, tmp_path: Path) -> Iterator[tuple[Path, Client]]:
    served = serve(home, tmp_path / "log")
    api = Client(served)
    assert api.ask("POST", f"/api/exchanges/{ids(api)[0]}/star")[0] == 200
    yield home, api
    served.stop()


def test_a_backup_is_made_and_restored_under_a_server(edited: tuple[Path, Client], tmp_path: Path) -> None:
    home, api = edited
    told = memories("backup", "--db", home, "--to", tmp_path / "kept", "--media")
    assert "188 messages and 1 edit," in told
    second = ids(api)[1]
    api.ask("POST", f"/api/exchanges/{second}/star")
    with closing(sqlite3.connect(home)) as connection:
        connection.execute("DELETE FROM days")
        connection.commit()
    media = next(p for p in (home.parent / "media").rglob("*") if p.is_file())
    media.unlink()
    told = memories("restore", newest(tmp_path / "kept"), "--db", home)
    assert "restored: 188 messages, 2 edits" in told
    assert "1 media files put back" in told
    assert media.is_file()
    assert len(api.get("/api/exchanges?starred=1")["items"]) == 2
    assert "all is well" in memories("check", "--db", home)
    assert len(memories("versions", "--db", home).splitlines()) == 1
    memories("rollback", "--db", home)
    assert one(home, "SELECT count(*) FROM days") == 0


def test_a_backup_makes_an_archive_where_there_is_none(edited: tuple[Path, Client], tmp_path: Path) -> None:
    home, _ = edited
    memories("backup", "--db", home, "--to", tmp_path / "kept")
    memories("restore", newest(tmp_path / "kept"), "--db", tmp_path / "new" / "memories.db")
    assert one(tmp_path / "new" / "memories.db", "SELECT count(*) FROM exchange_marks WHERE is_starred") == 1


def test_seven_are_kept(home: Path, tmp_path: Path) -> None:
    for _ in range(4):
        memories("backup", "--db", home, "--to", tmp_path / "kept", "--keep", 3)
    assert len(list((tmp_path / "kept").iterdir())) == 3


def test_sealed_ones_open_with_their_key_alone(home: Path, tmp_path: Path) -> None:
    pyrage = pytest.importorskip("pyrage")
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"# created\n{key}\n", "utf-8")
    (tmp_path / "other.txt").write_text(f"{other}\n", "utf-8")
    (tmp_path / "none.txt").write_text("hello\n", "utf-8")
    memories("backup", "--db", home, "--to", tmp_path / "kept", "--encrypt-to", key.to_public())
    sealed = newest(tmp_path / "kept")
    assert sealed.name.endswith(".zip.age")
    assert b"memories.db" not in sealed.read_bytes()
    assert "--identity" in memories("restore", sealed, "--db", home, fails=True)
    assert "does not open it" in memories(
        "restore", sealed, "--db", home, "--identity", tmp_path / "other.txt", fails=True
    )
    assert "holds no age key" in memories(
        "restore", sealed, "--db", home, "--identity", tmp_path / "none.txt", fails=True
    )
    memories("restore", sealed, "--db", home, "--identity", tmp_path / "key.txt")
    assert "no age recipient" in memories(
        "backup", "--db", home, "--to", tmp_path / "k", "--encrypt-to", "me", fails=True
    )


def test_flipped_bits_never_get_in(home: Path, tmp_path: Path) -> None:
    memories("backup", "--db", home, "--to", tmp_path / "kept")
    good = newest(tmp_path / "kept").read_bytes()
    before = home.read_bytes()
    bad = tmp_path / "bad.zip"
    for at in range(0, len(good), len(good) // 25):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        done = CliRunner().invoke(main, ["restore", str(bad), "--db", str(home)])
        assert done.exception is None or isinstance(done.exception, SystemExit), (at, done.exception)
        if done.exit_code:
            assert home.read_bytes() == before, at
        else:  # a bit that says nothing, as in a date of the zip
            assert "all is well" in memories("check", "--db", home)
            before = home.read_bytes()
    for n, content in enumerate((b"", b"PK\x05\x06" + b"\0" * 18, b"hello", good[: len(good) // 2])):
        bad.write_bytes(content)
        assert "memories:" in memories("restore", bad, "--db", home, fails=True), n
    assert "no such file" in memories("restore", tmp_path / "nowhere.zip", "--db", home, fails=True)


def test_a_damaged_archive_is_never_backed_up(home: Path, tmp_path: Path) -> None:
    memories("backup", "--db", home, "--to", tmp_path / "kept")
    content = bytearray(home.read_bytes())
    content[8192 * 3 : 8192 * 6] = b"\xff" * 8192 * 3
    home.write_bytes(content)
    told = memories("backup", "--db", home, "--to", tmp_path / "kept", fails=True)
    assert "memories:" in told
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert "✗ archive" in memories("doctor", "--db", home, fails=True)
    memories("restore", newest(tmp_path / "kept"), "--db", home)
    assert "all is well" in memories("check", "--db", home)


def test_a_server_that_finds_its_archive_damaged_serves_the_last_good_one(home: Path, tmp_path: Path) -> None:
    memories("backup", "--db", home, "--to", tmp_path / "kept")
    memories("restore", newest(tmp_path / "kept"), "--db", home)  # which keeps a version
    home.write_bytes(b"\0" * 5000)
    from ingest.ops.healing import heal

    assert heal(home).version is not None
    assert one(home, "SELECT count(*) FROM messages") == 188
    assert "was set aside" in memories("doctor", "--db", home)
    assert heal(home).version is None


def test_doctor_reads_settings_and_shows_no_value(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "ALLOWED_ORIGINS", "https://a.example/path, *, a.example, https://*.b.example, https://fine.example"
    )
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", "swordfish")
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("DATASETTE_SECRET", "short-secret")
    monkeypatch.setenv("MEMORIES_TILES", "http://tiles.example/")
    told = memories("doctor", "--db", home, fails=True)
    for said in ("number 1 has a path", "number 2 is a *", "number 3 is no origin", "number 4 has a *", "holds no hash",
                 "is short", "MEMORIES_TILES is no https"):  # fmt: skip
        assert said in told, said
    for secret in ("swordfish", "short-secret", "a.example", "tiles.example"):
        assert secret not in told.replace("https://memories.example", "")


def test_doctor_where_there_is_nothing(tmp_path: Path) -> None:
    assert "ingest an export" in memories("doctor", "--db", tmp_path / "none.db", fails=True)
    assert "no earlier versions" in memories("versions", "--db", tmp_path / "none.db")
    assert "no earlier version" in memories("rollback", "--db", tmp_path / "none.db", fails=True)
    assert "no archive yet" in memories("backup", "--db", tmp_path / "none.db", "--to", tmp_path / "kept", fails=True)


def test_compact(home: Path) -> None:
    with closing(sqlite3.connect(home)) as connection:
        connection.execute("CREATE TABLE junk AS SELECT randomblob(3000000) AS x")
        connection.execute("DROP TABLE junk")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = home.stat().st_size
    memories("compact", "--db", home)
    assert home.stat().st_size < before - 2_000_000
    assert "all is well" in memories("check", "--db", home)
    assert "cake" not in memories("stats", "--db", home)


def test_maintenance_needs_words_and_an_archive(home: Path, tmp_path: Path) -> None:
    assert "back at 9" in memories("maintenance", "on", "--db", home, fails=True)
    assert "a banner" in memories("maintenance", "on", "back soon", "--db", home)
    assert "is over" in memories("maintenance", "off", "--db", home)
    memories("maintenance", "on", "x", "--db", tmp_path / "none.db", fails=True)
