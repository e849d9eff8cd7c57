"""Search in any script: what is put in and what is asked meet in one index."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories_lib.shared.folding import TOKENIZE, fold
from memories_lib.shared.fts_query import fts_query

TEXTS = [
    "café au lait", "Die Straße ist lang", "昨日の花火、すごかったね", "สวัสดีครับ", "I love you ❤️", "cake 🎂🎂 time",
    "한국어로 말해요", "שָׁלוֹם לכם", "مَرْحَبًا بك", "हिन्दी में", "don't panic", "naïve Æther", "ﬁne ｗｉｄｅ",
    "thumbs 👍🏽 up",
    "Ünïcödé", "a-b c_d", "2024-05-01", "x" * 300,
]  # fmt: skip


def found(question: str, texts: list[str] = TEXTS) -> list[str]:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE VIRTUAL TABLE t USING fts5 (text, content='', tokenize=\"{TOKENIZE}\")")
    connection.executemany("INSERT INTO t (rowid, text) VALUES (?, ?)", enumerate(map(fold, texts)))
    query = fts_query(question) or '""'
    rows = connection.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rowid", (query,)).fetchall()
    connection.close()
    return [texts[row[0]] for row in rows]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("cafe", "café au lait"), ("CAFÉ", "café au lait"), ("strasse", "Die Straße ist lang"),
        ("straße", "Die Straße ist lang"), ("花火", "昨日の花火、すごかったね"),
        ("すごかった", "昨日の花火、すごかったね"),
        ("สวัสดี", "สวัสดีครับ"), ("❤️", "I love you ❤️"), ("❤", "I love you ❤️"), ("🎂", "cake 🎂🎂 time"),
        ("말해", "한국어로 말해요"), ("שלום", "שָׁלוֹם לכם"), ("مرحبا", "مَرْحَبًا بك"), ("हिन्दी", "हिन्दी में"),
        ("don't", "don't panic"), ("naive", "naïve Æther"), ("aether", "naïve Æther"), ("fine wide", "ﬁne ｗｉｄｅ"),
        ("👍", "thumbs 👍🏽 up"), ("unicode", "Ünïcödé"), ("caf*", "café au lait"), ('"au lait"', "café au lait"),
        ('"lait au"', None), ("cafe -lait", None), ("cafe OR 花火", "café au lait"), ("nowhere", None),
        ("2024-05-01", "2024-05-01"),
    ],
)  # fmt: skip
def test_people_find_what_they_mean(question: str, text: str | None) -> None:
    assert (text in found(question)) if text else not found(question)


@pytest.mark.parametrize(
    "question",
    ['"', '""', "AND (", "NOT", "OR OR", "*", "-", "text:", "^x", "{a b}: c", "a NEAR(b", "\0", "'", "(((", "-a"],
)
def test_stray_signs_never_fail(question: str) -> None:
    found(question)


def test_stray_signs_find_what_they_can() -> None:
    assert found('"cafe') == ["café au lait"]
    assert found("cafe AND (") == ["café au lait"]
    assert found("(cafe)") == ["café au lait"]


@given(st.text(max_size=40))
def test_any_question_is_answered(question: str) -> None:
    found(question, ["a"])


@given(st.text(st.characters(max_codepoint=0xD7FF, categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=12))
def test_what_was_said_is_found_by_its_own_words(said: str) -> None:
    if fts_query(said):
        assert found(said, [f"before {said} after"])


@given(st.text(max_size=60))
def test_folding_twice_finds_the_same(text: str) -> None:
    assert fold(fold(text)).split() == fold(text).split()
