"""Starting Datasette on an archive, with the plugins, templates and settings that belong to it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def site() -> Path:
    """The folder with `plugins/`, `templates/`, `static/` and `metadata.yml`: inside the package, or a checkout."""
    package = Path(__file__).parent.parent
    return package / "site" if (package / "site").is_dir() else package.parent


def datasette_arguments(
    database: Path, host: str, port: int, *, open_browser: bool = False, folder: Path | None = None
) -> list[str]:
    """The command line (without the interpreter) that serves `database`, with the site in `folder` or ours."""
    settings = json.loads((site() / "settings.json").read_text("utf-8"))
    folder = folder or site()
    arguments = ["-m", "datasette", "serve", str(database)]
    arguments += ["--host", host, "--port", str(port)]
    arguments += ["--metadata", str(folder / "metadata.yml")]
    arguments += ["--plugins-dir", str(folder / "plugins")]
    arguments += ["--template-dir", str(folder / "templates")]
    arguments += ["--static", f"static:{folder / 'static'}"]
    for name, value in settings.items():
        arguments += ["--setting", name, str(value)]
    if open_browser:
        arguments.append("--open")
    return arguments


def has_browser() -> bool:
    """Whether opening a page would show it to somebody."""
    if sys.platform == "darwin":
        return True
    return sys.platform.startswith("linux") and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
