"""A folder from which an archive is published read-only: an image with the archive in it, for Fly.io."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
from pathlib import Path

from ingest.core.errors import MemoriesError
from ingest.ops.serving import datasette_arguments, site
from memories_lib.shared import settings

_SERVES = ("datasette", "datasette-auth-passwords", "datasette-cluster-map")
_ROLES = ("OWNER", "CURATOR", "VIEWER")
_APP = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\Z")

_DOCKERFILE = """\
# An archive, read-only, and what shows it. Made by `memories publish fly`; it holds no secret.
FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home memories
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt
COPY --chown=memories:memories site site
COPY --chown=memories:memories data data
USER 10001
ENV MEMORIES_PUBLIC=1 MEMORIES_READ_ONLY=1 MEMORIES_LOG_LEVEL=info PYTHONUNBUFFERED=1
EXPOSE 8080
CMD {command}
"""

_FLY = """\
app = "{app}"
primary_region = "{region}"
kill_signal = "SIGTERM"

[build]
  dockerfile = "Dockerfile"

[http_service]
  internal_port = 8080
  force_https = true
  auto_stop_machines = "stop"
  auto_start_machines = true
  min_machines_running = 0

  [[http_service.checks]]
    method = "GET"
    path = "/health"
    interval = "30s"
    timeout = "5s"
    grace_period = "10s"

[[vm]]
  size = "shared-cpu-1x"
  memory = "256mb"
"""


def hashes(environment: dict[str, str]) -> dict[str, str]:
    """The passwords' hashes to publish with. Raises `MemoriesError` when nobody could get in, or anybody."""
    found = {name: environment.get(name, "").strip() for role in _ROLES if (name := f"MEMORIES_{role}_PASSWORD")}
    found = {name: value for name, value in found.items() if value}
    if not found:
        raise MemoriesError(
            "an archive without a password is not published; make one with memories password, and set "
            "MEMORIES_OWNER_PASSWORD to what it prints"
        )
    for name in settings.without_hash():
        raise MemoriesError(settings.told(settings.no_hash(name)))
    return found


def write_folder(folder: Path, app: str, region: str) -> None:
    """Write all but the archive itself, which belongs to `folder/data`. Raises `MemoriesError`."""
    if not _APP.match(app):
        raise MemoriesError(f"'{app}' is no name for an app: small letters, digits and hyphens, as in our-memories")
    source = site()
    for name in ("plugins", "templates", "static"):
        shutil.copytree(
            source / name, folder / "site" / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("metadata.yml", "settings.json"):
        shutil.copyfile(source / name, folder / "site" / name)
    pins = sorted(_pins(_SERVES).items())
    (folder / "requirements.txt").write_text("".join(f"{name}=={version}\n" for name, version in pins), "utf-8")
    arguments = datasette_arguments(Path("data/memories.db"), "0.0.0.0", 8080, folder=Path("site"))
    # In the image paths are written with slashes, whatever this system does.
    command = json.dumps(["python", *(word.replace(os.sep, "/") for word in arguments)], ensure_ascii=False)
    (folder / "Dockerfile").write_text(_DOCKERFILE.format(command=command), "utf-8")
    (folder / "fly.toml").write_text(_FLY.format(app=app, region=region), "utf-8")


def _pins(names: tuple[str, ...]) -> dict[str, str]:
    """These packages and all they need, in the versions that are at work here."""
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            about = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # needed on other systems only
        found[key] = about.version
        for line in about.requires or []:
            if "extra ==" not in line:
                waiting.append(re.split(r"[\s;<>=!~\[(]", line.strip(), maxsplit=1)[0])
    return found


def deploy(folder: Path, app: str, region: str, with_hashes: dict[str, str]) -> None:
    """Hand the folder to `fly`; secrets go through its standard input, never into a file. Raises `MemoriesError`."""
    told = {**with_hashes, "DATASETTE_SECRET": secrets.token_urlsafe(32)}
    lines = "".join(f"{name}={value}\n" for name, value in told.items())
    for arguments, given in (
        (["launch", "--no-deploy", "--copy-config", "--name", app, "--region", region, "--yes"], None),
        (["secrets", "import", "--stage"], lines),
        (["deploy"], None),
    ):
        try:
            done = subprocess.run(["fly", *arguments], cwd=folder, input=given, encoding="utf-8", check=False)
        except FileNotFoundError:
            raise MemoriesError(
                f"fly is not installed; {folder} is ready for it: https://fly.io/docs/flyctl/install/"
            ) from None
        if done.returncode:
            raise MemoriesError(f"fly {shlex.join(arguments)} failed; what it said stands above. {folder} is ready")
