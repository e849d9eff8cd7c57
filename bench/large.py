"""An archive of two million messages in three hundred chats, and what its server takes when eight ask at once."""

from __future__ import annotations

import itertools
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

from bench.corpus import NAMES, write
from bench.measure import ROOT
from ingest.ops.serving import datasette_arguments

CHATS = 300
_CLIENTS, _ROUNDS = 8, 1
#: What is asked; `{…}` is put in from the archive.
PATHS = """
    /
    /?all=1&order=best
    /?person={person}&all=1
    /?q=birthday
    /search?q=birthday
    /search?q=dinner+tonight
    /years
    /people
    /people?from=100
    /chats/{chat}
    /people/{id}
    /numbers
    /calendar
    /map
    /gallery
    /on-this-day
    /talk/{talk}
    /book?chat={name}&year={year}&all=1
    /book.json?chat={name}&year={year}&all=1
    /book.txt?chat={name}&year={year}&all=1
    /book.html?chat={name}&year={year}&all=1
    /api/exchanges?all=1&page_size=100
    /api/exchanges?q=lake
    /api/search?q=lake
    /api/people
    /api/days
    /api/places
    /api/chats
    /api/stats
    /api/messages?around={message}
    /memories/messages
    /memories/messages?kind=image
    /memories/messages?_search=lake&_sort_desc=sent_at
    /memories/messages?_facet=kind&_facet=sender_id
    /memories/exchanges?_facet=mood
    /memories/messages.csv?_size=max
    /memories/best_of_the_year?year={year}
    /health
""".split()


def write_chats(folder: Path, count: int) -> None:
    """Exports of so many messages: one chat of a fifth of them, busy all year, and others ever smaller."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(5)
    weights = [1 / (n + 3) for n in range(CHATS - 1)]
    sizes = [count // 5, *(int(count * 0.8 * weight / sum(weights)) for weight in weights)]
    for n, size in enumerate(sizes):
        path = folder / f"WhatsApp Chat with Circle {n:03}.txt"
        if not path.exists():
            names = (
                NAMES if n == 0 else ("Nora", *(f"Friend {dice.randint(1, 900)}" for _ in range(dice.randint(1, 9))))
            )
            write(path, "ios", max(size, 60), seed=100 + n, names=names, pace=3.0 if n == 0 else 1.0)


def large(folder: Path, count: int) -> None:
    """Make the archive where there is none (two million messages), serve it, ask all kinds of pages by eight."""
    database = folder / "large" / "memories.db"
    if not database.exists():
        write_chats(folder / "large" / "exports", max(count, 2_000_000))
        started = time.perf_counter()
        arguments = ["ingest", str(folder / "large" / "exports"), "--db", str(database), "--me", "Nora"]
        subprocess.run([sys.executable, "-m", "ingest", *arguments], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        print(f"large: ingested in {time.perf_counter() - started:.0f} s", flush=True)
    paths = _filled(database)
    stalls = folder / "large" / "stalls.tsv"
    stalls.unlink(missing_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"STALLS": str(stalls), "PYTHONPATH": f"{ROOT / 'bench' / 'stalls'}:{ROOT}"}
    server = subprocess.Popen(
        [sys.executable, *datasette_arguments(database, "127.0.0.1", port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        _until_ready(base)
        print(f"large: {database.stat().st_size >> 20} MiB, at rest {_resident(server.pid)} MiB resident")
        _one_by_one(base, paths, server.pid, stalls)
        since = time.time()
        _by_eight(base, paths, server.pid)
        print(f"  slowest step of the event loop meanwhile: {_slowest_step(stalls, since):.0f} ms of processor")
    finally:
        server.terminate()
        server.wait(20)


def _filled(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        one = lambda sql: str(connection.execute(sql).fetchone()[0])  # noqa: E731
        known = {
            "person": one("SELECT name FROM people WHERE message_count > 0 ORDER BY message_count LIMIT 1").replace(
                " ", "+"
            ),
            "id": one("SELECT id FROM people ORDER BY message_count DESC LIMIT 1"),
            "chat": one("SELECT id FROM chats ORDER BY message_count DESC LIMIT 1"),
            "talk": one("SELECT id FROM exchanges ORDER BY message_count DESC LIMIT 1"),
            "message": one("SELECT max(id) / 2 FROM messages"),
            "year": one(
                "SELECT substr(day, 1, 4) FROM days GROUP BY chat_id, 1 ORDER BY sum(message_count) DESC LIMIT 1"
            ),
            "name": one("SELECT name FROM chats ORDER BY message_count DESC LIMIT 1").replace(" ", "+"),
        }
        busiest = one(
            "SELECT max(n) FROM (SELECT sum(message_count) AS n FROM days GROUP BY chat_id, substr(day, 1, 4))"
        )
        print(f"large: {one('SELECT count(*) FROM messages')} messages, {busiest} in the busiest year of a chat")
    return [path.format(**known) for path in PATHS]


def _until_ready(base: str) -> None:
    for _ in range(600):
        try:
            _ask(f"{base}/health")
        except OSError:
            time.sleep(0.1)
        else:
            return


def _ask(address: str) -> int:
    """How many bytes came."""
    size = 0
    with urllib.request.urlopen(address, timeout=120) as answer:
        while block := answer.read(1 << 16):
            size += len(block)
    return size


def _resident(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) >> 10  # type: ignore[index]


def _slowest_step(stalls: Path, since: float) -> float:
    """The longest step of the event loop, in milliseconds of processor, since a time; steps under 10 ms are 0."""
    time.sleep(1.2)  # they are written once a second
    steps = [line.split("\t") for line in stalls.read_text("utf-8").splitlines()]
    return max((float(used) for used, _, at in steps if float(at) >= since), default=0.0)


def _one_by_one(base: str, paths: list[str], process: int, stalls: Path) -> None:
    """Each page, the second time that it is asked: templates are compiled and the file is in memory by then."""
    for path in paths:
        with suppress(urllib.error.HTTPError):
            _ask(base + path)
        since, started = time.time(), time.perf_counter()
        try:
            told = f"{_ask(base + path):>12,} bytes"
        except urllib.error.HTTPError as error:
            told = f"status {error.code}"
        took = 1000 * (time.perf_counter() - started)
        step, resident = _slowest_step(stalls, since), _resident(process)
        print(f"  {took:8.0f} ms {step:5.0f} ms a step {told:>18} {resident:5} MiB  {path}", flush=True)


def _by_eight(base: str, paths: list[str], process: int) -> None:
    failed: list[str] = []
    most = 0
    done = threading.Event()

    def client(seed: int) -> None:
        for path in itertools.chain.from_iterable(
            random.Random(seed + n).sample(paths, len(paths)) for n in range(_ROUNDS)
        ):
            try:
                _ask(base + path)
            except OSError as error:
                failed.append(f"{path}: {error}")

    threads = [threading.Thread(target=client, args=(10 * seed,)) for seed in range(_CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.1):
            most = max(most, _resident(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    asked = _CLIENTS * _ROUNDS * len(paths)
    print(f"  by {_CLIENTS}: {asked} asked in {time.perf_counter() - started:.0f} s, at most {most} MiB resident")
    for line in sorted(set(failed)):
        print(f"    failed: {line}")
