-- The physical limit: the same rows through SQLite's own .import, the same full text, the same indexes.
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -16384;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, key INTEGER, chat_id INTEGER, exchange_id INTEGER, sender_id INTEGER, sent_at TEXT,
    kind TEXT, text TEXT, is_edited INTEGER, is_highlight INTEGER, source_id INTEGER, line INTEGER
);
.mode csv
.import rows.csv messages
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, content = messages, content_rowid = id, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);
INSERT INTO messages_fts (messages_fts) VALUES ('rebuild');
CREATE INDEX messages_by_exchange ON messages (exchange_id);
CREATE INDEX messages_by_chat ON messages (chat_id, sender_id);
PRAGMA wal_checkpoint (TRUNCATE);
