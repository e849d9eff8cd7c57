"""Keeping an archive: backup, restore, versions, rollback, compact, doctor, maintenance; here or with --remote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.archive.database import connect
from ingest.cli.base import F, Failed, counted, db_option, main, progress_bar, told
from memories_lib.shared.layout import ARCHIVE, ArchiveFiles

if TYPE_CHECKING:
    from ingest.ops.backups import BackedUp
    from ingest.ops.remote import Remote
    from ingest.ops.restoring import Restored

_MIB = 1 << 20


def remote_option(function: F) -> F:
    """`--remote URL`."""
    return click.option(
        "--remote", "url", metavar="URL", help="A served archive, instead of the one here."
    )(function)  # fmt: skip


def come_in(url: str) -> Remote:
    """The served archive, with the owner's rights."""
    from ingest.ops.remote import come_in as enter

    return enter(url, lambda: click.prompt(f"The owner's password at {url}", hide_input=True, err=True))


def as_size(count: int) -> str:
    """Bytes for people."""
    return f"{count / _MIB:,.1f} MiB" if count >= _MIB else f"{count / 1024:,.0f} KiB"


@main.command()
@db_option
@remote_option
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Where to keep it.  [default: backups beside --db]"
)
@click.option("--keep", type=click.IntRange(1), default=7, show_default=True, help="How many of the newest stay.")
@click.option("--media", is_flag=True, help="The files of the chats as well.")
@click.option("--encrypt-to", "recipients", multiple=True, metavar="AGE1…", help="Seal it for this age recipient.")
@told
def backup(db: Path, url: str | None, folder: Path | None, keep: int, media: bool, recipients: tuple[str, ...]) -> None:
    """Make a backup while others read and edit, and open it again to see that it can be restored.

    \b
    Example:
      memories backup --to ~/Backups --keep 7
    """
    from ingest.ops.backups import backup as back_up
    from ingest.ops.backups import keep_backup

    folder = folder or ArchiveFiles.of(db).backups
    if url is None:
        _say_backup(back_up(db, folder, keep=keep, media=media, recipients=recipients))
        return
    remote = come_in(url)
    with progress_bar(url, quiet=False) as progress:
        path = "/api/backup" + ("?media=1" if media else "")
        done = keep_backup(
            lambda target: remote.fetch(path, target, progress), None, folder, keep=keep, recipients=recipients
        )
    _say_backup(done)


def _say_backup(done: BackedUp) -> None:
    click.echo(
        f"{done.path}: {counted(done.messages, 'message')} and {counted(done.edits, 'edit')}, {as_size(done.bytes)}, "
        "opened again and whole"
    )
    if done.left_out:
        click.echo(f"{done.left_out:,} media files are not in it; --media takes them too, and the exports have them")
    for path in done.dropped:
        click.echo(f"let go: {path.name}")


@main.command()
@click.argument("backup_file", metavar="BACKUP", type=click.Path(path_type=Path))
@db_option
@remote_option
@click.option("--identity", type=click.Path(path_type=Path), help="The age key that opens it.")
@click.option("--unhide", is_flag=True, help="Also when hidden messages would be seen again.")
@told
def restore(backup_file: Path, db: Path, url: str | None, identity: Path | None, unhide: bool) -> None:
    """Put a backup in place: verified first, swapped under whoever reads, edits made since kept.

    \b
    Example:
      memories restore backups/memories-20261124T060000Z.zip
    """
    from ingest.ops.restoring import restore as put_back

    if url is None:
        _say_restored(put_back(backup_file, db, identity, unhide=unhide))
        return
    import tempfile

    from ingest.ops.sync import push

    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / ARCHIVE
        put_back(backup_file, here, identity)
        done = push(come_in(url), here, renumber=True, replace=True, unhide=unhide)  # going back is meant
    click.echo(f"{url} shows {done.messages:,} messages; {counted(done.edits_there, 'edit')} came back")


def _say_restored(done: Restored) -> None:
    click.echo(f"restored: {counted(done.messages, 'message')}, {counted(done.edits, 'edit')}" + _lost(done.lost))
    if done.refused:
        click.echo(f"{done.refused:,} of the entries in its log are no edits, and were left out")
    if done.files:
        click.echo(f"{done.files:,} media files put back")
    if done.kept:
        click.echo(f"what was here is kept as {done.kept.stem}; memories rollback goes back to it")


