"""From bytes to messages: opening exports, finding out how they are written, reading them. Knows no archive."""
