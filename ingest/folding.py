"""The door through which `ingest` uses the folding that the server uses too: one file, loaded by path."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any, cast


def site() -> Path:
    """The folder with `plugins/`, `templates/`, `static/` and `metadata.yml`: inside the package, or a checkout."""
    packaged = Path(__file__).parent / "site"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def load_shared(name: str) -> Any:
    """A pure file of ``plugins/lib``, which the server uses too: a module of the package that plugins load as well."""
    package = "memories_lib"
    if package not in sys.modules:
        spec = importlib.util.spec_from_file_location(package, site() / "plugins" / "lib" / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[package] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[package])
    return importlib.import_module(f"{package}.{name}")


_folding = load_shared("folding")
TOKENIZE = cast(str, _folding.TOKENIZE)
EMOJI = cast("re.Pattern[str]", _folding.EMOJI)


def fold(text: str) -> str:
    """See `plugins/lib/folding.py`."""
    return cast(str, _folding.fold(text))


def fts_query(question: str) -> str:
    """See `plugins/lib/folding.py`."""
    return cast(str, _folding.fts_query(question))
