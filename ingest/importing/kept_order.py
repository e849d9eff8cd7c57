"""`sources.date_order`: the order of day and month as accounts call it, and whether it was guessed.

The one place that knows how the two are kept in one text: ``day/month (guessed)``.
"""

from __future__ import annotations

from ingest.core.model import Order

ORDER_NAMES: dict[str, Order] = {"day/month": "dmy", "month/day": "mdy"}
_GUESSED = " (guessed)"
#: What the texts of guesses are LIKE in SQL, and what is taken off them there.
GUESSES, GUESS_MARK = f"%{_GUESSED}", _GUESSED


def kept(name: str, *, is_guess: bool) -> str:
    """The text for an order as an account names it."""
    return f"{name}{_GUESSED}" if is_guess else name


def is_guess(text: str) -> bool:
    """Whether it was guessed."""
    return text.endswith(_GUESSED)


def order_named(text: str) -> Order | None:
    """The order; None where the year stands first or months have names."""
    return ORDER_NAMES.get(name_of(text))


def name_of(text: str) -> str:
    """What an account calls it."""
    return text.removesuffix(_GUESSED)
