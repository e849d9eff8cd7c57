"""An answer that is given before anything is asked of what lies behind."""

import json


async def refuse(send, status, sentence, headers=()):
    """Answer with a status and a sentence, as the API does, and end the connection."""
    body = json.dumps({"detail": sentence}).encode()
    headers = [
        *headers,
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
