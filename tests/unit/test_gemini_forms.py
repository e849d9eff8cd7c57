"""What is sent to Gemini and what comes back, as texts: nothing breaks out, nothing breaks the reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.summaries.gemini.answer import Summary
from ingest.summaries.gemini.client import read_fault
from ingest.summaries.gemini.parse_answer import read_answer, schema
from ingest.summaries.gemini.prompt import pack_of, packs, tokens_in
from ingest.summaries.gemini.redact import Redactor
from ingest.summaries.gemini.transcript import Line, Talk, letter, one_line
from tests.gemini import (
    talks_in,
)


def _talk(texts: list[str], names: tuple[str, ...] = ("Emma Lund", "Ōe Kenji", "李雷")) -> Talk:
    lines = tuple(Line(n, n, letter(n % len(names)), "09:00", one_line(t), 1) for n, t in enumerate(texts, 1))
    people = {letter(n): name for n, name in enumerate(names)}
    return Talk(1, 1, "chat", False, "2021-01-01T09:00:00", 0.5, "d", people, lines)


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=20))
def test_any_texts_are_read_back_line_by_line(texts: list[str]) -> None:
    talk = _talk(texts)
    assert [n for n, _ in talks_in(pack_of([talk, talk]).text())[2]] == [line.number for line in talk.lines]
    assert sum(len(pack.talks) for pack in packs([talk] * 60)) == 60


@given(
    st.lists(
        st.sampled_from(["Emma", "lund", "KENJI", "李雷", "x@y.example", "+49 170 1234567", "word", " ", ", "]),
        max_size=30,
    )
)
def test_redaction_leaves_no_name_and_can_be_undone(pieces: list[str]) -> None:
    talk, stand_ins = Redactor(("Emma Lund", "Ōe Kenji", "李雷")).redact(_talk([" ".join(pieces) or "x"]))
    for secret in ("emma", "lund", "kenji", "李雷", "x@y", "1234567"):
        assert secret not in talk.lines[0].text.casefold()
    restored = stand_ins.restore_summary(Summary("[A]", "[B] [C]", (), "calm", 0, ()))
    assert (restored.title, restored.summary) == ("Emma Lund", "Ōe Kenji 李雷")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_answer_breaks_the_reader(answer: Any) -> None:
    for text in (json.dumps(answer), json.dumps({"talks": answer}), json.dumps({"talks": [answer]})):
        try:
            read = read_answer(text, [_talk(["a"])], schema())
        except ValueError:
            continue
        assert len(read.summaries) <= 1


@pytest.mark.parametrize(
    "details", [None, "x", [], {"error": "x"}, {"error": {"details": "x"}}, {"error": {"details": [1]}}]
)
def test_faults_in_any_form(details: Any) -> None:
    for code in (0, 400, 401, 404, 429, 500):
        assert read_fault(code, details, "m").why


def test_tokens_are_reckoned_by_script() -> None:
    assert tokens_in("a" * 400) == 101
    assert tokens_in("花火" * 50) == 101
    assert 120 < tokens_in("привет " * 50) < 180
