"""Headers that Datasette would fail on are left out: what is no text, and Basic authorization, which nothing asks for.

What reads cookies or Basic authorization fails on odd ones, and the answer would be an error, with no header of ours.
"""


def _is_plain(name, value):
    if name == b"authorization" and value[:5].lower() == b"basic":
        return False
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def wrap(app, _datasette):
    async def plain(scope, receive, send):
        if scope["type"] == "http" and not all(_is_plain(*header) for header in scope["headers"]):
            scope = {**scope, "headers": [header for header in scope["headers"] if _is_plain(*header)]}
        await app(scope, receive, send)

    return plain
