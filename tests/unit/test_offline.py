"""The built-in teller: memorable above mundane, words that are really there, any language."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.judged import rules, scores
from bench.labels import pairs_right, read_labels
from ingest.summaries import Said
from ingest.summaries.offline.summarizer import Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared.derived_words import QUOTE, shorten

NAMES = {1: "Anna", 2: "Ben"}
#: What a title leaves out of a sentence: marks of bold, and blanks.
_CHARACTERS = re.compile(r"[*_~`>#\s]+")


def talk(*texts: str) -> list[Said]:
    return [(n, n % 2 + 1, f"2024-05-01T20:{n % 60:02}:00", "text", text) for n, text in enumerate(texts)]


def test_labels_are_of_many_languages_and_of_both_kinds() -> None:
    labels = read_labels()
    assert len({one.language for one in labels}) >= 16
    assert len(labels) >= 400
    for style in ("quiet", "loud"):
        assert {one.grade for one in labels if one.style == style} == {0, 1, 2}
    trained = [one for one in labels if not one.is_test]
    kept = [one for one in labels if one.is_new_scene]
    assert not {one.scene for one in trained} & {one.scene for one in kept}


def test_words_alone_do_better_than_emoji() -> None:
    """Half of the labels are loud trivia, which those who count emoji take for memories."""
    labels = read_labels()
    mine, _ = scores(labels)
    ours, emoji = (
        pairs_right((one.language, one.grade, value) for one, value in zip(labels, values, strict=True))[""]
        for values in (mine, rules(labels)["emoji"])
    )
    assert ours[0] > emoji[0]


@pytest.mark.parametrize(
    ("texts", "mood"),
    [
        (("I love you so much ❤️", "love you too my dear ❤️"), "loving"),
        (("hahahaha 😂😂", "haha stop 🤣"), "funny"),
        (("we won!! 🎉🎉", "congratulations 🥳"), "joyful"),
        (("I miss him so much", "so sad 😢 I cried all day 💔"), "sad"),
        (("7pm?", "ok", "which bus at 7", "12 at 6:30"), "practical"),
    ],
)
def test_moods(texts: tuple[str, ...], mood: str) -> None:
    assert Summarizer(Vocabulary(), NAMES).tell(talk(*texts)).mood == mood


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (("what are you going to do with the dog", "I have no idea what it is"), "en"),
        (("ich weiß nicht was wir heute machen", "das ist doch nicht so schlimm"), "de"),
        (("no sé qué vamos a hacer con esto", "yo tampoco pero está bien"), "es"),
        (("昨日はとても楽しかったね", "また行こう"), "ja"),
        (("오늘 뭐 할까", "나는 집에 있어"), "ko"),
        (("что мы будем делать", "я не знаю что это"), "ru"),
        (("متى نذهب إلى البحر", "لا أعرف"), "ar"),
        (("เราจะไปไหนกัน", "ไม่รู้เหมือนกัน"), "th"),
        (("मुझे नहीं पता", "हम कल चलेंगे"), "hi"),
    ],
)
def test_languages(texts: tuple[str, ...], code: str) -> None:
    assert Summarizer(Vocabulary(), NAMES).tell(talk(*texts)).language == code


LAUGHS = ("hahaha", "jajaja", "kkkkk", "ㅋㅋㅋ", "хахаха", "ههههه", "hihihi", "lol", "mdr", "rsrs", "笑", "😂")


@pytest.mark.parametrize("laugh", LAUGHS)
def test_laughter_in_many_spellings(laugh: str) -> None:
    told = Summarizer(Vocabulary(), NAMES).tell(talk(f"and then it fell in {laugh}", laugh, f"no {laugh}"))
    dull = Summarizer(Vocabulary(), NAMES).tell(talk("and then it fell in ok", "ok", "no ok"))
    assert told.score > dull.score


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("https://cake.example/recipe?x=1 grandma's plum cake, try it", "grandma's plum cake, try it"),
        ("grandma's plum cake is here: https://cake.example/recipe", "grandma's plum cake is here"),
        ("https://cake.example/recipe", "https://cake.example/recipe"),
    ],
)
def test_a_title_is_words_where_there_are_any(text: str, title: str) -> None:
    assert Summarizer(Vocabulary(), NAMES).tell(talk(text)).title == title


def test_thai_laughs_in_numbers() -> None:
    told = Summarizer(Vocabulary(), NAMES).tell(talk("ตกน้ำไปเลย 5555", "5555 จริงเหรอ"))
    dull = Summarizer(Vocabulary(), NAMES).tell(talk("ตกน้ำไปเลย", "จริงเหรอ"))
    assert told.score > dull.score


@given(st.lists(st.text(max_size=200), max_size=12))
def test_quotes_are_peoples_own_words(texts: list[str]) -> None:
    said = talk(*texts)
    told = Summarizer(Vocabulary(), NAMES).tell(said)
    assert 0 <= told.score <= 1
    assert set(told.highlights) <= {m[0] for m in said}
    by_id = {m[0]: m for m in said}
    quoted = [by_id[h] for h in told.highlights if " ".join(by_id[h][4].split()) != told.title]
    expected = [f"{NAMES[m[1] or 0]}: “{shorten(m[4], QUOTE)}”" for m in quoted]
    assert told.summary == "\n".join(expected)
    if told.title and told.highlights:
        plain = [_CHARACTERS.sub("", m[4]) for m in said]
        assert any(_CHARACTERS.sub("", told.title.rstrip("…")) in text for text in plain)


@given(st.text(max_size=400), st.integers(10, 80))
def test_shortening_never_exceeds(text: str, most: int) -> None:
    assert len(shorten(text, most)) <= most
