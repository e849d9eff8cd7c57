"""Gemini through google-genai: one request, and what can go wrong with it in the terms of this program.

The only file that knows the library. It is loaded when somebody asks for Gemini, and costs 0.4 s and 41 MB then.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from ingest.core.errors import MemoriesError
from ingest.summaries.gemini.answer import Usage

_DEFAULT_HOST = "generativelanguage.googleapis.com"
_TIMEOUT_MS = 120_000
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s\Z")

#: What became of a request. `again`: the same may work later; `minute`: wait, then it does; `day`, `key`, `model`,
#: `money`: nothing will work until somebody does something; `blocked`: this text is not answered; `long`: too much at
#: once; `cut`: the answer was cut off; `empty`: nothing usable came.
Kind = Literal["ok", "again", "minute", "day", "key", "model", "money", "blocked", "long", "cut", "empty"]


class NoGemini(MemoriesError):
    """Gemini cannot be asked: the package, the key or the model is missing."""


#: Kinds of a `Reply` after which there is no use in going on.
STOPS = ("day", "key", "model", "money")


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request came to. `why` is a sentence for the user where it is not "ok"."""

    kind: Kind
    text: str = ""
    why: str = ""
    wait_s: float = 0.0
    usage: Usage = field(default_factory=Usage)


def host() -> str:
    """The host that will be spoken with: Google's, or what `GOOGLE_GEMINI_BASE_URL` says."""
    base = os.environ.get("GOOGLE_GEMINI_BASE_URL", "")
    return (urlsplit(base).netloc or base) if base else _DEFAULT_HOST


class Service:
    """One key, one model."""

    def __init__(self, key: str, model: str) -> None:
        try:
            from google import genai
            from google.genai import errors, types
        except ImportError:
            raise NoGemini("Gemini needs one package more: pip install 'whatsapp-memories[gemini]'") from None
        self._types, self._errors = types, errors
        self.model = model
        base = os.environ.get("GOOGLE_GEMINI_BASE_URL") or None
        # One attempt: which faults are worth another, and when, is decided by who asks.
        options = types.HttpOptions(timeout=_TIMEOUT_MS, base_url=base)
        self._client = genai.Client(api_key=key, vertexai=False, http_options=options)

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aio.aclose()
        self._client.close()

    def _config(self, instruction: str, schema: Any, most_output: int) -> Any:
        types = self._types
        harms = (
            "HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
            "HARM_CATEGORY_DANGEROUS_CONTENT",
        )  # fmt: skip
        # 2.5 models count thinking in tokens, later ones in levels.
        thinking = (
            types.ThinkingConfig(thinking_budget=0)
            if "-2.5-" in self.model
            else types.ThinkingConfig(thinking_level="MINIMAL")
        )
        return types.GenerateContentConfig(
            system_instruction=instruction,
            max_output_tokens=most_output,
            response_mime_type="application/json" if schema is not None else None,
            response_schema=schema,
            thinking_config=thinking,
            # Families talk of illness, war and love; what is shown is their own words.
            safety_settings=[types.SafetySetting(category=harm, threshold="BLOCK_NONE") for harm in harms],
            # A follow-up would be billed beside the budget.
            automatic_continuation=False,
        )

    async def ask(self, instruction: str, content: Any, schema: Any, most_output: int) -> Reply:
        """One request, one answer; never raises for what the service or the line does."""
        try:
            answer = await self._client.aio.models.generate_content(
                model=self.model, contents=content, config=self._config(instruction, schema, most_output)
            )
        except Exception as error:
            return self._fault(error)
        return self._read(answer)

    def _read(self, answer: Any) -> Reply:
        usage = usage_of(answer.usage_metadata)
        if not answer.candidates:
            feedback = answer.prompt_feedback
            reason = _name(feedback.block_reason) if feedback and feedback.block_reason else "no reason given"
            return Reply("blocked" if feedback else "empty", why=f"Gemini refused to read it ({reason})", usage=usage)
        candidate = answer.candidates[0]
        reason = _name(candidate.finish_reason)
        parts = (candidate.content.parts if candidate.content else None) or []
        text = "".join(part.text for part in parts if part.text and not part.thought)
        if reason == "MAX_TOKENS":
            return Reply("cut", text, "the answer was cut off", usage=usage)
        if reason not in ("STOP", ""):
            return Reply("blocked", text, f"Gemini would not answer ({reason})", usage=usage)
        if not text.strip():
            return Reply("empty", why="Gemini answered with nothing", usage=usage)
        return Reply("ok", text, usage=usage)

    def _fault(self, error: Exception) -> Reply:
        if isinstance(error, self._errors.APIError):
            return read_fault(int(error.code or 0), error.details, self.model)
        if isinstance(error, json.JSONDecodeError):
            return Reply("again", why="Gemini's answer was no JSON")
        root = type(error).__module__.partition(".")[0]
        if isinstance(error, OSError | TimeoutError) or root in ("httpx", "httpx2", "httpcore", "httpcore2", "anyio"):
            return Reply("again", why=f"{host()} cannot be reached or did not answer in time")
        if isinstance(error, ValueError | TypeError | KeyError | AttributeError):
            return Reply("again", why="Gemini's answer could not be read")
        raise error

    def file(self, content: bytes, mimetype: str) -> Any:
        """A photo or a voice note as part of a request."""
        return self._types.Part.from_bytes(data=content, mime_type=mimetype)

    async def models(self) -> list[str]:
        """The models that this key can use. Raises `NoGemini`."""
        try:
            pager = await self._client.aio.models.list()
            return sorted([(model.name or "").removeprefix("models/") async for model in pager])
        except Exception as error:
            raise NoGemini(self._fault(error).why) from None

    # The Batch API: half the price, an answer within a day.

    def batch_request(self, instruction: str, content: str, schema: Any, most_output: int, key: str) -> Any:
        """One request of a batch."""
        return self._types.InlinedRequest(
            contents=content, metadata={"key": key}, config=self._config(instruction, schema, most_output)
        )

    async def submit(self, requests: list[Any], name: str) -> str:
        """Hand a batch in; returns the name that it is asked for by. Raises `NoGemini`."""
        try:
            job = await self._client.aio.batches.create(
                model=self.model, src=requests, config=self._types.CreateBatchJobConfig(display_name=name)
            )
        except Exception as error:
            raise NoGemini(self._fault(error).why) from None
        return str(job.name)

    async def collect(self, name: str) -> tuple[str, list[tuple[str, Reply]]]:
        """(its state: PENDING, RUNNING, SUCCEEDED, FAILED …, key and reply of each request). Raises `NoGemini`."""
        try:
            job = await self._client.aio.batches.get(name=name)
        except Exception as error:
            raise NoGemini(self._fault(error).why) from None
        state = _name(job.state).removeprefix("JOB_STATE_")
        found = []
        for answer in (job.dest.inlined_responses if job.dest else None) or []:
            key = str((answer.metadata or {}).get("key", ""))
            if answer.response is not None:
                found.append((key, self._read(answer.response)))
            else:
                why = answer.error.message if answer.error else "no answer"
                found.append((key, Reply("empty", why=f"Gemini did not answer ({why})")))
        return state, found


