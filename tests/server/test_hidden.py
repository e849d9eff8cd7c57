"""What somebody hid is gone for others: a word that must not be seen is looked for on every route there is."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ingest.cli import main
from ingest.ops import passwords
from tests.client import Client, come_in
from tests.conftest import serve
from tests.helpers import one, put, rows
from tests.routes import addresses, patterns

L = "\u200e"
PHOTO = "00000007-PHOTO-2024-03-14-10-01-00.jpg"
#: Words that occur nowhere else, each in something that is hidden.
MESSAGE, TALK, CAPTION, LINK, NOTE, PLACE = (
    "zweifelhammer", "quittenmond", "perlsack", "brennglas.example", "fadenkreuz", "12.34567",
)  # fmt: skip
WORDS = (MESSAGE, TALK, CAPTION, LINK, NOTE, PLACE)
#: Roles that must not see them.
OTHERS = ("nobody", "viewer", "viewer's token")


def _lines(day: int, *said: tuple[str, str]) -> str:
    return "".join(
        f"{L if L in text else ''}[{day:02}/03/24, 10:{n:02}:00] {who}: {text}\r\n"
        for n, (who, text) in enumerate(said)
    )


SAID = {
    13: [
        ("Ana", "good morning, the kettle is on"),
        (
            "Ben",
            f"The {MESSAGE} stood in the garden all night long, and nobody dared to look at it, "
            "not even grandmother with her lantern",
        ),
        ("Ana", "I would have looked, you know me"),
        ("Ben", "haha I know, you would have asked it in for tea and cake ❤️"),
    ],
    14: [
        ("Ana", "here is the photograph"),
        ("Ben", f"{CAPTION} {L}<attached: {PHOTO}>"),
        ("Ana", "what a view"),
        ("Ben", f"{L}Location: https://maps.google.com/?q={PLACE},-7.65432"),
        ("Ana", f"read https://{LINK}/page today"),
    ],
    15: [
        ("Ana", f"I dreamt of the {TALK} again, so bright"),
        ("Ben", f"the {TALK} over the harbour, yes, I love it"),
        ("Ana", "you and me and the moon, forever and ever"),
    ],
    16: [("Ana", "shall we walk to the lake tomorrow"), ("Ben", "yes, at nine, bring the dog")],
}
TEXT = "".join(_lines(day, *said) for day, said in SAID.items())


@dataclass
class Place:
    """A served archive in which things are hidden."""

    database: Path
    client: Client
    cookies: dict[str, dict[str, str]]
    digest: str

    def ask(self, role: str, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        status, _, found = self.client.ask(method, path, body, headers=self.cookies[role])
        return status, found if isinstance(found, bytes) else json.dumps(found, ensure_ascii=False).encode()

    def get(self, role: str, path: str) -> Any:
        status, found = self.ask(role, "GET", path)
        assert status == 200, (role, path, found[:200])
        return json.loads(found)


def _make(folder: Path) -> Path:
    folder.mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(picture, "JPEG")
    with zipfile.ZipFile(folder / "WhatsApp Chat - Ana.zip", "w") as archive:
        archive.writestr("_chat.txt", TEXT)
        archive.writestr(PHOTO, picture.getvalue())
    put(folder / "memories.db", folder / "WhatsApp Chat - Ana.zip", me="Ben")
    (folder / "WhatsApp Chat - Ana.zip").unlink()
    return folder / "memories.db"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("hidden")
    database = _make(folder / "served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMORIES_PUBLIC", "1")
        for role in ("owner", "curator", "viewer"):
            patch.setenv(f"MEMORIES_{role.upper()}_PASSWORD", passwords.hash_password(f"{role} word"))
        served = serve(database, folder / "log")
        client = Client(served)
        cookies = {
            role: {"cookie": come_in(client, role, f"{role} word")[2]} for role in ("owner", "curator", "viewer")
        }
        found = Place(database, client, {**cookies, "nobody": {}}, "")
        token = json.loads(found.ask("owner", "POST", "/api/tokens", {"name": "v", "role": "viewer"})[1])["token"]
        found.cookies["viewer's token"] = {"authorization": f"Bearer {token}"}
        found.digest = str(one(database, "SELECT sha256 FROM media"))
        _hide(found)
        yield found
        served.stop()


def _hide(place: Place) -> None:
    talk = one(place.database, "SELECT exchange_id FROM messages WHERE text LIKE ?", [f"%{TALK}%"])
    assert place.ask("owner", "POST", f"/api/exchanges/{talk}/note", {"note": NOTE})[0] == 200
    assert place.ask("owner", "DELETE", f"/api/exchanges/{talk}")[0] == 204
    ids = [
        one(place.database, "SELECT id FROM messages WHERE text LIKE ?", [f"%{word}%"])
        for word in (MESSAGE, CAPTION, LINK, PLACE)
    ]
    assert json.loads(place.ask("owner", "DELETE", "/api/messages", {"message_ids": ids})[1]) == {"deleted_count": 4}


def _values(place: Place) -> dict[str, list[str]]:
    """What may stand in each named group of a route."""
    ids = {str(n) for (n,) in rows(place.database, "SELECT id FROM messages UNION SELECT id FROM exchanges")}
    tables = [str(n) for (n,) in rows(place.database, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    questions = ["on_this_day", "search", "first_messages", "best_of_the_year", "first_time_said", "taken_back"]
    return {
        "id": sorted(ids), "n": ["0"], "link": ["1_x"], "sha256": [place.digest], "small": ["", "/small"],
        "json": ["", ".json"], "form": ["json", "csv", "txt", "html"], "format": ["", ".json", ".csv"],
        "path": ["memories.css"], "database": ["memories", "_internal"], "table": tables + questions,
        "pks": sorted(ids)[:6], "name": [f"{place.digest[:2]}/{place.digest}.jpg"], "rest": [""],
    }  # fmt: skip


#: What else is asked, with parameters.
ASKED = [
    "/search?q={w}*",
    "/search?q={w}*&part=1",
    "/search?q={w}&kind=image",
    "/search?q={w}+and+what+else%3F",
    "/chats/1?find={w}",
    "/chats/2?find={w}",
    "/api/search?q={w}*",
    "/?q={w}*",
    "/api/exchanges?all=1&q={w}*",
    "/?all=1",
    "/?all=hidden",
    "/api/exchanges?all=1&page_size=100",
    "/book?all=1",
    "/book.json?all=1",
    "/book.txt?all=1",
    "/book.csv?all=1",
    "/book.html?all=1",
    "/gallery?kind=photos",
    "/calendar?day=2024-03-15",
    "/calendar?day=2024-03-13",
    "/on-this-day?date=2024-03-15",
    "/api/on-this-day?date=2024-03-15",
    "/api/on-this-day?date=2024-03-13",
    "/people/1?part=talks",
    "/?order=newest",
    "/search?kind=text",
    "/search?kind=image",
    "/search?kind=location&sort=first",
    "/search?person=Ana",
    "/search?person=Ben",
    "/search?from=2024-03-13&to=2024-03-15",
    "/chats/1?day=2024-03-13",
    "/chats/1?part=1",
    "/story",
    "/story?year=2024",
    "/story?person=1",
    "/story?person=2",
    "/story.html?year=2024",
    "/memories/messages.json?_search={w}*",
    "/memories.json?sql=select+*+from+messages",
]


def _everything(place: Place) -> list[str]:
    values = _values(place)
    found = [path for pattern in patterns(place.database) for path in addresses(pattern, values)]
    ids = values["id"]
    found += [f"/api/messages?around={n}&before={b}&after={b}" for n in ids for b in (0, 50)]
    found += [
        f"/talk/{n}?{args}"
        for n in ids
        for args in ("hidden=1", "as=Ana", "part=1", "part=1&way=prev", "part=1&way=next")
    ]
    found += [f"/?talk={n}&all=1" for n in ids]
    found += [f"/story{form}?talk={n}" for n in ids for form in ("", ".html")]
    starts = [word[:6] for word in WORDS]
    found += [
        path.replace("{w}", quote(start)) for path in ASKED for start in starts if "{w}" in path or start == starts[0]
    ]
    return list(dict.fromkeys(found))


def test_no_word_of_what_is_hidden_is_on_any_route(place: Place) -> None:
    paths = _everything(place)
    assert len(paths) > 400
    seen_by_owner: set[str] = set()
    for path in paths:
        for role in OTHERS:
            status, body = place.ask(role, "GET", path)
            assert status < 500, (role, path)
            leaked = [word for word in WORDS if word.encode() in body]
            assert not leaked, (role, path, leaked)
        if path.startswith(("/memories/messages", "/talk/")) and "hidden" not in path:
            body = place.ask("owner", "GET", path)[1]
            seen_by_owner |= {word for word in WORDS if word.encode() in body}
    # The words are there to be found: whoever may see the rows of the tables finds them.
    assert {MESSAGE, TALK, LINK} <= seen_by_owner


def test_hidden_files_are_not_sent(place: Place) -> None:
    for path in (f"/-/media/{place.digest}", f"/-/media/{place.digest}/small"):
        assert [place.ask(role, "GET", path)[0] for role in OTHERS] == [302, 404, 404]
        assert place.ask("curator", "GET", path)[0] == 200


@pytest.mark.parametrize("word", WORDS)
def test_no_count_tells_what_is_hidden(place: Place, word: str) -> None:
    found = place.get("viewer", f"/api/search?q={quote(word)}")
    assert (found["messages"], found["exchanges"], found["total"]) == ([], [], 0)
    assert place.get("viewer", f"/api/exchanges?all=1&q={quote(word)}")["pagination"]["totalItems"] == 0


def test_counts_are_those_of_the_lists(place: Place) -> None:
    for item in place.get("viewer", "/api/exchanges?all=1&page_size=100")["items"]:
        talk = place.get("viewer", f"/api/exchanges/{item['id']}")
        assert item["message_count"] == len(talk["messages"])
        assert item["participant_count"] == len({m["sender_id"] for m in talk["messages"] if m["sender_id"]})


def test_around_a_hidden_message_is_nothing(place: Place) -> None:
    for word in (TALK, MESSAGE):
        message = one(place.database, "SELECT id FROM messages WHERE text LIKE ?", [f"%{word}%"])
        assert place.ask("viewer", "GET", f"/api/messages?around={message}")[0] == 404


def test_a_shared_talk_has_no_hidden_words(place: Place) -> None:
    talk = one(place.database, "SELECT exchange_id FROM messages WHERE text LIKE ?", [f"%{MESSAGE}%"])
    made = json.loads(place.ask("owner", "POST", "/api/shares", {"exchange_id": talk})[1])
    status, page = place.ask("nobody", "GET", made["path"])
    assert status == 200
    assert b"kettle" in page
    assert not [word for word in WORDS if word.encode() in page]
    assert place.ask("nobody", "GET", f"{made['path']}/media/{place.digest}/small")[0] == 404


def test_what_comes_back_is_told_as_before(place: Place, tmp_path: Path) -> None:
    told = "SELECT title, summary, topics, message_count FROM exchanges ORDER BY started_at"
    fresh = rows(_make(tmp_path / "fresh"), told)
    hidden = rows(place.database, told)
    assert MESSAGE in str(fresh)
    assert MESSAGE not in str(hidden)
    copy = tmp_path / "copy"
    shutil.copytree(place.database.parent, copy)
    served = serve(copy / "memories.db", tmp_path / "log")
    try:
        client = Client(served)
        cookie = {"cookie": come_in(client, "owner", "owner word")[2]}
        edits = client.ask("GET", "/api/edits", headers=cookie)[2]["edits"]
        for edit in [e["id"] for e in edits if e["action"] == "hide"]:
            assert client.ask("POST", f"/api/edits/{edit}/undo", headers=cookie)[0] == 200
    finally:
        served.stop()
    assert rows(copy / "memories.db", told) == fresh


@pytest.mark.parametrize("role", ["viewer", "curator", "owner"])
@pytest.mark.parametrize("path", ["/?order=newest", "/?all=1"])
def test_the_home_page_shows_talks_to_each_role(place: Place, role: str, path: str) -> None:
    status, page = place.ask(role, "GET", path)
    assert status == 200
    text = page.decode()
    main = text[text.index("<main") :]
    assert '<h1 class="mem-title">' in main
    shown = {
        str(i["id"]) for i in place.get(role, f"/api/exchanges?page_size=100{path[1:].replace('?', '&')}")["items"]
    }
    assert shown
    assert all(f'href="/talk/{n}"' in main for n in shown)


#: The messages that are not hidden: what the same archive would be without the others.
SEEN = {
    13: [line for line in SAID[13] if MESSAGE not in line[1]],
    14: [SAID[14][0], SAID[14][2]],
    16: SAID[16],
}


def _without_numbers(found: Any) -> Any:
    """Data, or a page's text, without ids: those differ between two archives."""
    if isinstance(found, dict):
        return {k: _without_numbers(v) for k, v in found.items() if not (k == "id" or k.endswith("_id"))}
    if isinstance(found, list):
        return [_without_numbers(one) for one in found]
    return found


