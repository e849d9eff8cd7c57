"""The command `memories`, run inside the tests."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from ingest.cli import main


def run(database: Path, *words: str, code: int = 0) -> Result:
    """One command, which ends with `code`."""
    result = CliRunner().invoke(main, list(words), env={"MEMORIES_DB": str(database)})
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def memories(*arguments: object, fails: bool = False) -> str:
    """What a command says, that ends with 0, or with 1 where it `fails`."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == (1 if fails else 0), done.output
    assert "Traceback" not in done.output
    return done.output


def newest(folder: Path) -> Path:
    """The file of a folder whose name is last."""
    return sorted(folder.iterdir())[-1]
