"""What plugins share. Loaded as the package `memories_lib`, whatever folder Datasette reads plugins from."""