def _lost(count: int) -> str:
    return f" ({count:,} of them on messages that are not in it)" if count else ""


@main.command()
@db_option
@remote_option
@told
def versions(db: Path, url: str | None) -> None:
    """Earlier archives that can be gone back to, the newest first.

    \b
    Example:
      memories versions
    """
    from ingest.ops.restoring import earlier_versions as known

    if url is not None:
        found = [(v["name"], v["bytes"]) for v in come_in(url).ask("GET", "/api/archive/versions")["versions"]]
    else:
        found = [(path.stem, path.stat().st_size) for path in known(db)]
    for name, size in found:
        click.echo(f"{name}  {as_size(size)}")
    if not found:
        click.echo("no earlier versions yet", err=True)


@main.command()
@click.argument("version", required=False)
@db_option
@remote_option
@click.option("--unhide", is_flag=True, help="Also when hidden messages would be seen again.")
@told
def rollback(version: str | None, db: Path, url: str | None, unhide: bool) -> None:
    """Go back to an earlier archive: the newest, or the one that is named. Edits are kept.

    \b
    Example:
      memories rollback
    """
    from ingest.ops.restoring import rollback as go_back

    if url is not None:
        body = {"unhide": unhide, **({"version": version} if version else {})}
        done = come_in(url).ask("POST", "/api/archive/rollback", json=body)
        click.echo(f"{url} shows {done['messages']:,} messages of {done['version']}" + _lost(done["edits_lost"]))
        return
    chosen, restored = go_back(db, version, unhide=unhide)
    click.echo(f"back to {chosen.stem}: {restored.messages:,} messages" + _lost(restored.lost))
    if restored.kept:
        click.echo(f"what was here is kept as {restored.kept.stem}")


@main.command()
@db_option
@told
def compact(db: Path) -> None:
    """Give back the room that nothing uses. Others may read meanwhile.

    \b
    Example:
      memories compact
    """
    from ingest.ops.backups import compact as make_small

    before, after = make_small(db)
    click.echo(f"{db}: {as_size(before)} before, {as_size(after)} now")


_SIGNS = {"well": "✓", "note": "·", "ill": "✗"}


@main.command()
@db_option
@remote_option
@told
def doctor(db: Path, url: str | None) -> None:
    """Look at everything and say what to do: archive, edits, versions, backup, disk, memory, settings.

    \b
    Example:
      memories doctor
    """
    from ingest.ops.doctor import examine, examine_remote

    if url is None:
        with progress_bar("checking", quiet=False) as progress:
            findings = list(examine(db, progress))
    else:
        findings = list(examine_remote(come_in(url)))
    ill = 0
    for finding in findings:
        ill += finding.level == "ill"
        click.echo(f"{_SIGNS[finding.level]} {finding.about:<9} {finding.sentence}")
    if ill:
        click.echo(f"{ill} to see to", err=True)
        sys.exit(1)


@main.command()
@click.argument("state", type=click.Choice(["on", "off"]))
@click.argument("note", required=False)
@db_option
@remote_option
@click.option("--close", is_flag=True, help="One page in the place of all; else a banner on each.")
@told
def maintenance(state: str, note: str | None, db: Path, url: str | None, close: bool) -> None:
    """Tell whoever looks that something is being done.

    \b
    Example:
      memories maintenance on "back at 9"
      memories maintenance off
    """
    from memories_lib.shared import maintenance_note

    if state == "on" and not note:
        raise Failed('say what readers should know, as in: memories maintenance on "back at 9"')
    if url is not None:
        remote = come_in(url)
        if state == "on":
            remote.ask("POST", "/api/maintenance", json={"text": note, "closed": close})
        else:
            remote.ask("DELETE", "/api/maintenance")
    else:
        connect(db, must_exist=True, read_only=True).close()
        if state == "on":
            maintenance_note.put_note(db, note or "", close)
        else:
            maintenance_note.take_note_off(db)
    if state == "off":
        click.echo("maintenance is over")
    else:
        click.echo(f"maintenance: {'every page' if close else 'a banner on every page'} says “{note}”")
