"""The words of the pages in the reader's language, and dates and numbers as that language writes them."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memories_lib.shared import media_words, settings

if TYPE_CHECKING:  # the command line has words, too, and needs no server for them
    from datasette.utils.asgi import Request


@cache
def _all() -> dict[str, dict[str, Any]]:
    folder = Path(__file__).with_name("words")
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.toml"))}


def language_of(request: Request) -> str:
    """The first language that the reader asks for and that there is; English else."""
    if request is None:
        return "en"
    chosen = request.args.get("lang") or request.cookies.get("lang") or ""
    accepted = request.headers.get("accept-language", "")
    wanted = [chosen, *(part.partition(";")[0] for part in accepted.split(","))]
    return next((code for name in wanted if (code := name.strip().lower().partition("-")[0]) in _all()), "en")


class Words:
    """``t("found", count=3)``, ``t.day("2024-06-14")``, ``t.number(1200)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = {**_all()["en"], **_all()[language]}

    def __call__(self, name: str, /, **given: object) -> str:
        said = self._words[name]
        return said.format(**given) if given else said

    def __contains__(self, name: str) -> bool:
        """Whether there are words for `name`."""
        return name in self._words

    def advice(self, advice: settings.Advice) -> str:
        """What is to be done about a setting."""
        return settings.told(advice, self.language)

    def sentence(self, english: str) -> str:
        """What an error says, in the reader's language where there are words for it."""
        return str(self._words.get("sentences", {}).get(english, english))

    def title(self, title: str | None) -> str:
        """A talk's title; one that was made of numbers of files, in the reader's language."""
        return media_words.in_language(title or "", self.language)

    def number(self, value: float) -> str:
        """1200 as 1,200 or 1.200; 1.5 as 1.5 or 1,5."""
        whole, point, rest = f"{value:,}".partition(".")
        thousands = self._words["thousands"]
        return whole.replace(",", thousands) + ("," if point and thousands == "." else point) + rest

    def day(self, iso: str | None, weekday: bool = False) -> str:
        """``14 June 2024``; nothing for nothing."""
        try:
            found = date.fromisoformat((iso or "")[:10])
        except ValueError:
            return iso or ""
        said = self._words["date"].format(day=found.day, month=self._words["months"][found.month - 1], year=found.year)
        return f"{self._words['weekdays'][found.weekday()]}, {said}" if weekday else said

    def day_and_month(self, iso: str) -> str:
        """``14 June``: a day whose year is said elsewhere."""
        month, day = int(iso[5:7]), int(iso[8:10])
        return str(self._words["day_and_month"].format(day=day, month=self._words["months"][month - 1]))

    def month(self, iso: str) -> str:
        """``June 2024`` for 2024-06."""
        month = self._words["months"][int(iso[5:7]) - 1]
        return str(self._words["month_and_year"].format(month=month, year=iso[:4]))

    @property
    def months(self) -> list[str]:
        """``January`` to ``December``."""
        return list(self._words["months"])

    def weekday(self, number: int) -> str:
        """``Monday`` for 0."""
        return self._words["weekdays"][number]

    def mood(self, name: str) -> str:
        """A mood in the reader's language; one that is not known as it is."""
        return self._words.get(f"mood_{name}", name)

    def kind(self, name: str) -> str:
        """A kind of message, as a heading."""
        return self._words.get(f"kind_{name}", name)

    def count(self, number: int, one: str, many: str) -> str:
        """``1 message``, ``2 messages``."""
        return f"{self.number(number)} {self._words[one if number == 1 else many]}"
