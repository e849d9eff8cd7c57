"""What may be seen: the one place that says which exchanges and messages are hidden. Pure.

Every query of server and ingest takes its condition from here. The views `visible_exchanges` and `visible_messages`
of the schema say the same to whoever asks in SQL; a test holds that no other file says it by hand.
"""

from __future__ import annotations

#: The numbers of exchanges that somebody hid, or of which every message is hidden.
HIDDEN_EXCHANGES = "SELECT exchange_id FROM exchange_marks WHERE is_hidden"
#: The numbers of messages that somebody hid one by one.
HIDDEN_ALONE = "SELECT message_id FROM hidden_messages"
#: The numbers of all messages that may not be seen. They are few: what takes them off a count is quick.
HIDDEN_MESSAGES = f"""
{HIDDEN_ALONE}
UNION SELECT id FROM messages WHERE exchange_id IN ({HIDDEN_EXCHANGES})
"""


def exchange_seen(number: str = "exchanges.id") -> str:
    """The condition that the exchange whose number is in the column `number` may be seen."""
    return f"{number} NOT IN ({HIDDEN_EXCHANGES})"


def exchange_marked_seen(marks: str = "exchange_marks") -> str:
    """The same where `exchange_marks` is joined already, from the left."""
    return f"coalesce({marks}.is_hidden, 0) = 0"


def message_itself(number: str = "messages.id") -> str:
    """The condition that a message was not hidden by itself; whether its exchange may be seen is known otherwise."""
    return f"{number} NOT IN ({HIDDEN_ALONE})"


def message_seen(number: str = "messages.id", exchange: str = "messages.exchange_id") -> str:
    """The condition that a message may be seen: hidden neither by itself nor with its exchange."""
    return f"{message_itself(number)}\n    AND {exchange_seen(exchange)}"


def message_hidden(number: str = "messages.id", exchange: str = "messages.exchange_id", *, of: str = "main") -> str:
    """The contrary of `message_seen`, in brackets, in the attached database `of`."""
    return f"""(
        {number} IN (SELECT message_id FROM {of}.hidden_messages)
        OR {exchange} IN (SELECT exchange_id FROM {of}.exchange_marks WHERE is_hidden)
    )"""


#: The three that are asked most.
EXCHANGE_SEEN = exchange_seen()
MESSAGE_ITSELF = message_itself()
MESSAGE_SEEN = message_seen()
MARKED_SEEN = exchange_marked_seen()
