"""Hashes of passwords, as datasette-auth-passwords writes and checks them."""

from __future__ import annotations

import base64
import hashlib
import secrets

_ROUNDS = 480_000
SHORTEST = 12


def hash_password(password: str) -> str:
    """``pbkdf2_sha256$rounds$salt$hash``: slow to make on purpose, so that guessing is slow too."""
    salt = secrets.token_hex(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ROUNDS)
    return f"pbkdf2_sha256${_ROUNDS}${salt}${base64.b64encode(digest).decode('ascii')}"
