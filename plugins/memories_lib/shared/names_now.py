"""What people and chats are called now, where an edit changed what ingest called them. Pure."""

from __future__ import annotations

import hashlib

from memories_lib.shared import derived_words
from memories_lib.shared.derived_words import ExchangeWords
from memories_lib.shared.sql import Run, has_table

#: In `prompt_version`: a person wrote this title, and no message.
RETITLED = "retitled"


def person_key(name: str) -> int:
    """The key of a person: a digest of the name that ingest gave."""
    return int.from_bytes(hashlib.blake2b(name.casefold().encode(), digest_size=8).digest(), "big") & ((1 << 53) - 1)


def told_now(run: Run, words: ExchangeWords, *, by_model: bool) -> ExchangeWords:
    """Words that were told with the names that ingest gave, with those of now."""
    for old, new in _changed_names(run):
        words = derived_words.renamed(words, old, new, by_model=by_model)
    return words


def _changed_names(run: Run) -> list[tuple[str, str]]:
    joined = "joined_to" if has_table(run, "senders_before") else "NULL"
    return run(
        f"""
        SELECT kept.name, people.name FROM people_before AS kept
        JOIN people ON people.id = coalesce({joined}, person_id)
        WHERE kept.name <> people.name ORDER BY length(kept.name) DESC
        """
    ).fetchall()
