"""What is told of a person and of a chat: first and last words, when, how much, who writes first, who answers how soon.

Everything comes from what was counted at ingest, or by way of the exchanges: nothing here looks through all messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from memories_lib.queries import talks
from memories_lib.shared import visible
from memories_lib.shared.sql import Row, Run, has_table

#: What a page shows, by the names that its template takes; each function says which.
Profile = dict[str, Any]
#: So many months are looked through for somebody's first or last words.
_MONTHS = 6
_MOST_PEOPLE = 200
#: Whoever wrote more than that is met among the first or last messages of all.
_MUCH = 20_000
#: A page of people, and of chats.
PEOPLE_A_PAGE, CHATS_A_PAGE = 100, 50
#: More than a group can have.
_MOST_OF_A_CHAT = 2_000
_SHARE = """
    sum(messages) AS messages, sum(words) AS words, min(month) AS since, max(month) AS until,
    sum(talks_started) AS started, sum(replies) AS replies, sum(reply_seconds) AS reply_seconds, sum(photos) AS photos,
    sum(voice_notes) AS voices, sum(night_messages) AS nights
"""


def everybody(run: Run, skip_people: int = 0, skip_chats: int = 0) -> tuple[list[Profile], list[Profile]]:
    """(people with their numbers, chats with their first and last words), whoever writes most first.

    A page of each, after those skipped; one more of each says that there are more.
    """
    rows = run(
        f"""
        WITH begun AS (
            SELECT chat_id, sum(talks_started) AS talks FROM person_months GROUP BY chat_id
        ), there AS (
            -- Of how many talks somebody could have been the first: those of their own chats.
            SELECT person_id, sum(talks) AS all_started
            FROM (SELECT DISTINCT person_id, chat_id FROM person_months) JOIN begun USING (chat_id) GROUP BY person_id
        )
        SELECT people.id, people.name, people.is_owner, people.message_count, {_SHARE}, all_started
        FROM people JOIN person_months ON person_months.person_id = people.id
        JOIN there ON there.person_id = people.id
        GROUP BY people.id ORDER BY people.message_count DESC, people.id LIMIT :most OFFSET :skip
        """,
        {"most": PEOPLE_A_PAGE + 1, "skip": skip_people},
    ).fetchall()
    emoji: dict[int, list[str]] = {}
    of_these = ", ".join(str(row["id"]) for row in rows)
    for row in run(
        f"""
        SELECT person_id, emoji, sum(uses) AS n FROM person_emoji WHERE person_id IN ({of_these})
        GROUP BY 1, 2 ORDER BY n DESC
        """
    ):
        emoji.setdefault(row["person_id"], []).append(row["emoji"])
    chats = run(
        "SELECT * FROM chats WHERE message_count > 0 ORDER BY message_count DESC, id LIMIT ? OFFSET ?",
        (CHATS_A_PAGE + 1, skip_chats),
    ).fetchall()
    return [{**one, "emoji": emoji.get(one["id"], [])[:6]} for one in _shares(rows)], [
        {**dict(row), "first": _words(run, row["id"], ""), "last": _words(run, row["id"], "DESC")} for row in chats
    ]


def person(run: Run, number: int) -> Profile | None:
    """One person: numbers, years, chats, emoji, first and last words, the best talks; None when there is nobody."""
    head = run(
        f"""
        SELECT people.id, people.name, people.is_owner, people.message_count, {_SHARE}
        FROM people JOIN person_months ON person_id = people.id WHERE people.id = ? GROUP BY people.id
        """,
        (number,),
    ).fetchone()
    if head is None:
        return None
    chats = run(
        f"""
        SELECT chats.id, chats.name, {_SHARE}, (
            SELECT sum(talks_started) FROM person_months AS everybody WHERE everybody.chat_id = chats.id
        ) AS all_started
        FROM person_months JOIN chats ON chats.id = chat_id WHERE person_id = ? GROUP BY chats.id ORDER BY messages DESC
        """,
        (number,),
    ).fetchall()
    spoken = f"""
        EXISTS (SELECT 1 FROM messages WHERE messages.exchange_id = exchanges.id AND sender_id = ?
            AND {visible.MESSAGE_ITSELF})
    """
    return {
        "head": head,
        "naming": naming_of(run, number, head),
        "chats": _shares(chats),
        "years": _years(run, "person_id", number),
        "emoji": _emoji(run, "person_id", number),
        "first": _words_of(run, number, chats, ""),
        "last": _words_of(run, number, chats, "DESC"),
        "cards": talks.best(run, spoken, number),
    }


def naming_of(run: Run, number: int, head: Row) -> Profile:
    """What is needed to call a person otherwise, or to join it with another one."""
    others = run(
        "SELECT id, name FROM people WHERE id <> ? ORDER BY message_count DESC, name LIMIT ?", (number, _MOST_PEOPLE)
    ).fetchall()
    joined = []
    if has_table(run, "senders_before"):
        joined = run(
            "SELECT name FROM people_before WHERE joined_to = ? AND person_id <> joined_to ORDER BY name", (number,)
        ).fetchall()
    return {
        "kind": "people", "id": number, "name": head["name"], "is_owner": head["is_owner"], "others": others,
        "joined": [row["name"] for row in joined],
    }  # fmt: skip


def _naming_of_chat(run: Run, number: int, head: Row) -> Profile:
    """What is needed to call a chat otherwise, to join it with another one, or to part its exports."""
    others = run("SELECT id, name FROM chats WHERE id <> ? ORDER BY name LIMIT ?", (number, _MOST_PEOPLE)).fetchall()
    sources = run(
        """
        SELECT sources.id, filename, ingested_at, messages_found
        FROM chat_sources CROSS JOIN sources ON sources.id = source_id WHERE chat_id = ? ORDER BY sources.id LIMIT ?
        """,
        (number, _MOST_PEOPLE),
    ).fetchall()
    return {"kind": "chats", "id": number, "name": head["name"], "others": others, "sources": sources}


def chat(run: Run, number: int) -> Profile | None:
    """One chat: its people with their shares, years, emoji, first and last words, the best talks; None if unknown."""
    head = run("SELECT * FROM chats WHERE id = ? AND message_count > 0", (number,)).fetchone()
    if head is None:
        return None
    people = run(
        f"""
        SELECT people.id, people.name, {_SHARE} FROM person_months JOIN people ON people.id = person_id
        WHERE chat_id = ? GROUP BY people.id ORDER BY messages DESC LIMIT {_MOST_OF_A_CHAT}
        """,
        (number,),
    ).fetchall()
    busiest = run(
        "SELECT day, message_count FROM days WHERE chat_id = ? ORDER BY message_count DESC, day LIMIT 1", (number,)
    ).fetchone()
    silence = run(
        """
        SELECT day AS start, until, CAST(julianday(until) - julianday(day) AS INTEGER) - 1 AS days FROM (
            SELECT day, lead(day) OVER (ORDER BY day) AS until FROM days WHERE chat_id = ?
        ) WHERE until IS NOT NULL ORDER BY days DESC, day LIMIT 1
        """,
        (number,),
    ).fetchone()
    return {
        "head": head,
        "naming": _naming_of_chat(run, number, head),
        "people": _shares(people),
        "years": _years(run, "chat_id", number),
        "emoji": _emoji(run, "chat_id", number),
        "busiest": busiest,
        "silence": silence if silence and silence["days"] > 0 else None,
        "first": _words(run, number, ""),
        "last": _words(run, number, "DESC"),
        "cards": talks.best(run, "exchanges.chat_id = ?", number),
    }


def _shares(found: Iterable[Row]) -> list[Profile]:
    """The rows with `percent` of the talks that they start and `minutes` to an answer."""
    rows = [dict(row) for row in found]
    started = sum(row["started"] for row in rows) or 1
    return [
        {
            **row,
            "percent": round(100 * row["started"] / (row.get("all_started") or started)),
            "minutes": round(row["reply_seconds"] / 60 / row["replies"], 1) if row["replies"] else None,
        }
        for row in rows
    ]


def _years(run: Run, column: str, number: int) -> list[tuple[str, int]]:
    counted = {
        row["year"]: row["n"]
        for row in run(
            f"""
            SELECT substr(month, 1, 4) AS year, sum(messages) AS n FROM person_months WHERE {column} = ?
            GROUP BY year ORDER BY year
            """,
            (number,),
        )
    }
    # A year of silence is part of the story.
    return (
        [(str(y), counted.get(str(y), 0)) for y in range(int(min(counted)), int(max(counted)) + 1)] if counted else []
    )


def _emoji(run: Run, column: str, number: int) -> list[Row]:
    return run(
        f"""
        SELECT emoji, sum(uses) AS uses FROM person_emoji WHERE {column} = ?
        GROUP BY emoji ORDER BY uses DESC LIMIT 12
        """,
        (number,),
    ).fetchall()


_SAID = f"""
SELECT messages.text, messages.sent_at, people.name AS sender, messages.exchange_id, messages.id
FROM exchanges CROSS JOIN messages ON messages.exchange_id = exchanges.id
JOIN people ON people.id = messages.sender_id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
WHERE messages.kind = 'text' AND {visible.MESSAGE_ITSELF} AND {visible.MARKED_SEEN}
"""


def _words(run: Run, number: int, way: str) -> Row | None:
    """The first (`way` is "") or last ("DESC") words of a chat that may be read."""
    return run(
        f"""
        {_SAID} AND exchanges.id IN (
            SELECT exchanges.id FROM exchanges LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
            WHERE chat_id = ? AND {visible.MARKED_SEEN} ORDER BY started_at {way} LIMIT 3
        ) ORDER BY messages.sent_at {way}, messages.id {way} LIMIT 1
        """,
        (number,),
    ).fetchone()


def last_words(run: Run, chat: int) -> Row | None:
    """The last words of a chat that may be read, with their sender and talk; None for none."""
    return _words(run, chat, "DESC")


def _words_of(run: Run, number: int, chats: Sequence[Row], way: str) -> Row | None:
    """The first or last words of a person that may be read, in whichever chat."""
    found = []
    if sum(row["messages"] for row in chats) > _MUCH:
        # Who writes much is soon met in what everybody wrote.
        edge = min(row["since"] for row in chats) if not way else max(row["until"] for row in chats)
        side = ">=" if not way else "<"
        return run(
            f"""
            SELECT messages.text, messages.sent_at, people.name AS sender, messages.exchange_id, messages.id
            FROM messages INDEXED BY messages_by_sent_at CROSS JOIN people ON people.id = messages.sender_id
            WHERE messages.sent_at {side} :edge AND messages.sender_id = :person AND messages.kind = 'text'
                AND {visible.MESSAGE_SEEN} ORDER BY messages.sent_at {way}, messages.id {way} LIMIT 1
            """,
            {"person": number, "edge": edge + ("~" if way else "")},
        ).fetchone()
    for row in chats:
        months = run(
            f"""
            SELECT month FROM person_months WHERE chat_id = ? AND person_id = ? AND messages > 0
            ORDER BY month {way} LIMIT {_MONTHS}
            """,
            (row["id"], number),
        ).fetchall()
        for month in months:
            said = run(
                f"""
                {_SAID} AND exchanges.chat_id = :chat AND messages.sender_id = :person
                    AND exchanges.started_at >= date(:month || '-01', '-2 days')
                    AND exchanges.started_at < :month || '~' AND substr(messages.sent_at, 1, 7) = :month
                ORDER BY messages.sent_at {way}, messages.id {way} LIMIT 1
                """,
                {"chat": row["id"], "person": number, "month": month["month"]},
            ).fetchone()
            if said:
                found.append(said)
                break
    found.sort(key=lambda said: (said["sent_at"], said["id"]), reverse=way == "DESC")
    return found[0] if found else None
