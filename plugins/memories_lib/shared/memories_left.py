"""Where everything that ingest chose as a memory is hidden, the best of what may be seen takes its place. Pure.

An archive of which something may be seen is shown with something on its first page. Ingest's own choice, by chat and
year, is left alone: it comes back with the first of its memories.
"""

from __future__ import annotations

from memories_lib.shared import visible
from memories_lib.shared.edited_archive import EditedArchive

#: So many take the place of those that are hidden; as many as ingest takes where nothing is worth it.
_INSTEAD_OF_NONE = 6
_LEFT = f"SELECT 1 FROM exchanges WHERE is_memory AND {visible.EXCHANGE_SEEN} LIMIT 1"
_BEST = f"""
SELECT id FROM (
    SELECT id, score, row_number() OVER (
        PARTITION BY coalesce(nullif(title, ''), id) ORDER BY score DESC, id
    ) AS place FROM exchanges WHERE score > 0 AND {visible.EXCHANGE_SEEN}
) WHERE place = 1 ORDER BY score DESC, id LIMIT :most
"""
#: Those that ingest did not choose, and nobody gave a star.
_PUT_IN_PLACE = """
SELECT exchanges.id FROM exchanges_before AS before CROSS JOIN exchanges ON exchanges.id = before.id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
WHERE exchanges.is_memory AND NOT before.is_memory AND NOT coalesce(is_starred, 0)
    AND NOT EXISTS (
        SELECT 1 FROM merged_exchanges JOIN exchanges_before AS part ON part.id = merged_exchanges.id
        WHERE merged_exchanges.exchange_id = exchanges.id AND part.is_memory
    )
"""


def take_back(db: EditedArchive) -> None:
    """As ingest and people chose them: before an edit changes anything, so that it comes out the same in any order."""
    for (exchange,) in db.run(_PUT_IN_PLACE).fetchall():
        db.run("UPDATE exchanges SET is_memory = 0 WHERE id = ?", (exchange,))


def put_in_place(db: EditedArchive) -> None:
    """Where no memory is left that may be seen, make memories of the best that may."""
    if db.run(_LEFT).fetchone():
        return
    for (exchange,) in db.run(_BEST, {"most": _INSTEAD_OF_NONE}).fetchall():
        db.keep(exchange)
        db.run("UPDATE exchanges SET is_memory = 1 WHERE id = ?", (exchange,))
