-- What the sixth version of the file added.

-- What an earlier wording is (see ingest/importing/wording_chains.py); NULL where an earlier version wrote it down.
-- 'replaced': the message said this until that export was read; 'older': that export brought it, another one a later
-- wording; 'other': that export says less, or the same in other words; 'same': it says what the message said already.
ALTER TABLE revisions ADD COLUMN standing TEXT;
ALTER TABLE revisions ADD COLUMN was_edited INTEGER NOT NULL DEFAULT 0;

-- Which exports name the file of a message, and which bring it: when one is taken out, what only it brought goes too.
CREATE TABLE media_sources (
    message_id INTEGER NOT NULL REFERENCES messages(id),
    source_id INTEGER NOT NULL REFERENCES sources(id),
    has_file INTEGER NOT NULL,
    PRIMARY KEY (message_id, source_id)
) WITHOUT ROWID;
CREATE INDEX media_sources_by_source ON media_sources (source_id);

-- Of files that are there already nobody knows which export brought them: they stay as long as one of them does.
INSERT OR IGNORE INTO media_sources
SELECT message_id, source_messages.source_id, NOT is_missing
FROM media CROSS JOIN source_messages ON message_id BETWEEN first_id AND last_id
WHERE filename IS NOT NULL;
