-- What the fifth version of the file added.

-- What may be seen: neither hidden itself, nor part of a talk that is.
CREATE VIEW visible_exchanges AS
SELECT * FROM exchanges WHERE id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden);

CREATE VIEW visible_messages AS
SELECT * FROM messages
WHERE id NOT IN (SELECT message_id FROM hidden_messages)
    AND exchange_id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden);

-- For questions of one's own: every message that may be seen, with names instead of numbers. Weekdays from Monday, 0.
CREATE VIEW said AS
SELECT message.id, message.sent_at AS at, substr(message.sent_at, 1, 10) AS day,
    CAST(substr(message.sent_at, 12, 2) AS INTEGER) AS hour,
    (CAST(strftime('%w', message.sent_at) AS INTEGER) + 6) % 7 AS weekday,
    chats.name AS chat, people.name AS person, coalesce(people.is_owner, 0) AS is_me, message.kind, message.text,
    CASE WHEN trim(message.text) = '' THEN 0
        ELSE length(trim(message.text)) - length(replace(trim(message.text), ' ', '')) + 1 END AS words
FROM visible_messages AS message
JOIN chats ON chats.id = message.chat_id
LEFT JOIN people ON people.id = message.sender_id;

-- Messages that are hidden, and not in the counts (see plugins/memories_lib/shared/recount.py), with the exchange they
-- were counted in.
CREATE TABLE uncounted (
    message_id INTEGER PRIMARY KEY,
    exchange_id INTEGER NOT NULL
);
CREATE INDEX uncounted_by_exchange ON uncounted (exchange_id);

-- The counts held what is hidden until now: edits are played again.
UPDATE curation_state SET digest = 'recount';
