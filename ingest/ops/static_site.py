"""The memories as plain files, for a USB stick or any web host: the server's own pages, linked to one another."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from ingest.core.errors import MemoriesError
from ingest.ops.serving import datasette_arguments, site
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.shared.layout import ArchiveFiles, media_name

_LINK = re.compile(r'\b(href|src|poster|action)="([^"]*)"')
#: Another part of a book, of the years or of a talk.
_PART = re.compile(r'href="(/(?:(?:years|book)\?[^"]+|talk/\d+\?from=\d+))"')
_MENU = re.compile(r'(<nav class="mem-menu".*?</nav>)', re.DOTALL)
#: What needs a server: filters, tools, scripts of its own, ways to tables.
_GONE = (
    re.compile(r'<form\b(?![^>]*role="search").*?</form>', re.DOTALL),
    re.compile(r'<script\b[^>]*\bsrc="[^"]*"[^>]*></script>'),
    re.compile(r'<link rel="alternate"[^>]*>'),
    re.compile(r'<p class="mem-meta talk-rows">.*?</p>', re.DOTALL),
    re.compile(r'<div class="mem-(?:toast|bar)".*?</div>', re.DOTALL),
    re.compile(r'<script type="application/json".*?</script>', re.DOTALL),
    re.compile(r'<button\b[^>]*\bhidden\b.*?</button>', re.DOTALL),
)  # fmt: skip
_SEARCH = '<script src="search-data.js"></script><script src="offline.js"></script>'
#: Buttons that would lead to what is not here.
_NOWHERE = re.compile(
    r'<li><a data-was="href"[^>]*>.*?</a></li>'
    r'|(?: · )?<a (?:class="(?:mem-button|play|entry|tool|next-memory)[^>]*)?data-was="href"[^>]*>.*?</a>',
    re.DOTALL,
)
#: An icon: as a file of its own, no browser shows it in a page that lies in a folder.
_ICON = re.compile(r'<svg class="icon"([^>]*)><use href="/static/icons\.svg#([\w-]+)"\s*/></svg>')
_SYMBOL = re.compile(r'<symbol id="([\w-]+)"([^>]*)>(.*?)</symbol>', re.DOTALL)
_START_S = 60


#: Endings of files that no browser runs as a page of this site, with its rights.
_INERT = frozenset(
    "3gp aac amr avi csv doc docx gif heic heif ics jpeg jpg m4a m4v mkv mov mp3 mp4 odp ods odt oga ogg opus pdf png "
    "ppt pptx rar txt vcf wav webm webp xls xlsx zip".split()
)


def _at_rest(name: str) -> str:
    """The name under which a file lies in the copy: what could hold a script is only ever downloaded."""
    return name if name.rpartition(".")[2].lower() in _INERT else f"{name}.bin"


class Site:
    """One writing of all pages into a folder."""

    def __init__(self, database: Path, target: Path) -> None:
        self._database, self._target = database, target
        self._files: dict[str, str] = {}  # path at the server -> file
        self.pages = 0
        icons = (site() / "static" / "icons.svg").read_text("utf-8")
        self._icons = {name: (look, drawn) for name, look, drawn in _SYMBOL.findall(icons)}

    def write(self) -> int:
        """Write everything; returns how many pages."""
        with closing(sqlite3.connect(f"{self._database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            talks = _talks(connection)
            years = _years(connection)
            self._plan(talks, years)
            self._copy_media(connection)
            self._write_search(connection, talks)
        with _served(self._database) as client:
            (self._target / "static" / "app.css").write_text(_fetch(client, "/-/static/app.css"), "utf-8")
            self._index(client)
            waiting = [path for path, file in self._files.items() if path != "/" and file.endswith(".html")]
            while waiting:
                path = waiting.pop(0)
                waiting += self._page(client, path, self._files[path])
        return self.pages

    def _plan(self, talks: list[int], years: list[str]) -> None:
        self._files = {
            "/": "index.html",
            "/more": "more.html",
            "/search": "search.html",
            "/years": "years.html",
            "/people": "people.html",
        }
        self._files["/numbers"] = "numbers.html"
        for year in years:
            self._files[f"/book?year={year}"] = f"book-{year}.html"
        self._files["/book"] = f"book-{years[0]}.html" if years else "years.html"
        for talk in talks:
            self._files[f"/talk/{talk}"] = f"talk-{talk}.html"

    def _index(self, client: httpx.Client) -> None:
        """The shelves, and the list, page after page."""
        path, number = "/?order=newest", 1
        self._files |= {path: "list.html", path[1:]: "list.html"}
        home = _fetch(client, "/")
        listed = []
        while True:
            text = _fetch(client, path)
            more = re.search(r'<a class="mem-button" id="more" href="([^"]*)"', text)
            if more:
                self._files[html.unescape(more[1])] = f"list-{number + 1}.html"
            listed.append(("list.html" if number == 1 else f"list-{number}.html", text))
            if not more:
                break
            path, number = "/" + html.unescape(more[1]), number + 1

        for file, text in [("index.html", home), *listed]:
            self._save(file, text)

    def _page(self, client: httpx.Client, path: str, file: str) -> list[str]:
        """Write a page; returns the addresses of its other parts, which are files from now on."""
        if path == "/book" or file.startswith(("index", "list")):
            return []
        text = _fetch(client, path)
        parts = [html.unescape(link) for link in _PART.findall(text)]
        new = [part for part in dict.fromkeys(parts) if part not in self._files]
        for part in new:
            kind = part[1:].partition("?")[0].replace("/", "-")
            self._files[part] = f"{kind}-part-{len(self._files)}.html"
        self._save(file, text)
        return new

    def _save(self, file: str, text: str) -> None:
        tail = _SEARCH if file == "search.html" else ""
        if tail:  # what it says of phrases and signs is the server's
            text = re.sub(r'<p class="mem-lead">.*?</p>', "", text, flags=re.DOTALL)
        for pattern in _GONE:
            text = pattern.sub("", text)
        text = _ICON.sub(lambda m: self._icon(m[1], m[2]), text)
        text = _MENU.sub(lambda m: self._menu(m[1]), text)
        text = _LINK.sub(lambda m: self._link(m[1], m[2]), text)
        text = _NOWHERE.sub("", text)
        (self._target / file).write_text(text.replace("</main>", f"{tail}</main>"), "utf-8")
        self.pages += 1

    def _icon(self, about: str, name: str) -> str:
        look, drawn = self._icons.get(name, ("", ""))
        return f'<svg class="icon"{about}{look}>{drawn}</svg>'

    def _menu(self, menu: str) -> str:
        def keep(match: re.Match[str]) -> str:
            return match[0] if html.unescape(match[1]) in self._files else ""

        return re.sub(r'<a [^>]*?href="([^"]*)".*?</a>', keep, menu, flags=re.DOTALL)

    def _link(self, name: str, value: str) -> str:
        """A link to the file that stands for it; none where there is none."""
        path, _, place = html.unescape(value).partition("#")
        if not path or path.startswith(("https://", "http://", "mailto:", "data:")):
            return f'{name}="{value}"'
        file = self._files.get(path) or self._asset(path)
        if file is None:
            return f'data-was="{name}"'
        return f'{name}="{file}{"#" + html.escape(place) if place else ""}"'

    def _asset(self, path: str) -> str | None:
        plain = path.partition("?")[0]
        if plain.startswith("/static/"):
            return "static/" + plain.removeprefix("/static/")
        return "static/app.css" if plain == "/-/static/app.css" else None

    def _copy_media(self, connection: sqlite3.Connection) -> None:
        folder = ArchiveFiles.of(self._database).media
        rows = connection.execute(
            "SELECT DISTINCT sha256, filename, thumbnail FROM media WHERE sha256 IS NOT NULL AND NOT is_missing"
        )
        for sha256, filename, thumbnail in rows:
            whole = (f"/-/media/{sha256}", media_name(sha256, filename or ""))
            for address, name in (whole, (f"/-/media/{sha256}/small", thumbnail)):
                if name and (folder / name).is_file():
                    target = self._target / "media" / _at_rest(Path(name).name)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(folder / name, target)
                    self._files[address] = f"media/{target.name}"

    def _write_search(self, connection: sqlite3.Connection, talks: list[int]) -> None:
        """What the search page looks through: each talk's words."""
        found = []
        for talk in talks:
            title, at, chat = connection.execute(
                """
                SELECT title, started_at, chats.name FROM exchanges JOIN chats ON chats.id = chat_id
                WHERE exchanges.id = ?
                """,
                (talk,),
            ).fetchone()
            said = "SELECT text FROM messages WHERE exchange_id = ? ORDER BY sent_at, id"
            texts = [text for (text,) in connection.execute(said, (talk,))]
            found.append([f"talk-{talk}.html", title, at[:10], chat, "\n".join([title or "", *texts])])
        told = json.dumps(found, ensure_ascii=False).replace("<", "\\u003c")
        (self._target / "search-data.js").write_text(f"const TALKS = {told};\n", "utf-8")


