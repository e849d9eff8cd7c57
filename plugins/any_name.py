"""Lets an archive have any file name: what `metadata.yml` says of ``memories`` holds for each archive."""

from functools import lru_cache

from datasette import hookimpl

#: See `application_id` in docs/SCHEMA.md.
APPLICATION_ID = b"WAMe"


@lru_cache(maxsize=64)
def _is_archive(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(72)[68:72] == APPLICATION_ID
    except OSError:
        return False


@hookimpl
def get_metadata(datasette):
    """The descriptions, facets and queries of ``memories``, under each archive's own name."""
    told = (datasette._metadata_local.get("databases") or {}).get("memories")
    if not told:
        return {}
    names = [
        name
        for name, database in datasette.databases.items()
        if name != "memories" and database.path and _is_archive(str(database.path))
    ]
    return {"databases": {name: told for name in names}} if names else {}
