"""What is memorable is the owner's call: `taste.toml`, words of guidance and a few examples, in any language."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections.abc import Callable, Set
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from ingest.core.errors import MemoriesError
from ingest.summaries.gemini.transcript import one_line
from memories_lib.shared.layout import ArchiveFiles

_MOST = 1_500
_MOST_EXAMPLES = 12
_LEARN = 5

DEFAULT = (
    "Keep what people would want to read again in twenty years: firsts and lasts, births, loves, losses, journeys, "
    "celebrations, reconciliations, jokes that became theirs, kind words, long honest talks, stories somebody tells. "
    "Not memorable: appointments, errands, links without talk, small talk, logistics, forwarded texts."
)


class BadTaste(MemoriesError):
    """`taste.toml` cannot be read."""


@dataclass(frozen=True, slots=True)
class Taste:
    """Guidance, and examples of what is and what is not worth keeping."""

    guidance: str = DEFAULT
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()

    def text(self) -> str:
        """As it stands in the instructions."""
        lines = [self.guidance]
        lines += [f"Worth keeping: {example}" for example in self.good]
        lines += [f"Not worth keeping: {example}" for example in self.bad]
        return "\n".join(lines)

    def digest(self) -> str:
        """A short name for it: another taste is asked anew."""
        return blake2b(self.text().encode(), digest_size=6).hexdigest()


def read_taste(path: Path | None, beside: Path) -> Taste:
    """The taste in `path`, or in `taste.toml` beside the archive, or the one that is built in."""
    if path is None:
        path = ArchiveFiles.of(beside).taste
        if not path.exists():
            return Taste()
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadTaste(f"{path}: cannot be read ({type(error).__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise BadTaste(f"{path}: is no TOML: {error}") from None
    guidance = found.get("guidance", DEFAULT)
    if not isinstance(guidance, str):
        raise BadTaste(f'{path}: guidance must be a text, as in guidance = "our travels; no work"')
    return Taste(one_line(guidance)[:_MOST], _examples(found, "good", path), _examples(found, "bad", path))


def _examples(found: dict[str, object], name: str, path: Path) -> tuple[str, ...]:
    given = found.get(name, [])
    if not isinstance(given, list) or not all(isinstance(example, str) for example in given):
        raise BadTaste(f'{path}: {name} must be a list of texts, as in {name} = ["the evening at the lake"]')
    return tuple(one_line(example)[:300] for example in given[:_MOST_EXAMPLES])


def learned(
    connection: sqlite3.Connection,
    taste: Taste,
    chats: Set[str],
    without: Set[str],
    clean: Callable[[str], str] | None,
) -> Taste:
    """`taste` and what the owner starred and hid, the newest few, in `chats` and where nobody of `without` spoke.

    `clean` takes names and numbers out of them.
    """
    marked = {}
    for column in ("is_starred", "is_hidden"):
        rows = connection.execute(
            f"""
            SELECT title, summary FROM exchange_marks
            JOIN exchanges ON exchanges.id = exchange_id JOIN chats ON chats.id = chat_id
            WHERE {column} AND chats.name IN (SELECT value FROM json_each(:chats)) AND NOT EXISTS (
                SELECT 1 FROM messages JOIN people ON people.id = sender_id
                WHERE messages.exchange_id = exchanges.id AND people.name IN (SELECT value FROM json_each(:without))
            )
            ORDER BY started_at DESC LIMIT :most
            """,
            {"chats": json.dumps(sorted(chats)), "without": json.dumps(sorted(without)), "most": _LEARN},
        )
        told = [one_line(f"{title}: {summary}") for title, summary in rows]
        marked[column] = tuple((clean(text) if clean else text)[:300] for text in told)
    return Taste(taste.guidance, taste.good + marked["is_starred"], taste.bad + marked["is_hidden"])
