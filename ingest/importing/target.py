"""The chat that an export goes into: as the user decided it, as it was read before, else by what speaks for it."""

from __future__ import annotations

from ingest.archive.curation import decided, forgotten
from ingest.archive.derived import tell_periods
from ingest.core.errors import NotAnExport
from ingest.core.keys import chat_key
from ingest.importing.chat_names import is_made_of_members, settled_name
from ingest.importing.import_in_progress import Import, Target
from ingest.importing.kept_order import GUESSES, order_named
from ingest.importing.provenance import format_name
from ingest.importing.read import Read
from ingest.importing.recognise import (
    Match,
    MatchHints,
    kind_of_chat,
    make_chat,
    recognise,
)
from ingest.importing.removal import has_messages
from ingest.importing.replacing import Replacement
from ingest.importing.report import counted
from ingest.importing.rewriting import tell_loose
from ingest.importing.same_people import name_the_same
from ingest.importing.sampling import Overview
from ingest.importing.swapped_dates import (
    OtherOrder,
    find_swapped,
    guessed_sources,
    order_of_source,
    other_order,
    runs_forward_swapped,
    swap_dates,
)


class TargetFinder:
    """Finds the chat of one export; where it was read before, takes out what that gave. The archive shows no edits."""

    def __init__(self, imp: Import) -> None:
        self._import = imp
        self._connection = imp.connection
        self._options = imp.options
        self._report = imp.report
        self._forgotten, self._decided = forgotten(imp.database), decided(imp.database)

    def find(self) -> None:
        """Finds the import's `target`, and its `replacement`: where it was read before, that is out of the way."""
        again = self._import.read.again
        self._import.replacement = Replacement(self._connection, again) if again else None
        self._import.target = self._find(self._import.replacement)

    def _find(self, replacement: Replacement | None) -> Target:
        connection, read, overview = self._connection, self._import.read, self._import.overview
        again = read.again
        if replacement and again and not again.is_moved:
            # While there is something to know them by.
            name_the_same(connection, self._report, again.chat, overview, self._import.people)
            target = self._known_target(again.chat, overview)
            self._make_room(replacement, target.chat)
            target.is_new = not has_messages(connection, target.chat)
            if target.is_new:
                target.pause = overview.gaps.pause()
            return target
        key = None
        if replacement and again:
            (key,) = connection.execute("SELECT key FROM chats WHERE id = ?", (again.chat,)).fetchone()
            self._make_room(replacement, again.chat)
        if read.earlier:
            target = self._known_target(read.earlier.chat, overview)
            self._name_group(target, read)
            return target
        target = self._recognised(read)
        if again and key is not None and not has_messages(connection, again.chat):
            # All that it held is in another chat now: edits of it are about that.
            connection.execute("INSERT OR IGNORE INTO former_chats (key, chat_id) VALUES (?, ?)", (key, target.chat))
            self._report.was_chat = key
        return target

    def _recognised(self, read: Read) -> Target:
        """The chat of an export that does not go on from another: as it was decided, else by what speaks for it."""
        connection, overview = self._connection, read.overview
        parted = self._decided.parted.get(self._import.sha256) if self._options.chat is None else None
        said = parted[0] if parted else self._options.chat
        apart = {name for name, _ in self._decided.parted.values()}
        self._compare_orders(read)
        known = MatchHints(said, self._import.chats_now, apart)
        match = recognise(connection, read.name, overview, self._import.people, known)
        self._heal_guesses(read, match)
        former = [parted[1]] if parted else []
        if self._options.chat is not None and self._import.sha256 in self._decided.moved:
            former.append(self._decided.moved[self._import.sha256])
        if match.id is None and not parted:
            key = chat_key(match.name, match.kind)
            to = self._decided.chat_of(key)
            if to:
                former.append(key)
                joined_key, joined_name = to
                row = connection.execute("SELECT id, name, kind FROM chats WHERE key = ?", (joined_key,)).fetchone()
                if said is not None:
                    self._report.notes.append(
                        f"'{said}' was joined with '{joined_name}', so that is where it goes; "
                        f"memories chats part EXPORT --as '{said}' makes it a chat of its own"
                    )
                is_group = chat_key(joined_name, "group") == joined_key
                kind = "group" if is_group else match.kind
                match = _said(row) if row else Match(None, joined_name, kind)
            elif read.name and said is None and (row := self._made_by_joining(read.name, overview)):
                match = _said(row)
        if match.id is None:
            self._refuse_forgotten(match)
            chat = make_chat(connection, match, self._import.ids.named)
            target = Target(chat, self._told_name(match, chat), match.kind, True, overview.gaps.pause(), match)
        else:
            target = self._known_target(match.id, overview)
            target.name, target.kind, target.match = self._told_name(match, match.id), match.kind, match
        connection.executemany(
            "INSERT OR IGNORE INTO former_chats (key, chat_id) VALUES (?, ?)", [(key, target.chat) for key in former]
        )
        return target

    def _made_by_joining(self, called: str, overview: Overview) -> tuple[int, str, str] | None:
        """(id, name, kind) of the chat that others were joined to before the export it is called after was read."""
        name = settled_name(called, overview)
        key = chat_key(name, kind_of_chat(name, overview))
        if not any(self._decided.chat_of(joined) == (key, to) for joined, (_, to) in self._decided.joined.items()):
            return None
        found: tuple[int, str, str] | None = self._connection.execute(
            "SELECT id, name, kind FROM chats WHERE key = ?", (key,)
        ).fetchone()
        return found

    def _compare_orders(self, read: Read) -> None:
        """Where the archive has the same words on days the other way round, whoever guessed is put right."""
        imp, connection, findings = self._import, self._connection, read.findings
        guesses = connection.execute("SELECT 1 FROM sources WHERE date_order LIKE ?", (GUESSES,)).fetchone()
        if not (findings.is_guess or guesses):
            return
        chat = find_swapped(connection, read.overview.probes)
        if chat is None:
            return
        guessed = guessed_sources(connection, chat)
        order = order_named(findings.date_order)
        if findings.is_guess and order and self._options.date_order is None:
            raise OtherOrder(other_order(order))
        if guessed:
            count = swap_dates(connection, chat, guessed, imp.ids, imp.index, imp.now)
            tell_periods(connection, chat, "0", "~")
            self._report.notes.append(
                f"days and months of {counted(count, 'message')} read earlier were guessed the wrong way round; this "
                "export proves it, and they are put right"
            )

    def _heal_guesses(self, read: Read, match: Match) -> None:
        """What was guessed of exports of the same layout is put right by one that proves its order.

        Not where their times would run back then.
        """
        imp, connection, findings = self._import, self._connection, read.findings
        order = order_named(findings.date_order)
        if match.id is None or findings.is_guess or order is None:
            return
        healed = [
            source
            for source in guessed_sources(connection, match.id, format_name(findings))
            if order_of_source(connection, source) == other_order(order) and runs_forward_swapped(connection, source)
        ]
        if healed:
            count = swap_dates(connection, match.id, healed, imp.ids, imp.index, imp.now)
            tell_periods(connection, match.id, "0", "~")
            self._report.notes.append(
                f"days and months of {counted(count, 'message')} read earlier were guessed the wrong way round; this "
                "export, written in the same way, proves it, and they are put right"
            )

    def _name_group(self, target: Target, read: Read) -> None:
        """A group that was called after its people gets the name that this export tells."""
        if not read.name or not is_made_of_members(self._connection, target.chat, target.name, target.kind):
            return
        match = Match(target.chat, target.name, target.kind, rename=settled_name(read.name, read.overview))
        target.name = self._told_name(match, target.chat)

    def _refuse_forgotten(self, match: Match) -> None:
        since = self._forgotten.chats.get(chat_key(match.name, match.kind))
        if since is not None:
            raise NotAnExport(
                f"{self._report.filename}: the chat '{match.name}' was forgotten on {since[:10]} and is left out; "
                f"to read it again: memories forget chat '{match.name}' --undo"
            )

    def _known_target(self, chat: int, overview: Overview) -> Target:
        name, kind = self._connection.execute("SELECT name, kind FROM chats WHERE id = ?", (chat,)).fetchone()
        return Target(chat, name, kind, False, self._pause_of(chat, overview), None)

    def _pause_of(self, chat: int, overview: Overview) -> int:
        row = self._connection.execute(
            "SELECT pause_s FROM chat_sources WHERE chat_id = ? ORDER BY source_id LIMIT 1", (chat,)
        ).fetchone()
        return int(row[0]) if row else overview.gaps.pause()

    def _make_room(self, replacement: Replacement, chat: int) -> None:
        """Take out what was read before, and tell what is left around it."""
        replacement.make_room()
        imp = self._import
        tell_loose(self._connection, chat, imp.ids, imp.index, imp.now)

    def _told_name(self, match: Match, chat: int) -> str:
        """The chat's name as it is now, with a note where the export renames it or where it is in doubt."""
        if match.doubt:
            self._report.notes.append(
                f"kept apart from the chat '{match.doubt}', which it might be: "
                f"{'it is too short to tell' if match.doubt_agrees else 'too little of it agrees'}; "
                f"if they are one, say --chat '{match.doubt}'"
            )
        if (
            match.rename
            and not self._connection.execute(
                "SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE AND id <> ?", (match.rename, chat)
            ).fetchone()
        ):
            self._connection.execute("UPDATE chats SET name = ? WHERE id = ?", (match.rename, chat))
            self._report.notes.append(f"the chat '{match.name}' is called '{match.rename}' now")
            return match.rename
        return match.name


def _said(row: tuple[int, str, str]) -> Match:
    chat, name, kind = row
    return Match(chat, name, kind, is_said=True)
