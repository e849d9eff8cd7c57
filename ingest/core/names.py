"""Who is who: names as address books write them, phone numbers as the world does."""

from __future__ import annotations

import re
import unicodedata

_PHONE = re.compile(r"\+?[\d\s().\-/\u2010\u2011]{7,24}\Z")


def phone_of(name: str, country: str | None = None) -> str | None:
    """The number in E.164 form when a sender is shown by number (``+49 170 1234567``), else None.

    `country` (``DE``) is where numbers without a country code are; without it they are none.
    """
    cleaned = name.replace("\u00a0", " ").replace("\u2011", "-").replace("\u2010", "-").lstrip("~ ").strip()
    if not _PHONE.match(cleaned) or not (cleaned.startswith("+") or country):
        return None
    import phonenumbers  # takes as long to load as everything else here together, and most chats have only names

    try:
        number = phonenumbers.parse(cleaned, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether there are phone numbers in a country (``DE``)."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def display_name(name: str) -> str:
    """A sender's name for showing: numbers in international form, ``~ Name`` (no contact) with one plain space."""
    if name.startswith("~"):
        return "~ " + name[1:].strip()
    phone = phone_of(name)
    if phone:
        import phonenumbers

        parsed = phonenumbers.parse(phone, None)
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return " ".join(name.split()) or name


def name_key(name: str) -> str:
    """The form in which names are compared: a number by its digits, letters without case and Unicode form."""
    if name.startswith("~"):
        name = "~ " + name[1:]  # as it is shown: phones write it with a blank, with another one, or without
    return phone_of(name) or " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def bare_name_key(name: str) -> str:
    """The same without emoji and other signs; "" for a name that is nothing else."""
    letters = "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in name)
    return name_key(letters.strip())


def number_key(name: str, *, is_first: bool) -> str:
    """By what it is kept which number a person got; of several that are compared alike the first has the plain name."""
    return name_key(name) if is_first else f"{name_key(name)}\x1f{name}"


def guess_owner(chat_name: str | None, senders: list[str], own: dict[str, int]) -> str | None:
    """Whose phone wrote the export: who deleted as "you", else the other one of two."""
    if own:
        return max(own, key=lambda name: own[name])
    you = next((sender for sender in senders if name_key(sender) == "you"), None)  # as exports of the web page say
    if you:
        return you
    if chat_name and len(senders) == 2:
        keys = [name_key(s) for s in senders]
        if name_key(chat_name) in keys:
            return senders[1 - keys.index(name_key(chat_name))]
    return None


def is_contact(name: str) -> bool:
    """Whether `name` comes from an address book: no number, and not ``~ Name``."""
    return not name.startswith("~") and phone_of(name) is None
