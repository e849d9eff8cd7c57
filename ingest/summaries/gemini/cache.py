"""`summaries.db`: every answer that was paid for, what was ever sent, and what may not be. Beside the archive.

An answer is kept under the digest of what was said, the prompt's version, the model, the taste and the language, so
that an archive built anew, a longer export or a crash never pays twice.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ingest.summaries.gemini.answer import Manner, Summary, Usage
from ingest.summaries.gemini.transcript import Sent, Talk
from memories_lib.shared import private_files

_SCHEMA = files("ingest.summaries.gemini").joinpath("cache.sql").read_text("utf-8")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class AnswerCache:
    """The store. Each method's work is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        private_files.make_file(path)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def find(self, talk: Talk, manner: Manner) -> Summary | None:
        """The answer to this very question, where it was asked before."""
        row = self._db.execute(
            "SELECT title, summary, topics, mood, score, heart FROM answers WHERE name = ?", (manner.name_of(talk),)
        ).fetchone()
        return _summary(row) if row else None

    def latest(self, key: int, digest: str) -> tuple[Summary, str, str, str] | None:
        """(answer, model, when, prompt version): the newest for the same words, however it was asked."""
        row = self._db.execute(
            """
            SELECT title, summary, topics, mood, score, heart, model, made_at, prompt_version FROM answers
            WHERE exchange_key = ? AND digest = ? ORDER BY made_at DESC, rowid DESC LIMIT 1
            """,
            (key, digest),
        ).fetchone()
        if row is None:
            return None
        *answer, model, made_at, prompt_version = row
        return _summary(answer), model, made_at, prompt_version

    def keys(self) -> set[int]:
        """The keys of all exchanges that there is an answer for."""
        return {exchange_key for (exchange_key,) in self._db.execute("SELECT DISTINCT exchange_key FROM answers")}

    def has_periods(self) -> bool:
        """Whether months or years were ever told."""
        return bool(
            self._db.execute("SELECT 1 FROM answers WHERE prompt_version LIKE 'gemini-periods%' LIMIT 1").fetchone()
        )

    def put(self, talk: Talk, manner: Manner, summary: Summary) -> None:
        """Keep an answer."""
        self._db.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                manner.name_of(talk), talk.key, talk.digest, manner.model, manner.prompt_version, summary.title,
                summary.summary, json.dumps(summary.topics, ensure_ascii=False), summary.mood, summary.score,
                json.dumps(summary.heart), _now(),
            ),
        )  # fmt: skip
        self._db.execute("DELETE FROM failures WHERE name = ?", (manner.name_of(talk),))

    def put_failure(self, talk: Talk, manner: Manner, reason: str) -> None:
        """Remember that the service will not tell this one: it is not asked again for nothing."""
        self._db.execute(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", (manner.name_of(talk), talk.key, reason, _now())
        )

    def failure(self, talk: Talk, manner: Manner) -> str | None:
        """Why the service would not tell this one."""
        row = self._db.execute("SELECT reason FROM failures WHERE name = ?", (manner.name_of(talk),)).fetchone()
        return str(row[0]) if row else None

    def begin(self, model: str, host: str, budget: float | None) -> int:
        """A run starts; returns its number."""
        cursor = self._db.execute(
            "INSERT INTO runs (started_at, model, host, budget) VALUES (?, ?, ?, ?)", (_now(), model, host, budget)
        )
        return int(cursor.lastrowid or 0)

    def end(self, run: int, outcome: str) -> None:
        """A run ended."""
        self._db.execute("UPDATE runs SET ended_at = ?, outcome = ? WHERE id = ?", (_now(), outcome, run))

    def note_request(self, run: int, purpose: str, estimated: int, sent: Iterable[Sent], *, is_redacted: bool) -> int:
        """A request is about to be made, in which this is sent; returns its number."""
        self._db.execute("BEGIN IMMEDIATE")
        cursor = self._db.execute(
            "INSERT INTO requests (run_id, at, purpose, estimated_tokens) VALUES (?, ?, ?, ?)",
            (run, _now(), purpose, estimated),
        )
        self._db.executemany(
            "INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?)",
            [(cursor.lastrowid, *one, int(is_redacted)) for one in sent],
        )
        self._db.execute("COMMIT")
        return int(cursor.lastrowid or 0)

    def note_files(self, run: int, purpose: str, estimated: int, chats: list[str]) -> int:
        """A request with one file of each of these chats is about to be sent; returns its number."""
        self._db.execute("BEGIN IMMEDIATE")
        cursor = self._db.execute(
            "INSERT INTO requests (run_id, at, purpose, estimated_tokens) VALUES (?, ?, ?, ?)",
            (run, _now(), purpose, estimated),
        )
        self._db.executemany(
            "INSERT INTO sent VALUES (?, ?, 0, '', 1, 0)", [(cursor.lastrowid, chat) for chat in chats]
        )
        self._db.execute("COMMIT")
        return int(cursor.lastrowid or 0)

    def put_look(self, sha256: str, task: str, model: str, text: str) -> None:
        """Keep what a model saw or heard in a file."""
        self._db.execute("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?)", (sha256, task, model, text, _now()))

    def looks(self) -> list[tuple[str, str, str, str]]:
        """(sha256, task, model, text) of all files that were looked at."""
        return self._db.execute("SELECT sha256, task, model, text FROM looks").fetchall()

    def looked_at(self, task: str) -> set[str]:
        """The files that need no other look."""
        return {sha256 for (sha256,) in self._db.execute("SELECT sha256 FROM looks WHERE task = ?", (task,))}

    def note_answer(self, request: int, usage: Usage, usd: float, outcome: str) -> None:
        """What became of a request, and what it cost."""
        self._db.execute(
            """
            UPDATE requests SET prompt_tokens = ?, cached_tokens = ?, output_tokens = ?, usd = ?, outcome = ?
            WHERE id = ?
            """,
            (usage.prompt, usage.cached, usage.output, usd, outcome, request),
        )

    def calibration(self) -> tuple[float, float | None]:
        """(real input tokens for each estimated one, output tokens for each talk), from what was measured so far."""
        row = self._db.execute(
            """
            SELECT sum(prompt_tokens), sum(estimated_tokens), sum(output_tokens),
                sum((SELECT count(*) FROM sent WHERE request_id = requests.id))
            FROM requests WHERE prompt_tokens > 0 AND outcome = 'answered' AND purpose = 'summaries'
            """
        ).fetchone()
        real, estimated, output, talks = row
        factor = real / estimated if estimated else 1.0
        return min(3.0, max(0.4, factor)), (output / talks if talks else None)

    def spent(self, run: int | None = None) -> tuple[int, int, int, float]:
        """(requests, input tokens, output tokens, USD) of one run, or of all."""
        row = self._db.execute(
            """
            SELECT count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(usd), 0)
            FROM requests WHERE ? IS NULL OR run_id = ?
            """,
            (run, run),
        ).fetchone()
        requests, prompt_tokens, output_tokens, usd = row
        return requests, prompt_tokens, output_tokens, usd

    def all_sent(self) -> Iterator[tuple[str, str, str, int, int, int]]:
        """(day, host, chat, talks, messages, redacted ones) of everything that was ever sent, by day."""
        yield from self._db.execute(
            """
            SELECT substr(requests.at, 1, 10) AS day, host, chat || CASE purpose WHEN 'captions' THEN ' (photos)'
                WHEN 'transcripts' THEN ' (voice notes)' WHEN 'ask' THEN ' (a question)' ELSE '' END AS chat,
                count(DISTINCT exchange_key), sum(messages), sum(is_redacted)
            FROM sent JOIN requests ON requests.id = request_id JOIN runs ON runs.id = run_id
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """
        )

    def has_consent(self, chat: str, host: str) -> bool:
        """Whether somebody agreed to this chat's going there."""
        return bool(self._db.execute("SELECT 1 FROM consents WHERE chat = ? AND host = ?", (chat, host)).fetchone())

    def consent(self, chat: str, host: str) -> None:
        """Somebody agreed."""
        self._db.execute("INSERT OR IGNORE INTO consents VALUES (?, ?, ?)", (chat, host, _now()))

    def exclude(self, kind: str, name: str) -> None:
        """A chat or a person is never sent again."""
        self._db.execute("INSERT OR IGNORE INTO excluded VALUES (?, ?, ?)", (kind, name, _now()))

    def include(self, kind: str, name: str) -> None:
        """It may be sent again."""
        self._db.execute("DELETE FROM excluded WHERE kind = ? AND name = ?", (kind, name))

    def excluded(self, kind: str) -> frozenset[str]:
        """The chats, or people, that are never sent."""
        return frozenset(name for (name,) in self._db.execute("SELECT name FROM excluded WHERE kind = ?", (kind,)))

    def excluded_in(self, archive: sqlite3.Connection, kind: str) -> frozenset[str]:
        """Those names, and what an edit calls them now or called them before: a new name opens no door."""
        said = self.excluded(kind)
        return said | other_names(archive, kind, said) if said else said

    def cuts(self) -> dict[str, float]:
        """chat -> the offline score from which on its talks are asked about."""
        return dict(self._db.execute("SELECT chat, score FROM cuts"))

    def put_cuts(self, cuts: dict[str, float]) -> None:
        """Settle them."""
        self._db.executemany("INSERT OR IGNORE INTO cuts VALUES (?, ?)", list(cuts.items()))

    def forget(self, exchanges: Collection[int], names: Collection[str], files: Collection[str]) -> int:
        """Take out for good what was answered about exchanges (by key) and files (by sha256), and what names chats
        or people; returns how many answers that were. The file is written anew."""
        count = 0
        for key in exchanges:
            count += self._db.execute("DELETE FROM answers WHERE exchange_key = ?", (key,)).rowcount
            for table in ("failures", "sent"):
                self._db.execute(f"DELETE FROM {table} WHERE exchange_key = ?", (key,))
        for sha256 in files:
            count += self._db.execute("DELETE FROM looks WHERE sha256 = ?", (sha256,)).rowcount
        for name in names:
            for table in ("sent", "consents", "cuts"):
                self._db.execute(f"DELETE FROM {table} WHERE chat = ?", (name,))
            self._db.execute("DELETE FROM consents WHERE chat IN (?, ?)", (f"{name} (photos)", f"{name} (voice notes)"))
            self._db.execute("DELETE FROM excluded WHERE name = ?", (name,))
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def put_batch(self, name: str, run: int, model: str, plan: str) -> None:
        """A batch was handed in."""
        self._db.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, NULL)", (name, run, model, _now(), plan))

    def batches(self) -> list[tuple[str, int, str, str, str]]:
        """(name, run, model, when, plan) of those that were not collected yet."""
        return self._db.execute(
            """
            SELECT name, run_id, model, submitted_at, plan FROM batches WHERE collected_at IS NULL
            ORDER BY submitted_at
            """
        ).fetchall()

    def end_batch(self, name: str) -> None:
        """A batch was collected, or came to nothing."""
        self._db.execute("UPDATE batches SET collected_at = ? WHERE name = ?", (_now(), name))


_OTHER_NAMES = {
    "person": """
    SELECT kept.name, people.name FROM people_before AS kept
    JOIN people ON people.id = kept.person_id OR people.id = kept.joined_to
    """,
    "chat": "SELECT kept.name, chats.name FROM chats_before AS kept JOIN chats ON chats.id = chat_id",
}


def other_names(archive: sqlite3.Connection, kind: str, names: Collection[str]) -> frozenset[str]:
    """What else the people (``person``) or chats (``chat``) of these names are called, before edits and after."""
    pairs = archive.execute(_OTHER_NAMES[kind]).fetchall()
    found = frozenset(name for pair in pairs if not set(pair).isdisjoint(names) for name in pair)
    # Somebody who was joined may be found by way of who was joined with the same one.
    return found if found <= frozenset(names) else found | other_names(archive, kind, found | frozenset(names))


def _summary(answer: Sequence[Any]) -> Summary:
    title, summary, topics, mood, score, heart = answer
    return Summary(title, summary, tuple(json.loads(topics)), mood, score, tuple(json.loads(heart)))
