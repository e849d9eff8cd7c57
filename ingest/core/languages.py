"""The words WhatsApp itself writes, from `data/languages.json`, ready for looking up.

A translator can edit that file; no code changes. It is JSON, since each process reads it, and TOML takes forty times
as long. In every list the newest wording comes first:

  omitted.any     what stands between < > on Android where a file was left out
  omitted.KIND    what an iPhone writes for a left-out image, video, audio, sticker, gif, document, contact
  attached        the words in "FILE (words)" on Android and "<words: FILE>" on an iPhone
  deleted, edited the sentences for a deleted message, and inside < > for an edited one
  own_deleted     the sentence for a message that the archive's owner deleted
  deleted_by_admin  the same with the name of who deleted it
  location        the word before a maps link     live   a shared live location
  poll, option    the words that start a poll and its options
  call            how a line about a call starts
  missed          whole messages that are a missed call: nobody writes these by hand
  view_once       whole lines for something that could be seen once
  cannot_display  how a message starts that this phone could not show
  invite          how a message with a group's link starts, which people send
  you             how a notice about the owner starts
  am, pm          words beside a 12-hour clock      night   late evening, or before dawn
  clock           words beside a clock that say nothing, such as "Uhr"
  months          the twelve names, then short forms as "name=number"
  file            how the exported file is called; {name} is the chat
  laugh           how people laugh in writing (a regular expression for one word)
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

#: Direction marks, isolates, byte order marks: they carry no meaning in a header.
MARKS = "\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_WITHOUT_MARKS = dict.fromkeys(map(ord, MARKS))
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007\u3000", " "))
#: Few texts have one, and `str.translate` is slow: it is not asked without need.
_find_mark = re.compile(f"[{MARKS}]").search
_find_space = re.compile("[\u00a0\u202f\u2009\u2007\u3000]").search


def without_marks(text: str) -> str:
    """`text` without direction marks and U+FEFF."""
    return text.translate(_WITHOUT_MARKS) if not text.isascii() and _find_mark(text) else text


#: Letters of `Languages.raw_starts`.
START = 3


def plain(text: str) -> str:
    """The form in which WhatsApp's own words are compared: NFC, no marks, one kind of space, no final stop or case."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", without_marks(text))
        if _find_space(text):
            text = text.translate(_SPACES)
    return text.strip().rstrip(".。").casefold()


def meridiem_key(word: str) -> str:
    """`word` ("a. m.", "PM") as it is looked up among the words beside a 12-hour clock."""
    return re.sub(r"[\s.]", "", word.translate(_SPACES)).casefold()


@dataclass(frozen=True, slots=True)
class Languages:
    """All languages at once: an export's language need not be known to read it."""

    exact: dict[str, str]  # plain sentence -> kind
    exact_tight: dict[str, str]  # the same without blanks, which phones set in one way or another
    exact_raw: frozenset[str]  # the same as they are usually written, for a fast look
    own_deleted: frozenset[str]
    deleted_by_admin: tuple[tuple[str, str], ...]  # what stands before and after the name, plain
    starts_of_deleted: tuple[str, ...]  # the first halves of these
    raw_starts: frozenset[str]  # how these, and calls, begin as they are written: three letters, for a fast look
    of_people: tuple[str, ...]  # how sentences start that WhatsApp puts into somebody's mouth, plain
    omitted: frozenset[str]
    attached: frozenset[str]
    edited: frozenset[str]
    calls: tuple[str, ...]
    call_ends: tuple[str, ...]  # how sentences end that say who began one
    polls: frozenset[str]
    options: frozenset[str]
    labels: frozenset[str]  # words before a colon that WhatsApp writes in front of a place, a poll, a file
    you: tuple[str, ...]
    meridiem: dict[str, str]  # key -> am, pm, night, or clock for words that say nothing
    months: dict[str, int]
    file_names: tuple[re.Pattern[str], ...]
    laughs: dict[str, str]


#: language -> its table of data/languages.json
_Tables = Mapping[str, Mapping[str, Any]]


@cache
def languages() -> Languages:
    """Read the data file once."""
    return from_tables(json.loads(files("ingest").joinpath("data/languages.json").read_text("utf-8")))


def from_tables(tables: _Tables) -> Languages:
    """What the tables of all languages say together."""
    exact = {plain(sentence): kind for sentence, kind in _sentences_with_kind(tables)}
    by_admin = [sentence.partition("{name}") for sentence in _listed(tables, "deleted_by_admin")]
    around_name = tuple((plain(f"{before}|")[:-1], plain(f"|{after}")[1:]) for before, _, after in by_admin)
    first_words = (*_listed(tables, "call"), *(before for before, _, _ in by_admin))
    return Languages(
        exact=exact,
        exact_tight={sentence.replace(" ", ""): kind for sentence, kind in exact.items() if " " in sentence},
        exact_raw=frozenset(_raw_forms(sentence for sentence, _ in _sentences_with_kind(tables))),
        own_deleted=_plain_set(tables, "own_deleted"),
        deleted_by_admin=around_name,
        starts_of_deleted=tuple({before for before, _ in around_name}),
        raw_starts=frozenset(word[:START] for word in first_words if word),
        of_people=_plain_tuple(tables, "cannot_display", "invite"),
        omitted=frozenset(
            map(plain, (s for table in tables.values() for s in table.get("omitted", {}).get("any", [])))
        ),
        attached=_plain_set(tables, "attached"),
        edited=_plain_set(tables, "edited"),
        calls=_plain_tuple(tables, "call", "missed"),
        call_ends=_plain_tuple(tables, "call_ends"),
        polls=_plain_set(tables, "poll"),
        options=_plain_set(tables, "option"),
        labels=_plain_set(tables, "location", "poll", "option", "attached", "event"),
        you=tuple(_listed(tables, "you")),
        meridiem=_meridiem(tables),
        months=_months(tables),
        file_names=_file_names(tables),
        laughs={code: table["laugh"] for code, table in tables.items() if "laugh" in table},
    )


