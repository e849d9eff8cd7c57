"""Lets datasette-cluster-map draw a place on its own row's page too: it does so for tables and queries only."""

import datasette_cluster_map
from datasette import hookimpl


@hookimpl
def extra_js_urls(database, table, columns, view_name, datasette):
    if view_name != "row":
        return []
    return datasette_cluster_map.extra_js_urls(database, table, columns, "table", datasette)


@hookimpl
def extra_body_script(database, table, columns, view_name, datasette):
    if view_name != "row":
        return ""
    return datasette_cluster_map.extra_body_script(database, table, columns, "table", datasette) or ""
