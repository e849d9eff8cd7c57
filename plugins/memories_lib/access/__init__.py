"""Who gets in: roles, passwords, sessions, tokens."""
