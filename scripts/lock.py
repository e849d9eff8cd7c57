"""Pins all dependencies into `requirements/`, with the hashes of their files and without any index's address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: file -> extras that go into it.
FILES = {"serve.txt": (), "test.txt": ("test",)}


def main() -> None:
    """Compile each file from pyproject.toml."""
    (ROOT / "requirements").mkdir(exist_ok=True)
    for name, extras in FILES.items():
        subprocess.run(
            [
                sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--strip-extras",
                "--allow-unsafe", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-trusted-host",
                "--no-emit-find-links", "--output-file", f"requirements/{name}",
                *(f"--extra={extra}" for extra in extras), "pyproject.toml",
            ],
            cwd=ROOT, check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
