"""What a message's body is: words, a file, a place, a poll, a call, or one of WhatsApp's own sentences.

Rules that need no language come first (formats of file names, `< >`, map links); the words of
`data/languages.json` decide the rest.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from ingest.core.languages import MARKS, Languages, languages, plain, without_marks
from ingest.exports.attached_files import attached_file, caption_of, file_without_ending, without_pages
from ingest.exports.file_kinds import kind_by_borrowed_word, kind_of_file
from ingest.exports.notices import has_mark, is_notice, is_notice_about, may_be_of_people

#: The marks that WhatsApp puts before its own words.
MARKS_OF_WORDS = "\u200e\u200f"
#: What Androids write where something could be seen once.
NULL = "null"
#: First and last characters that a body of plain words hardly ever has: only these bodies are looked at closely.
SUSPECT_FIRST = frozenset(MARKS + "<")
SUSPECT_LAST = frozenset(")>:" + MARKS)

#: Of a sentence in the place of a file.
_MOST_WORDS = 6
_OMITTED = re.compile(r"<[\u200e\u200f]*(?P<inner>[^<>\n]{2,120})>\Z")
_EDITED = re.compile(r"<[\u200e\u200f]*(?P<inner>[^<>\n]{4,60})>\s*\Z")
_PLACE = re.compile(
    r"https?://(?:maps\.google\.[a-z.]+/(?:maps)?\?(?:\S{0,300}&)?q=(?:loc:)?-?\d|(?:www\.)?foursquare\.com/v/)"
)
#: Marks that have no counterpart: of a pair, neither goes alone.
_ONE_SIDED = "\ufeff\u200e\u200f "
_ONE_SIDED_MARKS = re.compile("[\u200e\u200f]")
_BLANK = r"[ \u00a0\u202f]"
_POLL_HEAD = re.compile(rf"[\u200e\u200f]*(?P<word>[^\d:：<>\n\u200e\u200f]{{2,40}}?){_BLANK}?[:：]\Z")
#: What the first word of a poll looks like in a language that is not known here: one or two words in capitals.
_POLL_WORD = re.compile(rf"[^\W\d_a-z]{{2,14}}(?:{_BLANK}[^\W\d_a-z]{{2,14}})?\Z")
_POLL_OPTION = re.compile(
    rf"(?m)^[\u200e\u200f]*[^\d:：()\n]{{1,30}}{_BLANK}?[:：]{_BLANK}.+\(\d+{_BLANK}?[^\d()]+\)[\u200e\u200f]*\r?$"
)
#: ``Voice call, ‎3 min`` in any language: the mark before the number is WhatsApp's.
_ANY_CALL = re.compile(r"[^\d,،:\n]{3,40}[,،] [\u200e\u200f]+\d{1,3}[^\d\n]{1,20}\Z")
#: A call that an Android tells without a mark: "Video call, 12 min".
_BARE_CALL = re.compile(r"(?P<call>[^\d,،:\n]{3,40})[,،] \d{1,3}[ \u00a0\u202f]?[^\W\d]{1,10}\.?")
#: The mark before what a message was edited with: nobody writes it.
_MARKED_TAG = re.compile(r"[\u200e\u200f] ?\Z")

#: From here on are the letters of scripts that write without spaces.
_FIRST_WITHOUT_SPACES = "\u2e80"
_LONGEST_NOTICE = 600


class Body(NamedTuple):
    """What a body turned out to be. `is_notice`: WhatsApp wrote it, so it has no sender."""

    kind: str
    text: str
    is_edited: bool = False
    attachment: str | None = None
    is_notice: bool = False
    is_own: bool = False  # only the archive's owner gets this sentence
    is_unknown: bool = False  # a sentence of WhatsApp's that no language here has: its marks alone tell what it is


#: Words in < > at the end of a text.
TAIL = re.compile(r"(?<=\S) [\u200e\u200f]?<(?P<inner>[^<>\n]{4,60})>[\u200e\u200f ]*\Z")


def may_stand_for_a_file(body: str, *, is_ios: bool) -> bool:
    """Whether a sentence nobody here knows looks like "image omitted": a few words, without a stop, in lower case.

    Androids put it in < >, iPhones behind a mark. Whether it is one, only its coming again and again can tell; or,
    on an iPhone, a mark before the header.
    """
    if is_ios != has_mark(body) or len(body) > 62 or "\n" in body:
        return False
    inner = body if is_ios else body[1:-1] if body[:1] == "<" and body[-1:] == ">" else ""
    return are_words(inner) and not (is_ios and inner.strip(MARKS + " ")[0].isupper())


def are_words(inner: str, most: int = 5) -> bool:
    """Whether there are a few words and nothing else, as in what WhatsApp writes in < >."""
    words = inner.strip(MARKS + " ").split()
    return 2 <= len(words) <= most and all(unicodedata.category(letter)[0] in "LM" for word in words for letter in word)


def read_body(
    body: str, *, is_ios: bool, chat: str | None = None, sender: str | None = None, has_file: bool = False
) -> Body:
    """Say what `body` is. `chat` is the chat's name, `sender` who it is attributed to.

    `has_file`: an iPhone put a mark before the header, as it does before messages that carry a file, in any language.
    """
    words = languages()
    edited = False
    at = body.rfind("<") if body.endswith((">", "\u200e", "\u200f", " ")) else -1
    found = _EDITED.match(body, at) if at >= 0 else None
    if found and (plain(found["inner"]) in words.edited or (is_ios and _says_edited(body[:at], found["inner"], words))):
        body = body[:at].rstrip("\u200e\u200f").rstrip()
        edited = True
    stripped = body.strip(MARKS + " ")
    if not stripped:
        # An empty line under somebody's name: a photo that could be seen once, or a message that expired.
        return Body("view_once" if not body or has_mark(body) else "text", body.strip(MARKS), edited)

    sentence = plain(body) if len(body) < 200 else ""
    kind = words.exact.get(sentence) or _deleted_by_admin(sentence, words)
    if not kind and has_file and has_mark(body):
        kind = words.exact_tight.get(sentence.replace(" ", ""))
    if kind and not (sentence == NULL and (is_ios or body != NULL)):  # people write "null", as in German for zero
        return Body(kind, _text_of(kind, stripped), edited, is_own=sentence in words.own_deleted)

    first, _, rest = stripped.partition("\n")
    first = first.rstrip("\r")
    file = attached_file(first, words, is_ios, has_file) or file_without_ending(first, words, is_marked=has_mark(body))
    if file:
        name, title = file
        caption = "\n".join(t for t in (title, caption_of(rest, name)) if t)
        return Body(kind_of_file(name), caption, edited, name)
    omitted = _OMITTED.match(first)
    if omitted and (known := _omitted(plain(omitted["inner"]), words)):
        return Body(known, rest.strip(), edited)
    if is_ios and (tagged := _tagged(stripped, words, has_file)):
        kind, caption, attachment = tagged
        return Body(kind, caption, edited, attachment)
    if _PLACE.search(stripped):
        return Body("location", stripped, edited)
    if rest and _is_poll(first, rest, words):
        # Marks stand before numbers as well, inside a line.
        lines = (_ONE_SIDED_MARKS.sub("", line).strip(MARKS + " \r") for line in stripped.split("\n"))
        return Body("poll", "\n".join(lines).strip(), edited)
    is_marked_call = has_file and has_mark(body) and _ANY_CALL.match(stripped)
    if is_marked_call or (len(sentence) < 120 and any(m in body for m in MARKS_OF_WORDS) and _is_call(sentence, words)):
        return Body("call", without_marks(stripped), edited)
    lasted = None if is_ios else _BARE_CALL.fullmatch(stripped)
    if lasted and plain(lasted["call"]) in words.calls:
        return Body("call", stripped, edited)
    if has_file and has_mark(body) and is_notice(stripped):
        return Body("system", body.strip(_ONE_SIDED), is_notice=True)
    if has_file and not edited and (has_mark(body) or _ends_in_words_of_whatsapp(stripped)):
        kind = _kind_by_words(stripped)
        if "://" not in stripped and (kind != "file" or _may_be_placeholder(stripped)):
            return Body(kind, _title_before_mark(stripped), is_unknown=True)
        # Something WhatsApp tells in more words than any "image omitted" has: an event, a list, an order.
        return Body("text", body.strip("\u200e\u200f "), edited)
    if is_ios and not has_file and not edited and _is_notice(body, stripped, chat, sender):
        return Body("system", body.strip(_ONE_SIDED), is_notice=True)
    if is_ios and not has_file and not edited and _may_be_unknown_notice(body, stripped, chat, sender):
        return Body("system", body.strip(_ONE_SIDED), is_notice=True, is_unknown=True)
    return Body("text", body, edited)


def _is_poll(first: str, rest: str, words: Languages) -> bool:
    """Whether a first line is the word for a poll: one that is known, or one in capitals with options below."""
    found = _POLL_HEAD.match(first)
    if not found:
        return False
    return plain(found["word"]) in words.polls or bool(_POLL_WORD.match(found["word"]) and _POLL_OPTION.search(rest))


def _is_notice(body: str, stripped: str, chat: str | None, sender: str | None) -> bool:
    """Whether an iPhone's line, which always names a sender, is a notice all the same."""
    if len(body) >= _LONGEST_NOTICE or not has_mark(body):
        return False
    # Two marks stand before notices alone; people paste words that begin with one.
    is_doubled = body.lstrip(" ")[:2] == "\u200f\u200f"
    return is_doubled or is_notice(stripped) or is_notice_about(stripped, sender, chat)


