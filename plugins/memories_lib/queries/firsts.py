"""What was the first of its kind in an archive: a message, a photo, a voice note, a place, "I love you"."""

from __future__ import annotations

from dataclasses import dataclass

from memories_lib.shared import visible
from memories_lib.shared.derived_words import QUOTE, shorten
from memories_lib.shared.fts_query import fts_phrase
from memories_lib.shared.sql import Run

#: How people first say it, in the languages that WhatsApp speaks: looked for whole, in any case and with any accent.
I_LOVE_YOU = (
    "i love you", "love you too", "ich liebe dich", "hab dich lieb", "te amo", "te quiero", "je t'aime", "ti amo",
    "ti voglio bene", "eu te amo", "amo-te", "ik hou van je", "ik hou van jou", "jeg elsker dig", "jeg elsker deg",
    "jag älskar dig", "minä rakastan sinua", "rakastan sinua", "kocham cię", "miluji tě", "milujem ťa", "szeretlek",
    "te iubesc", "обичам те", "volim te", "ljubim te", "σ'αγαπώ", "σ αγαπώ", "seni seviyorum", "я тебя люблю",
    "люблю тебя", "я тебе кохаю", "кохаю тебе", "אני אוהב אותך", "אני אוהבת אותך", "بحبك", "أحبك", "دوستت دارم",
    "میں تم سے پیار کرتا ہوں", "मैं तुमसे प्यार करता हूँ", "मैं तुमसे प्यार करती हूँ",
    "main tumse pyar karta hoon", "main tumse pyar karti hoon",
    "আমি তোমাকে ভালোবাসি", "நான் உன்னை காதலிக்கிறேன்", "aku cinta kamu", "aku sayang kamu",
    "saya sayang awak", "mahal kita", "nakupenda", "anh yêu em", "em yêu anh", "ผมรักคุณ", "ฉันรักคุณ",
    "愛してる", "大好きだよ", "사랑해", "我爱你", "我愛你",
)  # fmt: skip


@dataclass(slots=True)
class First:
    """What was the first of its kind. `what`: message, photo, voice, place, i_love_you; `words`: of a message."""

    what: str
    exchange_id: int
    message_id: int
    day: str
    chat: str
    sender: str
    words: str = ""
    picture: str = ""
    voice: str = ""


_FIRST = f"""
SELECT messages.id AS message_id, messages.exchange_id, messages.sent_at, messages.text, chats.name AS chat,
    people.name AS sender, media.sha256, media.thumbnail
FROM {{tables}} JOIN chats ON chats.id = messages.chat_id JOIN people ON people.id = messages.sender_id
WHERE {visible.MESSAGE_SEEN}
"""
_SAID = _FIRST.format(tables="messages LEFT JOIN media ON media.message_id = messages.id")
#: By way of the files, which are far fewer than the messages.
_SENT = _FIRST.format(tables="media CROSS JOIN messages ON messages.id = media.message_id")
_AT_FIRST = "ORDER BY messages.sent_at, messages.id LIMIT 1"
_ASKED_FIRST = {
    "message": f"""
        {_SAID} AND messages.id = (
            SELECT messages.id FROM messages WHERE +kind = 'text' AND sender_id IS NOT NULL AND {visible.MESSAGE_SEEN}
            ORDER BY sent_at, messages.id LIMIT 1
        )
    """,
    "photo": f"{_SENT} AND messages.kind = 'image' AND media.thumbnail IS NOT NULL {_AT_FIRST}",
    "i_love_you": f"""
        {_SAID} AND messages.id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH :love)
        ORDER BY messages.sent_at, messages.id LIMIT 1
    """,
    "voice": f"{_SENT} AND messages.kind = 'audio' AND media.sha256 IS NOT NULL {_AT_FIRST}",
    "place": f"{_SAID} AND messages.id IN (SELECT message_id FROM places) {_AT_FIRST}",
}


def firsts(run: Run) -> list[First]:
    """The first message, photo, voice note, place and "I love you" that may be seen."""
    love = " OR ".join(fts_phrase(words) for words in I_LOVE_YOU)
    found = []
    for what, sql in _ASKED_FIRST.items():
        row = run(sql, {"love": love}).fetchone()
        if row:
            words = shorten(row["text"] or "", QUOTE) if what in ("message", "i_love_you") else ""
            picture, voice = (row["sha256"] if row["thumbnail"] else ""), (row["sha256"] if what == "voice" else "")
            day, chat, sender = row["sent_at"][:10], row["chat"], row["sender"]
            number, talk = row["message_id"], row["exchange_id"]
            found.append(First(what, talk, number, day, chat, sender, words, picture, voice))
    # One message can be two firsts: it is told once, as the rarer one.
    rarer = {first.message_id for first in found if first.what != "message"}
    return [first for first in found if first.what != "message" or first.message_id not in rarer]
