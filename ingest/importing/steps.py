"""What is done of an import before and after its messages are written: named steps, in the order in which they run.

The order matters: each step may use what those before it found.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.archive.carry_hides import hide_copies
from ingest.archive.curation import forgotten, put_edits_on, take_edits_off
from ingest.archive.derived import analyze, count_all, count_kinds, tell_periods
from ingest.archive.ids import IdRegistry
from ingest.archive.memory_choice import choose_memories
from ingest.archive.owner import members_of, say_owner, tell_owner
from ingest.archive.people import PersonRegistry
from ingest.core.names import guess_owner
from ingest.importing.attachments import Attachments
from ingest.importing.clock_shift import find_shifts, is_in_place, moved, moved_probes
from ingest.importing.import_in_progress import Import, SenderIds, names_now
from ingest.importing.incoming import Incoming
from ingest.importing.loader import Loader
from ingest.importing.provenance import add_source, write_down
from ingest.importing.removal import sweep
from ingest.importing.same_people import name_the_same
from ingest.importing.short_messages import find_rhythm
from ingest.importing.strategies import strategy_for
from ingest.importing.swapped_dates import end_guesses, note_former_days
from ingest.importing.target import TargetFinder
from ingest.summaries.gemini.apply import apply_kept, apply_kept_periods, apply_looks

Step = Callable[[Import], None]


def take_edits_off_archive(imp: Import) -> None:
    """The archive as it was read; names as people gave them are known still, for they may be in the export."""
    imp.chats_now = names_now(imp.connection, "chats")
    people_now = names_now(imp.connection, "people")
    take_edits_off(imp.connection, imp.database)
    imp.ids = IdRegistry(imp.connection, imp.database)
    imp.resources.callback(imp.ids.close)
    imp.people = PersonRegistry(imp.connection, imp.ids.named)
    imp.people.are_also(people_now)
    imp.people.keep_apart(imp.overview.senders)


def bring_home(imp: Import) -> None:
    """Times by the clock of the archive, where it is said where the phone was."""
    imp.incoming = Incoming(imp.connection, imp.spool, imp.report, imp.progress)
    imp.incoming.bring_home(imp.read, imp.options.timezone)


def find_target(imp: Import) -> None:
    """The chat it goes into; what an earlier reading made of it is taken out."""
    TargetFinder(imp).find()
    imp.report.chat, imp.report.chat_kind = imp.target.name, imp.target.kind


def enter_source(imp: Import) -> None:
    """Its row in `sources`, and who writes what it brings."""
    again = imp.read.again
    number = min(again.sources) if again else None
    imp.source = add_source(imp.connection, imp.export, imp.sha256, imp.now, imp.incoming.timezone, number)
    imp.attachments = Attachments(imp.connection, imp.export, imp.media, imp.source)
    imp.ids.enter(imp.chat)
    had = imp.replacement.had if imp.replacement else None
    imp.loader = Loader(imp.connection, imp.chat, imp.source, imp.index, imp.attachments, imp.ids, had)


def align_clock(imp: Import) -> None:
    """By how much its clock differs from the chat's; what was gathered of it is brought to the chat's."""
    if imp.target.is_new:
        return
    connection, chat, overview, earlier = imp.connection, imp.chat, imp.overview, imp.read.earlier
    shifts = find_shifts(connection, chat, overview.probes)
    if not shifts and overview.is_of_short_messages:
        shift = find_rhythm(connection, chat, overview.few_probes())
        shifts = [shift] if shift else []
    if earlier and earlier.shift and not shifts and not is_in_place(connection, chat, overview.probes):
        # Its end is of a time that nothing else tells of: the phone is where it was, give or take an hour.
        shifts = [earlier.shift, earlier.shift + 3600, earlier.shift - 3600]
    imp.shifts = shifts
    if not shifts:
        return
    overview.probes = moved_probes(overview.probes, shifts[0])
    overview.short_probes = {
        sender: moved_probes(probes, shifts[0]) for sender, probes in overview.short_probes.items()
    }
    overview.first_at = moved(overview.first_at, min(shifts))
    overview.last_at = moved(overview.last_at, max(shifts))
    hours = f"{shifts[0] / 3600:+g}" if earlier else " or ".join(f"{shift / 3600:+g}" for shift in shifts)
    imp.report.notes.append(f"exported where clocks differ: its times are moved by {hours} h to this chat's")


def name_senders(imp: Import) -> None:
    """Who of the export is whom of the archive; whom the user forgot is left out."""
    if not imp.target.is_new:
        name_the_same(imp.connection, imp.report, imp.chat, imp.overview, imp.people)
    imp.incoming.leave_out(imp.overview, forgotten(imp.database))
    imp.senders = SenderIds(imp.people)
    for sender in imp.overview.senders:
        imp.senders[sender]


def write_messages(imp: Import) -> None:
    """The messages themselves, and their talks."""
    strategy_for(imp).write(imp)
    imp.loader.runs.write()
    if imp.shifts:
        imp.connection.execute("UPDATE sources SET shift_s = ? WHERE id = ?", (imp.shifts[0], imp.source))


def count(imp: Import) -> None:
    """The chat's counts."""
    count_all(imp.connection, imp.chat)
    count_kinds(imp.connection, imp.chat, imp.loader.kinds)


