"""Whole journeys through the command line, as a user types them."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest import cli
from tests.helpers import one, rows
from tests.phones import PHONES, Sent, write

CHAT = "3/27/22, 9:41\u202fPM - Anna: hello\n3/27/22, 9:42\u202fPM - Ben: hi\n"
COMMANDS = ["password", "ingest", "serve", "demo", "start", "check", "stats", "search"]


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def save(folder: Path, text: str = CHAT, name: str = "WhatsApp Chat with Ben.txt") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def big(path: Path, count: int = 60_000) -> Path:
    at, sent = datetime(2021, 1, 13, 9, 0), []
    for n in range(count):
        at += timedelta(minutes=3)
        sent.append(Sent(at, "Anna" if n % 3 else "Ben", f"message number {n} about the lake"))
    path.write_text(write(PHONES[0], sent), "utf-8")
    return path


def test_an_export_becomes_an_archive(tmp_path: Path) -> None:
    done = run("ingest", save(tmp_path), "--db", tmp_path / "m.db", "--me", "Anna")
    assert done.returncode == 0, done.stderr
    assert "month/day, proved by 3/27 in line 1" in done.stdout
    assert "2 in 2 lines, by 2 people" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert one(tmp_path / "m.db", "SELECT name FROM people WHERE is_owner") == "Anna"
    assert run("check", "--db", tmp_path / "m.db").stdout.endswith("all is well\n")
    assert "2 messages by 2 people" in run("stats", "--db", tmp_path / "m.db").stdout
    found = run("search", "HELLO", "--db", tmp_path / "m.db").stdout
    assert found == "2022-03-27 21:41  Ben  Anna: hello\n"


def test_the_account_for_programs(tmp_path: Path) -> None:
    done = run("ingest", save(tmp_path), "--db", tmp_path / "m.db", "--json")
    told = json.loads(done.stdout)
    assert (told[0]["messages"], told[0]["new"], told[0]["people"], told[0]["error"]) == (2, 2, 2, None)
    assert told[0]["proof"] == "proved by 3/27 in line 1"


def test_a_guessed_order_says_how_to_decide(tmp_path: Path) -> None:
    export = save(tmp_path, "3/4/22, 9:41 - Anna: hello\n3/4/22, 9:42 - Ben: hi\n")
    done = run("ingest", export, "--db", tmp_path / "m.db", "--dry-run")
    assert "guessed: say --date-order" in done.stdout
    assert not (tmp_path / "m.db").exists()
    run("ingest", export, "--db", tmp_path / "m.db", "--date-order", "dmy")
    assert one(tmp_path / "m.db", "SELECT min(sent_at) FROM messages") == "2022-04-03T09:41:00"


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    run("ingest", save(tmp_path), "--db", tmp_path / "m.db")
    longer = save(tmp_path, CHAT + "3/28/22, 9:42\u202fPM - Ben: more\n", "longer.txt")
    done = run("ingest", longer, "--db", tmp_path / "m.db", "--dry-run")
    assert "new       1," in done.stdout
    assert one(tmp_path / "m.db", "SELECT count(*) FROM messages") == 2
    assert one(tmp_path / "m.db", "SELECT count(*) FROM sources") == 1


def test_one_that_fails_is_named_and_the_others_kept(tmp_path: Path) -> None:
    bad = save(tmp_path, "just a note\n", "note.txt")
    done = run("ingest", bad, save(tmp_path), tmp_path / "gone.txt", "--db", tmp_path / "m.db")
    assert done.returncode == 1
    assert "✗ note.txt" in done.stderr
    assert "it starts with" in done.stderr.lower()
    assert "1: just a note" in done.stderr
    assert "gone.txt: there is no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert one(tmp_path / "m.db", "SELECT count(*) FROM messages") == 2


def test_standard_input(tmp_path: Path) -> None:
    done = run("ingest", "-", "--db", tmp_path / "m.db", "--chat", "Ben", input=CHAT)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "m.db", "SELECT filename, chats.name FROM sources, chats") == [("standard input", "Ben")]


def test_who_is_meant_must_be_known(tmp_path: Path) -> None:
    done = run("ingest", save(tmp_path), "--db", tmp_path / "m.db", "--me", "Zora")
    assert done.returncode == 1
    assert "'Anna'" in done.stderr
    assert one(tmp_path / "m.db", "SELECT count(*) FROM messages") == 0


def test_a_chat_of_the_same_name_with_other_people_is_kept_apart_and_said(tmp_path: Path) -> None:
    first, other = tmp_path / "a", tmp_path / "b"
    for folder in (first, other):
        folder.mkdir()
    three = CHAT + "3/28/22, 9:42\u202fPM - Cleo: me too\n"
    save(first, three, "WhatsApp Chat with Family.txt")
    strangers = three.replace("Anna", "Dora").replace("Ben", "Emil").replace("Cleo", "Finn").replace("3/2", "4/2")
    save(other, strangers, "WhatsApp Chat with Family.txt")
    run("ingest", first, "--db", tmp_path / "m.db")
    done = run("ingest", other, "--db", tmp_path / "m.db")
    assert done.returncode == 0
    assert "kept apart from the chat 'Family'" in done.stdout
    assert "--chat 'Family'" in done.stdout
    assert rows(tmp_path / "m.db", "SELECT name, message_count FROM chats ORDER BY id") == [
        ("Family", 3),
        ("Family (2)", 3),
    ]


DATABASES = [
    ("text.db", b"hello, I am a text that is quite long, longer than a header", "is no SQLite file"),
    ("other.db", None, "a database of something else"),
    ("newer.db", None, "newer version"),
]


@pytest.mark.parametrize(("name", "content", "said"), DATABASES, ids=[d[0] for d in DATABASES])
def test_a_database_that_is_not_ours(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    import sqlite3

    path = tmp_path / name
    if content:
        path.write_bytes(content)
    else:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (a)")
        if name == "newer.db":
            connection.execute("PRAGMA application_id = 0x57414D65")
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    before = path.read_bytes()
    for command in (["ingest", save(tmp_path)], ["check"], ["serve"], ["stats"]):
        done = run(*command, "--db", path)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert path.read_bytes() == before


def test_no_archive_yet(tmp_path: Path) -> None:
    for command in ("check", "serve", "stats"):
        done = run(command, "--db", tmp_path / "m.db")
        assert (done.returncode, "memories ingest" in done.stderr) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    export = save(tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = run("ingest", export, "--db", locked / "m.db")
    assert done.returncode == 1
    assert "cannot be written to" in done.stderr


def test_a_full_disk_leaves_the_archive_alone(tmp_path: Path) -> None:
    database = tmp_path / "m.db"
    run("ingest", save(tmp_path), "--db", database)
    export = big(tmp_path / "big.txt", 30_000)
    # A limit on the size of files stands for a disk that is full.
    limited = f"ulimit -f 2000; trap '' XFSZ; exec {sys.executable} -m ingest ingest '{export}' --db '{database}'"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr
    assert one(database, "SELECT count(*) FROM messages") == 2
    assert run("check", "--db", database).returncode == 0
    assert run("ingest", export, "--db", database).returncode == 0


@pytest.mark.drill
@pytest.mark.parametrize("after", [0.5, 1.0, 2.0])
def test_interrupted_the_archive_is_as_before(tmp_path: Path, after: float) -> None:
    database = tmp_path / "m.db"
    run("ingest", save(tmp_path), "--db", database)
    export = big(tmp_path / "big.txt")
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "ingest", str(export), "--db", str(database)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("was done before it could be interrupted")
    # A shell shows both as 130; the second is Python's own way while it is still starting.
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in said
    kept = one(database, "SELECT count(*) FROM messages")
    # Stopped after its last commit, it is there whole, and the archive knows it.
    assert kept == 2 or (kept == 60_002 and "the same as before" in run("ingest", export, "--db", database).stdout)
    assert run("check", "--db", database).returncode == 0


@pytest.mark.drill
def test_killed_the_archive_is_as_before(tmp_path: Path) -> None:
    database = tmp_path / "m.db"
    run("ingest", save(tmp_path), "--db", database)
    export = big(tmp_path / "big.txt")
    process = subprocess.Popen([sys.executable, "-m", "ingest", "ingest", str(export), "--db", str(database)])
    time.sleep(2)
    process.kill()
    process.wait(20)
    assert one(database, "SELECT count(*) FROM messages") in (2, 60_002)
    assert run("check", "--db", database).returncode == 0
    assert run("ingest", export, "--db", database).returncode == 0


def test_a_second_ingest_waits_for_the_first(tmp_path: Path) -> None:
    database = tmp_path / "m.db"
    with (tmp_path / "m.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("4242")
        held.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest", "ingest", str(save(tmp_path)), "--db", str(database)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr
        said = process.stderr.readline()
        assert process.poll() is None
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert "waiting for process 4242" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    told = CliRunner().invoke(cli.main, [command, "--help"])
    assert told.exit_code == 0
    assert f"memories {command}" in told.output.partition("Example:")[2]


@pytest.mark.parametrize("arguments", [["ingest"], ["nope"], ["ingest", "x", "--date-order", "ydm"], ["start"]])
def test_bad_usage_is_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.main, arguments).exit_code == 2


def test_explain_shows_what_it_was_unsure_of(tmp_path: Path) -> None:
    text = "a line before all\n" + CHAT + "3/28/22, 9:00\u202fAM - Anna: IMG-20220328-WA0007.jpg (file attached)\n"
    done = run("ingest", save(tmp_path, text), "--db", tmp_path / "m.db", "--explain")
    assert "line 1: stands before the first message: a line before all" in done.stdout
    assert "not in the export: IMG-20220328-WA0007.jpg" in done.stdout
    assert "d/d/d, d:d PM - " in done.stdout
