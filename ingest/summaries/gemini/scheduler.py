"""Asking Gemini about many talks: at a pace the key allows, within a budget, nothing paid twice, nothing lost.

Answers are kept as they come (`cache.py`); what was not answered stays with the offline summary, and is named.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ingest.summaries.gemini.answer import Usage
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.client import STOPS, Reply
from ingest.summaries.gemini.parse_answer import ParsedAnswer, read_answer, schema
from ingest.summaries.gemini.plan import Outcome, Plan
from ingest.summaries.gemini.prompt import Pack, pack_of, packs, tokens_in
from ingest.summaries.gemini.redact import StandIns
from ingest.summaries.gemini.transcript import Talk

_MOST_AT_ONCE = 8
_MOST_FAULTS = 6
_MOST_WAITS = 12

#: (talks done, talks in all, USD spent)
Spending = Callable[[int, int, float], None]


class Asks(Protocol):
    """What is asked: `client.Service`."""

    async def ask(self, instruction: str, content: Any, schema: Any, most_output: int) -> Reply: ...


class Run:
    """One run over talks, in one event loop."""

    def __init__(
        self, service: Asks, cache: AnswerCache, plan: Plan, number: int, progress: Spending | None = None
    ) -> None:
        self._service = service
        self._cache = cache
        self._plan = plan
        self._number = number
        self._progress = progress
        self._schema = schema()
        self._instruction = plan.instruction()
        self._fixed = tokens_in(self._instruction)
        self._calibration = cache.calibration()
        self.outcome = Outcome()
        self._queue: deque[Pack] = deque()
        self._later: list[tuple[float, Pack]] = []
        self._running: dict[asyncio.Task[None], float] = {}
        self._at_once = 2.0
        self._pause_until = 0.0
        self._next_at = 0.0
        self._waits = 0
        self._total = 0

    async def ask(self, talks: list[Talk]) -> Outcome:
        """Ask about all of them. Cancelled or stopped, what was answered is kept."""
        self._queue.extend(packs(talks))
        self._total = len(talks)
        try:
            while self._queue or self._later or self._running:
                await self._step()
                if self.outcome.stopped and not self._running:
                    break
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
        waiting = [*self._queue, *(pack for _, pack in self._later)]
        self.outcome.not_asked = sum(len(pack.talks) for pack in waiting)
        return self.outcome

    async def _step(self) -> None:
        """Start what may start now, then wait for something to end or a pause to pass."""
        now = time.monotonic()
        ready = [pack for at, pack in self._later if at <= now]
        self._later = [(at, pack) for at, pack in self._later if at > now]
        self._queue.extendleft(reversed(ready))
        while self._queue and not self.outcome.stopped and len(self._running) < int(self._at_once):
            start = max(self._pause_until, self._next_at)
            if start > now:
                break
            cost = self._cost(self._queue[0])
            if not self._affords(cost):
                if not self._running:
                    self.outcome.stopped = f"the budget of {self._plan.budget:.2f} USD is used up"
                    self.outcome.is_out_of_budget = True
                break
            if self._plan.rpm:
                self._next_at = now + 60 / self._plan.rpm
            task = asyncio.create_task(self._send(self._queue.popleft()))
            self._running[task] = cost
        wait = min([0.5, *(at - now for at, _ in self._later)])
        if self._running:
            done, _ = await asyncio.wait(self._running, timeout=max(0.01, wait), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del self._running[task]
                task.result()
        elif not self.outcome.stopped:
            await asyncio.sleep(max(0.01, min(wait, max(self._pause_until, self._next_at) - now)))

    def _cost(self, pack: Pack) -> float:
        """The most that a request may cost, so that a budget is never overstepped."""
        if self._plan.price is None:
            return 0.0
        tokens = (pack.tokens + self._fixed) * max(1.0, self._calibration[0]) * 1.3
        return self._plan.price.of(int(tokens), pack.most_output(), factor=self._plan.factor)

    def _affords(self, cost: float) -> bool:
        budget = self._plan.budget
        return budget is None or self.outcome.usd + sum(self._running.values()) + cost <= budget

    async def _send(self, pack: Pack) -> None:
        plan = self._plan
        stand_ins: list[StandIns] = []
        shown = pack.talks
        if plan.redactor:
            pairs = [plan.redactor.redact(talk) for talk in pack.talks]
            shown, stand_ins = [talk for talk, _ in pairs], [found for _, found in pairs]
        request = self._cache.note_request(
            self._number,
            plan.purpose,
            pack.tokens + self._fixed,
            [talk.sent() for talk in pack.talks],
            is_redacted=plan.redactor is not None,
        )
        reply = await self._service.ask(
            self._instruction, Pack(shown, pack.tokens).text(), self._schema, pack.most_output()
        )
        usd = (
            plan.price.of(reply.usage.prompt, reply.usage.output, reply.usage.cached, plan.factor) if plan.price else 0
        )
        self._cache.note_answer(request, reply.usage, usd, "answered" if reply.kind == "ok" else reply.kind)
        outcome = self.outcome
        outcome.requests += 1
        outcome.usd += usd
        outcome.usage = Usage(
            outcome.usage.prompt + reply.usage.prompt, outcome.usage.cached + reply.usage.cached,
            outcome.usage.output + reply.usage.output,
        )  # fmt: skip
        self._take(pack, reply, stand_ins)
        if self._progress:
            done = outcome.answered + len(outcome.left)
            self._progress(done, self._total, outcome.usd)

    def _take(self, pack: Pack, reply: Reply, stand_ins: list[StandIns]) -> None:
        """Decide what a reply means for its talks."""
        if reply.kind == "ok":
            self._at_once = min(_MOST_AT_ONCE, self._at_once + 0.5)
            self._waits = 0
            self._keep(pack, reply, stand_ins)
        elif reply.kind in STOPS:
            self.outcome.stopped = self.outcome.stopped or reply.why
            self._queue.appendleft(pack)
        elif reply.kind == "minute":
            self._slow_down(pack, reply)
        elif reply.kind == "again":
            self._try_later(pack, reply)
        elif len(pack.talks) > 1:
            # One of them is the cause: apart, it stops nobody else's.
            self._split(pack, into=1 if reply.kind == "blocked" else -(-len(pack.talks) // 2))
        elif reply.kind == "cut" and not pack.output:
            pack.output = 2 * pack.most_output()
            self._queue.appendleft(pack)
        elif reply.kind == "empty" and pack.tries == 0:
            pack.tries = 1
            self._queue.appendleft(pack)
        else:
            self._leave(pack.talks, reply.why)

    def _keep(self, pack: Pack, reply: Reply, stand_ins: list[StandIns]) -> None:
        outcome, missing = self.outcome, []
        why = "Gemini left it out of its answer"
        try:
            read = read_answer(reply.text, pack.talks, self._schema)
        except ValueError as error:
            read, why = ParsedAnswer(), str(error)
        outcome.dropped_numbers += read.dropped_numbers
        outcome.dropped_talks += read.dropped_talks
        for n, talk in enumerate(pack.talks):
            found = read.summaries.get(n)
            if found is None:
                missing.append(talk)
                continue
            told = stand_ins[n].restore_summary(found) if stand_ins else found
            self._cache.put(talk, self._plan.manner, told)
            outcome.answered += 1
        if missing and pack.tries == 0:
            self._queue.append(pack_of(missing, tries=1))
        elif missing:
            self._leave(missing, why)

    def _slow_down(self, pack: Pack, reply: Reply) -> None:
        self._at_once = max(1.0, self._at_once / 2)
        self._pause_until = max(self._pause_until, time.monotonic() + reply.wait_s + random.random())
        self._waits += 1
        self._queue.appendleft(pack)
        if self._waits > _MOST_WAITS:
            self.outcome.stopped = self.outcome.stopped or f"{reply.why}, again and again; try later, or with --rpm"

    def _try_later(self, pack: Pack, reply: Reply) -> None:
        pack.faults += 1
        if pack.faults > _MOST_FAULTS:
            self._queue.appendleft(pack)
            self.outcome.stopped = self.outcome.stopped or f"{reply.why}, {pack.faults} times; try later"
            return
        self._at_once = max(1.0, self._at_once / 2)
        self._later.append((time.monotonic() + min(30.0, BACKOFF_S * 2**pack.faults) * (0.5 + random.random()), pack))

    def _split(self, pack: Pack, into: int) -> None:
        for at in range(0, len(pack.talks), into):
            self._queue.appendleft(pack_of(pack.talks[at : at + into], pack.tries))

    def _leave(self, talks: list[Talk], why: str) -> None:
        for talk in talks:
            self._cache.put_failure(talk, self._plan.manner, why)
            self.outcome.left.append((talk, why))


#: The first wait after a fault, doubled each time.
BACKOFF_S = 0.5
