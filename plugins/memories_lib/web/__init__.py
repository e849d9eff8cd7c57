"""How pages are rendered."""

from __future__ import annotations
