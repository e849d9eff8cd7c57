"""What the pages that look over the whole archive ask of it: calendar, gallery, map, years, numbers."""

from . import reading, shapes


def years(run):
    """Whole chats, years and months as they are told, with the talks that they draw on."""
    rows = run(
        """
        SELECT periods.id, period, chats.name AS chat, periods.title, periods.summary,
            -- What was told before a talk of that time was hidden may speak of it.
            CASE WHEN EXISTS (
                SELECT 1 FROM exchange_marks CROSS JOIN exchanges ON exchanges.id = exchange_id
                WHERE is_hidden AND exchanges.chat_id = periods.chat_id AND hidden_at >= told_at
                    AND (period = 'all' OR substr(started_at, 1, length(period)) = period)
            ) OR EXISTS (
                SELECT 1 FROM hidden_messages CROSS JOIN messages ON messages.id = message_id
                WHERE messages.chat_id = periods.chat_id
                    AND (period = 'all' OR substr(sent_at, 1, length(period)) = period)
            ) THEN NULL ELSE told_by END AS told_by
        FROM periods JOIN chats ON chats.id = chat_id
        ORDER BY period DESC, chats.message_count DESC
        """
    ).fetchall()
    drawn = {}
    for row in run(
        f"""
        SELECT period_id, exchanges.id, exchanges.title, exchanges.started_at
        FROM period_exchanges
        JOIN exchanges ON exchanges.id = coalesce(
            (SELECT exchange_id FROM merged_exchanges WHERE id = period_exchanges.exchange_id),
            period_exchanges.exchange_id
        )
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE {shapes.NOT_HIDDEN} ORDER BY exchanges.started_at
        """
    ):
        drawn.setdefault(row["period_id"], []).append(row)
    told = [{**dict(row), "talks": drawn.get(row["id"], []), "months": []} for row in rows]
    told = [one for one in told if one["talks"] or one["told_by"]]
    found = [one for one in told if len(one["period"]) == 4]
    by_year = {(one["period"], one["chat"]): one for one in found}
    for one in reversed(told):
        if len(one["period"]) == 7 and (one["period"][:4], one["chat"]) in by_year:
            by_year[one["period"][:4], one["chat"]]["months"].append(one)
    return found, [one for one in told if one["period"] == "all" and one["told_by"]]


def calendar(run):
    """year -> day -> messages, the newest year first."""
    years = {}
    for row in run("SELECT day, sum(message_count) AS n FROM days GROUP BY day ORDER BY day"):
        years.setdefault(row["day"][:4], {})[row["day"]] = row["n"]
    return dict(sorted(years.items(), reverse=True))


_KINDS = {"photos": ("image", "gif"), "videos": ("video",), "voices": ("audio",)}


def kinds_of(shown):
    """The kinds of messages that a part of the gallery shows."""
    return _KINDS.get(shown, _KINDS["photos"])


def gallery(run, kind, before="", most=60):
    """(months of media of a kind, the newest first, where the next page begins); `before` is where this one does."""
    at, _, number = before.partition("/")
    kinds = kinds_of(kind)
    rows = run(
        f"""
        WITH chosen AS (
            SELECT media.id FROM media CROSS JOIN messages ON messages.id = media.message_id
            LEFT JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
            WHERE media.sha256 IS NOT NULL AND messages.kind IN ({", ".join("?" * len(kinds))})
                AND (messages.sent_at, media.id) < (?, ?) AND {shapes.VISIBLE} AND {shapes.NOT_HIDDEN}
            ORDER BY messages.sent_at DESC, media.id DESC LIMIT ?
        )
        SELECT media.id, media.sha256, media.thumbnail, media.width, media.height, media.duration_s, media.mimetype,
            media.caption, messages.sent_at, messages.id AS message_id, messages.exchange_id, people.name AS sender
        FROM chosen CROSS JOIN media ON media.id = chosen.id CROSS JOIN messages ON messages.id = media.message_id
        LEFT JOIN people ON people.id = messages.sender_id
        ORDER BY messages.sent_at DESC, media.id DESC
        """,
        (*kinds, at or "~", int(number) if number.isdigit() and len(number) < 19 else 0, most + 1),
    ).fetchall()
    rows, last = rows[:most], rows[most - 1] if len(rows) > most else None
    months = {}
    for row in rows:
        months.setdefault(row["sent_at"][:7], []).append(row)
    return months, f"{last['sent_at']}/{last['id']}" if last else None


def places(run):
    """Shared places with coordinates."""
    return [dict(row) for row in run(reading.PLACES)]


def numbers(run):
    """What the charts show: years, people, months, weekdays, kinds, the words of each year."""
    years = [dict(row) for row in run(reading.STATS)]
    by_person = [
        dict(row)
        for row in run(
            "SELECT id, name, message_count FROM people WHERE message_count > 0 ORDER BY message_count DESC LIMIT 12"
        )
    ]
    months = [
        dict(row) for row in run("SELECT substr(day, 6, 2) AS month, sum(message_count) AS n FROM days GROUP BY 1")
    ]
    weekdays = {
        row["weekday"]: row["n"]
        # Monday is 0, as the words have it.
        for row in run(
            """
            SELECT (CAST(strftime('%w', day) AS INTEGER) + 6) % 7 AS weekday, sum(message_count) AS n
            FROM days GROUP BY 1
            """
        )
    }
    kinds = [
        tuple(row)
        for row in run(
            """
            SELECT kind, sum(message_count) AS n FROM chat_kinds WHERE kind NOT IN ('text', 'system')
            GROUP BY kind ORDER BY n DESC LIMIT 8
            """
        )
    ]
    words = {}
    for row in run(
        """
        SELECT year, word, n FROM (
            SELECT substr(started_at, 1, 4) AS year, topic.value AS word, count(*) AS n,
                row_number() OVER (PARTITION BY substr(started_at, 1, 4) ORDER BY count(*) DESC, topic.value) AS place
            FROM exchanges, json_each(exchanges.topics) AS topic
            WHERE is_memory AND exchanges.id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden)
            GROUP BY 1, 2
        ) WHERE place <= 8 ORDER BY year DESC, place
        """
    ):
        words.setdefault(row["year"], []).append(row["word"])
    return {
        "years": years, "people": by_person, "months": months, "words": words, "weekdays": weekdays, "kinds": kinds,
    }  # fmt: skip
