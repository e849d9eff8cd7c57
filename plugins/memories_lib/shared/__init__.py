"""Pure files that both the server and `ingest` use; nothing of Datasette."""
