"""A long page is rendered a few milliseconds at a time, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from datasette import hookimpl
from jinja2 import Environment, Template

#: Pieces of a page, or letters, between two looks at the clock, and how long (seconds) nobody else is answered.
_PIECES, _LETTERS, _STEP_S = 40, 8_000, 0.01
#: Where an environment keeps its like for such pages.
_KEPT = "memories_without_waiting"
_OURS = Path(__file__).parent.parent / "templates"
#: Pages that wait for something while they are made: those that show Datasette's own way to a table, or are its own.
_WAITING = frozenset({"row", "error", "table", "database", "query", "index"})


def _without_waiting(template: Template) -> Template | None:
    """The same template for pages that wait for nothing, which takes a third less time; None for others."""
    environment = template.environment
    stem = (template.name or "").rpartition("/")[2].partition(".")[0].partition("-")[0]
    if stem in _WAITING or not environment.is_async or not str(template.filename).startswith(str(_OURS)):
        return None
    other: Environment | None = getattr(environment, _KEPT, None)
    if other is None:
        other = environment.overlay(enable_async=False)
        other.template_class = Template
        setattr(environment, _KEPT, other)
    return other.get_template(template.name or "")


class _Clock:
    """Tells when others have waited long enough."""

    def __init__(self) -> None:
        self._pieces = self._letters = 0
        self._since = time.perf_counter()

    def is_due(self, piece: str) -> bool:
        """Whether it is others' turn, after this piece."""
        self._pieces += 1
        self._letters += len(piece)
        if (self._pieces % _PIECES and self._letters <= _LETTERS) or time.perf_counter() - self._since <= _STEP_S:
            return False
        self._letters = 0
        return True

    async def let_others(self) -> None:
        """Until it is our turn again."""
        await asyncio.sleep(0)
        self._since = time.perf_counter()


class _InSteps(Template):
    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """The whole page, as Jinja's own gives it."""
        found, clock = [], _Clock()
        other = _without_waiting(self)
        if other is not None:
            for piece in other.generate(*args, **kwargs):
                found.append(piece)
                if clock.is_due(piece):
                    await clock.let_others()
        else:
            async for piece in self.generate_async(*args, **kwargs):
                found.append(piece)
                if clock.is_due(piece):
                    await clock.let_others()
        return str(self.environment.concat(found))


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Before any template is loaded."""
    env.template_class = _InSteps
    # Nobody changes a template while it is served: no look at the file's time for each message of a page.
    env.auto_reload = False
