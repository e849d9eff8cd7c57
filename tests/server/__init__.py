"""What needs a server on a socket."""
