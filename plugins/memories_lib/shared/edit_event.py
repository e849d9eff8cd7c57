"""One edit, as it is written down, travels and is played. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Event:
    """One edit. `detail` holds what the action needs besides its subject; `at` in UTC."""

    id: int
    at: str
    actor: str
    action: str
    subject_kind: str
    subject_key: int
    detail: dict[str, Any] = field(default_factory=dict)
    undone_by: int | None = None
