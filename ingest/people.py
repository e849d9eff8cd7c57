"""Who is who: names as address books write them, phone numbers as the world does."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Mapping

_PHONE = re.compile(r"\+?[\d\s().\-/‑]{7,24}\Z")


def phone_of(name: str, country: str | None = None) -> str | None:
    """The number in E.164 form when a sender is shown by number (``+49 170 1234567``), else None.

    `country` (``DE``) is where numbers without a country code are; without it they are none.
    """
    cleaned = name.replace("\u00a0", " ").replace("‑", "-").lstrip("~ ").strip()
    if not _PHONE.match(cleaned) or not (cleaned.startswith("+") or country):
        return None
    import phonenumbers  # takes as long to load as everything else here together, and most chats have only names

    try:
        number = phonenumbers.parse(cleaned, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether there are phone numbers in a country (``DE``)."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def display_name(name: str) -> str:
    """A sender's name for showing: numbers in international form, ``~ Name`` (no contact) with one plain space."""
    if name.startswith("~"):
        return "~ " + name[1:].strip()
    phone = phone_of(name)
    if phone:
        import phonenumbers

        parsed = phonenumbers.parse(phone, None)
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return " ".join(name.split()) or name


def name_key(name: str) -> str:
    """The form in which names are compared: a number by its digits, letters without case and Unicode form."""
    if name.startswith("~"):
        name = "~ " + name[1:]  # as it is shown: phones write it with a blank, with another one, or without
    return phone_of(name) or " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def guess_owner(chat_name: str | None, senders: list[str], own: dict[str, int]) -> str | None:
    """Whose phone wrote the export: who deleted as "you", else the other one of two."""
    if own:
        return max(own, key=lambda name: own[name])
    you = next((sender for sender in senders if name_key(sender) == "you"), None)  # as exports of the web page say
    if you:
        return you
    if chat_name and len(senders) == 2:
        keys = [name_key(s) for s in senders]
        if name_key(chat_name) in keys:
            return senders[1 - keys.index(name_key(chat_name))]
    return None


class Roll:
    """The people of the archive, found by name; grown as new ones write."""

    def __init__(self, connection: sqlite3.Connection, number: Callable[[str, str], int]) -> None:
        """`number` gives new people their ids."""
        self._connection = connection
        self._number = number
        self._ids: dict[str, int] = {}
        for person, name, phone in connection.execute("SELECT id, name, phone FROM people ORDER BY id DESC"):
            self._ids[name_key(name)] = person
            if phone:
                self._ids.setdefault(phone, person)
        self.are_also(dict(connection.execute("SELECT name, person_id FROM person_names")))

    def find(self, name: str) -> int | None:
        """The id of who is called `name`, if the archive knows anybody so."""
        return self._ids.get(name_key(name))

    def id_of(self, name: str) -> int:
        """The id of who is called `name`; a new person where there is none."""
        known = self._ids.get(name_key(name))
        if known is not None:
            return known
        person = self._number("person", name_key(name))
        self._connection.execute(
            "INSERT INTO people (id, name, phone) VALUES (?, ?, ?)", (person, display_name(name), phone_of(name))
        )
        self._ids[name_key(name)] = person
        return person

    def is_also(self, name: str, person: int) -> None:
        """From now on `name` means `person`."""
        key = name_key(name)
        self._ids[key] = person
        self._connection.execute("INSERT OR REPLACE INTO person_names (name, person_id) VALUES (?, ?)", (key, person))

    def are_also(self, names: Mapping[str, int]) -> None:
        """Other names, as they are compared, for people; who is called so stays who it is."""
        for key, person in names.items():
            self._ids.setdefault(key, person)

    def rename(self, person: int, name: str) -> None:
        """Show `person` as `name` from now on, unless somebody else is called so; the name before still means them."""
        key = name_key(name)
        if self._ids.get(key, person) == person:
            before = self._connection.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()[0]
            self.is_also(before, person)
            self._connection.execute(
                "UPDATE people SET name = ?, phone = coalesce(?, phone) WHERE id = ?",
                (display_name(name), phone_of(name), person),
            )
            self._ids[key] = person


def is_contact(name: str) -> bool:
    """Whether `name` comes from an address book: no number, and not ``~ Name``."""
    return not name.startswith("~") and phone_of(name) is None
