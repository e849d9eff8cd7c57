"""People's phone numbers out of a copy for others: where a number is a name, and where texts and names hold it.

Only numbers of people and chats of the archive are known to be somebody's; other digits stay as they are.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable

from ingest.core.names import phone_of

#: What may be a number: digits with what people put between them. Bounded, so that no text takes long.
_CANDIDATE = re.compile(r"(?:\+|%2[Bb])?\d(?:(?:[\s().\-/‑]|%(?:20|28|29|2[DdEeFf])){0,3}\d){6,16}")
#: What stands for a sign in an address.
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


def numbers_of(connection: sqlite3.Connection) -> dict[str, str]:
    """Every number of a person or a chat (``+491701234567``) -> what stands for it (``+49 … 67``)."""
    found = connection.execute("SELECT phone, name FROM people UNION SELECT NULL, name FROM chats").fetchall()
    phones = sorted({number for phone, name in found for number in (phone, phone_of(name)) if number})
    return dict(zip(phones, _stand_ins(phones), strict=True))


def _stand_ins(phones: Iterable[str]) -> list[str]:
    import phonenumbers

    given: dict[str, int] = {}
    found = []
    for phone in phones:
        short = f"+{phonenumbers.parse(phone, None).country_code} … {phone[-2:]}"
        given[short] = given.get(short, 0) + 1
        found.append(short if given[short] == 1 else f"{short} ({given[short]})")
    return found


def without(numbers: dict[str, str]) -> Callable[[str | None], str | None]:
    """A function that gives a text without these numbers, however they are written in it."""
    import phonenumbers

    by_digits: dict[str, str] = {}
    for phone, stand_in in numbers.items():
        parsed = phonenumbers.parse(phone, None)
        national = phonenumbers.national_significant_number(parsed)
        at_home = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        with_zero = f"{parsed.country_code}0{national}"  # +49 (0)170 …
        for written in (phone, f"00{phone[1:]}", f"0{national}", at_home, with_zero):
            by_digits.setdefault(_digits(written), stand_in)

    def cleaned(text: str | None) -> str | None:
        if text is None:
            return None
        return _CANDIDATE.sub(lambda found: by_digits.get(_digits(found[0]), found[0]), text)

    return cleaned


def _digits(text: str) -> str:
    """The digits of a number, of whichever script, as 0 to 9."""
    return "".join(str(unicodedata.digit(c)) for c in _ESCAPED.sub(" ", text) if c.isdigit())
