-- What the fourth version of the file added.

-- Which messages an export holds, as runs of ids: what else holds them is known when it is taken out again.
CREATE TABLE source_messages (
    source_id INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (source_id, first_id)
) WITHOUT ROWID;

-- Of exports read by earlier versions it is known which messages each was the first to bring.
INSERT INTO source_messages
SELECT source_id, min(id), max(id) FROM (
    SELECT source_id, id, id - row_number() OVER (PARTITION BY source_id ORDER BY id) AS run FROM messages
) GROUP BY source_id, run;

-- Which reader read an export (see ingest/importing/known_exports.py). 0: one of before there was this column.
ALTER TABLE sources ADD COLUMN reader INTEGER NOT NULL DEFAULT 0;

-- By how many seconds its times were moved, where it was exported while clocks differed.
ALTER TABLE sources ADD COLUMN shift_s INTEGER NOT NULL DEFAULT 0;

-- The keys that earlier readings gave a message: edits speak of it by them.
CREATE TABLE former_keys (
    key INTEGER NOT NULL,
    message_id INTEGER NOT NULL REFERENCES messages(id),
    PRIMARY KEY (message_id, key)
) WITHOUT ROWID;
CREATE INDEX former_keys_by_key ON former_keys (key);

-- Where the messages of a chat may be as well that was joined to another one, or from which exports were parted:
-- edits speak of them by the chat's key.
CREATE TABLE former_chats (
    key INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    PRIMARY KEY (key, chat_id)
) WITHOUT ROWID;

-- What else an export calls somebody. `name` as names are compared.
CREATE TABLE person_names (
    name TEXT PRIMARY KEY,
    person_id INTEGER NOT NULL  -- a person may be joined with another one as long as edits are shown
) WITHOUT ROWID;

-- Rows as they were before an edit renamed or joined people or renamed a chat. `joined_to`: with whom a person was
-- joined; somebody others were joined with has the own id there.
ALTER TABLE people_before ADD COLUMN phone TEXT;
ALTER TABLE people_before ADD COLUMN is_owner INTEGER NOT NULL DEFAULT 0;
ALTER TABLE people_before ADD COLUMN message_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE people_before ADD COLUMN joined_to INTEGER;

CREATE TABLE senders_before (
    message_id INTEGER PRIMARY KEY,
    sender_id INTEGER NOT NULL
);

CREATE TABLE person_months_before AS SELECT * FROM person_months WHERE 0;

CREATE TABLE person_emoji_before AS SELECT * FROM person_emoji WHERE 0;

CREATE TABLE chats_before (
    chat_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE periods_before (
    period_id INTEGER PRIMARY KEY,
    title TEXT,
    summary TEXT
);
