-- What the second version of the file added.

-- How many messages of each kind a chat has.
CREATE TABLE chat_kinds (
    chat_id INTEGER NOT NULL REFERENCES chats(id),
    kind TEXT NOT NULL,
    message_count INTEGER NOT NULL,
    PRIMARY KEY (chat_id, kind)
) WITHOUT ROWID;

INSERT INTO chat_kinds SELECT chat_id, kind, count(*) FROM messages GROUP BY chat_id, kind;

-- What people's edits come to (see plugins/memories_lib/shared/curation.py); the edits themselves are in curation.db.
CREATE TABLE exchange_marks (
    exchange_id INTEGER PRIMARY KEY REFERENCES exchanges(id),
    is_hidden INTEGER NOT NULL DEFAULT 0,
    is_starred INTEGER NOT NULL DEFAULT 0,
    note TEXT
);

CREATE TABLE hidden_messages (
    message_id INTEGER PRIMARY KEY REFERENCES messages(id)
);

-- The number of an exchange that was merged into another one.
CREATE TABLE merged_exchanges (
    id INTEGER PRIMARY KEY,
    exchange_id INTEGER NOT NULL REFERENCES exchanges(id)
);

-- Rows as they were before an edit changed them.
CREATE TABLE exchanges_before (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    message_count INTEGER NOT NULL,
    participant_count INTEGER NOT NULL,
    title TEXT,
    summary TEXT,
    language TEXT,
    mood TEXT,
    topics TEXT NOT NULL,
    score REAL NOT NULL,
    is_memory INTEGER NOT NULL,
    summarised_by TEXT,
    summarised_at TEXT,
    prompt_version TEXT
);

CREATE TABLE messages_before (
    message_id INTEGER PRIMARY KEY,
    exchange_id INTEGER,
    is_highlight INTEGER NOT NULL
);

CREATE TABLE people_before (
    person_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

-- Which edits this archive shows.
CREATE TABLE curation_state (
    digest TEXT NOT NULL
);

DROP VIEW memories;

CREATE VIEW memories AS
SELECT exchanges.id, chats.name AS chat, exchanges.started_at, exchanges.title, exchanges.summary, exchanges.mood,
    exchanges.message_count, exchanges.score
FROM exchanges JOIN chats ON chats.id = exchanges.chat_id
WHERE exchanges.is_memory AND exchanges.id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden);

-- Times are found by way of the exchanges, senders by way of the chats.
DROP INDEX IF EXISTS messages_by_time;
DROP INDEX IF EXISTS messages_by_sender;
DROP INDEX IF EXISTS exchanges_by_score;
