"""The words of the pages: a file for each language, whole, with the same things to put in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from memories_lib.web.i18n import Words
from tests.conftest import ROOT

WORDS = ROOT / "plugins" / "memories_lib" / "web" / "words"
LANGUAGES = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(WORDS.glob("*.toml"))}
OTHERS = sorted(set(LANGUAGES) - {"en"})
#: Words that templates name by what they hold: `t("kind_" ~ kind)`.
BY_PARTS = re.compile(r"(?:first|kind|mood|edit|login|done|tool|names|forget|n|sure|key|status)_\w+")


def slots(said: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(said) if name}


def test_there_are_three() -> None:
    assert set(LANGUAGES) >= {"en", "de", "es"}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_all_words_with_the_same_things_to_put_in(language: str) -> None:
    english, other = LANGUAGES["en"], LANGUAGES[language]
    assert set(other) - {"sentences"} == set(english)
    for name, said in english.items():
        if isinstance(said, str) and name not in ("date", "day_and_month"):
            assert slots(other[name]) == slots(said), name
            assert other[name], name


@pytest.mark.parametrize("language", OTHERS)
def test_errors_are_told_in_every_language(language: str) -> None:
    raised = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        text = path.read_text("utf-8")
        raised |= set(re.findall(r'NotFound\(\s*"([^"]+)"', text)) | set(re.findall(r'_NO_TALK = "([^"]+)"', text))
    assert len(raised) > 2
    assert raised - set(LANGUAGES[language]["sentences"]) == set()


def test_every_word_is_used() -> None:
    used = "".join(
        path.read_text("utf-8")
        for folder, ending in (("templates", "*.html"), ("plugins", "*.py"))
        for path in Path(ROOT / folder).rglob(ending)
    )
    unused = [name for name in LANGUAGES["en"] if f'"{name}"' not in used and not BY_PARTS.fullmatch(name)]
    assert unused == []


@pytest.mark.parametrize(
    ("language", "value", "said"),
    [("en", 1200, "1,200"), ("de", 1200, "1.200"), ("en", 1.5, "1.5"), ("de", 1.5, "1,5"), ("es", 12345.5, "12.345,5")],
)
def test_numbers(language: str, value: float, said: str) -> None:
    assert Words(language).number(value) == said


@pytest.mark.parametrize(
    ("language", "month", "since", "between"),
    [
        ("en", "November 2023", "since November 2023", "May 2021 to November 2023"),
        ("de", "November 2023", "seit November 2023", "Mai 2021 bis November 2023"),
        ("es", "noviembre de 2023", "desde noviembre de 2023", "de mayo de 2021 a noviembre de 2023"),
    ],
)
def test_months_are_told_as_the_language_does(language: str, month: str, since: str, between: str) -> None:
    t = Words(language)
    assert t.month("2023-11") == month
    assert t("since", date=t.month("2023-11")) == since
    assert t("between", start=t.month("2021-05"), end=t.month("2023-11")) == between