def _listed(tables: _Tables, *names: str) -> Iterator[str]:
    """What the lists of these names hold, language after language."""
    for table in tables.values():
        for name in names:
            value = table.get(name, [])
            # Where a language has none, the table says why in a string.
            yield from value if isinstance(value, list) else ()


def _plain_set(tables: _Tables, *names: str) -> frozenset[str]:
    return frozenset(map(plain, _listed(tables, *names)))


def _plain_tuple(tables: _Tables, *names: str) -> tuple[str, ...]:
    return tuple(map(plain, _listed(tables, *names)))


def _sentences_with_kind(tables: _Tables) -> Iterator[tuple[str, str]]:
    """(sentence that is all of a message, the kind of message that it is)"""
    kinds = (
        ("deleted", "deleted"),
        ("own_deleted", "deleted"),
        ("view_once", "view_once"),
        ("live", "location"),
        ("missed", "call"),
    )
    for code, table in tables.items():
        for name, kind in kinds:
            yield from ((sentence, kind) for sentence in _listed({code: table}, name))
        for kind, sentences in table.get("omitted", {}).items():
            if kind != "any":
                yield from ((sentence, kind) for sentence in sentences)


def _raw_forms(sentences: Iterable[str]) -> set[str]:
    return {mark + s + stop for s in sentences for mark in ("", "\u200e", "\u200f") for stop in ("", ".")}


def _meridiem(tables: _Tables) -> dict[str, str]:
    """Key of a word beside a clock -> am, pm, night, or clock for words that say nothing."""
    return {
        meridiem_key(word): meaning
        for code, table in tables.items()
        for meaning in ("am", "pm", "night", "clock")
        for word in _listed({code: table}, meaning)
    }


def _months(tables: _Tables) -> dict[str, int]:
    """Name of a month -> its number: by its place in the list, or as it says (``sept=9``)."""
    months: dict[str, int] = {}
    for table in tables.values():
        for number, month in enumerate(_listed({"": table}, "months"), 1):
            word, _, value = month.partition("=")
            months[word.casefold()] = int(value or number)
            if not value and len(word) > 4 and word.isascii():
                months.setdefault(word[:3].casefold(), number)
    return months


def _file_names(tables: _Tables) -> tuple[re.Pattern[str], ...]:
    # The longest words first, so that "Chat WhatsApp con" wins over a shorter one.
    names = sorted(_listed(tables, "file"), key=len, reverse=True)
    return tuple(
        re.compile(
            re.escape(name).replace(r"\{name\}", "(?P<name>.+)").replace(r"\ ", r"[ _\u00a0]") + r"\Z",
            re.IGNORECASE,
        )
        for name in (*names, *_as_zips(names))
    )


def _as_zips(names: Iterable[str]) -> Iterator[str]:
    """``Discussion WhatsApp - {name}`` for ``Discussion WhatsApp avec {name}``: as iPhones name the zip of a chat."""
    for name in names:
        start, whatsapp, _ = name.partition("WhatsApp")
        if start and whatsapp and "{name}" not in start:
            yield f"{start}WhatsApp - {{name}}"


_COPY_OF = re.compile(r"\A(?:copy of|kopie von|copia de|copie de|cópia de|kopia)[ _]", re.IGNORECASE)
#: ``WhatsApp Sohbeti - Haus``: as iPhones name their zips, in any language.
_ANY_LANGUAGE = re.compile(r"WhatsApp(?:[ _-][^\W\d_]+){1,3}[ _]-[ _](?P<name>.+)\Z", re.IGNORECASE)


def chat_name_from_file(stem: str) -> str | None:
    """The chat's name in a file name such as ``WhatsApp Chat with Emma (1)``; None when it holds none."""
    cleaned = without_marks(stem).strip()
    if "%20" in cleaned:
        cleaned = unquote(cleaned)  # a browser's download
    for suffix in (r"\.txt\Z", r"\.zip\Z", r"\s?\(\d{1,3}\)\Z", r"\s-\s(?:copy|Kopie|copia|copie)\Z"):
        cleaned = re.sub(suffix, "", cleaned)
    cleaned = _COPY_OF.sub("", cleaned)
    for pattern in (*languages().file_names, _ANY_LANGUAGE):
        found = pattern.match(cleaned)
        if found:
            name = found["name"].strip()
            # Some phones write "_" for a space, in the whole name.
            return name.replace("_", " ").strip() if " " not in cleaned else name
    return None
