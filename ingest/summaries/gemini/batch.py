"""The Batch API: half the price, an answer within a day. Handed in, left, collected; a restart forgets nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingest.summaries.gemini import aio
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.client import Service
from ingest.summaries.gemini.parse_answer import read_answer, schema
from ingest.summaries.gemini.prompt import Pack, packs, tokens_in
from ingest.summaries.gemini.transcript import Talk

if TYPE_CHECKING:
    from ingest.summaries.gemini.workflow import Prepared

#: A batch is handed in inline, and may have 20 MB.
_MOST_REQUESTS = 400
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")


def hand_in(prepared: Prepared, cache: AnswerCache, key: str) -> list[tuple[str, int]]:
    """Hand all talks in; returns (name of the batch, talks in it). Raises `NoGemini`."""
    plan = prepared.plan
    listed = _within(prepared)
    cache.put_cuts(prepared.cuts)
    instruction, answer = plan.instruction(), schema()

    async def run() -> list[tuple[str, int]]:
        service = Service(key, plan.manner.model)
        handed = []
        try:
            for at in range(0, len(listed), _MOST_REQUESTS):
                some = listed[at : at + _MOST_REQUESTS]
                requests, noted = [], {}
                number = cache.begin(plan.manner.model, prepared.host, plan.budget)
                for n, pack in enumerate(some):
                    shown = [plan.redactor.redact(talk)[0] for talk in pack.talks] if plan.redactor else pack.talks
                    content = Pack(shown, pack.tokens).text()
                    requests.append(service.batch_request(instruction, content, answer, pack.most_output(), str(n)))
                    request = cache.note_request(
                        number, "summaries", pack.tokens + tokens_in(instruction), [talk.sent() for talk in pack.talks],
                        is_redacted=plan.redactor is not None,
                    )  # fmt: skip
                    noted[str(n)] = {"request": request, "talks": [[t.key, t.digest] for t in pack.talks]}
                name = await service.submit(requests, "memories")
                cache.put_batch(name, number, plan.manner.model, json.dumps(noted))
                handed.append((name, sum(len(pack.talks) for pack in some)))
        finally:
            await service.close()
        return handed

    return aio.run(run)


def _within(prepared: Prepared) -> list[Pack]:
    """The requests, as many as the budget allows."""
    plan = prepared.plan
    listed = list(packs(prepared.talks))
    if plan.budget is None or plan.price is None:
        return listed
    fixed = tokens_in(plan.instruction())
    left, found = plan.budget, []
    for pack in listed:
        left -= plan.price.of(int((pack.tokens + fixed) * 1.3), pack.most_output(), factor=plan.factor)
        if left < 0:
            break
        found.append(pack)
    return found


def collect(prepared: Prepared, cache: AnswerCache, key: str) -> list[tuple[str, str, int]]:
    """Ask after each batch; returns (name, state, talks answered). Raises `NoGemini`."""
    waiting = {(talk.key, talk.digest): talk for talk in prepared.talks}
    answer = schema()

    async def run() -> list[tuple[str, str, int]]:
        found = []
        for name, number, model, _, plan in cache.batches():
            service = Service(key, model)
            try:
                state, replies = await service.collect(name)
            finally:
                await service.close()
            count = _take(prepared, cache, json.loads(plan), replies, waiting, answer)
            if state in _ENDED:
                cache.end_batch(name)
                cache.end(number, state.lower())
            found.append((name, state.lower().replace("_", " "), count))
        return found

    return aio.run(run)


def _take(
    prepared: Prepared, cache: AnswerCache, noted: dict[str, Any], replies: list[tuple[str, Any]],
    waiting: dict[tuple[int, str], Talk], answer: type[Any],
) -> int:  # fmt: skip
    plan, count = prepared.plan, 0
    for key, reply in replies:
        about = noted.get(key)
        if about is None:
            continue
        used = reply.usage
        usd = plan.price.of(used.prompt, used.output, used.cached, plan.factor) if plan.price else 0.0
        cache.note_answer(about["request"], used, usd, "answered" if reply.kind == "ok" else reply.kind)
        asked = [waiting.get((k, digest)) for k, digest in about["talks"]]
        if reply.kind != "ok":
            continue
        # A talk that changed meanwhile keeps its place in the answer, and is asked about again.
        places = [talk if talk is not None else _GONE for talk in asked]
        try:
            read = read_answer(reply.text, places, answer)
        except ValueError:
            continue
        for n, summary in read.summaries.items():
            talk = asked[n]
            if talk is not None:
                told = plan.redactor.redact(talk)[1].restore_summary(summary) if plan.redactor else summary
                cache.put(talk, plan.manner, told)
                count += 1
    return count


_GONE = Talk(0, 0, "", False, "", 0.0, "", {}, ())
