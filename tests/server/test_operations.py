"""docs/OPERATIONS.md is true: each of its commands is executed, chapter by chapter, as one person would."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.client import Client
from tests.conftest import EXAMPLES, ROOT, Served, free_port
from tests.helpers import put

GUIDE = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
PASSWORD = "family words of ours"


def blocks() -> list[tuple[str, str, list[str]]]:
    """(chapter, script, lines it shows) of each console block."""
    found = []
    for chapter in re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]:
        for block in re.findall(r"```console\n(.*?)```", chapter, re.DOTALL):
            lines = block.rstrip("\n").split("\n")
            script = [line[2:] for line in lines if line.startswith("$ ")]
            shown = [line for line in lines if not line.startswith("$ ")]
            found.append((chapter.partition("\n")[0], "\n".join(script), shown))
    return found


class Terminal:
    """A shell as a person has it: its environment stays from block to block, and asked for a password it answers."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._scripts = folder.with_name(f"{folder.name}-scripts")
        self._scripts.mkdir(exist_ok=True)
        pid, self._handle = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile"], environment)
        self._pid = pid
        self._count = 0
        self.run("stty -echo -onlcr; PS1=; PS2=; set +m; bind 'set enable-bracketed-paste off' 2>/dev/null")

    def run(self, script: str, wait_s: float = 120) -> tuple[int, str]:
        """(exit code of the first command that failed, or 0; what was printed)."""
        self._count += 1
        mark = f"block-{self._count}-ended"
        file = self._scripts / f"block-{self._count}.sh"
        lines = [
            f"{line} || {{ FAILED=$?; return $FAILED; }}" if "&" not in line else line for line in script.split("\n")
        ]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        os.write(self._handle, f'. {file}; echo "{mark[:-5]}"ended $?\n'.encode())
        said, end = "", time.monotonic() + wait_s
        while not (found := re.search(rf"{mark} (\d+)", said)):
            assert time.monotonic() < end, said
            if select.select([self._handle], [], [], 0.5)[0]:
                piece = os.read(self._handle, 65536).decode("utf-8", "replace")
                said += piece
                if re.search(r"(?i)password[^\n]*: $|confirmation: $", piece):
                    os.write(self._handle, f"{PASSWORD}\n".encode())
        return int(found[1]), said[: found.start()]

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._handle)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as its owner has it: a checkout's files, an archive with an edit, exports, an age key."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("plugins", "templates", "static", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("metadata.yml", "fly.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(EXAMPLES, folder / "exports")
    put(folder / "memories.db", folder / "exports", me="Nora")
    (folder / "new-export.txt").write_text("03/04/24, 9:15 pm - Emma: hello\n03/04/24, 9:16 pm - Nora: hi!\n", "utf-8")
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    (folder / "key.txt").write_text(f"# public key: {identity.to_public()}\n{identity}\n", "utf-8")
    return folder


def test_the_whole_guide(checkout: Path, tmp_path: Path) -> None:
    """In one go, since each chapter stands on the ones before it."""
    port = free_port()
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "fly").write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests" / "fly.py"} "$@"\n', "utf-8")
    (tools / "fly").chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb",
        "LANG": "C.UTF-8", "FLY_STATE": str(tmp_path / "fly"), "FLY_PORT": str(port), "FLY_ROOT": str(ROOT),
        "FLY_PROXY": str(proxied := free_port()),
    }  # fmt: skip
    terminal = Terminal(checkout, environment)
    try:
        for chapter, script, shown in blocks():
            # The one thing that is not as it says: the internet.
            here = script.replace("https://our-memories.fly.dev", f"http://127.0.0.1:{port}")
            here = here.replace("8001", str(proxied))
            code, said = terminal.run(here)
            assert code == 0, f"{chapter}\n{script}\n{said}"
            for line in shown:
                line = line.replace("https://our-memories.fly.dev", f"http://127.0.0.1:{port}")
                line = line.replace(f"at http://127.0.0.1:{port}/", "at https://our-memories.fly.dev/")
                assert line in said, f"{chapter}\n{script}\n{said}"
            assert PASSWORD not in said
        log = (tmp_path / "fly" / "log").read_text("utf-8")
        assert "Traceback" not in log
        assert "hierbabuena" not in log
    finally:
        terminal.run("fly apps destroy our-memories")
        terminal.close()


def test_each_chapter_has_commands() -> None:
    chapters = {chapter for chapter, _, _ in blocks()}
    assert len(chapters) >= 14


def test_a_reader_elsewhere_has_what_the_writer_replicated(checkout: Path, tmp_path: Path) -> None:
    """Litestream, from one machine to another: edits within seconds, and the reader refuses to write."""
    replica, script = f"file://{tmp_path / 'replica'}", str(ROOT / "scripts" / "start_server.sh")
    (tmp_path / "writer").mkdir()
    shutil.copy(checkout / "memories.db", tmp_path / "writer")
    machines = []

    def start(name: str, **more: str) -> Client:
        port = free_port()
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LITESTREAM_URL": replica, "PORT": str(port),
            "HOST": "127.0.0.1", "MEMORIES_DB": str(tmp_path / name / "memories.db"), "HOME": str(tmp_path), **more,
        }  # fmt: skip
        with (tmp_path / f"{name}.log").open("wb") as log:
            machines.append(subprocess.Popen([script], stdout=log, stderr=log, env=environment))
        served = Served.__new__(Served)
        served.base, served.log = f"http://127.0.0.1:{port}", tmp_path / f"{name}.log"
        served._process = machines[-1]
        served._wait()
        return Client(served)

    try:
        writer = start("writer")
        number = writer.get("/api/exchanges")["items"][0]["id"]
        assert writer.ask("POST", f"/api/exchanges/{number}/star")[0] == 200
        time.sleep(2.5)
        (tmp_path / "reader").mkdir()
        reader = start("reader", MEMORIES_READ_ONLY="1")
        assert [item["id"] for item in reader.get("/api/exchanges?starred=1")["items"]] == [number]
        assert reader.ask("POST", f"/api/exchanges/{number}/unstar")[0] == 403
    finally:
        for machine in machines:
            machine.terminate()
            machine.wait(20)
