"""What a model's tokens cost, from `data/prices.toml` or from the command line."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from ingest.core.errors import MemoriesError


class NoPrice(MemoriesError):
    """A budget was set for a model whose price is not known."""


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens. `cached` is for input that the service had read before."""

    input: float
    output: float
    cached: float

    def of(self, prompt: int, output: int, cached: int = 0, factor: float = 1.0) -> float:
        """USD for so many tokens; thinking is part of `output`."""
        fresh = max(0, prompt - cached)
        return (fresh * self.input + cached * self.cached + output * self.output) * factor / 1_000_000


def _table() -> dict[str, Any]:
    return tomllib.loads(files("ingest").joinpath("data/prices.toml").read_text("utf-8"))


def default_model() -> str:
    """The model that is asked when none is named."""
    return str(_table()["default"])


def batch_factor() -> float:
    """What part of the price a batch costs."""
    return float(_table()["batch"])


def provenance() -> str:
    """When and where the prices were read."""
    table = _table()
    return f"{table['date']}, {table['source']}"


def ending(model: str) -> date | None:
    """The day on which a model is shut down, where that is known."""
    found = _table()["models"].get(model, {}).get("ends")
    return found if isinstance(found, date) else None


def price_of(model: str, given_in: float | None = None, given_out: float | None = None) -> Price | None:
    """The price of a model; None when it is not known."""
    known = _table()["models"].get(model)
    if known is None and (given_in is None or given_out is None):
        return None
    entry = known or {}
    inward = given_in if given_in is not None else float(entry["input"])
    outward = given_out if given_out is not None else float(entry["output"])
    # Where no price for it is told, what was read before costs like the rest.
    return Price(inward, outward, inward if given_in is not None else float(entry.get("cached", inward)))
