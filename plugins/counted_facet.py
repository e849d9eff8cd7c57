"""Facets of all messages by chat, sender and kind, from what was counted at ingest: a million rows need no scan.

In the metadata ``{counted: sender_id}`` stands where a plain facet would. Filtered rows are counted as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasette import hookimpl
from datasette.facets import ColumnFacet
from datasette.utils import path_with_added_args, path_with_removed_args

_COUNTED = {
    "chat_id": "SELECT id AS value, message_count AS count FROM chats WHERE message_count > 0",
    "sender_id": "SELECT id AS value, message_count AS count FROM people WHERE message_count > 0",
    "kind": "SELECT kind AS value, sum(message_count) AS count FROM chat_kinds GROUP BY kind",
}


class CountedFacet(ColumnFacet):
    """`ColumnFacet`, with counts that are there already."""

    type = "counted"

    async def suggest(self) -> Any:
        """The metadata says where."""
        return []

    async def facet_results(self) -> Any:
        """As Datasette's own."""
        if self.table != "messages" or " where " in self.sql.lower():
            return await super().facet_results()
        return [await self._counted(told) for told in self.get_configs()], []

    async def _counted(self, told: Any) -> Any:
        column, size = told["config"]["simple"], self.get_facet_size()
        found = await self.ds.execute(
            self.database, f"{_COUNTED[column]} ORDER BY count DESC, value LIMIT :most", {"most": size + 1}
        )
        rows = found.rows[:size]
        labels = await self.ds.expand_foreign_keys(self.database, self.table, column, [row["value"] for row in rows])
        return {
            "name": column,
            "type": self.type,
            "hideable": told["source"] != "metadata",
            "toggle_url": self.ds.urls.path(path_with_removed_args(self.request, {"_facet_counted": column})),
            "results": [self._value(column, row, labels) for row in rows],
            "truncated": len(found.rows) > size,
        }

    def _value(self, column: str, row: Mapping[str, Any], labels: Mapping[Any, str]) -> Any:
        path = path_with_added_args(self.request, {column: row["value"]})
        return {
            "value": row["value"],
            "label": labels.get((column, row["value"]), row["value"]),
            "count": row["count"],
            "toggle_url": self.ds.absolute_url(self.request, self.ds.urls.path(path)),
            "selected": False,
        }


@hookimpl
def register_facet_classes() -> list[type[Any]]:
    return [CountedFacet]
