"""Gemini fails in each of its ways: nothing is lost, nothing is paid twice, and it is said in a sentence."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ingest.summaries.gemini import client
from ingest.summaries.gemini import scheduler as asking_many
from tests.gemini import (
    Answer,
    StandIn,
    blocked,
    content_of,
    fault,
    quota,
    reply,
    summaries,
    summarize,
    told,
)
from tests.helpers import put

FAULTS: dict[str, tuple[list[Answer | str], str, int]] = {
    "minute quota": ([quota("Minute", "0.1s")], "answered  39", 0),
    "overloaded": ([fault(503, "UNAVAILABLE"), fault(500, "INTERNAL")], "answered  39", 0),
    "html from a proxy": ([(502, b"<html>bad gateway</html>")], "answered  39", 0),
    "no JSON": ([(200, b"<html>hello</html>")], "answered  39", 0),
    "dropped line": (["drop", "drop"], "answered  39", 0),
    "empty candidates": ([(200, {"candidates": []})], "answered  39", 0),
    "no parts": ([(200, reply(None))], "answered  39", 0),
    "cut off": ([(200, reply('{"talks": [{"talk": 1, "ti', "MAX_TOKENS"))], "answered  39", 0),
    "another form": ([(200, reply({"summary": "hello"}))], "answered  39", 0),
    "day quota": ([quota("Day")] * 2, "midnight in California", 1),
    "bad key": ([fault(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
                       [{"reason": "API_KEY_INVALID"}])] * 2, "the key is not good", 1),
    "may not": ([fault(403, "PERMISSION_DENIED")] * 2, "the key is not good", 1),
    "no such model": ([fault(404, "NOT_FOUND")] * 2, "--models lists them", 1),
    "no money": ([fault(429, "RESOURCE_EXHAUSTED", "check your plan and billing")] * 2, "money or billing", 1),
    "too long": ([fault(400, "INVALID_ARGUMENT", "The input token count exceeds the maximum")], "answered  39", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_can_go_wrong(google: StandIn, db: Path, name: str) -> None:
    google.faults, said, code = list(FAULTS[name][0]), *FAULTS[name][1:]
    assert said in summarize(db, "--yes", code=code)
    if code:
        # Nothing is lost, and the next run goes on.
        google.faults = []
        summarize(db)
    assert told(db) == 39


@pytest.mark.parametrize("answer", [blocked(), reply(None, "SAFETY"), reply(None, "RECITATION"), reply("", "SPII")])
def test_what_is_refused_is_left_and_named_and_costs_the_others_nothing(
    google: StandIn, db: Path, answer: dict[str, Any]
) -> None:
    def brain(body: dict[str, Any]) -> Answer:
        return (200, answer) if "SHE IS ON THE DOCK" in content_of(body) else google.good(body)

    google.brain = brain
    said = summarize(db, "--yes")
    assert "answered  38 talks" in said
    assert re.search(r"left      Lakehouse 🌊, 2021-06-26 16:20: Gemini (refused|would not)", said)
    assert told(db) == 38
    before = len(google.requests)
    assert "1 before; --retry" in summarize(db)
    assert len(google.requests) == before
    google.brain = google.good
    summarize(db, "--retry")
    assert told(db) == 39


def test_an_answer_that_never_parses_is_asked_for_once_more(google: StandIn, db: Path) -> None:
    google.brain = lambda _: (200, reply("I would rather write a poem", prompt=100))
    said = summarize(db, "--yes")
    assert "answered  0 talks" in said
    assert "not in the form" in said
    assert len(google.requests) == 4  # two requests, each twice
    assert told(db) == 0


def test_an_answer_that_does_not_come_in_time(google: StandIn, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_TIMEOUT_MS", 500)
    google.faults = ["hang"]
    assert "answered  39 talks" in summarize(db, "--yes")


def test_a_model_that_the_key_cannot_use(google: StandIn, db: Path) -> None:
    said = summarize(db, "--yes", "--model", "gemini-3.5-flash-light", code=1)
    assert "it can use gemini-3.5-flash-lite, gemini-3.5-flash" in said
    assert google.requests == []


def test_ctrl_c_of_a_person(google: StandIn, db: Path) -> None:
    # The first is answered; the second would take longer than anybody waits.
    google.brain = lambda body: (time.sleep(0 if len(google.requests) < 2 else 20), google.good(body))[1]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "ingest", "summarize", "--db", str(db), "--yes", "--rpm", "60"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while len(google.requests) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "are kept and shown" in said
    assert "Traceback" not in said
    assert 0 < told(db) < 39


def test_no_network(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-ours")
    monkeypatch.setattr(asking_many, "BACKOFF_S", 0.001)
    assert "127.0.0.1:9 cannot be reached" in summarize(db, "--yes", code=1)


def test_numbers_that_do_not_exist_are_dropped_and_counted(google: StandIn, db: Path) -> None:
    def brain(body: dict[str, Any]) -> Answer:
        good = summaries(body)
        good["talks"][0]["heart"] += [999, -1, 0]
        good["talks"].append({**good["talks"][0], "talk": 77})
        return 200, reply(good, prompt=10)

    google.brain = brain
    said = summarize(db, "--yes")
    assert "dropped   6 messages and 2 talks that do not exist" in said
    assert told(db) == 39


def test_pace_follows_the_key(google: StandIn, tmp_path: Path) -> None:
    lines = [f"{day:02}/{month:02}/21, 9:{m:02} pm - {'Emma' if m % 2 else 'Anna'}: {day} word {m} {'together ' * 30}\n"
             for month in range(1, 13) for day in range(1, 29) for m in range(6)]  # fmt: skip
    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_text("".join(lines), "utf-8")
    db = tmp_path / "memories.db"
    put(db, export)
    google.delay_s = 0.2  # long enough that a busy machine does not tell for the key
    summarize(db, "--yes", "--all")
    assert google.most_at_once > 3
    assert len(google.requests) >= 12


@pytest.mark.usefixtures("google")
def test_interrupted_what_was_answered_is_kept(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    real = asking_many.Run._keep

    def keep(self: Any, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        real(self, *arguments)

    monkeypatch.setattr(asking_many.Run, "_keep", keep)
    said = summarize(db, "--yes", code=130)
    assert "are kept and shown" in said
    assert 0 < told(db) < 39
    monkeypatch.setattr(asking_many.Run, "_keep", real)
    summarize(db)
    assert told(db) == 39


def test_batch_survives_restarts(google: StandIn, db: Path) -> None:
    google.batch_state = "BATCH_STATE_RUNNING"
    said = summarize(db, "--yes", "--batch")
    assert "39 talks handed in" in said
    assert "running" in summarize(db, "--batch")
    assert told(db) == 0
    google.batch_state = "BATCH_STATE_SUCCEEDED"
    assert "39 talks answered" in summarize(db, "--batch")
    assert told(db) == 39
    full = summarize(db, "--estimate", "--language", "French")
    half = summarize(db, "--estimate", "--language", "French", "--batch")
    usd = [float(re.search(r"about ([\d.]+) USD", said)[1]) for said in (full, half)]  # type: ignore[index]
    assert usd[1] == pytest.approx(usd[0] / 2, rel=0.02)


def test_a_batch_that_failed_can_be_handed_in_again(google: StandIn, db: Path) -> None:
    google.batch_state = "BATCH_STATE_FAILED"
    summarize(db, "--yes", "--batch")
    assert "failed" in summarize(db, "--batch")
    google.batch_state = "BATCH_STATE_SUCCEEDED"
    assert "handed in" in summarize(db, "--batch")
    assert "39 talks answered" in summarize(db, "--batch")
