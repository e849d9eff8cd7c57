"""Starting Datasette on an archive, with the plugins, templates and settings that belong to it."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from pathlib import Path

from ingest.core.errors import MemoriesError

#: Addresses that this machine alone can ask.
LOCAL = ("127.0.0.1", "localhost", "::1")
#: So many ports after one that is in use are tried.
_MOST_TRIED = 50


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


def free_port(host: str, port: int) -> int:
    """`port`, or on this machine's own address the next one that is free; 0 for any.

    Raises `MemoriesError` where it is in use and no other will do: what others ask for is at one port.
    """
    for candidate in range(port, min(port + _MOST_TRIED, 65536) if port and host in LOCAL else port + 1):
        if _is_free(host, candidate):
            return candidate
    raise MemoriesError(f"port {port} of {host} is in use: end what serves there, or say another one with --port")


def _is_free(host: str, port: int) -> bool:
    """Whether a server could listen there. Where the address is none of this machine's, the server says so."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return True
    for family, kind, protocol, _, address in addresses:
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # as the server does; elsewhere this would share a port with another program
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                # Windows says "forbidden" of a port that another program has for itself.
                if error.errno == errno.EADDRINUSE or (os.name == "nt" and error.errno == errno.EACCES):
                    return False
    return True


def has_browser() -> bool:
    """Whether opening a page would show it to somebody."""
    if sys.platform in ("darwin", "win32"):
        return True
    return sys.platform.startswith("linux") and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
