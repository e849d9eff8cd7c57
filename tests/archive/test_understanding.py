"""The extra that understands talks, with its real weights; and talks that an earlier version told."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from bench.judged import scores
from bench.labels import pairs_right, read_labels
from ingest.archive.database import connect, transaction
from ingest.archive.fts import index_exchanges, unindex_exchanges
from ingest.summaries.meaning import encoder as encoders
from ingest.summaries.meaning.head import meaning_of
from ingest.summaries.meaning.rescore import with_meaning
from ingest.summaries.offline.summarizer import VERSION
from tests.commands import run
from tests.helpers import one, put, rows

EXPORT = Path(__file__).parents[2] / "examples" / "WhatsApp Chat with Lakehouse 🌊.txt"


@pytest.fixture
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(encoders.SWITCH)


@pytest.mark.usefixtures("switched_on")
def test_what_is_meant_counts_in_scenes_and_languages_that_no_training_saw() -> None:
    encoder = encoders.find_encoder()
    assert encoder is not None
    labels = [one for one in read_labels() if one.is_new_scene]
    meanings = [value or 0.0 for value in meaning_of([one.texts for one in labels], encoder)]
    right, pairs = pairs_right((one.language, one.grade, value) for one, value in zip(labels, meanings, strict=True))[
        ""
    ]
    assert right / pairs > 0.8
    mine, _ = scores(labels)
    moved = with_meaning(mine, [one.texts for one in labels], encoder)
    assert all(0 <= value <= 1 for value in moved)
    by_words = pairs_right((one.language, one.grade, value) for one, value in zip(labels, mine, strict=True))[""]
    by_both = pairs_right((one.language, one.grade, value) for one, value in zip(labels, moved, strict=True))[""]
    assert by_both[0] / by_both[1] > 0.7
    assert by_both[0] > by_words[0]


@pytest.mark.usefixtures("switched_on")
def test_talks_without_words_keep_their_score() -> None:
    encoder = encoders.find_encoder()
    assert encoder is not None
    assert meaning_of([["ok"], []], encoder) == [None, None]
    assert with_meaning([0.5, 0.0], [["ok"], ["a talk that nobody scored"]], encoder) == [0.5, 0.0]


def test_an_ingest_understands_where_the_extra_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "m.db"
    run(database, "ingest", str(EXPORT))
    by_words = dict(rows(database, "SELECT key, score FROM exchanges"))
    assert one(database, "SELECT DISTINCT prompt_version FROM exchanges") == VERSION
    monkeypatch.delenv(encoders.SWITCH)
    assert "understood" in run(database, "understand").output
    assert one(database, "SELECT DISTINCT prompt_version FROM exchanges") == f"{VERSION} {encoders.NAME}"
    by_meaning = dict(rows(database, "SELECT key, score FROM exchanges"))
    assert by_meaning.keys() == by_words.keys()
    assert by_meaning != by_words
    assert "all talks are understood" in run(database, "understand").output
    run(tmp_path / "new.db", "ingest", str(EXPORT))
    assert dict(rows(tmp_path / "new.db", "SELECT key, score FROM exchanges")) == by_meaning
    assert rows(tmp_path / "new.db", "SELECT key FROM exchanges WHERE is_memory ORDER BY 1") == rows(
        database, "SELECT key FROM exchanges WHERE is_memory ORDER BY 1"
    )


def test_without_the_extra_it_says_what_it_would_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "find_spec", lambda _name: None)
    monkeypatch.delenv(encoders.SWITCH)
    database = tmp_path / "m.db"
    assert "whatsapp-memories[understanding]" in run(database, "ingest", str(EXPORT)).output
    assert "whatsapp-memories[understanding]" not in run(database, "ingest", str(EXPORT)).output
    assert "not installed" in run(database, "understand", code=1).output


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_DIGEST", "0" * 64)
    database = tmp_path / "m.db"
    put(database, EXPORT)
    monkeypatch.delenv(encoders.SWITCH)
    assert "is not the one that was tried" in run(database, "understand", code=1).output


def test_what_an_earlier_version_told_is_told_again(tmp_path: Path) -> None:
    database = tmp_path / "m.db"
    put(database, EXPORT)
    asked = "SELECT key, title, summary, topics, mood, score, is_memory FROM exchanges ORDER BY key"
    before = rows(database, asked)
    shown = "SELECT id FROM messages WHERE is_highlight ORDER BY id"
    hearts = rows(database, shown)
    with closing(connect(database)) as connection, transaction(connection):
        exchanges = [row[0] for row in connection.execute("SELECT id FROM exchanges")]
        unindex_exchanges(connection, exchanges)
        connection.execute(
            """
            UPDATE exchanges SET title = 'x', summary = 'y', topics = '[]', mood = 'calm', score = 0.1, is_memory = 0,
                prompt_version = 'offline-1'
            """
        )
        connection.execute("UPDATE messages SET is_highlight = 0")
        index_exchanges(connection, [(one, "x", "y", "[]") for one in exchanges])
    run(database, "ingest", str(EXPORT))
    after = rows(database, asked)
    # Which words are rare is learned from another sample of talks than at first, so that a score moves a little.
    assert [row[0] for row in after] == [row[0] for row in before]
    assert sum(a[1] == b[1] for a, b in zip(after, before, strict=True)) > len(before) / 2
    assert all(row[1] != "x" and row[2] != "y" for row in after)
    assert all(abs(float(str(a[5])) - float(str(b[5]))) < 0.1 for a, b in zip(after, before, strict=True))
    assert {"water", "wonderful"} <= {word for row in after for word in json.loads(str(row[3]))}
    assert len(rows(database, shown)) >= len(hearts) / 2
    run(database, "check")
