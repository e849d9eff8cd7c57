"""What people did on pages outlasts corrections and rebuilds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.test_corrections_kept import OPEN, anew
from tests.client import Client
from tests.commands import run
from tests.conftest import serve
from tests.helpers import one, rows, save_as


@pytest.mark.parametrize("said", [("--chat", "Sister"), ("--date-order", "dmy")])
def test_what_people_did_outlasts_a_correction_and_a_rebuild(tmp_path: Path, said: tuple[str, str]) -> None:
    database, export = tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Emma", OPEN)
    run(database, "ingest", str(export))
    served = serve(database, tmp_path / "log")
    api = Client(served)
    number = one(database, "SELECT exchange_id FROM messages WHERE text = 'did it arrive'")
    api.ask("POST", f"/api/exchanges/{number}/star")
    api.ask("POST", f"/api/exchanges/{number}/note", {"note": "the parcel"})
    served.stop()
    starred = """
    SELECT text, note FROM messages JOIN exchange_marks USING (exchange_id) WHERE is_starred AND text = 'did it arrive'
    """
    assert rows(database, starred) == [("did it arrive", "the parcel")]
    assert "wait" not in run(database, "ingest", str(export), *said).output
    assert rows(database, starred) == [("did it arrive", "the parcel")]
    assert "wait" not in anew(database, export)
    assert rows(database, starred) == [("did it arrive", "the parcel")]
