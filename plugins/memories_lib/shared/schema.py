"""The tables of an archive as the server relies on them: columns, and what a row must be for a page to show it.

`ingest/archive/schema/` makes them; a test holds the two to each other.
"""

from __future__ import annotations

from memories_lib.shared.contract import KINDS
from memories_lib.shared.folding import TOKENIZE

#: table -> its columns and their declared types; "!" where there is always a value, "*" where it is of the key, and
#: what it is when nothing is said.
TABLES: dict[str, str] = {
    "sources": """
        id INTEGER*, filename TEXT!, sha256 TEXT!, bytes INTEGER!, format TEXT!, date_order TEXT!, timezone TEXT,
        ingested_at TEXT!, lines INTEGER!, messages_found INTEGER!, messages_new INTEGER!, warnings INTEGER!=0,
        reader INTEGER!=0, shift_s INTEGER!=0""",
    "source_warnings": "id INTEGER*, source_id INTEGER!, line INTEGER, text TEXT, reason TEXT!",
    "chats": """
        id INTEGER*, key INTEGER!, name TEXT!, kind TEXT!, first_at TEXT, last_at TEXT, message_count INTEGER!=0""",
    "people": "id INTEGER*, name TEXT!, phone TEXT, is_owner INTEGER!=0, message_count INTEGER!=0",
    "exchanges": """
        id INTEGER*, key INTEGER!, chat_id INTEGER!, started_at TEXT!, ended_at TEXT!, message_count INTEGER!=0,
        participant_count INTEGER!=0, title TEXT, summary TEXT, language TEXT, mood TEXT, topics TEXT!='[]', score
        REAL!=0, is_memory INTEGER!=0, summarised_by TEXT, summarised_at TEXT, prompt_version TEXT""",
    "messages": """
        id INTEGER*, key INTEGER!, chat_id INTEGER!, exchange_id INTEGER, sender_id INTEGER, sent_at TEXT!, kind
        TEXT!, text TEXT!='', is_edited INTEGER!=0, is_highlight INTEGER!=0, source_id INTEGER!, line INTEGER""",
    "revisions": """
        id INTEGER*, message_id INTEGER!, text TEXT!, kind TEXT!, source_id INTEGER!, standing TEXT, was_edited
        INTEGER!=0""",
    "media": """
        id INTEGER*, message_id INTEGER!, filename TEXT, mimetype TEXT, bytes INTEGER, sha256 TEXT, width INTEGER,
        height INTEGER, duration_s REAL, thumbnail TEXT, caption TEXT, transcript TEXT, is_missing INTEGER!=1,
        description TEXT, told_by TEXT""",
    "places": """
        id INTEGER*, message_id INTEGER!, exchange_id INTEGER, name TEXT, latitude REAL, longitude REAL, url TEXT""",
    "links": "id INTEGER*, message_id INTEGER!, url TEXT!, domain TEXT!",
    "days": "id INTEGER*, chat_id INTEGER!, day TEXT!, message_count INTEGER!, media_count INTEGER!=0",
    "periods": """
        id INTEGER*, chat_id INTEGER, period TEXT!, title TEXT, summary TEXT, told_by TEXT, told_at TEXT""",
    "person_months": """
        chat_id INTEGER!*, person_id INTEGER!*, month TEXT!*, messages INTEGER!=0, words INTEGER!=0, characters
        INTEGER!=0, photos INTEGER!=0, videos INTEGER!=0, stickers INTEGER!=0, voice_notes INTEGER!=0, links
        INTEGER!=0, deleted INTEGER!=0, night_messages INTEGER!=0, talks_started INTEGER!=0, replies INTEGER!=0,
        reply_seconds INTEGER!=0""",
    "person_emoji": "chat_id INTEGER!*, person_id INTEGER!*, year TEXT!*, emoji TEXT!*, uses INTEGER!",
    "chat_sources": "source_id INTEGER*, chat_id INTEGER!, pause_s INTEGER!",
    "chat_kinds": "chat_id INTEGER!*, kind TEXT!*, message_count INTEGER!",
    "exchange_marks": "exchange_id INTEGER*, is_hidden INTEGER!=0, is_starred INTEGER!=0, note TEXT, hidden_at TEXT",
    "hidden_messages": "message_id INTEGER*",
    "merged_exchanges": "id INTEGER*, exchange_id INTEGER!",
    "exchanges_before": """
        id INTEGER*, key INTEGER!, chat_id INTEGER!, started_at TEXT!, ended_at TEXT!, message_count INTEGER!,
        participant_count INTEGER!, title TEXT, summary TEXT, language TEXT, mood TEXT, topics TEXT!, score REAL!,
        is_memory INTEGER!, summarised_by TEXT, summarised_at TEXT, prompt_version TEXT""",
    "messages_before": "message_id INTEGER*, exchange_id INTEGER, is_highlight INTEGER!",
    "people_before": """
        person_id INTEGER*, name TEXT!, phone TEXT, is_owner INTEGER!=0, message_count INTEGER!=0, joined_to INTEGER""",
    "curation_state": "digest TEXT!",
    "period_exchanges": "period_id INTEGER!*, exchange_id INTEGER!*",
    "media_sources": "message_id INTEGER!*, source_id INTEGER!*, has_file INTEGER!",
    "source_messages": "source_id INTEGER!*, first_id INTEGER!*, last_id INTEGER!",
    "former_keys": "key INTEGER!*, message_id INTEGER!*",
    "former_chats": "key INTEGER!*, chat_id INTEGER!*",
    "person_names": "name TEXT!*, person_id INTEGER!",
    "senders_before": "message_id INTEGER*, sender_id INTEGER!",
    "person_months_before": """
        chat_id INT, person_id INT, month TEXT, messages INT, words INT, characters INT, photos INT, videos INT,
        stickers INT, voice_notes INT, links INT, deleted INT, night_messages INT, talks_started INT, replies INT,
        reply_seconds INT""",
    "person_emoji_before": "chat_id INT, person_id INT, year TEXT, emoji TEXT, uses INT",
    "chats_before": "chat_id INTEGER*, name TEXT!",
    "periods_before": "period_id INTEGER*, title TEXT, summary TEXT",
    "uncounted": "message_id INTEGER*, exchange_id INTEGER!",
}

