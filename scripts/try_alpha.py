"""Starts the newest Datasette there is, alphas too, with these plugins: it is refused, or it is one that was tried.

What a later version asks of plugins before it shows something is not known here; so it must not show anything.
Without a network nothing is tried, and that is said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
_REFUSED = "were not tried with Datasette"
_NEEDS = ("datasette", "datasette-auth-passwords", "datasette-cluster-map")


def main() -> int:
    """The exit code."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "venv", with_pip=True)
        python = home / "venv" / "bin" / "python"
        if not _install(python):
            print("no newer Datasette can be had here: nothing was tried")
            return 0
        subprocess.run(
            [sys.executable, "-m", "ingest", "ingest", str(ROOT / "examples"), "--db", str(home / "memories.db")],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        return _start(python, home)


def _install(python: Path) -> bool:
    quick = ["--disable-pip-version-check", "--timeout", "15", "--retries", "1"]
    try:
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "--pre", *quick, *_NEEDS],
            capture_output=True, check=True, timeout=180,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    return True


def _start(python: Path, home: Path) -> int:
    ask = [str(python), "-c", "import datasette; print(datasette.__version__)"]
    version = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    arguments = [
        str(python), "-m", "datasette", "serve", str(home / "memories.db"), "--plugins-dir", str(ROOT / "plugins"),
        "--template-dir", str(ROOT / "templates"), "--metadata", str(ROOT / "metadata.yml"), "--port", "0",
        "--get", "/",
    ]  # fmt: skip
    done = subprocess.run(arguments, cwd=home, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode and _REFUSED in done.stdout + done.stderr:
        print(f"Datasette {version} is refused, as one that was not tried")
        return 0
    if version.startswith("0.65"):
        print(f"Datasette {version} is one that was tried")
        return 0
    print(f"Datasette {version} was neither tried nor refused:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