def _talks(connection: sqlite3.Connection) -> list[int]:
    """The numbers of memories, and of other talks with a star, the newest first."""
    (memories, given), (starred, _) = TalkFilter().where(), TalkFilter("all", starred=True).where()
    sql = f"SELECT id FROM exchanges WHERE ({memories}) OR ({starred}) ORDER BY started_at DESC, id DESC"
    return [number for (number,) in connection.execute(sql, given)]


def _years(connection: sqlite3.Connection) -> list[str]:
    """The years that have memories, the newest first."""
    where, given = TalkFilter().where()
    sql = f"SELECT DISTINCT substr(started_at, 1, 4) FROM exchanges WHERE {where} ORDER BY 1 DESC"
    return [year for (year,) in connection.execute(sql, given)]


def write_site(database: Path, target: Path) -> int:
    """Write the memories of `database` as plain files into `target`; returns how many pages. Raises `MemoriesError`."""
    (target / "static").mkdir(parents=True, exist_ok=True)
    for name in ("grounds.css", "memories.css", "home.css", "chat.css", "icon.svg"):
        shutil.copyfile(site() / "static" / name, target / "static" / name)
    shutil.copyfile(site() / "static" / "offline.js", target / "offline.js")
    return Site(database, target).write()


@contextmanager
def _served(database: Path) -> Iterator[httpx.Client]:
    """The copy, served to this process alone for as long as it takes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MEMORIES_")} | {"MEMORIES_READ_ONLY": "1"}
    process = subprocess.Popen(
        [sys.executable, *datasette_arguments(database, "127.0.0.1", port)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            _wait_for(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise MemoriesError("the pages could not be made: Datasette did not start; memories serve says why")


def _fetch(client: httpx.Client, path: str) -> str:
    answer = client.get(path, follow_redirects=True)
    if answer.status_code != 200:
        raise MemoriesError(f"the page {path} could not be made (status {answer.status_code})")
    return answer.text
