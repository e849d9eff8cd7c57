"""A text read by two processes is the text read by one."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.archive.database import connect
from ingest.core.errors import HelperEnded, MemoriesError, NotAnExport
from ingest.core.model import Options, Row
from ingest.exports.discover import open_exports
from ingest.exports.source import Limits
from ingest.importing import parallel, worker
from ingest.importing.read import Reading
from ingest.importing.spool import Spool
from tests.helpers import put, rows
from tests.phones import PHONES, Sent, write

BY_NAME = {phone.name: phone for phone in PHONES}


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(worker, "_processors", lambda: 2)
    monkeypatch.delenv(worker.ONE_PROCESS, raising=False)


def talk(count: int, seed: int = 4) -> Iterator[Sent]:
    dice = random.Random(seed)
    at = datetime(2021, 1, 13, 9, 0, 0)
    for n in range(count):
        at += timedelta(seconds=dice.choice([5, 30, 400, 4000, 40_000]))
        who = dice.choice(["Anna", "Ben", "Mum: Home", "Ümit 🌻", f"Guest {n // 900}"])
        what = dice.choice([f"number {n} über den See", "12/25/23, 9:00 or later - ok", "zwei\nZeilen", "ok 😂"])
        yield Sent(at, None if n % 97 == 96 else who, "Anna changed the group description" if n % 97 == 96 else what)


def save(folder: Path, text: str, name: str = "WhatsApp Chat with Family.txt") -> Path:
    path = folder / name
    path.write_text(text, "utf-8", newline="")
    return path


def read(path: Path, folder: Path) -> tuple[list[Row], object, bool]:
    """(all messages, what was learned, whether a second process read half of it)."""
    export = open_exports(path)[0]
    export.digest()
    connection = connect(None)
    with Spool(folder) as spool:
        reading = Reading(connection, export, Options(), {}, spool, None)
        found = reading.run()
        messages = [row for batch in spool.batches() for row in batch]
    learned = (
        found.findings, found.evidence.lines, found.evidence.characters, found.evidence.unsure, found.evidence.spoken,
        found.overview.messages, found.overview.first_at, found.overview.last_at, found.overview.in_order,
        found.overview.senders, found.overview.gaps.counts, found.overview.vocabulary.seen, found.overview.probes,
    )  # fmt: skip
    return messages, learned, reading._second is not None


@pytest.mark.parametrize("phone", ["us", "de", "ios_gb", "ar", "ko"])
@pytest.mark.usefixtures("two")
def test_both_halves_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phone: str) -> None:
    path = save(tmp_path, write(BY_NAME[phone], list(talk(4000))))
    parted = read(path, tmp_path)
    monkeypatch.setenv(worker.ONE_PROCESS, "1")
    whole = read(path, tmp_path)
    assert (parted[2], whole[2]) == (True, False)
    assert parted[0] == whole[0]
    assert len(whole[0]) == 4000
    # Headers' layouts are counted once a day and part.
    first, second = (part[1][0] for part in (parted, whole))  # type: ignore[index]
    assert first.layouts.keys() >= second.layouts.keys()
    first.layouts.clear()
    second.layouts.clear()
    assert parted[1] == whole[1]


@pytest.mark.usefixtures("two")
def test_a_date_that_only_the_second_half_proves_is_heard(tmp_path: Path) -> None:
    early = "".join(
        f"{1 + n // 20 % 9:02}/0{1 + n // 180 % 9}/2022, 10:{n % 60:02} - Anna: hello {n}\n" for n in range(900)
    )
    late = "".join(f"12/{13 + n // 20:02}/2022, 10:{n % 60:02} - Anna: late {n}\n" for n in range(300))
    path = save(tmp_path, early + late)
    messages, learned, _ = read(path, tmp_path)
    assert len(messages) == 1200
    assert learned[0].date_order == "month/day"  # type: ignore[index]
    assert messages[-1][3].startswith("2022-12-27")


@pytest.mark.usefixtures("two")
def test_an_archive_comes_out_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, write(BY_NAME["gb"], list(talk(3000))))
    packed = tmp_path / "WhatsApp Chat with Family.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    put(tmp_path / "two.db", packed)
    monkeypatch.setenv(worker.ONE_PROCESS, "1")
    put(tmp_path / "one.db", path)
    for sql in (
        "SELECT id, key, exchange_id, sender_id, sent_at, kind, text, line FROM messages",
        "SELECT id, title, summary, score, topics, is_memory FROM exchanges",
        "SELECT * FROM person_months",
    ):
        assert rows(tmp_path / "two.db", sql) == rows(tmp_path / "one.db", sql)


@pytest.mark.usefixtures("two")
def test_a_zip_broken_in_its_second_half_is_said_so(tmp_path: Path) -> None:
    packed = tmp_path / "WhatsApp Chat with Family.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("WhatsApp Chat with Family.txt", write(BY_NAME["gb"], list(talk(20_000))))
    damaged = bytearray(packed.read_bytes())
    at = int(len(damaged) * 0.9)
    damaged[at : at + 40] = b"\0" * 40
    packed.write_bytes(damaged)
    with pytest.raises(MemoriesError, match="damaged"):
        put(tmp_path / "m.db", packed)
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM messages") == [(0,)]


@pytest.mark.usefixtures("two")
def test_a_helper_that_dies_leaves_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, write(BY_NAME["gb"], list(talk(3000))))
    takes_the_job = "import sys; sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(8), 'big'))"

    def start(*_: object, **__: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", takes_the_job]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    monkeypatch.setattr(parallel, "start_helper", start)
    with pytest.raises(HelperEnded, match="MEMORIES_ONE_PROCESS=1"):
        put(tmp_path / "m.db", path)
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM messages") == [(0,)]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """All helpers that were started."""
    found: list[subprocess.Popen[bytes]] = []
    real = parallel.start_helper

    def start(module: str, *arguments: str, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        found.append(real(module, *arguments, pass_fds=pass_fds))
        return found[-1]

    monkeypatch.setattr(parallel, "start_helper", start)
    return found


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "text", ["nothing here is a message\n" * 400, "03/04/21, 9:15 pm - Emma: hello\n" + "more\n" * 9000]
)
def test_a_helper_that_is_not_needed_goes_home(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], text: str
) -> None:
    """No message at all, or none in the middle: nothing to part, and nobody is left waiting."""
    try:
        messages, _, was_parted = read(save(tmp_path, text), tmp_path)
        assert (len(messages), was_parted) == (1, False)
    except NotAnExport:
        assert text.startswith("nothing")
    assert [helper.poll() is not None for helper in started] == [True]


@pytest.mark.usefixtures("two")
def test_a_helper_that_died_while_it_waited_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, write(BY_NAME["gb"], list(talk(3000))))

    def start(*_: object, **__: object) -> subprocess.Popen[bytes]:
        helper = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        helper.wait()
        return helper

    monkeypatch.setattr(parallel, "start_helper", start)
    messages, _, was_parted = read(path, tmp_path)
    assert (len(messages), was_parted) == (3000, False)


@given(st.binary(max_size=200), st.lists(st.sampled_from([b"\n", "ü\n".encode(), b"\xe2\x82\n", b"\0", "🎂".encode()])))
def test_where_the_second_half_begins_is_counted_as_it_would_be_read(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, more: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("measure") / "chat.txt"
    text = b"3/28/22, 9:42 PM - Ben: hello\n" + noise + b"".join(more) + b"\n"
    path.write_bytes(text + b"3/28/22, 9:43 PM - Ben: later\n")
    export = parallel.Export(path, None, None, limits=Limits())
    whole = "".join(export.chunks(until=len(text)))
    assert export.measure(len(text)) == (len(whole), whole.count("\n"))


@pytest.mark.usefixtures("two")
def test_what_stands_for_a_photo_is_learned_by_both_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in the first half, twice in the second: only both know that it comes often enough."""
    sent = [
        f"[2024-0{1 + n // 500}-01 10:{n % 60:02}:05] {'Jon' if n % 2 else 'Miren'}: kaixo {n}\r\n" for n in range(3000)
    ]
    for n in (1100, 2501, 2800):
        sent[n] = sent[n].partition("kaixo")[0] + "\u200eirudia kenduta\r\n"
    path = save(tmp_path, "".join(sent), "_chat.txt")
    parted = read(path, tmp_path)
    monkeypatch.setenv(worker.ONE_PROCESS, "1")
    whole = read(path, tmp_path)
    assert (parted[2], whole[2]) == (True, False)
    assert parted[0] == whole[0]
    assert sum(row[5] == "file" and row[4] is not None for row in whole[0]) == 3
