"""What letting Gemini read costs, from real requests to a stand-in, beside the earlier version's way at equal prices.

The earlier version sent one request for each calendar day with 2,000 tokens of prompt, and had the quotes re-typed in
the answer. Both are counted with the same tokens: four Latin letters each.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

from ingest.archive.database import connect
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.pricing import default_model, price_of
from ingest.summaries.gemini.prompt import tokens_in
from ingest.summaries.gemini.workflow import Wanted, ask, prepare
from tests.gemini import StandIn, reply, summaries
from tests.helpers import put

_PROMPT = 2_000


def cost(folder: Path, export: Path) -> None:
    """Tell a chat both ways and print what each costs."""
    database = folder / f"{export.stem}.gemini.db"
    for ending in ("", "-wal", "-shm"):
        Path(f"{database}{ending}").unlink(missing_ok=True)
    put(database, export)
    stand_in = StandIn()
    os.environ["GOOGLE_GEMINI_BASE_URL"] = stand_in.url
    counted = {"in": 0, "out": 0}

    def brain(body: dict) -> tuple[int, dict]:
        text = body["contents"][0]["parts"][0]["text"]
        answer = summaries(body)
        inward = tokens_in(text) + tokens_in(body["systemInstruction"]["parts"][0]["text"])
        # A good answer's length, not that of the stand-in's few words.
        for talk in answer["talks"]:
            talk["title"], talk["summary"] = "x" * 48, "x" * 200
            talk["topics"] = ["xxxxxxx"] * 3
        outward = tokens_in(json.dumps(answer))
        counted["in"] += inward
        counted["out"] += outward
        return 200, reply(answer, prompt=inward, output=outward)

    stand_in.brain = brain
    kept_at = folder / f"{export.stem}.gemini-kept.db"
    kept_at.unlink(missing_ok=True)
    price = price_of(default_model())
    assert price
    with closing(connect(database)) as connection, closing(AnswerCache(kept_at)) as kept:
        prepared = prepare(connection, database, kept, Wanted())
        guess = prepared.estimate
        outcome = ask(prepared, kept, "key")
        days = connection.execute(
            """
            SELECT substr(sent_at, 1, 10), sum(length(text) + 20), sum(length(text) + 30) FROM messages
            WHERE sender_id IS NOT NULL GROUP BY 1
            """
        ).fetchall()
        messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    stand_in.close()
    old_in = sum(_PROMPT + letters // 4 for _, letters, _ in days)
    old_out = sum(letters // 4 for _, _, letters in days)
    old, new = price.of(old_in, old_out), outcome.usd
    print(f"gemini, {messages:,} messages, {default_model()} at {price.input} and {price.output} USD a million")
    print(f"  earlier  {len(days):6,} requests {old_in:10,} tokens in {old_out:10,} out  {old:7.4f} USD")
    used = outcome.usage
    print(
        f"  ours     {outcome.requests:6,} requests {used.prompt:10,} tokens in {used.output:10,} out "
        f" {new:7.4f} USD, {new / old:.3f} of it, {outcome.answered:,} talks told"
    )
    print(
        f"  estimate {guess.requests:6,} requests {guess.input_tokens:10,} tokens in {guess.output_tokens:10,} out  "
        f"{guess.usd or 0:7.4f} USD"
    )
