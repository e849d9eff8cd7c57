"""What the pages of the memories view ask of the archive. Every function runs in a thread with `run` = execute."""

import time

from . import finding, folding, reading, shapes

PAGE = 30
_MOST_IN_A_BOOK = 600
_PICTURE = """
(
    SELECT media.sha256 FROM messages JOIN media ON media.message_id = messages.id
    WHERE messages.exchange_id = exchanges.id AND media.thumbnail IS NOT NULL
        AND messages.id NOT IN (SELECT message_id FROM hidden_messages) LIMIT 1
) AS picture
"""
_CARDS = f"""
SELECT exchanges.id, exchanges.title, exchanges.summary, exchanges.started_at, exchanges.mood, exchanges.language,
    exchanges.message_count, exchanges.participant_count, exchanges.score, chats.name AS chat,
    coalesce(is_starred, 0) AS is_starred, note, {_PICTURE}
FROM exchanges CROSS JOIN chats ON chats.id = exchanges.chat_id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
"""
_ORDERS = {
    "newest": ("exchanges.started_at DESC, exchanges.id DESC", "<"),
    "oldest": ("exchanges.started_at, exchanges.id", ">"),
    "best": ("exchanges.score DESC, exchanges.id DESC", None),
}


def has_archive(run):
    """Whether the database is one of ours."""
    return run("SELECT 1 FROM sqlite_master WHERE name = 'exchange_marks'").fetchone() is not None


def summary(run):
    """How many messages there are, from when to when, and what can be chosen from."""
    row = run(
        "SELECT coalesce(sum(message_count), 0) AS messages, min(first_at) AS start, max(last_at) AS end FROM chats"
    ).fetchone()
    first, last = (row["start"] or "")[:4], (row["end"] or "")[:4]
    return {
        "messages": row["messages"],
        "start": row["start"],
        "end": row["end"],
        "years": list(range(int(last), int(first) - 1, -1)) if first else [],
        "chats": [r["name"] for r in run("SELECT name FROM chats ORDER BY message_count DESC LIMIT 200")],
        "people": [r["name"] for r in run("SELECT name FROM people ORDER BY message_count DESC LIMIT 200")],
        "moods": ["loving", "joyful", "funny", "sad", "angry", "calm", "practical"],
    }


def memories(run, asked):
    """(a page of cards, where the next begins) for what `asked` says: chat, person, year, mood, starred, all, order."""
    where, given = [shapes.NOT_HIDDEN], {"most": PAGE + 1}
    if asked.get("all") != "1":
        where.append("exchanges.is_memory")
    if asked.get("starred") == "1":
        where.append("is_starred = 1")
    for name, sql in (
        ("chat", "chats.name = :chat"),
        ("mood", "exchanges.mood = :mood"),
        ("year", "exchanges.started_at >= :year AND exchanges.started_at < :year || '~'"),
        ("topic", "EXISTS (SELECT 1 FROM json_each(exchanges.topics) WHERE value = :topic)"),
        (
            "person",
            "EXISTS (SELECT 1 FROM messages JOIN people ON people.id = sender_id"
            " WHERE messages.exchange_id = exchanges.id AND people.name = :person)",
        ),
    ):
        if asked.get(name):
            where.append(sql)
            given[name] = asked[name]
    order, side = _ORDERS.get(asked.get("order"), _ORDERS["newest"])
    skip = ""
    if asked.get("before"):
        at, _, number = asked["before"].partition("/")
        number = int(number) if number.isdigit() and len(number) < 19 else 0
        if side:
            where.append(f"(exchanges.started_at, exchanges.id) {side} (:at, :number)")
            given |= {"at": at, "number": number}
        else:
            skip, given["skip"] = "OFFSET :skip", number
    rows = run(f"{_CARDS} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT :most {skip}", given).fetchall()
    more = None
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        more = f"{last['started_at']}/{last['id']}" if side else f"/{given.get('skip', 0) + PAGE}"
    return rows[:PAGE], more


