"""The commands that serve: an archive, the invented example, an export in one go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from ingest.archive.database import connect
from ingest.cli.base import db_option, main, say_aside, told
from ingest.core.model import Options
from ingest.exports.source import Limits
from ingest.ops.serving import LOCAL, datasette_arguments, free_port, has_browser, site
from memories_lib.shared.layout import ARCHIVE


@main.command()
@db_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@click.option("--new", is_flag=True, help="Where there is no archive yet, begin with an empty one.")
@click.option(
    "--log-level", type=click.Choice(["info", "warning", "error"]), envvar="MEMORIES_LOG_LEVEL",
    help="One JSON line a request on standard error: each, those that failed or were slow, failures.",
)  # fmt: skip
@told
def serve(db: Path, host: str, port: int, new: bool, log_level: str | None) -> None:
    """Show the archive on this machine, in the browser.

    \b
    Example:
      memories serve --port 8010
    """
    if db.exists():
        _heal(db)
    connect(db, must_exist=not new).close()
    if host not in LOCAL and not any(
        os.environ.get(f"MEMORIES_{role}_PASSWORD") for role in ("OWNER", "CURATOR", "VIEWER")
    ):
        say_aside(
            f"{host} can be reached from outside and no password is set, so nobody will see anything; "
            "make one with: memories password"
        )
    if log_level:
        os.environ["MEMORIES_LOG_LEVEL"] = log_level
    _serve(db, host, port)


def _heal(db: Path) -> None:
    """What is damaged is made again, or the last good version is served; and it is said."""
    from ingest.ops.healing import heal

    healed = heal(db)
    if healed.made_again:
        say_aside(f"{db} was damaged: {', '.join(healed.made_again)}; made again, nothing is lost")
    if healed.version is not None:
        say_aside(f"{db} is damaged and was set aside; the version of {healed.version.stem} is served instead")
    if healed.left:
        say_aside(
            f"{db} is damaged: {', '.join(healed.left)}; what can be read is served. "
            "Bring a backup back with memories restore, or ingest the exports again"
        )


def _serve(db: Path, host: str, port: int) -> None:
    free = free_port(host, port)
    if free != port:
        say_aside(f"port {port} is in use, so another one is taken: {free}")
    click.echo(f"Your memories are at http://{f'[{host}]' if ':' in host else host}:{free}/ (stop with Ctrl-C)")
    sys.stdout.flush()
    command = [sys.executable, *datasette_arguments(db, host, free, open_browser=has_browser())]
    if os.name == "nt":  # where this program would end, and leave the other one to itself
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)


@main.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), default="demo", show_default=True, help="Where to.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@click.option("--no-serve", is_flag=True, help="Only make the archive.")
@told
def demo(folder: Path, host: str, port: int, no_serve: bool) -> None:
    """Make an archive of the invented exports in examples/ and show it.

    \b
    Example:
      memories demo
    """
    folder.mkdir(parents=True, exist_ok=True)
    db = folder / ARCHIVE
    from ingest.cli.ingesting import ingest_all, tell_again
    from ingest.importing.report import lines_of

    reports = ingest_all((site() / "examples",), db, Options(me="Nora"), Limits(), quiet=False)
    for report in reports:
        for line in lines_of(report):
            click.echo(line)
    tell_again(reports, db, Options(), quiet=False)
    if any(report.error for report in reports):
        sys.exit(1)
    if not no_serve:
        _serve(db, host, port)


@main.command()
@click.option("--file_in", "--file-in", type=click.Path(path_type=Path), required=True, help="The export.")
@click.option("--log_level", "--log-level", default="INFO", show_default=True, help="As in the earlier version.")
@db_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@told
def start(file_in: Path, log_level: str, db: Path, host: str, port: int) -> None:
    """Ingest one export and show it: the earlier version's way.

    \b
    Example:
      memories start --file_in=chat.txt --log_level=INFO
    """
    level = log_level.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise click.BadParameter("is one of DEBUG, INFO, WARNING, ERROR, CRITICAL", param_hint="--log_level")
    from ingest.cli.ingesting import ingest_all, tell_again
    from ingest.importing.report import lines_of

    reports = ingest_all((file_in,), db, Options(), Limits(), quiet=level not in ("DEBUG", "INFO"))
    for report in reports:
        if report.error or level in ("DEBUG", "INFO"):
            for line in lines_of(report, explain=level == "DEBUG"):
                click.echo(line, err=bool(report.error))
    tell_again(reports, db, Options(), quiet=level not in ("DEBUG", "INFO"))
    if any(report.error for report in reports):
        sys.exit(1)
    _serve(db, host, port)
