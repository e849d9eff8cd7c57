"""The hard cases that no other reader gets right, from three kinds of phone, without one fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.corpus import FORMS, write_edge
from tests.helpers import read


@pytest.mark.parametrize("form", FORMS)
def test_the_edge_corpus_is_read_without_a_fault(tmp_path: Path, form: str) -> None:
    file = tmp_path / "edge.txt"
    truth = write_edge(file, form, 6_000)
    with file.open(encoding="utf-8", newline="") as stream:
        found, _, _ = read(stream.read(), chat="Group")
    assert len(found) == len(truth)
    for m, t in zip(found, truth, strict=True):
        assert (m.sent_at[:16], m.sender, m.text.strip(" \u200e")) == (
            t.minute,
            t.sender,
            (t.text or "").strip(" \u200e"),
        )
