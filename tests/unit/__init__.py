"""What needs neither a file nor a server."""
