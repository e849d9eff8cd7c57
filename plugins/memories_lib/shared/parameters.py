"""What may be asked for in a query string or on a command line: checked words, and the error of a wrong one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memories_lib.shared.contract import DAY


class WrongParameter(ValueError):
    """A parameter that means nothing. `name` as it was given, `choices` what it may be; a day, where there are none."""

    def __init__(self, name: str, choices: Sequence[str] = ()) -> None:
        super().__init__(name)
        self.name, self.choices = name, tuple(choices)


def day(args: Mapping[str, str], name: str, *, strict: bool = False) -> str:
    """A day (``2025-01-31``), or "" where none is given. Nonsense is none, or raises `WrongParameter`."""
    given = args.get(name) or ""
    if given and not DAY.match(given):
        if strict:
            raise WrongParameter(name)
        return ""
    return given


def choice(args: Mapping[str, str], name: str, choices: Sequence[str], *, strict: bool = False) -> str:
    """One of some words, or "" where none is given. Nonsense is none, or raises `WrongParameter`."""
    given = args.get(name) or ""
    if given and given not in choices:
        if strict:
            raise WrongParameter(name, choices)
        return ""
    return given
