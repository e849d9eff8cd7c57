"""The door through which `ingest` uses the folding that the server uses too: one file, loaded by path."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import cast


def site() -> Path:
    """The folder with `plugins/`, `templates/`, `static/` and `metadata.yml`: inside the package, or a checkout."""
    packaged = Path(__file__).parent / "site"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def _load() -> object:
    spec = importlib.util.spec_from_file_location("memories_folding", site() / "plugins" / "lib" / "folding.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_folding = _load()
TOKENIZE = cast(str, _folding.TOKENIZE)  # type: ignore[attr-defined]
EMOJI = cast("re.Pattern[str]", _folding.EMOJI)  # type: ignore[attr-defined]


def fold(text: str) -> str:
    """See `plugins/lib/folding.py`."""
    return cast(str, _folding.fold(text))  # type: ignore[attr-defined]


def fts_query(question: str) -> str:
    """See `plugins/lib/folding.py`."""
    return cast(str, _folding.fts_query(question))  # type: ignore[attr-defined]
