"""The worst moments, again and again: killed, the disk full, bits flipped, the clock set back. More in a drill."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import main
from memories_lib.shared import edit_log
from tests.client import Client, ids
from tests.conftest import serve
from tests.helpers import one, put

TIMES = 60 if os.environ.get("HYPOTHESIS_PROFILE") == "drill" else 3
pytestmark = pytest.mark.drill


def _export(folder: Path, messages: int, name: str = "Emma") -> Path:
    lines = [
        f"{1 + n // 1300 % 28:02}/{1 + n // 36400 % 12:02}/21, {9 + n // 60 % 12}:{n % 60:02} pm - "
        f"{name if n % 3 else 'Anna'}: word{n} and more {n * 7919}\n"
        for n in range(messages)
    ]
    path = folder / f"WhatsApp Chat with {name}.txt"
    path.write_text("".join(lines), "utf-8")
    return path


def _check(db: Path) -> None:
    told = CliRunner().invoke(main, ["check", "--db", str(db)])
    assert told.exit_code == 0, told.output


def _killed(arguments: list[str], after_s: float) -> None:
    """Run the command and end it without warning."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    with suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


@pytest.fixture
def home(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    return tmp_path / "home" / "memories.db"


def test_ingest_killed_at_any_moment(home: Path, tmp_path: Path) -> None:
    export = _export(tmp_path, 12_000)
    dice = random.Random(4)
    before = one(home, "SELECT count(*) FROM messages")
    for _ in range(TIMES):
        _killed(["ingest", str(export), "--db", str(home)], dice.uniform(0.2, 1.2))
        assert one(home, "SELECT count(*) FROM messages") in (before, before + 12_000)  # type: ignore[operator]
        _check(home)
    put(home, export)
    assert one(home, "SELECT count(*) FROM messages") == before + 12_000  # type: ignore[operator]
    assert not [p for p in home.parent.iterdir() if p.name.startswith(".memories-")]


def test_backup_and_restore_killed_at_any_moment(home: Path, tmp_path: Path) -> None:
    put(home, _export(tmp_path, 30_000))
    kept = tmp_path / "kept"
    assert CliRunner().invoke(main, ["backup", "--db", str(home), "--to", str(kept)]).exit_code == 0
    good = next(kept.iterdir())
    dice = random.Random(5)
    for _ in range(TIMES):
        _killed(["backup", "--db", str(home), "--to", str(kept), "--keep", "99"], dice.uniform(0.2, 0.9))
        _killed(["restore", str(good), "--db", str(home)], dice.uniform(0.2, 0.9))
        assert one(home, "SELECT count(*) FROM messages") == 30_188
        _check(home)
    # Each that has a backup's name can be restored.
    for path in kept.glob("memories-*.zip"):
        told = CliRunner().invoke(main, ["restore", str(path), "--db", str(tmp_path / "other" / "memories.db")])
        assert told.exit_code == 0, told.output
    # What was half done is cleared away by the next one.
    assert CliRunner().invoke(main, ["backup", "--db", str(home), "--to", str(kept)]).exit_code == 0
    assert not list(kept.glob(".memories-*"))


def test_no_edit_that_was_answered_is_lost(home: Path, tmp_path: Path) -> None:
    dice = random.Random(6)
    answered: set[int] = set()
    for n in range(TIMES):
        served = serve(home, tmp_path / "log")
        api = Client(served)
        try:
            for number in ids(api, "&all=1")[: dice.randint(1, 8)]:
                answered.add(api.ask("POST", f"/api/exchanges/{number}/note", {"note": f"{n}"})[2]["edit"])
        finally:
            served.kill()
        with closing(sqlite3.connect(home.with_name("curation.db"))) as log:
            assert answered <= {row[0] for row in log.execute("SELECT id FROM edits")}
    served = serve(home, tmp_path / "log")
    assert Client(served).get("/-/status.json")["edits"]["in_step"]
    served.stop()
    _check(home)


def test_push_killed_on_either_side(home: Path, tmp_path: Path) -> None:
    from ingest.archive.database import connect

    put(home, _export(tmp_path, 12_000))
    database = tmp_path / "server" / "memories.db"
    database.parent.mkdir()
    connect(database).close()
    dice = random.Random(7)
    for n in range(TIMES):
        served = serve(database, tmp_path / "log")
        _killed(["push", "--db", str(home), "--to", served.base], dice.uniform(0.3, 1.5))
        if n % 2:
            served.kill()
        else:
            served.stop()
        assert one(database, "SELECT count(*) FROM messages") in (0, 12_188)
        _check(database)
    served = serve(database, tmp_path / "log")
    told = CliRunner().invoke(main, ["push", "--db", str(home), "--to", served.base])
    served.stop()
    assert told.exit_code == 0, told.output
    assert one(database, "SELECT count(*) FROM messages") == 12_188
    _check(database)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    # Lazily: what failed in this process may still have a file of it open.
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def _on(disk: Path, home: Path) -> Path:
    for path in home.parent.glob("*.db"):
        shutil.copy(path, disk)
    shutil.copytree(home.parent / "media", disk / "media")
    return disk / "memories.db"


def _fill(disk: Path, leave: int) -> None:
    free = shutil.disk_usage(disk).free
    (disk / "filler").write_bytes(b"\0" * max(0, free - leave))


@pytest.mark.parametrize("leave", [0, 60_000, 900_000])
def test_a_full_disk_is_a_sentence_and_costs_nothing(small_disk: Path, home: Path, tmp_path: Path, leave: int) -> None:
    db = _on(small_disk, home)
    kept = tmp_path / "kept"
    assert CliRunner().invoke(main, ["backup", "--db", str(home), "--to", str(kept)]).exit_code == 0
    _fill(small_disk, leave)
    export = _export(tmp_path, 30_000)
    for arguments in (
        ["ingest", str(export)], ["backup", "--to", str(small_disk / "kept")], ["restore", str(next(kept.iterdir()))],
    ):  # fmt: skip
        done = CliRunner().invoke(main, [*arguments, "--db", str(db)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.output
        if done.exit_code:
            assert any(word in done.output for word in ("disk is full", "could not be written", "No space")), (
                done.output
            )
        assert not list((small_disk / "kept").glob("memories-*.part"))
    (small_disk / "filler").unlink()
    assert one(db, "SELECT count(*) FROM messages") == 188
    _check(db)


def test_a_server_on_a_full_disk_goes_on(small_disk: Path, home: Path, tmp_path: Path) -> None:
    db = _on(small_disk, home)
    served = serve(db, tmp_path / "log")
    api = Client(served)
    numbers = ids(api)
    assert api.ask("POST", f"/api/exchanges/{numbers[0]}/star")[0] == 200
    _fill(small_disk, 0)
    answers = [api.ask("POST", f"/api/exchanges/{number}/note", {"note": "x" * 9000}) for number in numbers]
    refused = [answer for answer in answers if answer[0] != 200]
    assert refused
    assert {answer[0] for answer in refused} == {507}
    assert all("disk is full" in answer[2]["detail"] for answer in refused)
    assert ids(api) == numbers
    assert api.ask("GET", "/health")[0] == 200
    from tests.client import send

    status, found = send(served, "/api/archive", home.read_bytes())
    assert (status, "disk" in str(found["detail"])) == (507, True)
    (small_disk / "filler").unlink()
    accepted = {answer[2]["edit"] for answer in answers if answer[0] == 200}
    assert accepted <= {event["id"] for event in api.get("/api/edits/log")["events"]}
    assert api.ask("POST", f"/api/exchanges/{numbers[1]}/star")[0] == 200
    served.stop()
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")
    _check(db)


def _flip(path: Path, dice: random.Random, times: int = 40) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(times):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["memories.db", "curation.db", "access.db", "summaries.db"])
def test_flipped_bits_are_named_and_do_not_keep_the_rest_from_working(home: Path, tmp_path: Path, name: str) -> None:
    dice = random.Random(8)
    served = serve(home, tmp_path / "log")
    api = Client(served)
    api.ask("POST", f"/api/exchanges/{ids(api)[0]}/star")
    api.ask("POST", "/api/tokens", {"name": "x", "role": "viewer"})
    served.stop()
    kept = tmp_path / "kept"
    assert CliRunner().invoke(main, ["backup", "--db", str(home), "--to", str(kept)]).exit_code == 0
    (home.with_name("summaries.db")).write_bytes(home.with_name("curation.db").read_bytes())
    good = {path.name: path.read_bytes() for path in home.parent.glob("*.db")}
    for n in range(TIMES):
        for path in home.parent.glob("*.db-*"):
            path.unlink()
        for file, content in good.items():
            (home.parent / file).write_bytes(content)
        _flip(home.with_name(name), dice)
        told = CliRunner().invoke(main, ["doctor", "--db", str(home)])
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        if n % 20 == 0 and name != "memories.db":
            served = serve(home, tmp_path / "log")
            assert Client(served).ask("GET", "/health")[0] in (200, 503)
            served.stop()
        if name in ("memories.db", "curation.db"):
            told = CliRunner().invoke(main, ["restore", str(next(kept.iterdir())), "--db", str(home)])
            assert told.exit_code == 0, told.output
            _check(home)
            assert one(home, "SELECT count(*) FROM exchange_marks WHERE is_starred") == 1


def test_the_clock_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = edit_log.open_log(str(tmp_path / "curation.db"))
    numbers = []
    for now in (2_000_000_000, 1_500_000_000, 1_000_000_000, 2_000_000_001):
        monkeypatch.setattr(edit_log.time, "time", lambda now=now: float(now))
        event = edit_log.draft(log, "owner", "note", "exchange", 7, {"note": str(now)})
        edit_log.write(log, event)
        numbers.append(event.id)
    assert numbers == sorted(set(numbers))
    assert [event.detail["note"] for event in edit_log.events(log)] == [
        "2000000000",
        "1500000000",
        "1000000000",
        "2000000001",
    ]
    log.close()