_TALK = f"""
SELECT messages.id, messages.sent_at, messages.kind, messages.text, messages.is_edited, messages.is_highlight,
    messages.sender_id, people.name AS sender, people.is_owner,
    media.filename, media.mimetype, media.sha256, media.thumbnail, media.duration_s, media.width, media.height,
    media.bytes, media.is_missing, media.caption, media.transcript, media.description, media.told_by,
    places.name AS place, places.latitude, places.longitude, places.url AS place_url
FROM messages
LEFT JOIN people ON people.id = messages.sender_id
LEFT JOIN media ON media.message_id = messages.id
LEFT JOIN places ON places.message_id = messages.id
WHERE messages.exchange_id = :exchange AND {shapes.VISIBLE} {shapes.IN_ORDER}
"""


def talk(run, exchange):
    """An exchange, its messages and its neighbours; None when it is hidden or there is none."""
    head = run(
        f"""
        SELECT exchanges.*, chats.name AS chat, chats.kind AS chat_kind, coalesce(is_starred, 0) AS is_starred, note,
            (
                SELECT other.id FROM exchanges AS other LEFT JOIN exchange_marks AS mark ON mark.exchange_id = other.id
                WHERE other.chat_id = exchanges.chat_id AND other.started_at < exchanges.started_at
                    AND coalesce(mark.is_hidden, 0) = 0 ORDER BY other.started_at DESC LIMIT 1
            ) AS before_id,
            (
                SELECT other.id FROM exchanges AS other LEFT JOIN exchange_marks AS mark ON mark.exchange_id = other.id
                WHERE other.chat_id = exchanges.chat_id AND other.started_at > exchanges.started_at
                    AND coalesce(mark.is_hidden, 0) = 0 ORDER BY other.started_at LIMIT 1
            ) AS after_id
        FROM exchanges JOIN chats ON chats.id = exchanges.chat_id
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE exchanges.id = :exchange AND {shapes.NOT_HIDDEN}
        """,
        {"exchange": exchange},
    ).fetchone()
    if head is None:
        return None
    messages = run(_TALK, {"exchange": exchange}).fetchall()
    voices = dict.fromkeys(m["sender"] for m in messages if m["sender"])
    owner = next((m["sender"] for m in messages if m["is_owner"]), "")
    return {"head": head, "messages": messages, "voices": list(voices), "owner": owner}


def search(run, question, args, most=40):
    """(messages with their talk, talks, how many messages there are); narrowed by what `args` says."""
    query = folding.fts_query(question)
    if not query:
        return [], [], 0
    narrower, given = finding.narrowed(args)
    given |= {"query": query, "most": most}
    visible = f"{shapes.VISIBLE} AND {shapes.NOT_HIDDEN}{narrower}"
    columns = """
        messages.id, messages.sent_at, messages.exchange_id, people.name AS sender, chats.name AS chat, exchanges.title
    """
    joined = """
        JOIN chats ON chats.id = messages.chat_id
        JOIN exchanges ON exchanges.id = messages.exchange_id
        LEFT JOIN people ON people.id = messages.sender_id
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
    """
    counted = f"JOIN messages ON messages.id = messages_fts.rowid {joined}" if narrower else ""
    total = run(
        f"SELECT count(*) FROM messages_fts {counted} WHERE messages_fts MATCH :query{narrower}", given
    ).fetchone()[0]
    messages = run(
        f"""
        SELECT {columns}, messages.text, NULL AS told_by
        FROM messages_fts JOIN messages ON messages.id = messages_fts.rowid {joined}
        WHERE messages_fts MATCH :query AND {visible} ORDER BY messages_fts.rowid DESC LIMIT :most
        """,
        given,
    ).fetchall()
    # What a model saw in a photo or heard in a voice note.
    seen = run(
        f"""
        SELECT {columns}, media.told_by,
            trim(coalesce(media.description, '') || ' ' || coalesce(media.transcript, '')) AS text
        FROM media_fts JOIN media ON media.id = media_fts.rowid JOIN messages ON messages.id = media.message_id {joined}
        WHERE media_fts MATCH :query AND {visible} ORDER BY media_fts.rowid DESC LIMIT :most
        """,
        given,
    ).fetchall()
    if seen:
        known = {row["id"] for row in messages}
        seen = [row for row in seen if row["id"] not in known]
        messages = sorted([*messages, *seen], key=lambda row: row["id"], reverse=True)[:most]
        total += len(seen)
    talks = run(
        f"""
        {_CARDS} WHERE exchanges.id IN (
            SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH ? ORDER BY rank LIMIT 12
        ) AND {shapes.NOT_HIDDEN} ORDER BY exchanges.score DESC LIMIT 6
        """,
        (query,),
    ).fetchall()
    # What narrows messages does not narrow what is told of a talk.
    return messages, [] if narrower else talks, total


