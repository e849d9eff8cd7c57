"""What talks are called: the news and not the reaction, whole sentences, and what was sent where nobody wrote."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from ingest.summaries import Said
from ingest.summaries.offline.feelings import feelings
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import Summarizer
from ingest.summaries.offline.titles import fit
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared import media_words
from memories_lib.shared.derived_words import TITLE
from memories_lib.shared.media_words import media_title

NAMES = {1: "Ada", 2: "Ben", 3: "Cleo"}
HABITS = ["good morning my dears", "ok", "what time tonight", "see you there", "bring the bread please"] * 9


def told(*lines: tuple[int, str] | tuple[int, str, str]) -> str:
    """The title of a talk of (who, words) or (who, words, kind) in a chat that says the same every day."""
    talk: list[Said] = [
        (n, line[0], f"2024-05-01T20:{n:02}:00", line[2] if len(line) > 2 else "text", line[1])
        for n, line in enumerate(lines)
    ]
    tokens, vocabulary = Tokens(), Vocabulary()
    for start in range(0, len(HABITS), 3):
        vocabulary.add("\n".join(HABITS[start : start + 3]), tokens)
    vocabulary.add("\n".join(line[1] for line in lines), tokens)
    return Summarizer(vocabulary, NAMES, tokens).tell(talk).title


def test_the_news_and_not_the_reaction() -> None:
    assert told((1, "she opened her eyes and asked for the dog"), (2, "NOOO"), (3, "❤️❤️"), (2, "omg!!")) == (
        "she opened her eyes and asked for the dog"
    )
    assert told(
        (1, "are you sitting down"), (2, "why are you asking me that now, what happened?"), (1, "I passed the exam"),
        (2, "WHAT"), (3, "😂😂😂"), (2, "yesss!!"),
    ) == "I passed the exam"  # fmt: skip


@pytest.mark.parametrize(
    "worse",
    [
        "where did you put the keys of the old blue shed?", "1. flour 2. butter 3. eggs 4. sugar 5. cocoa",
        "call me on 0170 1234 5678 or ask for number 98765", "#blessed and #grateful for this wonderful day",
        "good morning my dears", "and then of course because of that one",
        "https://shop.example/a/b/c/d?e=f", "ask @Ben about the garden and the new roof",
        "<iframe src=x> width height frameborder allow",
    ],
)  # fmt: skip
def test_what_makes_no_title_beside_a_sentence_that_tells(worse: str) -> None:
    news = "grandpa fell asleep in the rowing boat"
    assert told((1, news), (2, worse)) == news
    assert told((1, worse), (2, news)) == news


def test_a_sentence_that_fits_is_left_whole_and_a_long_one_ends_with_a_clause() -> None:
    assert fit("We moved in.") == "We moved in."
    assert fit("„Lieber Wal, komm uns besuchen") == "Lieber Wal, komm uns besuchen"
    assert fit("“Come home” she said") == "“Come home” she said"
    long = "We carried the piano up all five floors, and then the neighbour told us about the lift"
    assert fit(long) == "We carried the piano up all five floors"
    cut = fit("wecarriedthepiano up all of the five floors without ever stopping or putting it down once")
    assert cut.endswith("…")
    assert len(cut) <= TITLE


def test_a_title_is_not_said_again_on_its_card() -> None:
    talk: list[Said] = [
        (1, 1, "2024-05-01T20:00:00", "text", "the whole village came to the wedding"),
        (2, 2, "2024-05-01T20:01:00", "text", "my feet hurt from dancing with your uncle"),
    ]
    found = Summarizer(Vocabulary(), NAMES).tell(talk)
    assert found.title not in found.summary
    assert found.summary
    assert set(found.highlights) == {1, 2}


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([(1, "", "image")] * 12, "12 photos · Ada"),
        ([(1, "", "image"), (2, "", "image"), (2, "", "video")], "2 photos, Video · Ada, Ben"),
        ([(3, "", "audio")], "Voice message · Cleo"),
        ([(1, "", "call"), (2, "", "call")], "2 calls · Ada, Ben"),
        (
            [(1, "", "image"), (1, "Ferrow Lake: https://maps.google.com/?q=1,2", "location")],
            "Photo, Place · Ferrow Lake · Ada",
        ),
        ([(1, "", "image"), (1, "Location: https://maps.google.com/?q=1,2", "location")], "Photo, Place · Ada"),
        ([(1, "POLL:\nWho drives?\nOPTION: Ben (1 vote)", "poll")], "Who drives?"),
        ([(1, "", "image"), (1, "the lake", "image"), (1, "", "image")], "3 photos · the lake · Ada"),
        ([(1, "", "sticker"), (2, "", "sticker"), (3, "", "sticker")], "3 stickers"),
    ],
)
def test_what_was_sent_where_nobody_wrote(lines: list[tuple[int, str, str]], title: str) -> None:
    assert told(*lines) == title


def test_it_is_said_in_the_language_of_the_chat() -> None:
    assert media_title({"image": 3}, "", ["Ada"], "de") == "3 Fotos · Ada"
    assert media_title({"image": 1}, "", ["Ada"], "ja") == "写真 · Ada"
    assert media_title({"view_once": 2, "image": 1}, "", ["Ada"], "xx") == "3 photos · Ada"


def test_every_language_has_every_word() -> None:
    table = tomllib.loads(Path(media_words.__file__).with_suffix(".toml").read_text("utf-8"))
    known = tomllib.loads(files("ingest").joinpath("data/feelings.toml").read_text("utf-8"))
    assert set(table) == set(known)
    for code, words in table.items():
        assert set(words) == set(table["en"]), code
        assert all("{n}" in told.split(" | ")[1] for told in words.values()), code
    assert {"and", "und", "और", "а"} <= feelings().connectors
