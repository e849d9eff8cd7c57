"""Names from an address book (``.vcf``): who is behind a phone number. See RFC 2426 and RFC 6350.

Only names and numbers are read, by hand: version 2.1, which phones still write, has line breaks of its own kind in
``QUOTED-PRINTABLE`` names, which libraries cut off, and they log the lines that they cannot read.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.core.errors import MemoriesError
from ingest.core.names import is_country, phone_of
from ingest.exports.encodings import encoding_by_start

_FOLDED = re.compile(r"\r?\n[ \t]")
_SOFT = re.compile(r"=\r?\n")
_ESCAPED = re.compile(r"\\(.)")
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact; `phones` in E.164 form."""

    name: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddressBook:
    """What a ``.vcf`` file holds. `without_country`: contacts all of whose numbers have no country code."""

    contacts: list[Contact]
    without_country: int = 0


def read_contacts(path: Path, country: str | None = None) -> AddressBook:
    """The contacts of a ``.vcf`` file that have a name and a number.

    `country` (``DE``) is where numbers without a country code are; without it they are left out. Raises
    `MemoriesError` for a file that is none, and for a country that there is not.
    """
    if country is not None and not is_country(country):
        raise MemoriesError(f"--country '{country}': no such country; two letters, as in DE or US")
    if path.stat().st_size > _MOST_BYTES:
        raise MemoriesError(f"{path}: too large for an address book")
    content = path.read_bytes()
    text = content.decode(encoding_by_start(content), "replace").lstrip("\ufeff")
    if "BEGIN:VCARD" not in text.upper():
        raise MemoriesError(f"{path}: is no address book; export your contacts as a .vcf file (vCard)")
    found = [contact for card in _cards(text) if (contact := _contact(card, country))]
    contacts = [contact for contact in found if contact.phones]
    return AddressBook(contacts, len(found) - len(contacts))


def _cards(text: str) -> Iterator[list[str]]:
    card: list[str] = []
    for line in _FOLDED.sub("", _SOFT.sub("", text)).splitlines():
        if line.strip().upper() == "BEGIN:VCARD":
            card = []
        elif line.strip().upper() == "END:VCARD":
            yield card
        else:
            card.append(line)


def _contact(card: list[str], country: str | None) -> Contact | None:
    """A card's name and the numbers that can be used, () where it has others alone; None without a name or a number."""
    name, whole, phones, has_number = "", "", [], False
    for line in card:
        head, colon, value = line.partition(":")
        if not colon:
            continue
        field, *parameters = head.upper().split(";")
        field = field.rpartition(".")[2]  # "item1.TEL"
        if any(p in ("ENCODING=QUOTED-PRINTABLE", "QUOTED-PRINTABLE") for p in parameters):
            value = quopri.decodestring(value.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
        if field == "FN":
            name = _plain(value)
        elif field == "N" and not whole:
            family, given, *_ = [*(_plain(part) for part in re.split(r"(?<!\\);", value)), "", ""]
            whole = " ".join(filter(None, (given, family)))
        elif field == "TEL":
            number = value.removeprefix("tel:").partition(";")[0].strip()
            # WhatsApp's own contact cards say by what number it knows somebody: ``TEL;waid=14155550134:…``.
            known_by = next((p.removeprefix("WAID=") for p in parameters if p.startswith("WAID=")), "")
            has_number = has_number or bool(number or known_by)
            full = f"+{known_by}" if known_by.isdigit() else f"+{number[2:]}" if number.startswith("00") else number
            if phone := phone_of(full, country):
                phones.append(phone)
    found = name or whole
    return Contact(found, tuple(dict.fromkeys(phones))) if found and has_number else None


def _plain(value: str) -> str:
    return " ".join(_ESCAPED.sub(lambda m: " " if m[1] in "nN" else m[1], value).split())
