"""What the search page shows: messages and talks with some words, or messages of a kind, a person or a time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from memories_lib.queries import media_search, passages, spelling, talks
from memories_lib.queries import search as finder
from memories_lib.queries.search_filter import EVERYTHING, SearchFilter
from memories_lib.shared import visible
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.snippet import snippet
from memories_lib.shared.sql import Row, Run

#: Hits on a page of a search.
FOUND = 40
#: More hits than that are not counted year by year.
_MOST_COUNTED = 5_000
#: Fewer messages than that are put in order of time; more are looked through in that order.
_FEW = 20_000
_IN_TIME = "messages INDEXED BY messages_by_sent_at"
#: So many talks are shown whose title, summary or topics have the words.
_TALKS = 6
#: So many stretches of talk are shown for a question that ends with "?".
_ANSWERS = 3
#: A question of plain words, the last of which may go on.
_PLAIN = re.compile(r"[^\"*()]*?\w\w\Z")


@dataclass(slots=True)
class Group:
    """Hits of one talk, in the order they were said."""

    exchange_id: int
    title: str
    chat: str
    day: str
    hits: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class SearchResults:
    """`question`: what was looked for, with a * where nothing had the word and beginnings of words were looked for;
    `total` None: not counted; `more`: the last message, where there are others; `years`: (year, hits) of each;
    `is_near`: `question` is spelt otherwise than it was asked, as somebody wrote it; `answers`: where a question's
    words come together, stretch by stretch; `around`: media of the kind that is asked for, by what was said around
    them.
    """

    question: str
    groups: list[Group]
    cards: list[Row]
    total: int | None
    more: int | None
    years: list[tuple[str, int]]
    is_near: bool = False
    answers: list[list[passages.Passage]] = field(default_factory=list)
    around: list[Group] = field(default_factory=list)

    @property
    def is_of_beginnings(self) -> bool:
        """Whether no message has the word itself."""
        return self.question.endswith("*")


def search_page(run: Run, question: str, args: Mapping[str, str]) -> SearchResults:
    """What is found for a question and what narrows it; without words, what there is of what is chosen."""
    looked_for = question
    if fts_query(question):
        messages, cards, total = _with_words(run, question, args)
        is_near = False
        answers = [] if args.get("before") or SearchFilter.from_args(args) != EVERYTHING else _answers(run, question)
        if not total and not cards and not args.get("before"):
            for instead in _otherwise(run, question):
                messages, cards, total = _with_words(run, instead, args)
                if total or cards:
                    looked_for = instead
                    is_near = not instead.endswith("*")
                    break
        around = [] if args.get("before") else _grouped(media_search.said_around(run, looked_for, args))
        years = _years(run, looked_for, args) if 1 < total <= _MOST_COUNTED else []
        # The best are not gone through page by page: after a message come those of another time.
        goes_on = len(messages) == FOUND and args.get("sort") != "best"
        more = messages[-1]["id"] if goes_on else None
        return SearchResults(looked_for, _grouped(messages), cards, total, more, years, is_near, answers, around)
    messages = _chosen(run, args)
    more = messages[-1]["id"] if len(messages) == FOUND else None
    return SearchResults("", _grouped(messages), [], None, more, [])


def _with_words(
    run: Run, question: str, args: Mapping[str, str], most: int = FOUND
) -> tuple[list[dict[str, Any]], list[Row], int]:
    """(messages with their talk, talks, how many messages there are); narrowed by what `args` says."""
    query = fts_query(question)
    if not query:
        return [], [], 0
    asked = SearchFilter.from_args(args)
    order = sort if (sort := args.get("sort") or "") in finder.ORDERS else "newest"
    digits = args.get("before") or ""
    before = int(digits) if digits.isdecimal() and len(digits) < 19 else None
    ids, total = finder.find(run, query, asked, order=order, most=most, before=before)
    rows = run(
        f"""
        SELECT messages.id, messages.sent_at, messages.exchange_id, people.name AS sender, chats.name AS chat,
            exchanges.title, messages.text, messages.kind, media.told_by, media.sha256, media.thumbnail,
            trim(coalesce(media.description, '') || ' ' || coalesce(media.transcript, '')) AS seen
        FROM messages JOIN chats ON chats.id = messages.chat_id JOIN exchanges ON exchanges.id = messages.exchange_id
        LEFT JOIN people ON people.id = messages.sender_id LEFT JOIN media ON media.message_id = messages.id
        WHERE messages.id IN ({", ".join("?" * len(ids))})
        """,
        ids,
    ).fetchall()
    found = {row["id"]: row for row in rows}
    messages = []
    for number in ids:
        row = dict(found[number])
        # What a model saw in a photo or heard in a voice note, where the words are in that.
        is_seen = row["seen"] and not any(is_hit for _, is_hit in snippet(row["text"], question))
        messages.append({**row, **({"text": row["seen"]} if is_seen else {"told_by": None})})
    # What is told of talks is told once, and not on each page.
    return messages, [] if before else _told_with(run, query, asked), total


def _told_with(run: Run, query: str, asked: SearchFilter) -> list[Row]:
    """The cards of talks whose title, summary or topics match, the best first."""
    numbers = ", ".join(map(str, finder.talks_with(run, query, asked, most=_TALKS)))
    best_first = "ORDER BY exchanges.score DESC, exchanges.id DESC"
    return run(f"{talks.CARDS} WHERE exchanges.id IN ({numbers}) {best_first}").fetchall()


def _answers(run: Run, question: str) -> list[list[passages.Passage]]:
    if not passages.is_question(question):
        return []
    found = passages.find(run, question, talks=_ANSWERS)
    return [list(stretch) for _, stretch in itertools.groupby(found, key=lambda passage: passage.exchange)]


def _otherwise(run: Run, question: str) -> Iterator[str]:
    """What else may be meant where nothing is found: beginnings of words, and words with a letter wrong."""
    if _PLAIN.match(question):
        yield f"{question}*"
    nearly = spelling.nearest(run, question)
    if nearly:
        yield nearly


def _grouped(messages: list[dict[str, Any]]) -> list[Group]:
    """By talk, the talks in the order of what was found first in them."""
    groups: dict[int, Group] = {}
    for m in messages:
        known = groups.setdefault(m["exchange_id"], Group(m["exchange_id"], m["title"], m["chat"], m["sent_at"][:10]))
        known.hits.append(m)
    for group in groups.values():
        group.hits.sort(key=lambda m: (m["sent_at"], m["id"]))
    return list(groups.values())


def _years(run: Run, question: str, args: Mapping[str, str]) -> list[tuple[str, int]]:
    asked = replace(SearchFilter.from_args(args), since="", until="")
    narrower, given = asked.where()
    named = "JOIN chats ON chats.id = messages.chat_id LEFT JOIN people ON people.id = messages.sender_id"
    if few := asked.among(run):
        narrower += f" AND +messages_fts.rowid IN ({few})"
    rows = run(
        f"""
        SELECT substr(sent_at, 1, 4) AS year, count(*) AS hits
        FROM messages_fts CROSS JOIN messages ON messages.id = messages_fts.rowid {named if narrower else ""}
        WHERE messages_fts MATCH :query AND {visible.MESSAGE_SEEN}{narrower} GROUP BY 1 ORDER BY 1
        """,
        {**given, "query": fts_query(question)},
    )
    return [(row["year"], row["hits"]) for row in rows]


def _chosen(run: Run, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """Messages of a kind, a chat, a person, some days: the newest first, or the oldest with ``sort=first``."""
    asked = SearchFilter.from_args(args)
    narrower, given = asked.where()
    if not narrower:
        return []
    where = f"{visible.MESSAGE_SEEN}{narrower}"
    way, side = ("", ">") if args.get("sort") == "first" else ("DESC", "<")
    before = args.get("before") or ""
    if before.isdecimal() and len(before) < 19:
        where += (
            f" AND (messages.sent_at, messages.id) {side}"
            f" (SELECT sent_at, id FROM messages WHERE id = :before AND {visible.MESSAGE_SEEN})"
        )
        given["before"] = int(before)
    named = "CROSS JOIN chats ON chats.id = messages.chat_id CROSS JOIN people ON people.id = messages.sender_id"
    few = asked.among(run, _FEW)
    # Few are put in order; many are met in order, until a page is full. Which ones they are is told by indexes.
    source = f"({few}) AS few CROSS JOIN messages ON messages.id = few.id" if few else _IN_TIME
    ids = [
        row[0]
        for row in run(
            f"""
            SELECT messages.id FROM {source} {named}
            WHERE {where} ORDER BY messages.sent_at {way}, messages.id {way} LIMIT {FOUND}
            """,
            given,
        )
    ]
    rows = run(
        f"""
        SELECT messages.id, messages.sent_at, messages.exchange_id, messages.kind, people.name AS sender,
            chats.name AS chat, exchanges.title, messages.text, NULL AS told_by, media.sha256, media.thumbnail
        FROM messages JOIN chats ON chats.id = messages.chat_id JOIN exchanges ON exchanges.id = messages.exchange_id
        JOIN people ON people.id = messages.sender_id LEFT JOIN media ON media.message_id = messages.id
        WHERE messages.id IN ({", ".join("?" * len(ids))})
        ORDER BY messages.sent_at {way}, messages.id {way}
        """,
        ids,
    ).fetchall()
    return [dict(row) for row in rows]
