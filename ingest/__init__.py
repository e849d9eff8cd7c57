"""WhatsApp Memories: chat exports into one SQLite archive."""

__version__ = "0.1.0"
