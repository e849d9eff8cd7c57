"""What needs an archive in a file."""