#: index -> what it is of. Without them, looking at an archive takes forever; others compute, or refuse rows.
INDEXES: dict[str, str] = {
    "days_by_day": "days (day, message_count)",
    "days_by_month_day": "days (substr(day, 6))",
    "exchanges_by_key": "exchanges (key)",
    "exchanges_by_score": "exchanges (score, id, started_at, mood)",
    "exchanges_by_start": "exchanges (started_at, score, mood)",
    "exchanges_by_time": "exchanges (chat_id, started_at, score)",
    "exchanges_memories": "exchanges (started_at, score, id, chat_id, mood) WHERE is_memory",
    "exchanges_memories_best": "exchanges (score, id, started_at) WHERE is_memory",
    "exchanges_memories_by_chat": "exchanges (chat_id, score) WHERE is_memory",
    "former_keys_by_key": "former_keys (key)",
    "links_by_domain": "links (domain)",
    "links_by_message": "links (message_id)",
    "media_by_duration": "media (message_id, duration_s) WHERE duration_s IS NOT NULL",
    "media_by_message": "media (message_id)",
    "media_by_sha256": "media (sha256) WHERE sha256 IS NOT NULL",
    "messages_by_chat": "messages (chat_id, sender_id, exchange_id)",
    "messages_by_exchange": "messages (exchange_id, sender_id)",
    "messages_by_kind": "messages (kind)",
    "messages_by_kind_at": "messages (kind, sent_at) WHERE kind <> 'text'",
    "messages_by_sent_at": "messages (sent_at)",
    "months_by_person": "person_months (person_id, chat_id, messages)",
    "places_by_exchange": "places (exchange_id)",
    "places_by_message": "places (message_id)",
    "revisions_by_message": "revisions (message_id)",
    "media_sources_by_source": "media_sources (source_id)",
    "uncounted_by_exchange": "uncounted (exchange_id)",
    "warnings_by_source": "source_warnings (source_id)",
}
#: The search indexes, as they are made.
SEARCH: dict[str, str] = {
    name: f"CREATE VIRTUAL TABLE {name} USING fts5 ({columns}, content='',{more} tokenize=\"{TOKENIZE}\")"
    for name, columns, more in (
        ("messages_fts", "text", " columnsize=0,"),
        ("exchanges_fts", "title, summary, topics", ""),
        ("media_fts", "description, transcript", ""),
    )
}
#: What SQLite makes by itself for columns that are unique.
UNIQUE = frozenset({"sqlite_autoindex_days_1", "sqlite_autoindex_people_1", "sqlite_autoindex_periods_1"})

