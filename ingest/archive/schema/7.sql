-- What the seventh version of the file added: indexes that hold all that a question asks of them.
DROP INDEX IF EXISTS messages_by_exchange;
DROP INDEX IF EXISTS messages_by_chat;
DROP INDEX IF EXISTS exchanges_by_time;
DROP INDEX IF EXISTS exchanges_by_start;
DROP INDEX IF EXISTS exchanges_memories;

-- Messages and talks first, by time, then what their chats are called.
DROP VIEW said;
CREATE VIEW said AS
SELECT message.id, message.sent_at AS at, substr(message.sent_at, 1, 10) AS day,
    CAST(substr(message.sent_at, 12, 2) AS INTEGER) AS hour,
    (CAST(strftime('%w', message.sent_at) AS INTEGER) + 6) % 7 AS weekday,
    chats.name AS chat, people.name AS person, coalesce(people.is_owner, 0) AS is_me, message.kind, message.text,
    CASE WHEN trim(message.text) = '' THEN 0
        ELSE length(trim(message.text)) - length(replace(trim(message.text), ' ', '')) + 1 END AS words
FROM visible_messages AS message
CROSS JOIN chats ON chats.id = message.chat_id
LEFT JOIN people ON people.id = message.sender_id;
DROP VIEW memories;
CREATE VIEW memories AS
SELECT exchanges.id, chats.name AS chat, exchanges.started_at, exchanges.title, exchanges.summary, exchanges.mood,
    exchanges.message_count, exchanges.score
FROM exchanges CROSS JOIN chats ON chats.id = exchanges.chat_id
WHERE exchanges.is_memory AND exchanges.id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden);
