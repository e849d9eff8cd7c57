"""What API routes have in common: parameters that are checked, errors and answers as the contract wants them."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.shared import sqlite_errors
from memories_lib.shared.parameters import WrongParameter

WORTH_PACKING = 1024
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}\Z")
#: What a browser may keep, but must ask about each time.
PRIVATE = "private, no-cache"
#: What browsers may keep of an answer. Datasette makes every answer to somebody known "no-store"; the middleware for
#: headers puts this in its place.
KEEP = "x-keep"


D = TypeVar("D")
#: What a route of the API returns: data, or an answer that is ready.
Answer = dict[str, Any] | Response
Handler = Callable[[Request, Datasette], Awaitable[Any]]


class ApiError(Exception):
    """An answer that is not 200. `detail` is a sentence, or the list that says which parameter was wrong."""

    def __init__(self, status: int, detail: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def wrong(where: str, name: str, message: str, kind: str = "value_error") -> ApiError:
    """422 for one parameter, in the form that the earlier backend's clients know."""
    return ApiError(422, [{"loc": [where, name], "msg": message, "type": kind}])


def wrong_parameter(error: WrongParameter) -> ApiError:
    """The same for one that a filter refused."""
    if not error.choices:
        return wrong("query", error.name, "must be a date like 2025-01-31", "value_error.date")
    return wrong("query", error.name, f"must be one of {', '.join(error.choices)}", "value_error.choice")


def route(pattern: str, function: Callable[..., Any]) -> tuple[str, Handler]:
    """A route that answers with and without its trailing slash."""
    return (rf"^{pattern}/?$", answering(function))


def answering(function: Callable[..., Any]) -> Handler:
    """Turns what a route returns (data, or a Response) and raises into answers."""

    # Datasette looks at the names of these two, so they are the same for all.
    async def answer(request: Request, datasette: Datasette) -> Any:
        try:
            found = await function(request, datasette)
        except WrongParameter as error:
            refused = wrong_parameter(error)
            return Response.json({"detail": refused.detail}, status=refused.status)
        except ApiError as error:
            return Response.json({"detail": error.detail}, status=error.status, headers=error.headers)
        except (sqlite3.DatabaseError, UnicodeDecodeError, OSError) as error:
            status, detail = _of_the_disk(error)
            return Response.json({"detail": detail}, status=status)
        return found if isinstance(found, Response) else as_json(request, found)

    return answer


def _of_the_disk(error: Exception) -> tuple[int, str]:
    """(status, sentence) for what is wrong with the disk or a file on it; a mistake of ours goes on as it is."""
    if sqlite_errors.is_full(error) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return 507, "the disk is full; make the volume larger, then do it again. Nothing was changed"
    if isinstance(error, UnicodeDecodeError) or sqlite_errors.is_corrupt(error) or sqlite_errors.is_disk(error):
        return 503, "a file of the archive is damaged; memories doctor says which, and what to do"
    if sqlite_errors.is_locked(error):
        return 503, "somebody is writing to the archive just now; do it again in a moment"
    raise error


