"""Every address that a server has, asked of its router: the patterns of all routes, filled in with what is there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from datasette.app import Datasette

from tests.conftest import ROOT
from tests.helpers import run_apart

_GROUP = re.compile(r"\(\?P<(?P<name>\w+)>")


def patterns(database: Path) -> list[str]:
    """The patterns of all routes, Datasette's own and those of the plugins."""
    served = Datasette(
        [str(database)], plugins_dir=str(ROOT / "plugins"), template_dir=str(ROOT / "templates"),
        static_mounts=[("static", str(ROOT / "static"))],
    )  # fmt: skip

    async def found() -> list[str]:
        await served.invoke_startup()
        return [pattern.pattern for pattern, _ in served._routes()]

    return run_apart(found())


def addresses(pattern: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The addresses that fit a pattern, each named group with each of its `values`. Raises KeyError for a new group."""
    parts: list[Sequence[str]] = []
    rest = pattern.removeprefix("^").removesuffix("$").removesuffix("/?")
    while found := _GROUP.search(rest):
        parts.append([_literal(rest[: found.start()])])
        end = _end_of_group(rest, found.start())
        parts.append(values[found["name"]])
        rest = rest[end:].removeprefix("?")
    parts.append([_literal(rest)])
    for chosen in itertools.product(*parts):
        yield "".join(chosen) or "/"


def _end_of_group(pattern: str, start: int) -> int:
    depth = 0
    for at in range(start, len(pattern)):
        is_escaped = at and pattern[at - 1] == "\\"
        depth += (pattern[at] == "(" and not is_escaped) - (pattern[at] == ")" and not is_escaped)
        if not depth:
            return at + 1
    raise ValueError(pattern)


def _literal(piece: str) -> str:
    """What a piece of a pattern stands for: the first of its choices, nothing that may be left out."""
    piece = re.sub(r"\(\?:([^()|]*)\|?[^()]*\)\??", r"\1", piece)
    piece = re.sub(r"\(([^()|]*)(?:\|[^()]*)?\)\??", r"\1", piece)
    return re.sub(r"(?:/\?|\.\*|\$|\^|\Z)", "", piece).replace("\\.", ".").replace("\\", "")
