"""The people of the archive, found by their names and numbers."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from ingest.core.names import display_name, name_key, number_key, phone_of


class PersonRegistry:
    """The people of the archive, found by name; grown as new ones write."""

    def __init__(self, connection: sqlite3.Connection, number: Callable[[str, str], int]) -> None:
        """`number` gives new people their ids."""
        self._connection = connection
        self._number = number
        self._ids: dict[str, int] = {}
        self._exact: dict[str, int] = {}  # names as they are shown
        self._apart: frozenset[str] = frozenset()
        for person, name, phone in connection.execute("SELECT id, name, phone FROM people ORDER BY id DESC"):
            self._ids[name_key(name)] = self._exact[name] = person
            if phone:
                self._ids.setdefault(phone, person)
        self.are_also(dict(connection.execute("SELECT name, person_id FROM person_names")))

    def keep_apart(self, senders: Iterable[str]) -> None:
        """Whom one export calls almost the same are several people: a phone has one name for each."""
        alike: dict[str, set[str]] = {}
        for name in senders:
            if phone_of(name) is None:
                alike.setdefault(name_key(name), set()).add(_shown(name))
        self._apart = frozenset(name for names in alike.values() if len(names) > 1 for name in names)

    def find(self, name: str) -> int | None:
        """The id of who is called `name`, if the archive knows anybody so."""
        shown = _shown(name)
        if shown in self._exact or shown in self._apart:
            return self._exact.get(shown)
        return self._ids.get(name_key(name))

    def id_of(self, name: str) -> int:
        """The id of who is called `name`; a new person where there is none."""
        known = self.find(name)
        if known is not None:
            return known
        key = name_key(name)
        person = self._number("person", number_key(name, is_first=key not in self._ids))
        self._connection.execute(
            "INSERT INTO people (id, name, phone) VALUES (?, ?, ?)", (person, _shown(name), phone_of(name))
        )
        self._ids.setdefault(key, person)
        self._exact[_shown(name)] = person
        return person

    def is_also(self, name: str, person: int) -> None:
        """From now on `name` means `person`."""
        key = name_key(name)
        self._ids[key] = self._exact[_shown(name)] = person
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
            self._ids[key] = self._exact[_shown(name)] = person


def _shown(name: str) -> str:
    return display_name(unicodedata.normalize("NFC", name))
