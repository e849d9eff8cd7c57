"""Between this machine and where the archive is served: push, pull, token."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.cli.base import db_option, main, progress_bar, told
from ingest.cli.upkeep import as_size, come_in


@main.command()
@db_option
@click.option("--to", "url", required=True, metavar="URL", envvar="MEMORIES_REMOTE", help="Where it is served.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
@click.option("--renumber", is_flag=True, help="Also when talks have other numbers there, and links would be wrong.")
@click.option("--replace", is_flag=True, help="Also when messages are served that this archive does not hold.")
@click.option("--unhide", is_flag=True, help="Also when hidden messages would be seen in it.")
@told
def push(db: Path, url: str, dry_run: bool, renumber: bool, replace: bool, unhide: bool) -> None:
    """Send the archive to where it is served: only what is new, checked there, swapped under its readers.

    Edits travel both ways first. Stopped midway, what is served stays as it was, and the next push goes on.

    \b
    Example:
      memories push --to https://our-memories.fly.dev
    """
    from ingest.ops.sync import push as send

    remote = come_in(url)
    with progress_bar("sending", quiet=False) as progress:
        done = send(remote, db, dry_run=dry_run, renumber=renumber, replace=replace, unhide=unhide, progress=progress)
    would = "would be " if dry_run else ""
    click.echo(f"edits     {done.edits_there:,} {would}sent, {done.edits_here:,} {would}brought here")
    click.echo(f"files     {done.files:,} {would}sent ({as_size(done.file_bytes)})")
    if done.is_same:
        click.echo("archive   the same is served there already")
    else:
        part = f"{done.blocks_sent:,} of {done.blocks:,} blocks {would}sent"
        click.echo(f"archive   {part}, {done.messages:,} messages, {as_size(done.bytes)}")
    if done.lost:
        click.echo(f"{done.lost:,} edits are on messages that are not in this archive; they are kept")
    click.echo("dry run: nothing was changed" if dry_run else f"{url} shows it")


@main.command()
@db_option
@click.option("--from", "url", required=True, metavar="URL", envvar="MEMORIES_REMOTE", help="Where it is served.")
@click.option("--archive", "whole", is_flag=True, help="The archive and its files as well, not the edits alone.")
@told
def pull(db: Path, url: str, whole: bool) -> None:
    """Bring home the edits that were made where the archive is served, and show them here.

    \b
    Example:
      memories pull --from https://our-memories.fly.dev
    """
    from ingest.ops.sync import pull as bring

    remote = come_in(url)
    with progress_bar("bringing", quiet=False) as progress:
        here, there, shown = bring(remote, db, whole=whole, progress=progress)
    click.echo(f"edits     {here:,} brought here, {there:,} sent")
    if not shown:
        click.echo(f"there is no archive at {db} to show them on yet; the next ingest does")


@main.command()
@click.option("--at", "url", required=True, metavar="URL", envvar="MEMORIES_REMOTE", help="Where it is served.")
@click.option("--role", type=click.Choice(["viewer", "curator", "owner"]), default="viewer", show_default=True)
@click.option("--days", type=click.FloatRange(0.01, 366), default=90, show_default=True, help="How long it is good.")
@click.option("--revoke", type=int, metavar="NUMBER", help="End the token with this number.")
@click.option("--list", "show", is_flag=True, help="Show which there are.")
@click.argument("name", required=False)
@told
def token(url: str, role: str, days: float, revoke: int | None, show: bool, name: str | None) -> None:
    """Make a token for a program, which uses it as MEMORIES_TOKEN or as an Authorization: Bearer header.

    \b
    Example:
      memories token --at https://our-memories.fly.dev --role owner "weekly backup"
    """
    import time

    remote = come_in(url)
    if revoke is not None:
        remote.ask("DELETE", f"/api/tokens/{revoke}")
        click.echo(f"token {revoke} is no longer good")
        return
    if show or not name:
        for known in remote.ask("GET", "/api/tokens")["tokens"]:
            until = time.strftime("%Y-%m-%d", time.gmtime(known["expires_at"]))
            state = "revoked" if known["revoked_at"] else f"until {until}"
            click.echo(f"{known['id']:>4}  {known['role']:<8} {state:<17} {known['name']}")
        return
    made = remote.ask("POST", "/api/tokens", json={"name": name, "role": role, "days": days})
    click.echo(f"token {made['id']} for {name}; it is shown this once:", err=True)
    click.echo(made["token"])
