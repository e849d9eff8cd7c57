-- The archive. Times are local wall-clock ISO 8601, as the export gives them.

CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    filename TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    format TEXT NOT NULL,
    date_order TEXT NOT NULL,
    timezone TEXT,
    ingested_at TEXT NOT NULL,
    lines INTEGER NOT NULL,
    messages_found INTEGER NOT NULL,
    messages_new INTEGER NOT NULL,
    warnings INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE source_warnings (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
    line INTEGER,
    text TEXT,
    reason TEXT NOT NULL
);

CREATE TABLE chats (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('direct', 'group')),
    first_at TEXT,
    last_at TEXT,
    message_count INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    phone TEXT,
    is_owner INTEGER NOT NULL DEFAULT 0,
    message_count INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE exchanges (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    message_count INTEGER NOT NULL DEFAULT 0,
    participant_count INTEGER NOT NULL DEFAULT 0,
    title TEXT,
    summary TEXT,
    language TEXT,
    mood TEXT,
    topics TEXT NOT NULL DEFAULT '[]',
    score REAL NOT NULL DEFAULT 0,
    is_memory INTEGER NOT NULL DEFAULT 0,
    summarised_by TEXT,
    summarised_at TEXT,
    prompt_version TEXT
);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    exchange_id INTEGER REFERENCES exchanges(id),
    sender_id INTEGER REFERENCES people(id),
    sent_at TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    is_edited INTEGER NOT NULL DEFAULT 0,
    is_highlight INTEGER NOT NULL DEFAULT 0,
    source_id INTEGER NOT NULL REFERENCES sources(id),
    line INTEGER
);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES messages(id),
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id INTEGER NOT NULL REFERENCES sources(id)
);

CREATE TABLE media (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES messages(id),
    filename TEXT,
    mimetype TEXT,
    bytes INTEGER,
    sha256 TEXT,
    width INTEGER,
    height INTEGER,
    duration_s REAL,
    thumbnail TEXT,
    caption TEXT,
    transcript TEXT,
    is_missing INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE places (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES messages(id),
    exchange_id INTEGER REFERENCES exchanges(id),
    name TEXT,
    latitude REAL,
    longitude REAL,
    url TEXT
);

CREATE TABLE links (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES messages(id),
    url TEXT NOT NULL,
    domain TEXT NOT NULL
);

CREATE TABLE days (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    day TEXT NOT NULL,
    message_count INTEGER NOT NULL,
    media_count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (chat_id, day)
);

CREATE TABLE periods (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER REFERENCES chats(id),
    period TEXT NOT NULL,
    title TEXT,
    summary TEXT,
    UNIQUE (chat_id, period)
);

-- One person in one chat in one month, counted once so that no page has to.
CREATE TABLE person_months (
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    person_id INTEGER NOT NULL REFERENCES people(id),
    month TEXT NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,
    words INTEGER NOT NULL DEFAULT 0,
    characters INTEGER NOT NULL DEFAULT 0,
    photos INTEGER NOT NULL DEFAULT 0,
    videos INTEGER NOT NULL DEFAULT 0,
    stickers INTEGER NOT NULL DEFAULT 0,
    voice_notes INTEGER NOT NULL DEFAULT 0,
    links INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    night_messages INTEGER NOT NULL DEFAULT 0,
    talks_started INTEGER NOT NULL DEFAULT 0,
    replies INTEGER NOT NULL DEFAULT 0,
    reply_seconds INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat_id, person_id, month)
) WITHOUT ROWID;

-- How often one person used one emoji in one chat in one year.
CREATE TABLE person_emoji (
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    person_id INTEGER NOT NULL REFERENCES people(id),
    year TEXT NOT NULL,
    emoji TEXT NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (chat_id, person_id, year, emoji)
) WITHOUT ROWID;

-- What an ingest remembers of a chat's exports, so that the next one is quick and cuts talks the same way.
CREATE TABLE chat_sources (
    source_id INTEGER PRIMARY KEY REFERENCES sources(id) ON DELETE CASCADE,
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    pause_s INTEGER NOT NULL
);

CREATE VIEW memories AS
SELECT exchanges.id, chats.name AS chat, exchanges.started_at, exchanges.title, exchanges.summary, exchanges.mood,
    exchanges.message_count, exchanges.score
FROM exchanges JOIN chats ON chats.id = exchanges.chat_id
WHERE exchanges.is_memory;