def _may_be_unknown_notice(body: str, stripped: str, chat: str | None, sender: str | None) -> bool:
    """Whether a line behind WhatsApp's mark is a notice: under the contact's name where two write, or about its sender.

    People paste what begins with a mark: a name, a number, a link. A notice is a sentence; and nobody begins one with
    a mark and the name that others have for him.
    """
    if sender and body[:1] in ("\u200e", "\u200f") and _tells_of(sender, stripped):
        return True
    if not chat or not sender or plain(sender) != plain(chat) or not body.startswith("\u200e"):
        return False
    is_sentence = len(stripped) > 20 and "\n" not in stripped and "://" not in stripped and stripped[-1:] in ".。।։።"
    return is_sentence and len(body) < 200 and not may_be_of_people(stripped) and "\u200e" not in stripped


def _tells_of(sender: str, stripped: str) -> bool:
    name, text = (plain(said).removeprefix("~").strip() for said in (sender, stripped[:_LONGEST_NOTICE]))
    rest = text.removeprefix(name)
    goes_on = rest[:1] == " " or (rest[:1].isalpha() and rest[:1] >= _FIRST_WITHOUT_SPACES)
    is_short = len(stripped) < _LONGEST_NOTICE and "\n" not in stripped and "://" not in stripped
    return bool(name) and rest != text and goes_on and len(rest) > 3 and is_short


