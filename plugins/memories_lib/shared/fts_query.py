"""What a person typed, as a question to the full-text index that never fails. Pure; loaded by both sides."""

from __future__ import annotations

import re
import unicodedata

from memories_lib.shared.folding import fold

#: What people, and their phones, write for a quotation mark; a phrase, or a word.
QUOTES = str.maketrans(dict.fromkeys("“”„«»″＂", '"'))
PHRASE = re.compile(r'"([^"]*)"|(\S+)')
#: SQLite takes no question that is nested deeper, and nobody types one.
_MOST_TERMS = 250
#: Each beginning of a word stands for thousands of words.
_MOST_BEGINNINGS = 8


def fts_query(question: str) -> str:
    """What a person typed, as an FTS5 query that never fails.

    Words must all occur; ``"a phrase"`` stays together; ``word*`` finds beginnings, ``-word`` leaves out,
    ``OR`` between words means either, ``NOT`` is ``-``. Anything else counts as a space. "" when nothing is
    left to look for.
    """
    wanted: list[list[str]] = []
    unwanted: list[str] = []
    either = negative = False
    beginnings = 0
    for phrase, word in PHRASE.findall(question.replace("\0", " ").translate(QUOTES))[:_MOST_TERMS]:
        raw = phrase or word
        if word == "OR":
            either = bool(wanted)
            continue
        if word in ("AND", "NOT"):
            negative = word == "NOT"
            continue
        negative = negative or (word.startswith("-") and len(word) > 1)
        prefix = bool(word) and word.endswith("*") and beginnings < _MOST_BEGINNINGS
        beginnings += prefix
        # Letters, numbers and the marks on them; which of the others part words, SQLite's tokenizer knows best: its
        # tables are of another version of Unicode than Python's.
        if not any(unicodedata.category(c)[0] in "LNM" for c in fold(raw)):
            negative = False
            continue
        term = fts_phrase(raw.rstrip("*")) + "*" if prefix else fts_phrase(raw)
        if negative:
            unwanted.append(term)
        elif either:
            wanted[-1].append(term)
        else:
            wanted.append([term])
        either = negative = False
    if not wanted:
        return ""
    query = " AND ".join(f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0] for terms in wanted)
    return f"({query}) NOT ({' OR '.join(unwanted)})" if unwanted else query


def fts_phrase(text: str) -> str:
    """`text` as one FTS5 phrase that never fails; one of no words finds nothing."""
    folded = fold(text)
    kept = "".join(" " if c == '"' or unicodedata.category(c) in ("Cs", "Cc") else c for c in folded)
    return '"' + " ".join(kept.split()) + '"'
