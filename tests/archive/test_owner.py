"""Who is "me": said with the export, said afterwards, and under two names in two chats."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.core.errors import NotAnExport
from ingest.importing.report import lines_of
from tests.helpers import put, rows
from tests.phones import PHONES
from tests.talks import save, talk

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


def test_an_owner_said_of_many_exports_need_not_have_written_in_each(tmp_path: Path) -> None:
    _write(tmp_path / "WhatsApp Chat with Emma.txt", ["Emma", "Nora", "Emma"])
    _write(tmp_path / "WhatsApp Chat with Club.txt", ["Ada", "Ben", "Cleo"])
    done = CliRunner().invoke(main, ["ingest", str(tmp_path), "--db", str(tmp_path / "m.db"), "--me", "Nora"])
    assert done.exit_code == 0, done.output
    assert "note      --me 'Nora': nobody is called that; this export has 'Ada', 'Ben', 'Cleo'" in done.output
    assert rows(tmp_path / "m.db", "SELECT name FROM people WHERE is_owner") == [("Nora",)]
    assert len(rows(tmp_path / "m.db", "SELECT 1 FROM chats")) == 2


def test_an_owner_whom_no_export_knows_is_a_mistake_and_nothing_is_lost(tmp_path: Path) -> None:
    _write(tmp_path / "WhatsApp Chat with Emma.txt", ["Emma", "Nora", "Emma"])
    _write(tmp_path / "WhatsApp Chat with Club.txt", ["Ada", "Ben", "Cleo"])
    for more in ([], ["--json"]):
        arguments = ["ingest", str(tmp_path), "--db", str(tmp_path / "m.db"), "--me", "Norra", *more]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 1
        assert "nobody is called that in any of these exports" in done.output
    assert len(rows(tmp_path / "m.db", "SELECT 1 FROM chats")) == 2


def _write(path: Path, senders: list[str]) -> None:
    lines = [f"2{n}.03.21, 10:0{n} - {sender}: hello, the {n}th" for n, sender in enumerate(senders)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