def _deleted_by_admin(sentence: str, words: Languages) -> str | None:
    if not sentence.startswith(words.starts_of_deleted):
        return None
    for before, after in words.deleted_by_admin:
        if sentence.startswith(before) and sentence.endswith(after) and len(before) + len(after) < len(sentence) < 160:
            return "deleted"
    return None


def _omitted(inner: str, words: Languages) -> str | None:
    """What was left out where a file's place is taken by words in < >.

    Words that are not known may be a person's; only their coming again tells (see `may_stand_for_a_file`).
    """
    known = words.exact.get(inner)
    if known and known not in ("deleted", "call", "location"):
        return known
    return "image" if inner in words.omitted else None


def _says_edited(before: str, inner: str, words: Languages) -> bool:
    """Whether ``<inner>`` behind a mark at the end of a text says that it was edited, in whatever language."""
    if not _MARKED_TAG.search(before) or not before.strip(MARKS + " "):
        return False
    sentence = plain(inner)
    is_sentence = all(letter not in ".:：/•" for letter in sentence) and not any(map(str.isdigit, sentence))
    return is_sentence and sentence not in words.exact and sentence not in words.omitted


def _tagged(stripped: str, words: Languages, has_file: bool) -> tuple[str, str, str | None] | None:
    """(kind, caption, file) of a body whose last line ends in what stands for a file: ``our boat ‎<attached: …>``."""
    before, _, last = stripped.rpartition("\n")
    for at in [at for at, letter in enumerate(last) if letter in "\u200e\u200f<"][-4:]:
        tag = last[at:].strip(MARKS + " ")
        head = last[:at].strip(MARKS + " ")
        file = attached_file(tag, words, True, has_file) if before or not has_file else None
        if file:
            title = "\n".join(filter(None, (before, head)))
            return kind_of_file(file[0]), without_pages(title), file[0]
        inner = plain(tag[1:-1] if tag[:1] == "<" and tag[-1:] == ">" else tag)
        kind = words.exact.get(inner)
        if kind and kind not in ("deleted", "call", "location") and (before or head):
            return kind, without_pages("\n".join(filter(None, (before, head)))), None
    return None


def _ends_in_words_of_whatsapp(stripped: str) -> bool:
    """Whether a mark stands before the last few words, as before "document omitted" after a title."""
    title, mark, tail = stripped.rpartition("\u200e")
    if not mark:
        title, mark, tail = stripped.rpartition("\u200f")
    return bool(mark) and "\n" not in tail and 0 < len(tail.split()) <= 6 and bool(title.strip())


def _may_be_placeholder(stripped: str) -> bool:
    """Whether what stands behind the last mark may be "image omitted" in a language that is not known here."""
    words = re.split("[\u200e\u200f]", stripped)[-1].split()
    is_short = 0 < len(words) <= _MOST_WORDS and "\n" not in stripped.lstrip(MARKS + " ")
    return is_short and not any(letter.isdigit() or letter in ':：,;!?"' for word in words for letter in word)


def _title_before_mark(stripped: str) -> str:
    """The title or caption before WhatsApp's own words; "" where there is none."""
    title, mark, _ = stripped.rpartition("\u200e")
    if not mark:
        title, mark, _ = stripped.rpartition("\u200f")
    return without_pages(title) if mark else ""


def _kind_by_words(stripped: str) -> str:
    """The kind of a file that was left out, in a language that is not known here, by the words that many share."""
    title, tail = _title_before_mark(stripped), plain(stripped).rpartition("\u200e")[2]
    if found := kind_by_borrowed_word(tail):
        return found
    return "document" if re.search(r"\.\w{1,5}\Z", title) else "file"


def read_notice(text: str) -> Body:
    """Say what a line without a sender is: a call or a notice."""
    stripped = text.strip(MARKS + " ")
    if len(stripped) < 120 and _is_call(plain(stripped), languages()):
        return Body("call", stripped, is_notice=True)
    return Body("system", text.strip(_ONE_SIDED), is_notice=True)


def _text_of(kind: str, text: str) -> str:
    return without_marks(text) if kind in ("deleted", "location", "call") else ""


def _is_call(sentence: str, words: Languages) -> bool:
    return sentence.startswith(words.calls) or sentence.endswith(words.call_ends)
