"""Who is "me": said with the export, said afterwards, and under two names in two chats."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.account import lines_of
from ingest.errors import NotAnExport
from tests.helpers import put, rows
from tests.phones import PHONES
from tests.test_merge import save, talk

US = next(phone for phone in PHONES if phone.name == "us")


def _owners(database: Path) -> list[str]:
    return [str(row[0]) for row in rows(database, "SELECT name FROM people WHERE is_owner ORDER BY name")]


def test_a_wrong_guess_is_put_right_with_a_text_that_is_known(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", save(tmp_path, "WhatsApp Chat with Ben.txt", US, talk(40))
    put(database, export)
    assert _owners(database) == ["Anna"]
    (account,) = put(database, export, me="Ben")
    assert (account.is_known, account.owner, account.owner_writes) == (True, "Ben", True)
    assert "  you       Ben" in list(lines_of(account))
    assert _owners(database) == ["Ben"]


def test_a_dry_run_puts_nothing_right(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", save(tmp_path, "WhatsApp Chat with Ben.txt", US, talk(40))
    put(database, export)
    (account,) = put(database, export, me="Ben", dry_run=True)
    assert account.owner == "Ben"
    assert _owners(database) == ["Anna"]


def test_me_in_one_chat_leaves_me_in_another(tmp_path: Path) -> None:
    """One phone calls its owner "Anna", an older one called her "Аня"."""
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", US, talk(40)), me="Anna")
    put(database, save(tmp_path, "WhatsApp Chat with Ida.txt", US, talk(40, 2, ("Аня", "Ida"))), me="Аня")
    assert _owners(database) == ["Anna", "Аня"]
    put(database, save(tmp_path, "WhatsApp Chat with Ida.txt", US, talk(40, 2, ("Аня", "Ida"))), me="Ida")
    assert _owners(database) == ["Anna", "Ida"]


def test_nobody_of_that_name_changes_nothing(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", save(tmp_path, "WhatsApp Chat with Ben.txt", US, talk(40))
    put(database, export)
    with pytest.raises(NotAnExport, match=r"'Anna', 'Ben'|'Ben', 'Anna'"):
        put(database, export, me="Zora")
    assert _owners(database) == ["Anna"]
