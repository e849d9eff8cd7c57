"""Writes exports as phones do, in as many ways as phones have, from one list of messages.

A `Phone` is a form of header (order, separators, clock, brackets, digits, calendar) with the words its
language uses. `write` gives the text and what a reader must find in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

L = "\u200e"
NN = "\u202f"


@dataclass(frozen=True)
class Sent:
    """A message to be written. `sender` None is a notice; `kind` text, media, deleted or edited."""

    at: datetime
    sender: str | None
    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Phone:
    """A form of export."""

    name: str
    head: Callable[[datetime], str]
    is_ios: bool = False
    newline: str = "\n"
    has_seconds: bool = False
    media: str = "<Media omitted>"
    deleted: str = "This message was deleted"
    edited: str = f" {L}<This message was edited>"
    encryption: str = "Messages and calls are end-to-end encrypted. Tap to learn more."


def _12(hour: int) -> int:
    return hour % 12 or 12


def _am(t: datetime, am: str = "AM", pm: str = "PM") -> str:
    return am if t.hour < 12 else pm


def _arabic(text: str) -> str:
    return text.translate({48 + n: 0x660 + n for n in range(10)})


DE = {
    "media": "<Medien ausgeschlossen>",
    "deleted": "Diese Nachricht wurde gelöscht",
    "edited": f" {L}<Diese Nachricht wurde bearbeitet>",
    "encryption": "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Tippe, um mehr zu erfahren.",
}
IOS = {"is_ios": True, "newline": "\r\n", "has_seconds": True, "media": f"{L}image omitted"}

PHONES: list[Phone] = [
    Phone("us", lambda t: f"{t.month}/{t.day}/{t.year % 100}, {_12(t.hour)}:{t.minute:02}{NN}{_am(t)} - "),
    Phone("us_old", lambda t: f"{t.month}/{t.day}/{t.year % 100}, {_12(t.hour)}:{t.minute:02} {_am(t)} - "),
    Phone("gb", lambda t: f"{t:%d/%m/%Y, %H:%M} - "),
    Phone("de", lambda t: f"{t:%d.%m.%y, %H:%M} - ", **DE),
    Phone("in", lambda t: f"{t:%d/%m/%y}, {_12(t.hour)}:{t.minute:02} {_am(t, 'am', 'pm')} - "),
    Phone(
        "es",
        lambda t: f"{t.day}/{t.month}/{t.year % 100}, {_12(t.hour)}:{t.minute:02} {_am(t, 'a. m.', 'p. m.')} - ",
        media="<Multimedia omitido>", deleted="Se eliminó este mensaje",
        encryption="Los mensajes y las llamadas están cifrados de extremo a extremo.",
    ),
    Phone("fr", lambda t: f"{t:%d/%m/%Y} à {t:%H:%M} - ", media="<Médias omis>", deleted="Ce message a été supprimé"),
    Phone("se", lambda t: f"{t:%Y-%m-%d %H:%M} - ", media="<Media utelämnat>"),
    Phone("ja", lambda t: f"{t:%Y/%m/%d, %H:%M} - ", media="<メディアなし>"),
    Phone("ko", lambda t: f"{t.year}. {t.month}. {t.day}. {_am(t, '오전', '오후')} {_12(t.hour)}:{t.minute:02} - "),
    Phone("zh", lambda t: f"{t.year}/{t.month}/{t.day} {_am(t, '上午', '下午')}{_12(t.hour)}:{t.minute:02} - "),
    Phone("hu", lambda t: f"{t:%Y. %m. %d. %H:%M} - ", media="<Média elhagyva>"),
    Phone("fi", lambda t: f"{t.day}.{t.month}.{t.year} klo {t:%H.%M} - "),
    Phone("th", lambda t: f"{t.day}/{t.month}/{t.year + 543} {t:%H:%M} - "),
    Phone("ar", lambda t: "\u200f" + _arabic(f"{t.day}/{t.month}/{t.year}") + "، " + _arabic(f"{t:%H:%M}") + " - "),
    Phone("vi", lambda t: f"{t:%H:%M, %d/%m/%Y} - "),
    Phone("nl", lambda t: f"{t:%d-%m-%Y %H:%M} - ", media="<Media weggelaten>"),
    Phone("ios_gb", lambda t: f"[{t:%d/%m/%Y, %H:%M:%S}] ", **IOS),
    Phone("ios_us", lambda t: f"[{t.month}/{t.day}/{t.year % 100}, {_12(t.hour)}:{t:%M:%S}{NN}{_am(t)}] ", **IOS),
    Phone("ios_de", lambda t: f"[{t:%d.%m.%y, %H:%M:%S}] ", **(IOS | DE | {"media": f"{L}Bild weggelassen"})),
    Phone("ios_ja", lambda t: f"[{t:%Y/%m/%d %H:%M:%S}] ", **IOS),
    Phone("ios_nl", lambda t: f"[{t:%d-%m-%Y %H:%M:%S}] ", **IOS),
    Phone("ios_fi", lambda t: f"[{t.day}.{t.month}.{t.year} klo {t:%H.%M.%S}] ", **IOS),
    Phone("ios_hu", lambda t: f"[{t:%Y. %m. %d. %H:%M:%S}] ", **IOS),
    Phone("ios_plain", lambda t: f"[{t:%d/%m/%Y, %H:%M:%S}] ", **(IOS | {"newline": "\n"})),
    Phone("ios_2014", lambda t: f"{t:%d/%m/%Y %H:%M:%S}: ", has_seconds=True),
    Phone("bare", lambda t: f"{t.day}. {t.month}. {t.year}. {t:%H:%M:%S} ", has_seconds=True),
    Phone("mr", lambda t: f"{t:%d/%m/%y}, {_12(t.hour)}:{t.minute:02} {_am(t, 'म.पू.', 'म.उ.')} - "),
    Phone("ta", lambda t: f"{t.day}/{t.month}/{t.year % 100}, {_am(t, 'முற்பகல்', 'பிற்பகல்')} {_12(t.hour)}:{t:%M} - "),
    Phone("bg", lambda t: f"{t:%d.%m.%y} г., {t:%H:%M} ч. - "),
    Phone("dash", lambda t: f"{t:%m/%d/%y}, {_12(t.hour)}:{t:%M:%S} {_am(t)} – ", has_seconds=True),
]  # fmt: skip


def stamp(phone: Phone, at: datetime) -> str:
    """The time that can be read back from `phone`'s header."""
    return at.isoformat(timespec="seconds") if phone.has_seconds else at.strftime("%Y-%m-%dT%H:%M:00")


def write(phone: Phone, messages: Sequence[Sent]) -> str:
    """The export's text."""
    parts: list[str] = []
    for m in messages:
        body = {"media": phone.media, "deleted": phone.deleted, "edited": m.text + phone.edited}.get(m.kind, m.text)
        body = body.replace("\n", phone.newline)
        mark = L if phone.is_ios and m.kind in ("media", "deleted") else ""
        if m.sender is None:
            parts.append(f"{phone.head(m.at)}{m.text}{phone.newline}")
        else:
            if phone.is_ios and m.kind == "deleted":
                body = L + body
            parts.append(f"{mark}{phone.head(m.at)}{m.sender}: {body}{phone.newline}")
    return "".join(parts)


#: The kind a reader must give.
KINDS = {"media": "image", "deleted": "deleted", "edited": "text", "text": "text"}