def dumped(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


class JsonBody:
    """JSON ready to be sent, as often as asked: its bytes, its tag, and its bytes packed once somebody takes them."""

    def __init__(self, data: Any, text: str | None = None) -> None:
        self.bytes = (dumped(data) if text is None else text).encode()
        self.tag = f'"{hashlib.blake2b(self.bytes, digest_size=9).hexdigest()}"'
        self._packed: bytes | None = None

    @classmethod
    def with_list(cls, data: Mapping[str, Any], name: str, items: Iterable[Mapping[str, Any]]) -> JsonBody:
        """`data` with a long list as its last value, written piece by piece: others are answered in between."""
        pieces = ",".join([dumped(item) for item in items])
        return cls(data, f"{dumped(data)[:-1]}{',' if data else ''}{dumped(name)}:[{pieces}]}}")

    def packed(self) -> bytes:
        """The bytes, gzipped."""
        if self._packed is None:
            self._packed = gzip.compress(self.bytes, 4)
        return self._packed

    def size(self) -> int:
        """How much memory this takes, about."""
        return len(self.bytes) + len(self._packed or b"")


def as_json(request: Request, data: object, status: int = 200) -> Response:
    """`data` (or a `JsonBody`), unless the client has it already; packed, where it takes that and it pays."""
    body = data if isinstance(data, JsonBody) else JsonBody(data)
    headers = {"etag": body.tag, KEEP: PRIVATE, "vary": "accept-encoding, cookie, origin"}
    sent = request.headers
    if body.tag in sent.get("if-none-match", ""):
        return Response("", status=304, headers=headers)
    content = body.bytes
    if len(content) > WORTH_PACKING and "gzip" in sent.get("accept-encoding", ""):
        content = body.packed()
        headers["content-encoding"] = "gzip"
    return Response(content, status=status, headers=headers, content_type="application/json; charset=utf-8")


def only(request: Request, *methods: str) -> None:
    """405 for any other method."""
    if request.method not in methods:
        raise ApiError(405, "Method Not Allowed")


def number(request: Request, name: str, default: D, low: int, high: int | None) -> int | D:
    """A whole number of the query, within its range."""
    given = request.args.get(name)
    if given is None:
        return default
    if not _WHOLE.match(given):
        raise wrong("query", name, "value is not a valid integer", "type_error.integer")
    value = int(given)
    if value < low:
        raise wrong("query", name, f"ensure this value is greater than or equal to {low}", "value_error.number.not_ge")
    if high is not None and value > high:
        raise wrong("query", name, f"ensure this value is less than or equal to {high}", "value_error.number.not_le")
    return value


def choice(request: Request, name: str, options: Sequence[str], default: str) -> str:
    """One of a few words of the query."""
    given = request.args.get(name, default)
    if given not in options:
        raise WrongParameter(name, options)
    return given


async def body_of(
    request: Request, *, most: int = 1 << 20, most_items: int = 100_000, or_else: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The request's JSON object, of at most so many bytes and items; `or_else` when nothing was sent."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise ApiError(413, f"the body may have at most {most} bytes")
    given = bytearray()
    more = True
    while more:
        message = await request.receive()
        given += message.get("body", b"")
        more = message.get("more_body", False)
        if len(given) > most:
            raise ApiError(413, f"the body may have at most {most} bytes")
    if not given and or_else is not None:
        return or_else
    # An empty object is two bytes in a body and a hundred in memory.
    if given.count(b",") + given.count(b"{") + given.count(b"[") > most_items:
        raise ApiError(413, f"the body may hold at most {most_items:,} things")
    try:
        found = json.loads(given or b"null")
    except (ValueError, RecursionError):
        raise wrong("body", "json", "the body is no JSON", "value_error.json") from None
    if not isinstance(found, dict):
        raise wrong("body", "json", "the body must be a JSON object", "type_error.dict")
    if b"\\u" in given and not _is_text(found):
        raise wrong("body", "json", "the body holds half a letter (a lone surrogate)", "value_error.json")
    return found


def _is_text(found: object) -> bool:
    """Whether all texts in data can be written down: JSON may name halves of letters."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def whole(value: object) -> int | None:
    """A whole number of a JSON body, also one written as 3.0; None for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def whole_numbers(body: dict[str, Any], name: str) -> list[int]:
    """A list of whole numbers in the body."""
    given = body.get(name)
    found = [number for n in given if (number := whole(n)) is not None] if isinstance(given, list) else []
    if not isinstance(given, list) or len(found) < len(given):
        raise wrong("body", name, "must be a list of whole numbers", "type_error.list")
    if any(abs(n) >= 1 << 63 for n in found):
        raise wrong("body", name, "a number is too large", "value_error.number")
    return found


def words(body: dict[str, Any], name: str, most: int) -> str:
    """A text in the body."""
    found = body.get(name)
    if not isinstance(found, str):
        raise wrong("body", name, "must be a text", "type_error.str")
    if len(found) > most:
        raise wrong("body", name, f"must have at most {most} characters", "value_error.any_str.max_length")
    return found
