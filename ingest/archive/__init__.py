"""The file `memories.db`: its schema, ids, search index, counts, media, edits."""
