"""What is published holds what it should, and nothing that stays at home."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from ingest.cli import main
from ingest.core.keys import Keys, chat_key
from ingest.ops.passwords import hash_password
from ingest.ops.redacted_copy import Redactions, reduce
from tests.client import Client, ids
from tests.conftest import Served, free_port, serve
from tests.helpers import one, put, rows, with_plain_tags


@pytest.fixture
def home(examples_db: Path, tmp_path: Path) -> Path:
    """An archive with edits: one talk hidden, one noted, one retitled, one starred, somebody renamed."""
    shutil.copytree(examples_db.parent, tmp_path / "home")
    db = tmp_path / "home" / "memories.db"
    served = serve(db, tmp_path / "log")
    api = Client(served)
    first, second, third = ids(api)[:3]
    api.ask("DELETE", f"/api/exchanges/{first}")
    api.ask("POST", f"/api/exchanges/{second}/note", {"note": "a secret note"})
    api.ask("POST", f"/api/exchanges/{third}/star")
    served.stop()
    return db


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))


@pytest.mark.usefixtures("hashed")
def test_what_stays_at_home_is_not_in_the_folder(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    hidden = str(
        one(
            home,
            """
            SELECT text FROM messages JOIN exchange_marks USING (exchange_id)
            WHERE is_hidden AND length(text) > 25 LIMIT 1
            """,
        )
    )
    said = run(
        "publish", "fly", "--db", home, "--app", "our-x", "--generate-dir", folder, "--yes", "--redact-names",
        "--without-chat", "Theo", "--without-person", "Grandma June",
    )  # fmt: skip
    assert "left out" in said
    db = folder / "data" / "memories.db"
    assert "all is well" in run("check", "--db", db)
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix == ".db")
    text = content.decode("utf-8", "replace").casefold()
    secrets = ("herr müller", "theo", "grandma", "nora", "inés", "a secret note", "water is kind", hidden[:20])
    for secret in secrets:
        assert secret.casefold() not in text, secret
    assert int(str(one(db, "SELECT count(*) FROM messages"))) > 60
    # Nor how much of an export is not in it.
    sums = "SELECT sum(messages_found) = (SELECT count(*) FROM messages), sum(lines) + sum(bytes) FROM sources"
    assert rows(db, sums) == [(1, 0)]
    digests = "SELECT sha256 FROM sources"
    assert not set(rows(db, digests)) & set(rows(home, digests))
    # No secret in any file.
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"pbkdf2" not in path.read_bytes() or "plugins" in path.parts, path


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("+49 170 5550167", "+49 … 67"), ("0170 5550167", "+49 … 67"), ("0170/555 01 67", "+49 … 67"),
        ("@491705550167", "@+49 … 67"), ("0049 170 5550167", "+49 … 67"), ("+49 (0)170 5550167", "+49 … 67"),
        ("+49 170‑555‑0167", "+49 … 67"), ("+49 170 5550168", "+49 170 5550168"), ("12345678", "12345678"),
    ],
)  # fmt: skip
def test_the_numbers_of_people_are_not_published(tmp_path: Path, said: str, shown: str) -> None:
    export = tmp_path / "WhatsApp Chat with +1 415 555 0132.txt"
    export.write_text(
        f"10.03.24, 10:00 - +49 170 5550167: the lake was still this morning\n"
        f"10.03.24, 10:01 - Ana: ask {said} about the boat, please\n"
        "10.03.24, 10:02 - +1 415 555 0132: or ask me\n",
        "utf-8",
    )
    put(tmp_path / "memories.db", export, me="Ana")
    out = tmp_path / "copy" / "memories.db"
    out.parent.mkdir()
    reduce(tmp_path / "memories.db", out, Redactions())
    assert {name for (name,) in rows(out, "SELECT name FROM people")} == {"Ana", "+49 … 67", "+1 … 32"}
    assert rows(out, "SELECT text FROM messages ORDER BY id")[1] == (f"ask {shown} about the boat, please",)
    everything = "\n".join(
        str(rows(out, f"SELECT * FROM {table}")) for (table,) in rows(
            out, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB '*_fts*'"
        )
    )  # fmt: skip
    assert not re.search(r"170\D?555\D?0\D?1\D?67|415\D?555\D?0132", everything)
    # Nor can they be guessed by the digests that stand for names and words.
    keys = {key for table in ("chats", "exchanges", "messages") for (key,) in rows(out, f"SELECT key FROM {table}")}
    guessed = {chat_key("+1 415 555 0132", kind) for kind in ("direct", "group")}
    if said != shown:
        guessed.add(Keys().key("2024-03-10T10:01:00", "text", f"ask {said} about the boat, please"))
    assert guessed & {
        key for table in ("chats", "messages") for (key,) in rows(tmp_path / "memories.db", f"SELECT key FROM {table}")
    } == guessed - {chat_key("+1 415 555 0132", "direct")}
    assert not guessed & keys


def test_the_key_of_a_talk_is_not_that_of_a_message_that_stays_at_home(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Ana.txt"
    export.write_text("10.03.24, 10:00 - Bo: 4711\n10.03.24, 10:01 - Ana: thanks, the lake was still\n", "utf-8")
    put(tmp_path / "memories.db", export)
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    first = one(tmp_path / "memories.db", "SELECT id FROM messages WHERE text = '4711'")
    assert Client(served).ask("DELETE", "/api/messages", {"message_ids": [first]})[0] == 200
    served.stop()
    (tmp_path / "copy").mkdir()
    reduce(tmp_path / "memories.db", tmp_path / "copy" / "memories.db", Redactions())
    guess = Keys().key("2024-03-10T10:00:00", "text", "4711")
    assert rows(tmp_path / "memories.db", "SELECT 1 FROM exchanges WHERE key = ?", [guess])
    for table in ("exchanges", "messages"):
        assert not rows(tmp_path / "copy" / "memories.db", f"SELECT 1 FROM {table} WHERE key = ?", [guess])


@pytest.mark.usefixtures("hashed")
def test_the_folder_serves_closed_and_read_only(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run("publish", "fly", "--db", home, "--app", "our-x", "--generate-dir", folder, "--yes")
    dockerfile = (folder / "Dockerfile").read_text("utf-8")
    command = re.search(r"^CMD \[(.*)\]$", dockerfile, re.MULTILINE)
    assert command
    words = re.findall(r'"([^"]*)"', command[1])[1:]
    port = free_port()
    words = ["127.0.0.1" if w == "0.0.0.0" else str(port) if w == "8080" else w for w in words]
    environment = dict(re.findall(r"(\w+)=(\S+)", dockerfile.partition("ENV ")[2].partition("\n")[0]))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        served = Served(words, port, tmp_path / "served.log", cwd=folder)
    api = Client(served)
    try:
        assert api.ask("GET", "/api/exchanges")[0] == 401
        token = api.ask("POST", "/api/login", {"role": "owner", "password": "owner word"})[2]["token"]
        owner = {"authorization": f"Bearer {token}"}
        found = api.ask("GET", "/api/exchanges", headers=owner)[2]["items"]
        assert found
        assert api.ask("POST", f"/api/exchanges/{found[0]['id']}/star", headers=owner)[0] == 403
        assert api.ask("PUT", "/api/archive", headers=owner)[0] == 403
        assert "data-action" not in api.ask("GET", f"/talk/{found[0]['id']}", headers=owner)[2].decode()
        assert api.ask("GET", "/health")[0] == 200
    finally:
        served.stop()


def test_nothing_goes_without_a_password_or_consent(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEMORIES_OWNER_PASSWORD", raising=False)
    arguments = ["publish", "fly", "--db", home, "--app", "our-x", "--generate-dir", tmp_path / "out"]
    assert "without a password is not published" in run(*arguments, "--yes", code=1)
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", "swordfish")
    said = run(*arguments, "--yes", code=1)
    assert "holds no hash" in said
    assert "swordfish" not in said
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    assert "say --yes to agree" in run(*arguments, code=1)
    assert not (tmp_path / "out" / "data").exists()
    said = run(*arguments[:-1], tmp_path / "o2", "--yes", "--without-chat", "Nobody", code=1)
    assert "nothing called 'Nobody'" in said
    arguments = ["publish", "fly", "--db", home, "--app", "Our App", "--generate-dir", tmp_path / "o3", "--yes"]
    assert "no name for an app" in run(*arguments, code=1)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "fly is not installed" in run("publish", "fly", "--db", home, "--app", "our-x", "--yes", code=1)
    assert not [p for p in home.parent.iterdir() if p.name.startswith(".memories-")]


def test_plain_files_are_whole_and_can_be_searched(home: Path, tmp_path: Path, browser: Browser) -> None:
    folder = tmp_path / "stick"
    hidden = one(home, "SELECT exchange_id FROM exchange_marks WHERE is_hidden")
    assert "pages" in run("publish", "static", folder, "--db", home, "--yes")
    assert "is not empty" in run("publish", "static", folder, "--db", home, "--yes", code=1)
    assert not (folder / f"talk-{hidden}.html").exists()
    for page in folder.glob("*.html"):
        text = page.read_text("utf-8")
        for name, value in re.findall(r'\b(href|src|poster)="([^"]*)"', text):
            file = value.partition("#")[0]
            if file and not file.startswith(("https://", "http://", "data:")):
                assert (folder / file).exists(), (page.name, name, value)
        assert "a secret note" not in text
        assert "127.0.0.1" not in text
    context = browser.new_context()
    asked: list[str] = []
    page_shown = context.new_page()
    page_shown.on("request", lambda request: asked.append(request.url))
    page_shown.goto(f"file://{folder}/search.html")
    page_shown.fill("#q", "WÁTER kind")
    page_shown.wait_for_selector("#found a")
    page_shown.click("#found a >> nth=0")
    page_shown.wait_for_selector(".bubble")
    assert all(url.startswith("file://") for url in asked)
    page_shown.goto(f"file://{folder}/search.html")
    page_shown.fill("#q", "桜")
    page_shown.wait_for_selector("#found a")
    context.close()


def test_a_file_of_a_chat_with_markup(tmp_path: Path) -> None:
    from tests.helpers import put

    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_text(
        "03/04/21, 9:15 pm - Emma: </script><script>alert(1)</script> <img src=x onerror=alert(1)>\n"
        '03/04/21, 9:16 pm - Anna: I love you" onclick="x\n', "utf-8",
    )  # fmt: skip
    put(tmp_path / "m.db", export)
    run("publish", "static", tmp_path / "out", "--db", tmp_path / "m.db", "--yes")
    for path in (tmp_path / "out").glob("*.*"):
        text = path.read_text("utf-8")
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "</script" not in (tmp_path / "out" / "search-data.js").read_text("utf-8")


@pytest.mark.parametrize(
    "name", ["a.html", "b.svg", "c.xhtml", "d.HTM", "e.mht", "f.js", "g.xml", "h.", "i.pdf", "j.docx"]
)
def test_no_attachment_of_the_static_copy_runs(tmp_path: Path, name: str) -> None:
    export = tmp_path / "x" / "WhatsApp Chat with Ida.txt"
    export.parent.mkdir()
    export.write_text(f"13/05/2024, 1:05 pm - Ida: {name} (file attached)\n", "utf-8")
    (export.parent / name).write_text("<script>alert(1)</script>", "utf-8")
    put(tmp_path / "memories.db", export.parent)
    run("publish", "static", "--db", tmp_path / "memories.db", "--yes", tmp_path / "site")
    page = with_plain_tags(next((tmp_path / "site").glob("talk-*.html")).read_text("utf-8"))
    found = re.search(r'href="(media/[^"]+)" download="([^"]+)"', page)
    assert found
    assert found[2] == name
    assert (tmp_path / "site" / found[1]).read_text("utf-8") == "<script>alert(1)</script>"
    assert found[1].endswith((".pdf", ".docx", ".bin"))
    assert found[1].endswith(".bin") == (name not in ("i.pdf", "j.docx"))


def test_no_address_gives_away_who_it_is_about(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Trip.txt"
    export.write_text(
        "10.03.24, 10:00 - +49 170 5550167: the lake was still\n"
        "10.03.24, 10:01 - Zoë Quintal: write to https://wa.me/491705550167 or https://x.example/?p=%2B49%20170%205550167\n"
        "10.03.24, 10:02 - Ana: zoe is at https://maps.example/Zo%C3%AB/Quintal, call ٤٩١٧٠٥٥٥٠١٦٧\n",
        "utf-8",
    )
    put(tmp_path / "memories.db", export, me="Ana")
    for number, leave in enumerate((Redactions(), Redactions(names=True))):
        out = tmp_path / str(number) / "memories.db"
        out.parent.mkdir()
        reduce(tmp_path / "memories.db", out, leave)
        everything = "\n".join(str(rows(out, f"SELECT * FROM {table}")) for table in ("messages", "links", "exchanges"))
        assert not re.search(r"170\D?(?:%20)?5550167|٥٥٥٠١٦٧", everything)
        if leave.names:
            assert not re.search(r"zo[eë]\b|zo%c3%ab|quintal", everything, re.IGNORECASE)
            assert "lake" in everything
