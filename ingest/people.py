"""Who is who: names as address books write them, phone numbers as the world does."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

_PHONE = re.compile(r"\+?[\d\s().\-/‑]{7,24}\Z")


def phone_of(name: str) -> str | None:
    """The number in E.164 form when a sender is shown by number (``+49 170 1234567``), else None."""
    cleaned = name.replace("\u00a0", " ").replace("‑", "-").lstrip("~ ").strip()
    if not _PHONE.match(cleaned) or not cleaned.startswith("+"):
        return None
    try:
        number = phonenumbers.parse(cleaned, None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def display_name(name: str) -> str:
    """A sender's name for showing: numbers in international form, ``~ Name`` (no contact) with one plain space."""
    if name.startswith("~"):
        return "~ " + name[1:].strip()
    phone = phone_of(name)
    if phone:
        parsed = phonenumbers.parse(phone, None)
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return " ".join(name.split()) or name


def name_key(name: str) -> str:
    """The form in which names are compared: a number by its digits, letters without case and Unicode form."""
    return phone_of(name) or " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def guess_owner(chat_name: str | None, senders: list[str], own: dict[str, int]) -> str | None:
    """Whose phone wrote the export: who deleted as "you", else the other one of two."""
    if own:
        return max(own, key=lambda name: own[name])
    if chat_name and len(senders) == 2:
        keys = [name_key(s) for s in senders]
        if name_key(chat_name) in keys:
            return senders[1 - keys.index(name_key(chat_name))]
    return None
