"""The image and its machine: linted, light, and what it installs and runs does so within 256 MB."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, free_port
from tests.server.test_operations import GUIDE

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
FLY = tomllib.loads((ROOT / "fly.toml").read_text("utf-8"))
#: What fly.toml may hold here, as Fly's reference names it.
KNOWN = {
    "app", "primary_region", "kill_signal", "kill_timeout", "build", "deploy", "env", "http_service", "mounts", "vm",
}  # fmt: skip


def test_the_dockerfile_is_linted() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_what_serves_is_in_it() -> None:
    assert "requirements/serve.txt" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    assert DOCKERFILE.count("\nFROM ") == 2 - DOCKERFILE.startswith("FROM ")
    assert not re.search(r"(?i)gemini|google-genai\b(?!,)|apt-get|build-essential|gcc", DOCKERFILE.split("\n", 2)[2])
    served = (ROOT / "requirements" / "serve.txt").read_text("utf-8")
    assert not re.search(r"^(google|pydantic|playwright|pytest|litestream|pyrage)", served, re.MULTILINE)
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
    ignored = (ROOT / ".dockerignore").read_text("utf-8")
    for pattern in ("**/*.db", "**/media", "**/versions", "**/backups", "**/.env", ".git"):
        assert pattern in ignored.splitlines()


def test_the_machine_is_as_the_guide_says() -> None:
    assert set(FLY) == KNOWN
    service = FLY["http_service"]
    assert service["checks"][0]["path"] == "/health"
    assert service["force_https"] is True
    assert service["auto_stop_machines"] in ("stop", "suspend")
    assert service["min_machines_running"] == 0
    assert f"PORT={service['internal_port']}" in DOCKERFILE
    (mount,) = FLY["mounts"]
    assert mount["destination"] == "/data"
    assert mount["auto_extend_size_threshold"] == 80
    assert mount["snapshot_retention"] == 14
    assert FLY["vm"] == [{"size": "shared-cpu-1x", "memory": "256mb"}]
    assert FLY["env"]["MEMORIES_PUBLIC"] == "1"
    assert mount["source"] in GUIDE
    assert not any("PASSWORD" in name or "SECRET" in name or "KEY" in name for name in FLY["env"])


def test_scripts_are_shell_that_parses() -> None:
    for script in (ROOT / "scripts").glob("*.sh"):
        subprocess.run(["sh", "-n", str(script)], check=True)
        assert os.access(script, os.X_OK), script


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group with 256 MB and not a byte more."""
    memory = Path("/sys/fs/cgroup/memory") if Path("/sys/fs/cgroup/memory").is_dir() else Path("/sys/fs/cgroup")
    folder = memory / f"memories-{os.getpid()}"
    try:
        folder.mkdir()
        limit = "memory.limit_in_bytes" if (folder / "memory.limit_in_bytes").exists() else "memory.max"
        (folder / limit).write_text(str(256 << 20))
    except OSError:
        pytest.skip("only root may limit memory")
    yield folder
    folder.rmdir()


def _within(group: Path, command: list[str]) -> list[str]:
    return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group), *command]


@pytest.mark.drill
def test_what_the_image_installs_and_runs_fits_into_256_mb(group: Path, tmp_path: Path) -> None:
    """Its own lines, in a clean environment: install, a million messages ingested, served, asked, ended."""
    from bench.corpus import write

    source = tmp_path / "src"
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        *names, _ = line.split()
        for name in names:
            if name.startswith("scripts/"):
                continue
            place = source / ("requirements" if "requirements" in name else "")
            place.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "site"))
            else:
                shutil.copy(ROOT / name, place)
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(source / "requirements" / "serve.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(source)], check=True)
    (packages,) = (venv / "lib").glob("python*/site-packages")
    for name in ("geodata", "carrierdata", "tzdata"):
        shutil.rmtree(packages / "phonenumbers" / name)
    for path in packages.glob("pip*"):
        shutil.rmtree(path)
    size = sum(p.stat().st_size for p in packages.rglob("*") if p.is_file())
    assert size < 75 << 20, f"{size >> 20} MiB"  # with Python's slim image, of 125, under 200

    export = tmp_path / "WhatsApp Chat with Emma.txt"
    write(export, "us", 1_000_000)
    data = tmp_path / "data"
    data.mkdir()
    port = free_port()
    environment = {
        "PATH": f"{venv / 'bin'}:/usr/bin:/bin", "MEMORIES_DB": str(data / "memories.db"), "MEMORIES_PUBLIC": "1",
        "MEMORIES_ONE_PROCESS": "1", "MEMORIES_LOG_LEVEL": "info", "HOST": "127.0.0.1", "PORT": str(port),
        "HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        _within(group, [str(venv / "bin" / "memories"), "ingest", str(export), "--db", str(data / "memories.db")]),
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1,000,000" in done.stdout
    log = (tmp_path / "log").open("wb")
    command = _within(group, [str(ROOT / "scripts" / "start_server.sh")])
    server = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert server.poll() is None, (tmp_path / "log").read_text("utf-8")
                time.sleep(0.05)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)
    finally:
        server.terminate()
        assert server.wait(20) in (0, -15, 143)
        log.close()
    assert (data / "memories.db").exists()
    assert not (data / "memories.db-wal").exists() or (data / "memories.db-wal").stat().st_size == 0
