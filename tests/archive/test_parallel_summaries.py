"""The process that tells beside: the same archive, and a clear end when it dies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench.corpus import write
from ingest.core.errors import HelperEnded
from ingest.importing import parallel_summaries
from ingest.importing import worker as beside
from ingest.importing.parallel_summaries import SummarizerInput, Summarizing, SummarizingInWorker, start_telling
from tests.helpers import one, put

BRIEF = SummarizerInput(1, {1: "Anna", 2: "Ben"}, 1, {"lake": 1}, {"ok": 7}, {"en": 9}, "2025-01-01T10:00:00")
TALK = (
    7,
    70,
    [
        (1, 1, "2024-05-01T20:00:00", "text", "do you remember the lake"),
        (2, 2, "2024-05-01T20:01:00", "text", "haha yes ❤️ I fell in"),
    ],
)


def _contents(database: Path) -> list[list[tuple[object, ...]]]:
    asked = (
        "SELECT id, key, exchange_id, sender_id, sent_at, kind, text, is_highlight, line FROM messages ORDER BY id",
        "SELECT id, key, started_at, title, summary, mood, topics, score, is_memory FROM exchanges ORDER BY id",
        "SELECT * FROM person_months ORDER BY 1, 2, 3",
        "SELECT * FROM person_emoji ORDER BY 1, 2, 3, 4",
        "SELECT day, message_count, media_count FROM days ORDER BY 1",
    )
    with closing(sqlite3.connect(database)) as connection:
        return [connection.execute(sql).fetchall() for sql in asked]


def test_two_processes_make_what_one_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    write(export, "us", 12_000)
    monkeypatch.setattr(parallel_summaries, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(beside, "_processors", lambda: 2)
    started: list[int] = []
    spawn = SummarizingInWorker.__init__
    monkeypatch.setattr(SummarizingInWorker, "__init__", lambda self, *a: (started.append(1), spawn(self, *a))[1])
    put(tmp_path / "two.db", export)
    assert started
    monkeypatch.setenv(beside.ONE_PROCESS, "1")
    put(tmp_path / "one.db", export)
    assert len(started) == 1
    assert _contents(tmp_path / "one.db") == _contents(tmp_path / "two.db")


def test_it_tells_as_here() -> None:
    here, beside = Summarizing(BRIEF), SummarizingInWorker(BRIEF)
    try:
        for way in (here, beside):
            for _ in range(5):
                way.send([TALK])
        assert [here.receive() for _ in range(5)] == [beside.receive() for _ in range(5)]
        counts = beside.finish()
        assert sum(part[2].get("2024-05-01", [0])[0] for part in counts) == 10
    finally:
        beside.close()


def test_a_helper_that_dies_is_said_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    write(export, "us", 12_000)
    database = tmp_path / "a.db"
    monkeypatch.setattr(parallel_summaries, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(beside, "_processors", lambda: 2)
    send = SummarizingInWorker.send

    def send_and_kill(self: SummarizingInWorker, talks: list[parallel_summaries.Talk]) -> None:
        send(self, talks)
        self._process.kill()

    monkeypatch.setattr(SummarizingInWorker, "send", send_and_kill)
    with pytest.raises(HelperEnded, match="nothing was changed"):
        put(database, export)
    assert one(database, "SELECT count(*) FROM messages") == 0
    assert one(database, "PRAGMA integrity_check") == "ok"


@pytest.mark.parametrize(("messages", "processors", "said"), [(10, 4, ""), (1_000_000, 1, ""), (1_000_000, 4, "1")])
def test_small_chats_and_small_machines_have_one_process(
    monkeypatch: pytest.MonkeyPatch, messages: int, processors: int, said: str
) -> None:
    monkeypatch.setattr(beside, "_processors", lambda: processors)
    monkeypatch.setenv(beside.ONE_PROCESS, said)
    assert type(start_telling(BRIEF, messages, {})) is Summarizing  # type: ignore[arg-type]