#: What SQLite calls the values that a declared type may have.
VALUES = {"INTEGER": ("integer",), "INT": ("integer",), "REAL": ("real", "integer"), "TEXT": ("text",)}

_TIME = "strftime('%Y-%m-%dT%H:%M:%S', {0}, '+0 days') IS {0}"
_DAY = "strftime('%Y-%m-%d', {0}, '+0 days') IS {0}"
_TOPICS = """CASE WHEN NOT json_valid(topics) THEN 0 WHEN json_type(topics) <> 'array' THEN 0
    ELSE NOT EXISTS (SELECT 1 FROM json_each(topics) WHERE type <> 'text') END"""
_OPTIONAL = "{0} IS NULL OR "
_KIND = f"kind IN ({', '.join(repr(kind) for kind in KINDS)})"
_URL = "lower(substr(url, 1, 7)) = 'http://' OR lower(substr(url, 1, 8)) = 'https://'"

#: (table, column) -> a condition that its values fulfil, beyond their type.
RULES: dict[tuple[str, str], str] = {
    ("messages", "sent_at"): _TIME.format("sent_at"),
    ("exchanges", "started_at"): _TIME.format("started_at"),
    ("exchanges", "ended_at"): _TIME.format("ended_at"),
    ("exchanges", "topics"): _TOPICS,
    ("exchanges", "score"): "score BETWEEN 0 AND 1",
    **{
        ("exchanges_before", name): rule
        for name, rule in (
            ("started_at", _TIME.format("started_at")),
            ("ended_at", _TIME.format("ended_at")),
            ("topics", _TOPICS),
            ("score", "score BETWEEN 0 AND 1"),
        )
    },
    ("chats", "first_at"): _OPTIONAL.format("first_at") + _TIME.format("first_at"),
    ("chats", "last_at"): _OPTIONAL.format("last_at") + _TIME.format("last_at"),
    ("days", "day"): _DAY.format("day"),
    ("periods", "period"): "period GLOB '[0-9][0-9][0-9][0-9]' OR strftime('%Y-%m', period || '-01') IS period",
    ("person_months", "month"): "strftime('%Y-%m', month || '-01') IS month",
    ("person_emoji", "year"): "year GLOB '[0-9][0-9][0-9][0-9]'",
    ("places", "latitude"): _OPTIONAL.format("latitude") + "latitude BETWEEN -90 AND 90",
    ("places", "longitude"): _OPTIONAL.format("longitude") + "longitude BETWEEN -180 AND 180",
    ("media", "sha256"): _OPTIONAL.format("sha256") + "(length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*')",
    # Files are found by their digest, headers are made of the type: neither leads elsewhere.
    ("media", "thumbnail"): _OPTIONAL.format("thumbnail")
    + "thumbnail IS substr(sha256, 1, 2) || '/' || sha256 || '.thumb.webp'",
    ("media", "mimetype"): _OPTIONAL.format("mimetype") + "mimetype NOT GLOB '*[^!-~]*'",
    ("messages", "kind"): _KIND,
    ("revisions", "kind"): _KIND,
    ("links", "url"): _URL,
    ("places", "url"): _OPTIONAL.format("url") + _URL,
    ("media", "duration_s"): _OPTIONAL.format("duration_s") + "duration_s BETWEEN 0 AND 1e9",
}

#: So many letters has a name or a title at most, and any other text of a row; messages are as long as they are.
_LONGEST_NAME, _LONGEST_TEXT = 10_000, 200_000
_SAID = frozenset({("messages", "text"), ("revisions", "text")})


def longest(table: str, column: str) -> int | None:
    """How many letters a text may have that is shown with others; None where it may have any number."""
    if (table, column) in _SAID:
        return None
    return _LONGEST_NAME if column in ("name", "title", "filename") else _LONGEST_TEXT


def columns(table: str) -> list[tuple[str, str, bool, bool, str | None]]:
    """(name, declared type, is there always a value, is it of the key, what it is by default) of each column."""
    found = []
    for text in TABLES[table].split(","):
        name, about = text.split(maxsplit=1)
        declared, given, default = about.strip().partition("=")
        is_key, is_needed = declared.endswith("*"), "!" in declared
        found.append((name, declared.rstrip("!*"), is_needed, is_key, default if given else None))
    return found