def usage_of(metadata: Any) -> Usage:
    """Tokens as counted by the service."""
    if metadata is None:
        return Usage()
    output = (metadata.candidates_token_count or 0) + (metadata.thoughts_token_count or 0)
    return Usage(metadata.prompt_token_count or 0, metadata.cached_content_token_count or 0, output)


def _name(value: Any) -> str:
    return str(getattr(value, "value", value) or "")


def read_fault(code: int, details: Any, model: str) -> Reply:
    """What an error answer means, by its code, its status and the details that Google's APIs send (google.rpc)."""
    error = details.get("error", details) if isinstance(details, dict) else {}
    error = error if isinstance(error, dict) else {}
    message = str(error.get("message", ""))
    listed = error.get("details")
    parts = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
    reasons = {str(part.get("reason", "")) for part in parts}
    if code in (401, 403) or "API_KEY_INVALID" in reasons or "API key not valid" in message:
        return Reply("key", why="the key is not good, or may not use Gemini; see aistudio.google.com/apikey")
    if code == 404:
        return Reply("model", why=f"there is no model {model} for this key; memories summarize --models lists them")
    if code == 402 or "billing" in message.lower():
        return Reply("money", why="the project's money or billing has run out; look at it, then go on")
    if code == 429:
        return _quota(parts)
    if code == 400 and "token" in message.lower():
        return Reply("long", why="the request was too long for the model")
    if code == 400:
        return Reply("blocked", why="Gemini did not take the request")
    return Reply("again", why=f"Gemini has trouble of its own ({code or 'no code'})")


def _quota(parts: list[dict[str, Any]]) -> Reply:
    violations = [v for part in parts for v in part.get("violations", ()) if isinstance(v, dict)]
    quotas = " ".join(str(violation.get("quotaId", "")) for violation in violations)
    if "PerDay" in quotas:
        return Reply("day", why="today's quota is used up; it begins anew at midnight in California")
    wait = 0.0
    for part in parts:
        found = _DELAY.match(str(part.get("retryDelay", "")))
        if found:
            wait = float(found[1])
    return Reply("minute", why="too many requests for this key at the moment", wait_s=wait or 20.0)
