"""A long page is rendered a few milliseconds at a time, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from datasette import hookimpl
from jinja2 import Template

#: Pieces of a page, or letters, between two looks at the clock, and how long (seconds) nobody else is answered.
_PIECES, _LETTERS, _STEP_S = 40, 8_000, 0.01


class _InSteps(Template):
    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """The whole page, as Jinja's own gives it."""
        pieces = []
        letters = 0
        since = time.perf_counter()
        async for piece in self.generate_async(*args, **kwargs):
            pieces.append(piece)
            letters += len(piece)
            if (len(pieces) % _PIECES == 0 or letters > _LETTERS) and time.perf_counter() - since > _STEP_S:
                await asyncio.sleep(0)
                letters = 0
                since = time.perf_counter()
        return self.environment.concat(pieces)


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Before any template is loaded."""
    env.template_class = _InSteps
