"""What the JSON API answers."""

from __future__ import annotations
