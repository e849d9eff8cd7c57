"""What several modules of this folder are served; a module that has its own of the name has its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client
from tests.four_talks import archive_of, four_talks, serving
from tests.helpers import one


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Four talks, one a day, each of four messages that are told apart by one word."""
    database = archive_of(tmp_path, four_talks())
    assert one(database, "SELECT count(*) FROM exchanges") == 4
    return database


@pytest.fixture
def api(archive: Path) -> Iterator[Client]:
    with serving(archive) as client:
        yield client
