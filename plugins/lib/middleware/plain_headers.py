"""Headers that are no text are left out: what reads cookies fails on them, and the answer would be an error."""


def _is_text(value):
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def wrap(app, _datasette):
    async def plain(scope, receive, send):
        if scope["type"] == "http" and not all(_is_text(value) for _, value in scope["headers"]):
            scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if _is_text(value)]}
        await app(scope, receive, send)

    return plain
