"""What the commands have in common: the group, the option --db, failures as sentences, a progress bar."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from time import strftime, strptime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ingest import __version__
from ingest.core.errors import MemoriesError
from ingest.importing.report import counted
from memories_lib.shared.layout import ARCHIVE

__all__ = ["Failed", "counted", "days_options", "db_option", "main", "progress_bar", "say_aside", "told"]

F = TypeVar("F", bound=Callable[..., Any])


class Failed(click.ClickException):
    """A sentence on stderr and exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"memories: {self.message}", err=True, file=file)


def told(function: F) -> F:
    """Turns what can go wrong into a sentence and exit code 1; Ctrl-C into 130."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MemoriesError as error:
            raise Failed(str(error)) from None
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise Failed("the disk is full; nothing was changed. Free some space and try again") from None
        except KeyboardInterrupt:
            click.echo("\nmemories: stopped; what was being done is done whole or not at all", err=True)
            sys.exit(130)

    return wrapped  # type: ignore[return-value]


def db_option(function: F) -> F:
    return click.option(
        "--db", type=click.Path(path_type=Path), default=ARCHIVE, envvar="MEMORIES_DB", show_default=True,
        help="The archive (or the environment variable MEMORIES_DB).",
    )(function)  # fmt: skip


def days_options(what: str) -> Callable[[F], F]:
    """The options --since and --until, of ``Only talks``, say: days, months or years, "" where none is given."""

    def with_them(function: F) -> F:
        since = click.option(
            "--since", metavar="DATE", callback=_day, default="", help=f"{what} from this day on (2024-06-14, or 2024)."
        )
        until = click.option(
            "--until", metavar="DATE", callback=_day, default="", help=f"{what} up to this day, with it."
        )
        return since(until(function))

    return with_them


def _day(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """A day, a month or a year, as ISO 8601 writes them, or ""; what begins with it is meant."""
    if value and not any(_is_of_form(value, form) for form in ("%Y-%m-%d", "%Y-%m", "%Y")):
        raise click.BadParameter(f"'{value}' is no date; write it like 2024-06-14, 2024-06 or 2024")
    return value


def _is_of_form(value: str, form: str) -> bool:
    try:
        return strftime(form, strptime(value, form)) == value
    except ValueError:
        return False


#: Module of `ingest.cli` -> its commands.
MODULES = {
    "ask": ("ask", "sent"),
    "chats": ("chats",),
    "correcting": ("undo",),
    "gemini": ("summarize",),
    "ingesting": ("ingest",),
    "looking": ("check", "password", "search", "stats"),
    "people": ("people",),
    "publish": ("publish",),
    "remote": ("pull", "push", "token"),
    "serving": ("demo", "serve", "start"),
    "sources": ("forget", "sources"),
    "understanding": ("understand",),
    "upkeep": ("backup", "compact", "doctor", "maintenance", "restore", "rollback", "versions"),
}


class _Commands(click.Group):
    """A group whose commands are imported when they are asked for: `memories --version` is quick."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(name for names in MODULES.values() for name in names)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for module, names in MODULES.items():
            if name in names:
                import_module(f"ingest.cli.{module}")
        return super().get_command(context, name)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            # Also while a command is imported, which is before it can say so itself.
            click.echo("\nmemories: stopped", err=True)
            context.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="memories")
def main() -> None:
    """WhatsApp exports into one private archive of memories, and a place to relive them.

    \b
    Example:
      memories ingest "WhatsApp Chat with Emma.zip"
      memories serve
    """


def say_aside(text: str) -> None:
    click.echo(f"memories: {text}", err=True)


@contextmanager
def progress_bar(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal; nothing when piped."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name[:40], total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
