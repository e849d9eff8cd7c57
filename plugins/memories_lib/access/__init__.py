"""Who gets in: roles, passwords, sessions, tokens."""

from __future__ import annotations
