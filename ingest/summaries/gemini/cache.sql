CREATE TABLE IF NOT EXISTS answers (
    name TEXT PRIMARY KEY, exchange_key INTEGER NOT NULL, digest TEXT NOT NULL, model TEXT NOT NULL,
    prompt_version TEXT NOT NULL, title TEXT NOT NULL, summary TEXT NOT NULL, topics TEXT NOT NULL, mood TEXT NOT NULL,
    score REAL NOT NULL, heart TEXT NOT NULL, made_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_by_key ON answers (exchange_key);
CREATE TABLE IF NOT EXISTS failures (
    name TEXT PRIMARY KEY, exchange_key INTEGER NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, model TEXT NOT NULL, host TEXT NOT NULL, budget REAL,
    ended_at TEXT, outcome TEXT
);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), at TEXT NOT NULL, purpose TEXT NOT NULL,
    estimated_tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT 'sent'
);
CREATE TABLE IF NOT EXISTS sent (
    request_id INTEGER NOT NULL REFERENCES requests(id), chat TEXT NOT NULL, exchange_key INTEGER NOT NULL,
    started_at TEXT NOT NULL, messages INTEGER NOT NULL, is_redacted INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS consents (
    chat TEXT NOT NULL, host TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (chat, host)
);
CREATE TABLE IF NOT EXISTS excluded (
    kind TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS looks (
    sha256 TEXT NOT NULL, task TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL, made_at TEXT NOT NULL,
    PRIMARY KEY (sha256, task)
);
CREATE TABLE IF NOT EXISTS cuts (chat TEXT PRIMARY KEY, score REAL NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    name TEXT PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), model TEXT NOT NULL, submitted_at TEXT NOT NULL,
    plan TEXT NOT NULL, collected_at TEXT
);
