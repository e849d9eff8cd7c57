"""What commands that ask Gemini have in common: the key, what is agreed to, a bar with money, what came of it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ingest.cli.base import Failed, counted, say_aside

if TYPE_CHECKING:
    from ingest.summaries.gemini.cache import AnswerCache
    from ingest.summaries.gemini.plan import Outcome

_MOST_NAMED = 10


def gemini_key() -> str:
    """`GEMINI_API_KEY`, or what is typed; written nowhere."""
    key = os.environ.get("GEMINI_API_KEY", "").strip()
    if not key:
        if not sys.stdin.isatty():
            raise Failed("set GEMINI_API_KEY to your key from aistudio.google.com/apikey")
        key = str(click.prompt("Gemini API key", hide_input=True, err=True)).strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise Failed("that is no key: it has characters that no key has; copy it again")
    return key


def agree_to(cache: AnswerCache, chats: dict[str, tuple[int, int]], host: str, *, is_redacted: bool, yes: bool) -> None:
    """Nobody's words leave before somebody said so, chat by chat and host by host. `chats`: talks, messages."""
    new = {chat: counts for chat, counts in chats.items() if not cache.has_consent(chat, host)}
    if not new:
        return
    say_aside(f"this goes to {host}" + (", with names and numbers taken out" if is_redacted else ""))
    for chat, (talks, messages) in new.items():
        say_aside(f"  {chat}: {counted(talks, 'talk')}, {counted(messages, 'message')}, with their times; no files")
    say_aside("  without billing, Google may use what a key sends to improve its products")
    if not yes:
        if not sys.stdin.isatty():
            raise Failed("nothing was sent: say --yes to agree")
        if not click.confirm("Send it?", err=True):
            raise Failed("nothing was sent")
    for chat in new:
        cache.consent(chat, host)


class Bar:
    """A bar with money on a terminal; nothing when piped."""

    def __init__(self, total: int, what: str) -> None:
        columns = (
            TextColumn("telling"),
            BarColumn(),
            TextColumn("{task.completed:,}/{task.total:,} {task.fields[what]}  {task.fields[usd]:.4f} USD"),
        )
        self._console = Console(stderr=True)
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._total, self._what = total, what

    def __enter__(self) -> Any:
        if not self._console.is_terminal:
            return None
        self._bar.start()
        task = self._bar.add_task("", total=self._total, usd=0.0, what=self._what)
        return lambda done, total, usd: self._bar.update(task, completed=done, total=total, usd=usd)

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()


def say_outcome(outcome: Outcome, what: str = "talks") -> None:
    used = outcome.usage
    click.echo(
        f"answered  {outcome.answered:,} {what} in {counted(outcome.requests, 'request')}: {used.prompt:,} tokens in "
        f"({used.cached:,} of them cached), {used.output:,} out, {outcome.usd:.4f} USD"
    )
    if outcome.dropped_numbers or outcome.dropped_talks:
        click.echo(
            f"dropped   {outcome.dropped_numbers:,} messages and {outcome.dropped_talks:,} talks that do not exist"
        )
    for talk, why in outcome.left[:_MOST_NAMED]:
        click.echo(f"left      {talk.chat}, {talk.started_at[:16].replace('T', ' ')}: {why}")
    if len(outcome.left) > _MOST_NAMED:
        click.echo(f"left      and {len(outcome.left) - _MOST_NAMED:,} more, told by the built-in summariser")
