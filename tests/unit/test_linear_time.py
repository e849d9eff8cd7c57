"""What looks at people's words takes time in proportion to them: each is fed the worst 64 KiB there is.

Whatever is not linear takes several times the seconds of processor that are granted here; what is, a tenth of them,
or a third on a processor that others work on, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ingest.importing import wordings
from ingest.summaries.gemini import prompt
from ingest.summaries.gemini.redact import Redactor
from memories_lib.shared import derived_words, folding
from memories_lib.shared.derived_words import ExchangeWords
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.snippet import snippet
from memories_lib.web import book_formats, markup
from tests.helpers import read

SIZE = 64 << 10
GRANTED_S = 3.0


def _full(piece: str) -> str:
    return piece * (SIZE // len(piece.encode()) + 1)


WORST = {
    "stars": _full("*"), "a star": _full("*a "), "underscores": _full("_a"), "tildes": _full("~a "),
    "ticks": _full("`"), "blocks": _full("```a"), "marks": _full("*_~`"), "lines": _full("\n"), "quoted": _full("> \n"),
    "listed": _full("- a\n"), "brackets": "https://x.example/" + _full(")"), "dots": "https://x.example/" + _full("."),
    "opened": "https://x.example/" + _full("("), "addresses": _full("https://"), "halves": _full("http"),
    "poll": "POLL:\nq\nOPTION: " + _full("\u200e"), "marks first": "POLL:\n" + _full("\u200e") + "OPTION: a",
    "votes": "POLL:\nOPTION: " + _full("a (1 "), "options": "POLL:\n" + _full("OPTION: a\n"),
    "emoji": _full("😀"), "joined": _full("😀\u200d"), "flags": _full("🇩"), "selectors": _full("\ufe0f"),
    "keycaps": _full("1"), "quotes": _full("“"), "closed": _full("”"), "letters": _full("ß"), "characters": _full("花"),
    "left to right": _full("\u200e"), "marked lines": _full("\u200e\n"), "spaces": _full(" "), "tabs": _full("\t"),
    "less": _full("<"), "tags": _full("<a>"), "tagged": _full("\u200e<aaaa "), "open": _full("("),
    "pages": _full(" • "),
    "labels": _full("a: "), "named": _full("a.b (c) "), "places": _full("https://maps.google.com/?"),
    "ends": _full(">"),
    "ignored": _full("ignorier"), "a system": _full("system "), "streets": _full("rue "), "hyphens": _full("a-"),
    "numbers": _full("1 "), "mails": _full("a@a."),
    "accents": "e" + _full("\u0301"), "hex": _full("a1"), "dashes": _full("-"), "equals": _full("=a,"),
}  # fmt: skip


def _link_card(text: str) -> object:
    return markup.link_card({"url": "https://x.example/" + text.replace("\n", ""), "domain": "x.example"})


LOOKS: dict[str, Callable[[str], object]] = {
    "words": markup.words,
    "folded": markup.folded,
    "poll": markup.poll,
    "an option of a poll": lambda text: markup.poll(f"POLL:\nWhere?\nOPTION: home (2 votes)\nOPTION: x{text}y"),
    "a question of a poll": lambda text: markup.poll(f"POLL:\n{text}y\nOPTION: home (2 votes)"),
    "is_big": markup.is_big,
    "link_card": _link_card,
    "fold": folding.fold,
    "fts_query": fts_query,
    "snippet": lambda text: snippet(text, "a 1 花 lantern"),
    "snippet of itself": lambda text: snippet(text, text),
    "renamed": lambda text: derived_words.renamed(ExchangeWords(text, text, "[]"), "a", "b", by_model=True),
    "without_hidden": lambda text: derived_words.without_hidden(
        ExchangeWords(text[:62], text[:500], "[]"),
        [("Ana", text)] * 3,
        {"text": 3},
        folding.fold,
        by_model=False,
    ),
    "android": lambda text: read(
        f"13/2/24, 13:05 - Ana: hello\n13/2/24, 13:06 - Ben: {text}\n13/2/24, 13:06 - {text}\n"
    ),
    "iphone": lambda text: read(
        f"[13/2/24, 13:05:00] Ana: hello\n[13/2/24, 13:06:00] Ben: {text}\n\u200e[13/2/24, 13:06:00] Ben: {text}\n"
    ),
    "a caption": lambda text: read(
        f"\u200e[13/2/24, 13:05:00] Ana: {text}\nx\u200eimage omitted\n\u200e[13/2/24, 13:06:00] Ben: {text}"
        "\u200e<attached: 00000001-PHOTO-2024-02-13-13-06-00.jpg>\n[13/2/24, 13:07:00] Ben: hello\n"
    ),
    "is_same_wording of polls": lambda text: wordings.is_same_wording(
        "poll", f"POLL:\nWhere?\nOPTION: {text}y (1 vote)", f"POLL:\nWhere?\nOPTION: {text}z"
    ),
    "is_same_wording": lambda text: wordings.is_same_wording("text", f"@Ana {text}y", f"@Ben {text}z"),
    "more_votes": lambda text: wordings.more_votes(f"POLL:\n{text}y", f"{text}z"),
    "redacted": Redactor(("Ana Lee", "花子", "O'Neil")).clean,
    "packed": lambda text: prompt._SPEAKS_TO_MODEL.search(text),
    "a line of no header": lambda text: read(f"13/2/24, 13:05 - Ana: hello\n{text}\n[{text}\n13/2/24{text}\n"),
    "with_pictures": lambda text: book_formats.with_pictures(text + 'src="/-/media/x"', lambda _sha256: None),
}


def _seconds(look: Callable[[str], object], text: str) -> float:
    """Of processor; the better of two where it looks slow, for a processor that others share is slower."""
    used = []
    for _ in range(2):
        start = time.process_time()
        look(text)
        used.append(time.process_time() - start)
        if used[-1] < GRANTED_S:
            break
    return min(used)


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_takes_longer_than_its_words(look: str) -> None:
    slow = {}
    for name, text in WORST.items():
        slow[name] = _seconds(LOOKS[look], text)
        slow[f"{name} between letters"] = _seconds(LOOKS[look], f"x{text}y")
    assert {name: used for name, used in slow.items() if used > GRANTED_S} == {}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://x.example/a).", "https://x.example/a"),
        ("see https://x.example/a_(b)).", "https://x.example/a_(b)"),
        ("(https://x.example/a(b)c)", "https://x.example/a(b)c"),
        ("https://x.example/))))", "https://x.example/"),
        ("https://x.example/((", "https://x.example/(("),
    ],
)
def test_brackets_around_an_address_are_not_of_it(text: str, shown: str) -> None:
    assert f'href="{shown}"' in markup.words(text)
