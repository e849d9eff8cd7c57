"""Lets datasette-cluster-map draw a place on its own row's page too: it does so for tables and queries only."""

from __future__ import annotations

from typing import Any

import datasette_cluster_map
from datasette import hookimpl
from datasette.app import Datasette


@hookimpl
def extra_js_urls(
    database: str, table: str | None, columns: list[str] | None, view_name: str, datasette: Datasette
) -> list[Any]:
    if view_name != "row":
        return []
    return datasette_cluster_map.extra_js_urls(database, table, columns, "table", datasette)


@hookimpl
def extra_body_script(
    database: str, table: str | None, columns: list[str] | None, view_name: str, datasette: Datasette
) -> Any:
    if view_name != "row":
        return ""
    return datasette_cluster_map.extra_body_script(database, table, columns, "table", datasette) or ""
