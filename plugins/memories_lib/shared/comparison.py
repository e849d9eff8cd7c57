"""An archive that is to come beside the one that is served: what would be lost, renumbered or seen again. Pure."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from memories_lib.shared import visible
from memories_lib.shared.names_now import person_key


def renumbered(path: str | Path, served: str | Path) -> tuple[int, int]:
    """(how many talks have another number at `path` than at `served`, how many talks both have)."""
    with _both(path, served) as connection:
        others, both = connection.execute(
            """
            SELECT coalesce(sum(NOT EXISTS (
                SELECT 1 FROM main.exchanges AS here WHERE here.key = there.key AND here.id = there.id
            )), 0), count(*)
            FROM served.exchanges AS there
            WHERE EXISTS (SELECT 1 FROM main.exchanges AS here WHERE here.key = there.key)
            """
        ).fetchone()
    return others, both


def shown_again(path: str | Path, served: str | Path) -> int:
    """How many messages that are hidden in `served` may be seen in the file at `path`, which shows the same edits.

    So it is where the chats of the two go by other keys: edits do not find what they hide. The same words at the same
    time in another chat, which may be seen in both, are not meant.
    """
    with _both(path, served) as connection:
        (count,) = connection.execute(
            f"""
            SELECT count(*) FROM served.messages AS there
            WHERE {visible.message_hidden("id", "exchange_id", of="served")}
                AND (
                    SELECT count(*) FROM main.visible_messages AS here
                    WHERE here.sent_at = there.sent_at AND here.key = there.key
                ) > (
                    SELECT count(*) FROM served.visible_messages AS seen
                    WHERE seen.sent_at = there.sent_at AND seen.key = there.key
                )
            """
        ).fetchone()
    return int(count)


def only_there(path: str | Path, served: str | Path, forgotten: dict[str, dict[int, str]]) -> dict[str, int]:
    """file name of an export -> how many of its messages `served` holds and the file at `path` does not.

    A message is the same when its key is, now or in an earlier reading. Of those that have no such counterpart, each is
    the same as one of the other archive by the same person at the same time, in whatever words; what is over, is only
    there: exports without seconds have many messages of one person at one time. What was `forgotten` (see
    `edit_log.forgotten`) is meant to be gone.
    """
    with _both(path, served) as connection:
        _find_alone(connection)
        here: Counter[tuple[str, str | None]] = Counter()
        for at, writer, count in connection.execute(
            """
            SELECT sent_at, people.name, count(*) FROM temp.alone_here JOIN main.messages USING (id)
            LEFT JOIN main.people ON people.id = sender_id GROUP BY 1, 2
            """
        ):
            here[at, writer] = count
        rows = connection.execute(
            """
            SELECT chat_id, source_id, sent_at, people.name FROM temp.alone_there JOIN served.messages USING (id)
            LEFT JOIN served.people ON people.id = sender_id
            """
        ).fetchall()
        chats: dict[int, int] = dict(connection.execute("SELECT id, key FROM served.chats"))
        sources = {
            source: (filename, sha256)
            for source, filename, sha256 in connection.execute("SELECT id, filename, sha256 FROM served.sources")
        }
    found: Counter[str] = Counter()
    for chat, source, at, sender in rows:
        filename, sha256 = sources[source]
        is_meant = (
            chats[chat] in forgotten["chat"]
            or int(sha256[:13], 16) in forgotten["source"]
            or (sender is not None and person_key(sender) in forgotten["person"])
        )
        if is_meant:
            continue
        if here[at, sender]:
            here[at, sender] -= 1
        else:
            found[filename] += 1
    return dict(found)


def _find_alone(connection: sqlite3.Connection) -> None:
    """Fill `alone_there` and `alone_here` with ids of messages whose key the other archive has not, or less often."""
    connection.execute("CREATE TEMP TABLE alone_there (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TEMP TABLE alone_here (id INTEGER PRIMARY KEY)")
    for table, one, other in (("alone_there", "served", "main"), ("alone_here", "main", "served")):
        connection.executescript(
            f"""
            INSERT INTO temp.{table}
            SELECT id FROM {one}.messages WHERE key NOT IN (SELECT key FROM {other}.messages)
                AND key NOT IN (SELECT key FROM {other}.former_keys)
                AND id NOT IN (
                    SELECT message_id FROM {one}.former_keys WHERE key IN (SELECT key FROM {other}.messages)
                );

            -- Two chats may hold the same words at the same time.
            CREATE TEMP TABLE often AS SELECT key FROM {one}.messages GROUP BY key HAVING count(*) > 1;
            INSERT OR IGNORE INTO temp.{table}
            SELECT id FROM (
                SELECT id, key, row_number() OVER (PARTITION BY key ORDER BY id) AS nth FROM {one}.messages
                WHERE key IN (SELECT key FROM temp.often)
            ) JOIN (
                SELECT key, count(*) AS times FROM {other}.messages
                WHERE key IN (SELECT key FROM temp.often) GROUP BY key
            ) USING (key)
            WHERE nth > times AND key NOT IN (SELECT key FROM {other}.former_keys);
            DROP TABLE temp.often;
            """
        )


def still_holds(path: str | Path, forgotten: dict[str, dict[int, str]]) -> list[str]:
    """What the file at `path` holds of what was `forgotten` (see `edit_log.forgotten`), as the command says it."""
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
        found = [f"chat '{name}'" for key, name in connection.execute("SELECT key, name FROM chats")
                 if key in forgotten["chat"]]  # fmt: skip
        found += [f"person '{name}'" for (name,) in connection.execute("SELECT name FROM people")
                  if person_key(name) in forgotten["person"]]  # fmt: skip
        found += [f"source '{name}'" for name, sha256 in connection.execute("SELECT filename, sha256 FROM sources")
                  if int(sha256[:13], 16) in forgotten["source"]]  # fmt: skip
    return found


@contextmanager
def _both(path: str | Path, served: str | Path) -> Iterator[sqlite3.Connection]:
    """Both archives in one connection: `main` and `served`."""
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("ATTACH ? AS served", (f"{Path(served).resolve().as_uri()}?mode=ro",))
        yield connection
