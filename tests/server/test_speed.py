"""Memory does not grow with the export. (Time is measured in bench/, never here.)"""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from datasette.app import Datasette

from bench.corpus import write
from bench.measure import task
from ingest.importing.worker import ONE_PROCESS
from tests.conftest import ROOT
from tests.helpers import run_apart


@pytest.mark.drill
def test_a_million_messages_in_150_mb(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    write(export, "us", 1_000_000)
    parsed = task("parse", export)
    assert parsed.told["messages"] == 1_000_000
    assert parsed.mib < 64
    done = task("ingest", tmp_path / "m.db", export)
    assert done.told["new"] == 1_000_000
    assert done.mib < 150
    again = task("ingest", tmp_path / "m.db", export)
    assert again.told["new"] == 0
    assert again.seconds < done.seconds / 10


def test_memory_is_flat_in_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONE_PROCESS, "1")
    sizes = {}
    for count in (20_000, 80_000):
        export = tmp_path / f"{count}.txt"
        write(export, "ios", count)
        sizes[count] = task("parse", export).mib
    assert sizes[80_000] < sizes[20_000] * 1.35


def test_memory_is_flat(tmp_path: Path) -> None:
    sizes = {}
    for count in (100_000, 300_000):
        export = tmp_path / f"{count}.txt"
        write(export, "ios", count)
        sizes[count] = task("parse", export).mib
    assert sizes[300_000] < sizes[100_000] * 1.15


def test_what_stays_is_not_looked_through_again(examples_db: Path) -> None:
    """A server's modules and templates, once loaded, are nothing the garbage collector looks at while pages wait."""
    served = Datasette([str(examples_db)], plugins_dir=str(ROOT / "plugins"))
    try:
        run_apart(served.invoke_startup())
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
