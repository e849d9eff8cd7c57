"""The addresses people sent, and whose they are."""

from __future__ import annotations

from urllib.parse import urlsplit

from memories_lib.shared.addresses import TAIL, URL

_PAIRS = {")": "(", "]": "[", "}": "{"}


def find_links(text: str) -> list[tuple[str, str]]:
    """(url, domain) of each address in `text`, without the punctuation of the sentence around it."""
    found = []
    for url in URL.findall(text):
        while url and url[-1] in TAIL:
            opening = _PAIRS.get(url[-1])
            if opening and url.count(opening) >= url.count(url[-1]):
                break
            url = url[:-1]
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            continue
        if "." in host or host == "localhost":
            found.append((url, host.removeprefix("www.")))
    return found
