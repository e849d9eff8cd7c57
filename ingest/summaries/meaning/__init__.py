"""What talks mean, by a sentence encoder on this machine: the extra `understanding`. Never needed by the server."""