def years(run):
    """Whole chats, years and months as they are told, with the talks that they draw on."""
    rows = run(
        """
        SELECT periods.id, period, chats.name AS chat, periods.title, periods.summary,
            -- What was told before a talk of that time was hidden may speak of it.
            CASE WHEN EXISTS (
                SELECT 1 FROM exchange_marks JOIN exchanges ON exchanges.id = exchange_id
                WHERE is_hidden AND exchanges.chat_id = periods.chat_id AND hidden_at >= told_at
                    AND (period = 'all' OR substr(started_at, 1, length(period)) = period)
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


def on_this_day(run, day):
    """(cards of that day in every year, cards of days near it when there are none)."""
    near = f"""
        {_CARDS} JOIN days ON days.chat_id = exchanges.chat_id AND exchanges.started_at >= days.day
            AND exchanges.started_at < days.day || '~'
        WHERE substr(days.day, 6) IN (SELECT value FROM json_each(?)) AND {shapes.NOT_HIDDEN}
        ORDER BY days.day DESC, exchanges.score DESC LIMIT 120
    """
    found = run(near, (f'["{day[5:]}"]',)).fetchall()
    if found:
        return found, []
    around = [time.strftime("%m-%d", time.gmtime(_seconds(day) + n * 86400)) for n in range(-4, 5)]
    return [], run(near, ("[" + ", ".join(f'"{d}"' for d in around) + "]",)).fetchall()[:12]


def _seconds(day):
    return time.mktime((int(day[:4]), int(day[5:7]), int(day[8:10]), 12, 0, 0, 0, 0, 0)) - time.timezone


def day(run, asked):
    """Cards of one day."""
    return run(
        f"{_CARDS} WHERE exchanges.started_at >= ? AND exchanges.started_at < ? || '~' AND {shapes.NOT_HIDDEN}"
        " ORDER BY exchanges.started_at LIMIT 200",
        (asked, asked),
    ).fetchall()


def calendar(run):
    """year -> day -> messages, the newest year first."""
    years = {}
    for row in run("SELECT day, sum(message_count) AS n FROM days GROUP BY day ORDER BY day"):
        years.setdefault(row["day"][:4], {})[row["day"]] = row["n"]
    return dict(sorted(years.items(), reverse=True))


_KINDS = {"photos": ("image", "gif"), "videos": ("video",), "voices": ("audio",)}


def gallery(run, kind, before, most=60):
    """(media of a kind, the newest first, where the next page begins)."""
    kinds = _KINDS.get(kind, _KINDS["photos"])
    rows = run(
        f"""
        SELECT media.id, media.sha256, media.thumbnail, media.width, media.height, media.duration_s, media.mimetype,
            media.caption, messages.sent_at, messages.id AS message_id, messages.exchange_id, people.name AS sender
        FROM media CROSS JOIN messages ON messages.id = media.message_id
        LEFT JOIN people ON people.id = messages.sender_id
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
        WHERE media.sha256 IS NOT NULL AND messages.kind IN ({", ".join("?" * len(kinds))}) AND media.id < ?
            AND {shapes.VISIBLE} AND {shapes.NOT_HIDDEN}
        ORDER BY media.id DESC LIMIT ?
        """,
        (*kinds, before, most + 1),
    ).fetchall()
    rows, more = rows[:most], rows[most - 1]["id"] if len(rows) > most else None
    months = {}
    for row in sorted(rows, key=lambda r: r["sent_at"], reverse=True):
        months.setdefault(row["sent_at"][:7], []).append(row)
    return months, more


def places(run):
    """Shared places with coordinates."""
    return [dict(row) for row in run(reading.PLACES)]


def people(run):
    """Everybody with their numbers, and each chat with its first and last words."""
    rows = run(
        """
        SELECT people.id, people.name, people.is_owner, people.message_count, sum(words) AS words, min(month) AS since,
            sum(talks_started) AS started, sum(replies) AS replies, sum(reply_seconds) AS reply_seconds,
            sum(photos) AS photos, sum(voice_notes) AS voices
        FROM people JOIN person_months ON person_id = people.id
        GROUP BY people.id ORDER BY people.message_count DESC LIMIT 200
        """
    ).fetchall()
    talks = sum(row["started"] for row in rows) or 1
    emoji = {}
    for row in run("SELECT person_id, emoji, sum(uses) AS n FROM person_emoji GROUP BY 1, 2 ORDER BY n DESC"):
        emoji.setdefault(row["person_id"], []).append(row["emoji"])
    found = [
        {
            **dict(row),
            "percent": round(100 * row["started"] / talks),
            "minutes": round(row["reply_seconds"] / 60 / row["replies"], 1) if row["replies"] else None,
            "emoji": emoji.get(row["id"], [])[:6],
        }
        for row in rows
    ]
    return found, [
        _chat(run, row) for row in run("SELECT * FROM chats ORDER BY message_count DESC LIMIT 100").fetchall()
    ]


def _chat(run, chat):
    def words(way):
        return run(
            f"""
            SELECT messages.text, messages.sent_at, people.name AS sender, messages.exchange_id, messages.id
            FROM messages JOIN people ON people.id = messages.sender_id
            WHERE exchange_id IN (
                SELECT exchanges.id FROM exchanges
                LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
                WHERE chat_id = ? AND {shapes.NOT_HIDDEN} ORDER BY started_at {way} LIMIT 3
            ) AND messages.kind = 'text' AND {shapes.VISIBLE}
            ORDER BY sent_at {way}, messages.id {way} LIMIT 1
            """,
            (chat["id"],),
        ).fetchone()

    return {**dict(chat), "first": words(""), "last": words("DESC")}


def numbers(run):
    """What the charts show: (years, people by year, words of each year)."""
    years = [dict(row) for row in run(reading.STATS)]
    by_person = [
        dict(row)
        for row in run("SELECT name, message_count FROM people WHERE message_count > 0 ORDER BY 2 DESC LIMIT 12")
    ]
    months = [
        dict(row) for row in run("SELECT substr(month, 6) AS month, sum(messages) AS n FROM person_months GROUP BY 1")
    ]
    words = {}
    for row in run(
        """
        SELECT year, word, n FROM (
            SELECT substr(started_at, 1, 4) AS year, topic.value AS word, count(*) AS n,
                row_number() OVER (PARTITION BY substr(started_at, 1, 4) ORDER BY count(*) DESC, topic.value) AS place
            FROM exchanges, json_each(exchanges.topics) AS topic
            WHERE is_memory GROUP BY 1, 2
        ) WHERE place <= 8 ORDER BY year DESC, place
        """
    ):
        words.setdefault(row["year"], []).append(row["word"])
    return {"years": years, "people": by_person, "months": months, "words": words}


def book(run, asked):
    """The talks of a book, whole, the oldest first."""
    rows, before = [], ""
    while before is not None and len(rows) < _MOST_IN_A_BOOK:
        page, before = memories(run, {**asked, "order": "oldest", "before": before})
        rows += page
    return [told for row in rows if (told := talk(run, row["id"]))]
