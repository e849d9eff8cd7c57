"""What one question may take, and what a parameter that means nothing is answered with."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.client import Client
from tests.conftest import Served, serve
from tests.helpers import put, rows

LONG = 65_000


@pytest.fixture(scope="module")
def served(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("limits")
    shutil.copytree(examples_db.parent, folder / "served")
    export = folder / "WhatsApp Chat with Ida.txt"
    export.write_text(f"13/05/2024, 1:05 pm - Ida: {'a' * LONG}\n", "utf-8")
    put(folder / "served" / "memories.db", export)
    found = serve(folder / "served" / "memories.db", folder / "log")
    yield found
    found.stop()


@pytest.fixture
def api(served: Served) -> Client:
    return Client(served)


def _most_resident(served: Served) -> int:
    """The most memory that the server ever had, in MiB."""
    status = Path(f"/proc/{served.process_id}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found
    return int(found[1]) >> 10


@pytest.mark.parametrize(
    "sql",
    [
        "select length(hex(zeroblob(300000000)))", "select zeroblob(8000000) from messages",
        "select replace(hex(zeroblob(500000)), '0', 'aaaaaaaaaaaa'), *"
        " from messages", "select group_concat(hex(zeroblob(100000))) from messages",
        "select " + ", ".join(f"zeroblob(16000000) a{n}" for n in range(16)),
        "select json_patch('{}', '{}')", "select unhex('61-62', '-')",
        "with recursive c(i) as (select 1 union all select i+1 from c where i<600) select "
        + ", ".join(f"hex(zeroblob(8100)) c{n}" for n in range(20)) + " from c",
        "select length(hex(zeroblob(8000000)))", "select " + ", ".join(f"1 a{n}" for n in range(150)),
    ],
)  # fmt: skip
def test_no_question_takes_the_machine(api: Client, served: Served, sql: str) -> None:
    status, _, found = api.ask("GET", f"/memories.json?sql={quote(sql)}")
    assert status == 400, found
    assert _most_resident(served) < 200
    assert api.ask("GET", "/health")[0] == 200


def test_what_fits_is_answered(api: Client, examples_db: Path) -> None:
    found = api.get(f"/memories.json?_shape=array&sql=select+text+from+messages+where+length(text)+=+{LONG}")
    assert [len(row["text"]) for row in found] == [LONG]
    everything = api.get("/memories/messages.json?_size=max&_shape=array")
    assert len(everything) == len(rows(examples_db, "SELECT 1 FROM messages")) + 1
    assert len(api.text("/memories/messages.csv?_size=max&_stream=on")) > LONG


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select instr(hex(zeroblob(200000)), hex(zeroblob(100000))||'1')", 0), ("select instr('abcabc', 'ca')", 3),
        ("select instr(x'616263', x'62')", 2), ("select instr('für uns', 'uns')", 5), ("select instr(null, 'a')", None),
        ("select instr(12345, 34)", 3), ("select replace('aXbX', 'X', 'yy')", "ayybyy"),
        ("select replace('abc', '', 'x')", "abc"), ("select replace(121, 1, 3)", "323"),
        ("select length(replace(hex(zeroblob(100000)), hex(zeroblob(50000))||'1', ''))", 200_000),
        ("select length(trim(hex(zeroblob(150000)), replace(hex(zeroblob(10000)), '0', 'b')||'0'))", 0),
        ("select trim('xxaxbxx', 'x')", "axb"), ("select ltrim('xyaxb', 'yx')", "axb"), ("select trim('  a ')", "a"),
        ("select rtrim(1200, 0)", "12"), ("select trim(null, 'a')", None), ("select trim('äaä', 'ä')", "a"),
    ],
)  # fmt: skip
def test_words_are_looked_for_as_sqlite_does_and_at_once(api: Client, sql: str, found: object) -> None:
    answer = api.get(f"/memories.json?_shape=arrays&sql={quote(sql)}")
    assert answer["rows"] == [[found]]


@pytest.mark.parametrize("how", ["text__like=%25{}%25b%25", "text__contains={}", "text__notlike=%25{}%25b%25"])
def test_no_pattern_takes_long(api: Client, how: str) -> None:
    # What it takes is the pattern's length times the text's; no clock of SQLite's is asked meanwhile.
    assert api.ask("GET", f"/memories/messages.json?{how.format('a' * 20_000)}")[0] == 400
    assert api.ask("GET", f"/memories/messages.json?{how.format('a' * 200)}")[0] == 200


@pytest.mark.parametrize(
    "asked",
    [
        "messages?_timelimit=x", "messages?_through=x", "messages?_through={}", "messages?_facet=%00",
        "messages?_facet_array=%00", "messages?id__in=[", "visible_exchanges?_next=2021-99-99", "search?_timelimit=x",
        "messages?_where=%00", "messages?_col=nope",
        "messages?id__gt=99999999999999999999", "media?_facet_year=%7B%7D", "messages?_size=x", "messages?_sort=nope",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["", ".json"])
def test_a_parameter_that_means_nothing_is_the_askers_fault(api: Client, asked: str, form: str) -> None:
    path, _, parameters = asked.partition("?")
    status, _, found = api.ask("GET", f"/memories/{path}{form}?{parameters}")
    assert status == 400
    assert (found["ok"] is False) if form else (b"<title>" in found)


def test_what_failed_holds_nobody_up(api: Client, served: Served) -> None:
    """Cursors of questions that failed are closed by the thread that asked them, never by Python's collector."""
    slow = quote("with recursive c(i) as (select 1 union all select i+1 from c) select count(*) from c")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(Client(served).ask, "GET", f"/memories.json?sql={slow}") for _ in range(12)]
        longest = 0.0
        while not all(one.done() for one in asked):
            start = time.monotonic()
            assert api.ask("GET", "/robots.txt")[0] == 200
            longest = max(longest, time.monotonic() - start)
            time.sleep(0.02)
    assert {one.result()[0] for one in asked} == {400}
    assert longest < 3


@pytest.mark.parametrize(
    "sql",
    [
        "select hex(zeroblob(100000)) from messages", "select * from nope", "select 'a",
        "with recursive c(i) as (select 1 union all select i+1 from c) select count(*) from c",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", [".json", ".csv", ""])
def test_a_question_that_fails_is_no_empty_answer(api: Client, sql: str, form: str) -> None:
    status, _, found = api.ask("GET", f"/memories{form}?sql={quote(sql)}")
    assert status == 400
    assert found not in (b"", b"\r\n")
