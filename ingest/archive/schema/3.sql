-- What the third version of the file added.

-- The exchanges that a month, a year or a chat was told from. An edit may have joined one of them to another since.
CREATE TABLE period_exchanges (
    period_id INTEGER NOT NULL REFERENCES periods(id) ON DELETE CASCADE,
    exchange_id INTEGER NOT NULL,
    PRIMARY KEY (period_id, exchange_id)
) WITHOUT ROWID;

-- Who told it (NULL for the built-in summariser) and when, in UTC: what was hidden since is not to be read out of it.
ALTER TABLE periods ADD COLUMN told_by TEXT;
ALTER TABLE periods ADD COLUMN told_at TEXT;
ALTER TABLE exchange_marks ADD COLUMN hidden_at TEXT;
-- What a model sees in a picture, and which one described it or wrote a voice note down.
ALTER TABLE media ADD COLUMN description TEXT;
ALTER TABLE media ADD COLUMN told_by TEXT;
