"""``python -m bench [WHAT ...] [--count N] [--dir FOLDER]``: ratios, measured side by side in one run."""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import yaml

from bench.corpus import FORMS, write, write_edge
from bench.judged import elsewhere, table
from bench.large import large
from bench.measure import ROOT, Run, best, peer, run, task
from ingest.ops.serving import datasette_arguments
from tests.helpers import read

_SMALL, _LARGE = 10_000, 5_000_000


def _corpus(folder: Path, form: str, count: int, extra: int = 0) -> Path:
    path = folder / f"{form}-{count}{'+' if extra else ''}.txt"
    if not path.exists():
        write(path, form, count, extra=extra)
    return path


def _line(name: str, found: Run, count: int, base: float | None = None) -> None:
    if found.error:
        print(f"  {name:28} failed: {found.error}")
        return
    ratio = f"{base / found.seconds:6.2f} x" if base else ""
    got = f"{found.told['messages']:,.0f} messages" if "messages" in found.told else ""
    print(
        f"  {name:28} {found.seconds:8.2f} s {count / found.seconds:12,.0f}/s {found.mib:7.0f} MiB  {ratio:9} {got}",
        flush=True,
    )


def parse(folder: Path, count: int) -> None:
    """Parsing alone; the ratio is to whatsapp-chat-parser."""
    script = ROOT / "bench" / "wcp.cjs"
    for form in FORMS:
        file = _corpus(folder, form, count)
        print(f"parse {form}, {count:,} messages (x: times as fast as whatsapp-chat-parser)")
        node = shutil.which("node")
        wcp = min((run([node, str(script), str(file)]) for _ in range(2)), key=lambda r: r.seconds) if node else None
        base = wcp.seconds if wcp and not wcp.error else None
        if wcp:
            _line("whatsapp-chat-parser", wcp, count, base)
        _line("memories", best(2, "parse", file), count, base)
        _line("chatpack", peer("chatpack", file), count, base)
        _line("whatstk", peer("whatstk", file), count, base)


def _limit(folder: Path, archive: Path) -> Run:
    """SQLite's own .import of the archive's messages."""
    with (
        closing(sqlite3.connect(archive)) as connection,
        (folder / "rows.csv").open("w", newline="", encoding="utf-8") as out,
    ):
        csv.writer(out).writerows(
            connection.execute(
                """
                SELECT id, key, chat_id, exchange_id, sender_id, sent_at, kind, text, is_edited, is_highlight,
                    source_id, line FROM messages ORDER BY id
                """
            )
        )
    database = folder / "limit.db"
    _remove(database)
    script = (ROOT / "bench" / "limit.sql").read_text("utf-8").replace("rows.csv", str(folder / "rows.csv"))
    shell = shutil.which("sqlite3")
    return run([shell, str(database)], script.encode()) if shell else Run(0, 0, {}, "no sqlite3 command here")


def _remove(database: Path) -> None:
    for end in ("", "-wal", "-shm", ".ids"):
        Path(f"{database}{end}").unlink(missing_ok=True)


def ingest(folder: Path, count: int) -> None:
    """Export to finished archive, against SQLite's own .import of the same rows; then again, longer, overlapping."""
    for form in FORMS:
        file, database = _corpus(folder, form, count), folder / f"{form}.db"
        print(f"ingest {form}, {count:,} messages")
        _remove(database)
        first = task("ingest", database, file)
        _line("first time", first, count)
        limit = _limit(folder, database)
        _line(".import + FTS + indexes", limit, count)
        if not limit.error:
            print(f"  {first.seconds / limit.seconds:.2f} x the limit's time")
        print(f"  archive {database.stat().st_size / file.stat().st_size:.2f} x the text")
        if form == FORMS[0]:
            _again(folder, form, count, database, first)


