"""A stand-in for Gemini: a server on this machine that speaks the service's REST form to the real google-genai.

It answers as a model would that reads numbered talks, unless told to fail in one of the service's ways. It keeps every
request, so that a test can look at what was sent.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ingest.cli import main
from tests.helpers import one

Answer = tuple[int, dict[str, Any] | bytes]
_TALK = re.compile(r"^=== talk (\d+) ===$", re.MULTILINE)


def talks_in(content: str) -> dict[int, list[tuple[int, str]]]:
    """talk -> (number, rest of the line) of its messages, as the model would read them."""
    pieces = _TALK.split(content)
    found = {}
    for number, body in zip(pieces[1::2], pieces[2::2], strict=True):
        lines = [line for line in body.strip().split("\n")[1:] if line]
        found[int(number)] = [(int(line.split(" ", 1)[0]), line) for line in lines]
    return found


def content_of(body: dict[str, Any]) -> str:
    """The text of a request."""
    return "".join(part.get("text", "") for content in body["contents"] for part in content["parts"])


def summaries(body: dict[str, Any]) -> dict[str, Any]:
    """What a good model says: a title of the longest line, the first two lines as heart."""
    told = []
    for number, lines in talks_in(content_of(body)).items():
        longest = max((line for _, line in lines), key=len).split(" ", 3)[-1]
        told.append(
            {
                "talk": number, "title": f"About: {longest[:40]}", "summary": f"They talk, and say {longest[:60]}.",
                "topics": ["topic", "gemini"], "mood": "joyful", "memorable": min(100, 20 + len(lines) * 5),
                "heart": [n for n, _ in lines[:2]],
            }
        )  # fmt: skip
    return {"talks": told}


def reply(answer: Any, finish: str = "STOP", prompt: int = 0, output: int = 0, cached: int = 0) -> dict[str, Any]:
    """A 200 with one candidate. `answer` is data, a text, or None for no content."""
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    content = {"role": "model", "parts": [{"text": text}]} if answer is not None else {"role": "model"}
    usage = {
        "promptTokenCount": prompt, "candidatesTokenCount": output or len(text) // 4,
        "totalTokenCount": prompt + len(text) // 4, "cachedContentTokenCount": cached,
    }  # fmt: skip
    return {"candidates": [{"content": content, "finishReason": finish, "index": 0}], "usageMetadata": usage}


def blocked(reason: str = "PROHIBITED_CONTENT") -> dict[str, Any]:
    """A 200 whose prompt was refused."""
    return {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 5}}


def fault(code: int, status: str, message: str = "no", details: list[dict[str, Any]] | None = None) -> Answer:
    """An error as Google's APIs send it."""
    return code, {"error": {"code": code, "message": message, "status": status, "details": details or []}}


def quota(per: str, delay: str | None = None) -> Answer:
    """429, by minute or by day."""
    name = f"GenerateRequestsPer{per}PerProjectPerModel-FreeTier"
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name, "quotaValue": "10"}]}
    ]
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return fault(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", details)


class StandIn:
    """The server. `faults` are answered first, one a request; then `brain` (or `summaries`) answers."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.faults: list[Answer | str] = []
        self.brain: Callable[[dict[str, Any]], Answer] = self.good
        self.models = ["gemini-3.5-flash-lite", "gemini-3.5-flash"]
        self.batches: dict[str, dict[str, Any]] = {}
        self.batch_state = "BATCH_STATE_SUCCEEDED"
        self.delay_s = 0.0
        self.most_at_once = self.at_once = 0
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stand_in._get(self)

            def do_POST(self) -> None:
                stand_in._post(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def good(self, body: dict[str, Any]) -> Answer:
        """What it says when nothing is wrong: tokens counted as one for four characters."""
        fixed = len(body["systemInstruction"]["parts"][0]["text"]) // 4
        size = len(content_of(body)) // 4
        return 200, reply(summaries(body), prompt=fixed + size)

    def sent(self) -> str:
        """All that was ever sent, as one text."""
        return "\n".join(json.dumps(body, ensure_ascii=False) for body in self.requests)

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        if path.endswith("/models"):
            models = [{"name": f"models/{name}"} for name in self.models]
            self._send(request, 200, {"models": models})
        elif "/batches/" in path:
            name = path[path.index("batches/") :]
            self._send(request, *((200, self._batch(name)) if name in self.batches else fault(404, "NOT_FOUND")))
        else:
            self._send(request, *fault(404, "NOT_FOUND"))

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        with self._lock:
            self.keys.add(request.headers.get("x-goog-api-key", ""))
            self.requests.append(body)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            answer = self.faults.pop(0) if self.faults else None
        time.sleep(self.delay_s)
        try:
            if answer == "drop":
                request.connection.close()
                request.close_connection = True
            elif answer == "hang":
                time.sleep(3)
                request.close_connection = True
            elif isinstance(answer, tuple):
                self._send(request, *answer)
            elif ":batchGenerateContent" in request.path:
                name = f"batches/b{len(self.batches) + 1}"
                self.batches[name] = body
                self._send(request, 200, {"name": name, "metadata": {"state": "BATCH_STATE_PENDING"}})
            else:
                self._send(request, *self.brain(body))
        finally:
            with self._lock:
                self.at_once -= 1

    def _batch(self, name: str) -> dict[str, Any]:
        metadata: dict[str, Any] = {"state": self.batch_state}
        if self.batch_state == "BATCH_STATE_SUCCEEDED":
            asked = self.batches[name]["batch"]["inputConfig"]["requests"]["requests"]
            answers = [{"response": self.brain(one["request"])[1], "metadata": one["metadata"]} for one in asked]
            metadata["output"] = {"inlinedResponses": {"inlinedResponses": answers}}
        return {"name": name, "metadata": metadata, "done": self.batch_state == "BATCH_STATE_SUCCEEDED"}

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: dict[str, Any] | bytes) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            request.send_response(status)
            request.send_header("content-type", "text/html" if isinstance(body, bytes) else "application/json")
            request.send_header("content-length", str(len(content)))
            request.end_headers()
            request.wfile.write(content)
        except OSError:
            pass  # the client has gone


def summarize(db: Path, *arguments: str, code: int = 0) -> str:
    done: Result = CliRunner().invoke(main, ["summarize", "--db", str(db), *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    assert "a-key-of-ours" not in done.output
    return done.output


def told(db: Path) -> int:
    return int(str(one(db, "SELECT count(*) FROM exchanges WHERE summarised_by LIKE 'gemini%'")))


def ask(db: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["ask", "--db", str(db), *arguments])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def looking(body: dict[str, Any]) -> Answer:
    """A model that sees and hears: it answers each file that has something in it."""
    parts = (
        body["contents"][0]["parts"]
        if len(body["contents"]) == 1
        else [p for c in body["contents"] for p in c["parts"]]
    )
    kind = next(p["text"].split()[0] for p in parts if "text" in p)
    count = sum("inlineData" in p for p in parts)
    words = "a lighthouse above the water" if kind == "photo" else "we will meet at the harbour"
    return 200, reply({"items": [{"number": n, "text": f"{words} {n}"} for n in range(1, count + 1)]}, prompt=300)
