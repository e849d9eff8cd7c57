"""Titles that were made of numbers of files are told in the reader's language; what people wrote stays."""

from __future__ import annotations

import pytest

from memories_lib.shared.media_words import in_language, media_title


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("3 photos, 3 voice messages", "de", media_title({"image": 3, "audio": 3}, "", ["a", "b", "c"], "de")),
        ("6 photos · Ben", "es", media_title({"image": 6}, "", ["Ben"], "es")),
        (media_title({"image": 12}, "Ferrow Lake", ["Ben"], "es"), "en", "12 photos · Ferrow Lake · Ben"),
        ("We took 3 photos, remember", "de", "We took 3 photos, remember"),
        ("Sam asked me on the boat.", "de", "Sam asked me on the boat."),
        ("3 photos", "xx", "3 photos"),
    ],
)
def test_in_the_language_of_the_reader(title: str, language: str, expected: str) -> None:
    assert in_language(title, language) == expected
