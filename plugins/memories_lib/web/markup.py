"""What people wrote, as HTML that is safe to show: links, *bold*, _italic_, ~strike~, `code`, quotes, polls, emoji."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape

from memories_lib.shared import folding
from memories_lib.shared.addresses import TAIL, URL
from memories_lib.shared.polls import words_and_votes

_BLOCK = re.compile(r"```(.+?)```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
#: Marks count only around whole words, as in the app: 2*3*4 stays what it is.
_MARKS = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
)
_KEPT = "\ue000{}\ue001"
_SLOT = re.compile("\ue000(\\d+)\ue001")
_LONG = 1500
_SHOWN = 900
_MOST_BIG = 6
#: So many pieces of code, and links, of one message are shown as such: nobody writes more, and each takes its time.
_MOST_PIECES = 200
_LINE_ENDS = "\n"
_EXPORT_NUMBER = re.compile(r"\A\d{8}-(?=.)")
_MARKS_AROUND = "\u200e\u200f "
_OPTION = re.compile(r"[^\W\d_a-z]{3,14} ?: (?P<text>.+)")


def initials(name: str) -> str:
    """What stands for somebody in a circle: "GJ" for Grandma June, the last two digits of a number, an emoji."""
    parts = [part for part in re.split(r"[\W_]+", name) if part and not part.isdigit()]
    if not parts:
        digits = "".join(sign for sign in name if sign.isdigit())
        return digits[-2:] or next(iter(folding.EMOJI.findall(name)), "?")
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def file_name(name: str | None) -> str:
    """A file as people know it: iPhones put a number of their own before each in an export, ``00000012-Menu.pdf``."""
    return _EXPORT_NUMBER.sub("", name or "")


def words(text: str) -> Markup:
    """`text` as HTML, without a fold."""
    kept = []

    def keep(html: str) -> str:
        kept.append(html)
        return _KEPT.format(len(kept) - 1)

    text = text.replace("\ue000", "").replace("\ue001", "")
    text = _BLOCK.sub(
        lambda m: keep(f"<code class='block'>{escape(m[1].strip(_LINE_ENDS))}</code>"), text, _MOST_PIECES
    )
    text = _CODE.sub(lambda m: keep(f"<code>{escape(m[1])}</code>"), text, _MOST_PIECES)
    text = URL.sub(lambda m: _link(m[0], keep), text, _MOST_PIECES)
    html = str(escape(text))
    for pattern, tag in _MARKS:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    html = "\n".join(_line(line) for line in html.split("\n"))
    return Markup(_SLOT.sub(lambda m: str(kept[int(m[1])]), html))


def _link(url: str, keep: Callable[[str], str]) -> str:
    end, unclosed = len(url), url.count("(") - url.count(")")
    while end and url[end - 1] in TAIL and not (url[end - 1] == ")" and unclosed >= 0):
        end -= 1
        unclosed += url[end] == ")"
    url, tail = url[:end], url[end:]
    shown = re.sub(r"^https?://(?:www\.)?", "", url)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    link = Markup('<a href="{}" target="_blank" rel="noreferrer noopener ugc">{}</a>').format(url, shown)
    return keep(link) + tail


def _line(line: str) -> str:
    if line.startswith("&gt; "):
        return f"<q class='quoted'>{line[5:]}</q>"
    return f"• {line[2:]}" if line.startswith("- ") else line


def link_card(link: Mapping[str, Any]) -> tuple[str, str]:
    """(the site, what the address says of the page) of a row of `links`. Nothing is fetched: nobody is told."""
    try:
        path = urlsplit(link["url"]).path
    except ValueError:
        path = ""
    pieces = [piece for piece in unquote(path).split("/") if piece]
    named = max(pieces, key=lambda piece: len(re.findall(r"[^\W\d_]{2,}", piece)), default="")
    said = re.sub(r"\.\w{2,4}$|[-_+]+", " ", named).strip()
    said = " ".join(word for word in said.split() if not re.fullmatch(r"[0-9a-f]{8,}|\d{5,}", word))
    # A row of letters and digits is a number for machines.
    is_told = any(len(word) > 2 and word.isalpha() for word in said.split()) and not re.search(r"\d[A-Za-z]+\d", said)
    return link["domain"], said[:90] if is_told else ""


def folded(text: str) -> tuple[Markup, Markup | None]:
    """(what is shown at once, the rest or None) of a message."""
    if len(text) <= _LONG:
        return words(text), None
    cut = text.rfind(" ", 0, _SHOWN)
    cut = cut if cut > _SHOWN // 2 else _SHOWN
    return words(text[:cut]), words(text[cut:])


def is_big(text: str) -> bool:
    """Whether a message is nothing but a few emoji."""
    text = text.strip()
    found = folding.EMOJI.findall(text) if text and not text.isascii() and len(text) < 60 else []
    return 0 < len(found) <= _MOST_BIG and not "".join(folding.EMOJI.sub("", text).split())


def poll(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """(question, [(option, votes, percent of the most)]) of a poll."""
    options: list[tuple[str, int]] = []
    questions: list[str] = []
    for line in text.split("\n")[1:]:
        said, votes = words_and_votes(line)
        if option := _OPTION.fullmatch(said):
            options.append((option["text"], votes))
        elif line.strip(_MARKS_AROUND):
            questions.append(line.strip(_MARKS_AROUND))
    question = " ".join(questions)
    most = max([votes for _, votes in options], default=0) or 1
    return question, [(option, votes, round(100 * votes / most)) for option, votes in options]
