-- Made after a bulk load, each for a question that a page asks.
CREATE INDEX IF NOT EXISTS messages_by_exchange ON messages (exchange_id);
CREATE INDEX IF NOT EXISTS messages_by_chat ON messages (chat_id, sender_id);
CREATE INDEX IF NOT EXISTS messages_by_sent_at ON messages (sent_at);
CREATE INDEX IF NOT EXISTS messages_by_kind ON messages (kind);
CREATE INDEX IF NOT EXISTS exchanges_by_time ON exchanges (chat_id, started_at);
CREATE INDEX IF NOT EXISTS exchanges_by_start ON exchanges (started_at);
CREATE INDEX IF NOT EXISTS exchanges_memories ON exchanges (started_at, id) WHERE is_memory;
CREATE INDEX IF NOT EXISTS exchanges_by_key ON exchanges (key);
CREATE INDEX IF NOT EXISTS media_by_message ON media (message_id);
CREATE INDEX IF NOT EXISTS media_by_sha256 ON media (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX IF NOT EXISTS places_by_message ON places (message_id);
CREATE INDEX IF NOT EXISTS places_by_exchange ON places (exchange_id);
CREATE INDEX IF NOT EXISTS links_by_message ON links (message_id);
CREATE INDEX IF NOT EXISTS links_by_domain ON links (domain);
CREATE INDEX IF NOT EXISTS revisions_by_message ON revisions (message_id);
CREATE INDEX IF NOT EXISTS warnings_by_source ON source_warnings (source_id);
CREATE INDEX IF NOT EXISTS days_by_month_day ON days (substr(day, 6));
CREATE INDEX IF NOT EXISTS media_by_duration ON media (message_id, duration_s) WHERE duration_s IS NOT NULL;
