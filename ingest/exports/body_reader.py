"""What each body of one export is, by what is known of all exports (`bodies.py`) and by what this file taught."""

from __future__ import annotations

import re

from ingest.core.languages import MARKS, START, languages, plain
from ingest.core.model import Findings, Row
from ingest.exports.bodies import (
    SUSPECT_FIRST,
    SUSPECT_LAST,
    TAIL,
    Body,
    are_words,
    may_stand_for_a_file,
    read_body,
    read_notice,
)
from ingest.exports.file_kinds import kind_by_borrowed_word
from ingest.exports.notices import has_mark
from ingest.exports.observations import MOST_FILE_DATES, Evidence
from ingest.exports.sender_names import second_half

_LONGEST_NAME = 120
_MOST_KNOWN = 1_000
_LONGEST_KNOWN = 80
#: Kinds whose bodies are a few sentences of WhatsApp's own, over and over.
_REPEATED = frozenset({"image", "video", "audio", "sticker", "gif", "document", "contact", "deleted", "view_once"})
_STOOD_FOR = _REPEATED - {"deleted", "view_once"}
#: ``IMG-20230510-WA0001.jpg``, ``00000001-PHOTO-2023-05-10-20-51-02.jpg``: the day on which a file was made or sent.
_DATE_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])")
#: Why a line is in the doubts that is one of WhatsApp's own sentences, in words that no language here has.
UNKNOWN_FILE = "words of WhatsApp's that this version does not know; taken for a file that was left out"
UNKNOWN_NOTICE = "words of WhatsApp's that this version does not know; taken for a notice, which nobody wrote"
#: What an iPhone puts before the bracket of a message that carries a file.
MARKS_OF_A_FILE = frozenset("\u200e\u200f")