@pytest.fixture(scope="module")
def never(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The archive in which what is hidden in `place` never was."""
    folder = tmp_path_factory.mktemp("never")
    export = folder / "WhatsApp Chat - Ana.txt"
    minutes = {day: [said.index(line) for line in SEEN[day]] for day, said in SAID.items() if day in SEEN}
    text = ""
    for day, at in minutes.items():
        for n, (who, words) in zip(at, SEEN[day], strict=True):
            text += f"[{day:02}/03/24, 10:{n:02}:00] {who}: {words}\r\n"
    export.write_text(text, encoding="utf-8")
    put(folder / "memories.db", export, me="Ben")
    served = serve(folder / "memories.db", folder / "log")
    client = Client(served)
    # Served with the same passwords as the other one.
    assert place.cookies
    yield Place(folder / "memories.db", client, {"viewer": {"cookie": come_in(client, "viewer", "viewer word")[2]}}, "")
    served.stop()


@pytest.mark.parametrize("path", ["/api/chats", "/api/people", "/api/days", "/api/stats", "/api/places"])
def test_no_count_differs_from_an_archive_without_it(place: Place, never: Place, path: str) -> None:
    assert _without_numbers(place.get("viewer", path)) == _without_numbers(never.get("viewer", path))


@pytest.mark.parametrize("path", ["/people", "/people/{person}", "/chats/1", "/calendar", "/numbers"])
def test_no_number_on_a_page_differs(place: Place, never: Place, path: str) -> None:
    """The pages of both, by their numbers and their people's words."""

    def numbers(page: str) -> list[str]:
        main = page[page.index("<main") : page.index("</main>")]
        main = re.sub(r"<(details class=.mem-names|script|form).*?</(details|script|form)>", "", main, flags=re.DOTALL)
        main = re.sub(r'(href|src|id|data-\w+|for|datetime)="[^"]*"', "", main)
        # Which talks are the best is not counted, and their scores are of what was read.
        main = re.sub(r'<ol class="mem-list">.*?</ol>', "", main, flags=re.DOTALL)
        main = re.sub(r'<dl class="mem-words">.*?</dl>', "", main, flags=re.DOTALL)
        main = re.sub(r'<p class="mem-meta.*?</p>', "", main, flags=re.DOTALL)
        return re.findall(r"\d[\d.,]*", main)

    for name in ("Ana", "Ben"):
        here, there = (
            str(one(database, "SELECT id FROM people WHERE name = ?", [name]))
            for database in (place.database, never.database)
        )
        found = place.ask("viewer", "GET", path.format(person=here))
        expected = never.ask("viewer", "GET", path.format(person=there))
        assert (found[0], expected[0]) == (200, 200)
        assert numbers(found[1].decode()) == numbers(expected[1].decode())
        assert numbers(found[1].decode())


def test_no_copy_holds_what_is_hidden(place: Place, tmp_path: Path) -> None:
    """A static copy, a folder to publish, and what the command prints."""
    home = tmp_path / "home"
    shutil.copytree(place.database.parent, home)
    run = CliRunner().invoke
    for command in (
        ["publish", "static", "--yes", "--db", str(home / "memories.db"), str(tmp_path / "static")],
        [
            "publish",
            "fly",
            "--yes",
            "--db",
            str(home / "memories.db"),
            "--app",
            "our-x",
            "--generate-dir",
            str(tmp_path / "fly"),
        ],
        ["search", "--db", str(home / "memories.db"), "lantern OR moon OR garden OR read OR the OR dreamt"],
        ["stats", "--db", str(home / "memories.db")],
    ):
        result = run(main, command)
        assert result.exit_code == 0, (command, result.output)
        assert not [word for word in WORDS if word in result.output], command
    for folder in ("static", "fly"):
        files = [path for path in (tmp_path / folder).rglob("*") if path.is_file()]
        assert len(files) > 5
        # What may be seen is there to be found: the search for the others is one that finds.
        assert any(b"kettle" in path.read_bytes() for path in files)
        for path in files:
            content = path.read_bytes()
            assert not [word for word in WORDS if word.encode() in content], path
            assert hashlib.sha256(content).hexdigest() != place.digest, path


def test_what_is_brought_home_shows_nothing_either(place: Place, tmp_path: Path) -> None:
    """Who may not see it cannot fetch it; fetched by the owner, it is as hidden there."""
    for role in ("viewer", "curator"):
        token = json.loads(place.ask("owner", "POST", "/api/tokens", {"name": "x", "role": role})[1])["token"]
        home = tmp_path / role / "memories.db"
        home.parent.mkdir()
        done = _command(["pull", "--archive", "--db", home, "--from", place.client.served.base], token)
        assert done.exit_code == 1, done.output
        for path in home.parent.rglob("*"):
            assert not path.is_file() or not [word for word in WORDS if word.encode() in path.read_bytes()], path
    token = json.loads(place.ask("owner", "POST", "/api/tokens", {"name": "x", "role": "owner"})[1])["token"]
    home = tmp_path / "home" / "memories.db"
    done = _command(["pull", "--archive", "--db", home, "--from", place.client.served.base], token)
    assert done.exit_code == 0, done.output
    found = _command(["search", "--db", home, "lantern OR moon OR garden OR read OR the OR dreamt OR kettle"], token)
    assert "kettle" in found.output
    for said in (done, found, _command(["stats", "--db", home], token)):
        assert not [word for word in WORDS if word in said.output]
    told = "SELECT started_at, title, summary, topics FROM visible_exchanges ORDER BY 1"
    assert rows(home, told) == rows(place.database, told)
    assert not [word for word in WORDS if word in str(rows(home, told))]


def _command(words: list[object], token: str) -> Result:
    return CliRunner(env={"MEMORIES_TOKEN": token}).invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("role", ["viewer", "curator"])
def test_nobody_is_told_how_a_hidden_word_is_spelt(place: Place, word: str, role: str) -> None:
    for wrong in (word[:-1], word[:2] + word[3:], word[:2] + "x" + word[2:], word[1] + word[0] + word[2:]):
        for path in (f"/search?q={quote(wrong)}", f"/search?q={quote(wrong)}+what%3F", f"/chats/1?find={quote(wrong)}"):
            status, body = place.ask(role, "GET", path)
            assert status in (200, 302)
            assert word.encode() not in body