def write_provenance(imp: Import) -> None:
    """What the archive keeps of the import itself, and what the report says."""
    write_down(imp)


def fill_replacement(imp: Import) -> None:
    """Where it was read before: what is not in this export comes back; the chat that it left is counted anew."""
    replacement = imp.replacement
    if replacement:
        replacement.fill(imp.report, imp.chat, imp.ids)
        if replacement.chat != imp.chat:
            count_all(imp.connection, replacement.chat)
            tell_periods(imp.connection, replacement.chat, "0", "~")
    sweep(imp.connection)


def choose(imp: Import) -> None:
    """Which talks are memories, and the words of the years and months."""
    since, until = imp.span
    choose_memories(imp.connection, since, until, chat=None if imp.replacement else imp.chat)
    tell_periods(imp.connection, imp.chat, since, until)


#: Why an export is taken for a chat that the user named.
_SAID = "you said so"


def say_why_joined(imp: Import) -> None:
    """Why the export was taken for a chat that the archive has; which guesses of dates that ends."""
    report, match = imp.report, imp.target.match
    if imp.target.is_new:
        return
    known = report.messages - report.new
    words = f"{known:,} of its {report.messages:,} messages are known"
    is_said = match is not None and match.is_said
    why = words if known or is_said or match is None else match.why or words
    again = imp.read.again
    # Of an export that was moved there, what is known in its new chat is what it brought itself.
    is_moved = again is not None and again.is_moved and is_said
    report.joined = _SAID if is_moved else f"{_SAID}; {why}" if is_said else why
    end_guesses(imp.connection, report, imp.source)


def take_statistics(imp: Import) -> None:
    """What SQLite's planner knows of the archive."""
    analyze(imp.connection, imp.report.new)


def set_owner(imp: Import) -> None:
    """Who "me" is: as the user said, else as it was, else by what speaks for somebody."""
    connection = imp.connection
    members = {person for name in imp.overview.senders if (person := imp.people.find(name)) is not None}
    if imp.options.me is not None:
        say_owner(connection, imp.people.find(imp.options.me), imp.options, members, imp.report)
    elif not connection.execute("SELECT 1 FROM people WHERE is_owner").fetchone():
        guess = guess_owner(imp.target.name, list(imp.overview.senders), dict(imp.read.evidence.owners))
        if guess is not None:
            connection.execute("UPDATE people SET is_owner = 1 WHERE id = ?", (imp.people.find(guess),))
    tell_owner(connection, imp.report, members)


def apply_cached_summaries(imp: Import) -> None:
    """What a model said before of the same talks and files."""
    imp.index.wait()
    imp.report.told_again = apply_kept(imp.connection, imp.database)
    apply_looks(imp.connection, imp.database)


def replay_edits(imp: Import) -> None:
    """People's edits are on again; names are those that they gave."""
    connection, chat, options = imp.connection, imp.chat, imp.options
    if options.was_order not in (None, options.date_order):
        note_former_days(connection, chat)
    imp.report.edits_lost = put_edits_on(connection, imp.database)
    if copies := hide_copies(connection, imp.database, imp.source, dry_run=options.dry_run):
        what = "a message that somebody hid" if copies == 1 else f"{copies:,} messages that somebody hid"
        imp.report.notes.append(f"{what} in another chat came again with this export and was hidden here, too")
    (imp.report.chat,) = connection.execute("SELECT name FROM chats WHERE id = ?", (chat,)).fetchone()
    tell_owner(connection, imp.report, members_of(connection, chat))
    apply_kept_periods(connection, imp.database)


STEPS: tuple[Step, ...] = (
    take_edits_off_archive,
    bring_home,
    find_target,
    enter_source,
    align_clock,
    name_senders,
    write_messages,
    count,
    write_provenance,
    fill_replacement,
    choose,
    say_why_joined,
    take_statistics,
    set_owner,
    apply_cached_summaries,
    replay_edits,
)