class BodyReader:
    """Makes rows of bodies that may be more than plain words.

    `again`: a body of one line -> (kind, text, is edited, None), for those that need no other look.
    `is_ios` is whether the segment being read has brackets.
    """

    def __init__(self, findings: Findings, evidence: Evidence, chat: str | None) -> None:
        self.again: dict[str, tuple[str, str, bool, None]] = {}
        self.exact = languages().exact_raw
        #: How what an admin deleted begins, and calls, and the first letters: looked at before three are cut off.
        self.starts = languages().raw_starts
        self.firsts = frozenset(start[0] for start in self.starts)
        self.is_ios = False
        self._findings = findings
        self._evidence = evidence
        self._chat = chat
        self._known: dict[str, Body] = {}
        self._doubted: set[str] = set()

    def look(
        self, start: int, body_at: int, line: int, sent_at: str, sender: str | None, body: str, has_file: bool
    ) -> Row:
        """The row of a first line that may be more than plain words.

        `has_file`: an iPhone put a mark before the header, as it does where a message carries a file.
        """
        if sender is None:
            if ": " in body:
                self._evidence.note_colon(body)
            return _notice(start, body_at, line, sent_at, body)
        if ": " in body[:_LONGEST_NAME] and (half := second_half(body)):
            said = body[len(half) + 2 :]
            is_file = not _is_plain(said) and read_body(said, is_ios=self.is_ios).kind not in ("text", "system")
            self._evidence.maybe_longer(sender, half, body, is_file=is_file or said in self.exact)
        return self._look_closely(start, body_at, line, sent_at, sender, body, has_file)

    def with_more(self, row: Row, sender: str | None, raw: str, more: list[str], has_file: bool) -> Row:
        """`row`, whose first line was `raw`, with the lines that followed it, looked at again as a whole."""
        body = "\n".join([raw, *more])
        start, body_at, line, sent_at = row[:4]
        if sender is None:
            return _notice(start, body_at, line, sent_at, body)
        if self.is_ios and row[5] == "text" and has_mark(raw):
            self._evidence.marked[sender] -= 1  # its first line was counted: a poll's begins with a mark, too
        return self._look_closely(start, body_at, line, sent_at, sender, body, has_file)

    def _look_closely(
        self, start: int, body_at: int, line: int, sent_at: str, sender: str, body: str, has_file: bool
    ) -> Row:
        if _is_plain(body) and body not in self.exact and body[:START] not in self.starts:
            return (start, body_at, line, sent_at, sender, "text", body, False, None)
        found = self._known.get(body)
        if found is None:
            found = self._read_body(body, sender, has_file)
            is_short = len(body) < _LONGEST_KNOWN and len(self._known) < _MOST_KNOWN
            if found.kind in _REPEATED and not found.attachment and is_short:
                self._known[body] = found
                if not found.is_own and ": " not in body:
                    self.again[body] = (found.kind, found.text, found.is_edited, None)
        if found.is_own:
            self._evidence.owners[sender] += 1
        if found.is_unknown:
            self._doubt_once(line, body, found)
        if found.attachment and len(self._evidence.file_dates) < MOST_FILE_DATES:
            self._note_file_date(found.attachment)
        return (
            start, body_at, line, sent_at, None if found.is_notice else sender,
            found.kind, found.text, found.is_edited, found.attachment,
        )  # fmt: skip

    def _read_body(self, body: str, sender: str, has_file: bool) -> Body:
        """What `body` is, by what is known and by what this file taught."""
        stand_ins, evidence, is_ios = self._findings.stand_ins, self._evidence, self.is_ios
        if stand_ins and plain(body) in stand_ins:
            # Androids say the same of every file, and photos are most; iPhones say which.
            return Body((kind_by_borrowed_word(plain(body)) or "file") if is_ios else "image", "")
        found = read_body(body, is_ios=is_ios, chat=self._chat, sender=sender, has_file=has_file)
        evidence.has_marks = evidence.has_marks or found.is_notice
        if not evidence.knows_files:
            # An iPhone names its files without words, and may leave out some of them all the same.
            if found.kind in _STOOD_FOR and not (is_ios if found.attachment else found.text):
                evidence.knows_files = True
            elif found.kind == "text" and not has_file and may_stand_for_a_file(body, is_ios=is_ios):
                evidence.may_stand_in(plain(body), sender)
        if not is_ios and found.kind == "text" and not found.is_edited and (tail := TAIL.search(body)):
            said = plain(tail["inner"])
            if said in self._findings.edited_marks:
                return found._replace(text=body[: tail.start()].rstrip(MARKS + " "), is_edited=True)
            if are_words(tail["inner"], 8):
                evidence.may_say_edited(said, sender)
        if is_ios and found.kind == "text" and has_mark(body):
            evidence.marked[sender] += 1
        return found

    def _doubt_once(self, line: int, body: str, found: Body) -> None:
        """Whatever no table has is told, the first time it comes: its words may be in no message."""
        sentence = plain(body[:200])
        if sentence not in self._doubted and len(self._doubted) < _MOST_KNOWN:
            self._doubted.add(sentence)
            self._evidence.doubt(line, body, UNKNOWN_NOTICE if found.is_notice else UNKNOWN_FILE)

    def _note_file_date(self, name: str) -> None:
        found = _DATE_IN_NAME.search(name)
        if found and self._evidence.dates:
            self._evidence.file_dates.append((self._evidence.dates[-1][1], found[1] + found[3] + found[4]))


def _notice(start: int, body_at: int, line: int, sent_at: str, text: str) -> Row:
    notice = read_notice(text)
    return (start, body_at, line, sent_at, None, notice.kind, notice.text, False, None)


def _is_plain(body: str) -> bool:
    """Whether nothing in a body (of one line or more) hints at more than words."""
    if not body or body[0] in SUSPECT_FIRST or body[-1] in SUSPECT_LAST or "\u200e" in body or "\u200f" in body:
        return False
    first_end = body.find("\n")
    if first_end >= 0 and (first_end == 0 or body[first_end - 1] in SUSPECT_LAST):
        return False
    return "http" not in body or not ("maps.google" in body or "foursquare" in body)