def _again(folder: Path, form: str, count: int, database: Path, first: Run) -> None:
    longer = _corpus(folder, form, count, extra=1_000)
    text = longer.read_bytes()
    window = folder / "window.txt"
    window.write_bytes(text[text.index(b"\n", len(text) // 2) + 1 :])
    shifted = folder / f"{form}-shifted.txt"
    shifted.write_bytes(text[text.index(b"\n", 2_000) + 1 :])
    files = {
        "the same": _corpus(folder, form, count),
        "1,000 longer": longer,
        "second half": window,
        "all but a bit": shifted,
    }
    for name, file in files.items():
        copy = folder / "again.db"
        _remove(copy)
        for end in ("", ".ids"):
            shutil.copy(f"{database}{end}", f"{copy}{end}")
        found = task("ingest", copy, file)
        _line(name, found, count)
        if not found.error:
            print(f"    {found.seconds / first.seconds:.3f} of the first time, {found.told['new']:,.0f} new")
    _remove(folder / "again.db")


def curve(folder: Path, count: int) -> None:
    """The cost of a message must not grow with the chat."""
    print("curve (ios, whose years have four digits)")
    size = _SMALL
    while size <= max(count, _SMALL):
        database = folder / "curve.db"
        _remove(database)
        _line(f"{size:,}", task("ingest", database, _corpus(folder, "ios", size)), size)
        size = size * 10 if size * 10 <= count else (_LARGE if count >= _LARGE > size else count * 2)
    _remove(folder / "curve.db")


def edge(folder: Path, _: int) -> None:
    """Hard cases: names and notices with colons, lines that look like headers, odd separators."""
    for form in FORMS:
        file = folder / f"edge-{form}.txt"
        truth = write_edge(file, form)
        with file.open(encoding="utf-8", newline="") as stream:
            found, _, _ = read(stream.read(), chat="Group")
        faults = sum(
            (m.sent_at[:16], m.sender, m.text.strip(" \u200e")) != (t.minute, t.sender, (t.text or "").strip(" \u200e"))
            for m, t in zip(found, truth, strict=False)
        ) + abs(len(found) - len(truth))
        print(f"edge {form}: {len(truth) - faults:,} of {len(truth):,} right")


def judged(folder: Path, _count: int) -> None:
    """Talks worth keeping above those that are not, by language; and in archives that lie elsewhere, if any."""
    for name, found in table():
        told = " ".join(
            f"{language or 'all'} {right / pairs:.2f}" for language, (right, pairs) in sorted(found.items()) if pairs
        )
        print(f"{name:30} {told}")
    grades = Path(os.environ.get("JUDGED", folder / "judged.jsonl"))
    there = elsewhere(grades)
    if there is None or not there[1]:
        print(f"no grades of real talks at {grades} (JUDGED=FILE: see bench/judged.py)")
    else:
        print(f"real talks: {there[0]:.0f} of {there[1]} pairs right, {there[0] / there[1]:.2f}")


def queries(folder: Path, count: int) -> None:
    """Every canned query on the archive, asked over HTTP: the median of five."""
    database = folder / "us.db"
    if not database.exists():
        task("ingest", database, _corpus(folder, "us", count))
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
    names = metadata["databases"]["memories"]["queries"]
    with closing(sqlite3.connect(database)) as connection:
        chat, year = connection.execute("SELECT name, substr(first_at, 1, 4) + 3 FROM chats").fetchone()
    given = {"words": "birthday cake", "day": "07-21", "year": str(year), "person": "Nora", "chat": chat}
    print(f"queries on {database.name}")
    with _served(database) as base:
        for name, query in names.items():
            for value in ("given", "empty"):
                asked = {
                    k: v if value == "given" or k == "words" else ""
                    for k, v in given.items()
                    if f":{k}" in query["sql"]
                }
                address = f"{base}/us/{name}.json?_shape=array&{urllib.parse.urlencode(asked)}"
                times = [_fetch(address) for _ in range(5)]
                if value == "given" or asked:
                    print(f"  {name:24} {value:6} {1000 * statistics.median(times):8.1f} ms", flush=True)
        for path in (
            "/",
            "/us/messages",
            "/us/exchanges",
            "/us/messages?_search=birthday",
            "/us/exchanges/1000",
            "/us",
        ):
            times = [_fetch(base + path) for _ in range(5)]
            print(f"  {path:31} {1000 * statistics.median(times):8.1f} ms", flush=True)


def api(folder: Path, _: int) -> None:
    """The API under 8 connections (needs wrk), on archives of some hundred and of some ten thousand exchanges."""
    wrk = shutil.which("wrk")
    if not wrk:
        print("api: no wrk command here")
        return
    for count in (8_000, 300_000):
        database = folder / f"api-{count}.db"
        if not database.exists():
            task("ingest", database, _corpus(folder, "ios", count))
        with closing(sqlite3.connect(database)) as connection:
            (most,) = connection.execute("SELECT max(id) FROM exchanges").fetchone()
        print(f"api on {most:,} exchanges, {count:,} messages")
        script = ["-s", str(ROOT / "bench" / "any_exchange.lua")]
        with _served(database) as base:
            for name, path, more in (
                ("the list", "/api/exchanges?page=1&page_size=20", []),
                ("one exchange", "/api/exchanges/50", []),
                ("any exchange", "/", script),
                ("/health", "/health", []),
            ):
                shown = subprocess.run(
                    [wrk, "-t2", "-c8", "-d5s", "--latency", *more, base + path],
                    capture_output=True, text=True, check=True, env=os.environ | {"MOST": str(most)},
                ).stdout  # fmt: skip
                rate, slow = re.search(r"Requests/sec:\s+([\d.]+)", shown), re.search(r"99%\s+(\S+)", shown)
                print(
                    f"  {name:16} {float(rate[1]) if rate else 0:8,.0f}/s, 99 % within {slow[1] if slow else '?'}",
                    flush=True,
                )


def _fetch(address: str) -> float:
    started = time.perf_counter()
    with urllib.request.urlopen(address, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - started


@contextmanager
def _served(database: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *datasette_arguments(database, "127.0.0.1", port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                _fetch(f"{base}/-/versions.json")
                break
            except OSError:
                time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        process.wait(20)


def gemini(folder: Path, count: int) -> None:
    """What letting Gemini read a chat of 50,000 messages costs, beside the earlier version's way."""
    from bench.gemini import cost

    cost(folder, _corpus(folder, "us", min(count, 50_000)))


ALL = {f.__name__: f for f in (parse, ingest, curve, edge, judged, queries, api, large, gemini)}

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", nargs="*", metavar="WHAT", help=f"any of: {', '.join(ALL)}; all without")
    options.add_argument("--count", type=int, default=1_000_000, help="messages in each export")
    options.add_argument("--dir", type=Path, default=ROOT / ".bench", help="where the invented exports are kept")
    given = options.parse_args()
    given.dir.mkdir(parents=True, exist_ok=True)
    for what in given.what or ALL:
        if what not in ALL:
            options.error(f"no such thing to measure: {what}")
        ALL[what](given.dir, given.count)
