"""Links, places, people and keys: the small things that messages carry."""

from __future__ import annotations

import pytest

from ingest.core.keys import Keys, message_key, token
from ingest.core.names import display_name, guess_owner, is_contact, name_key, phone_of
from ingest.exports.links import find_links
from ingest.exports.places import find_place


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://www.example.org/a?b=1.", [("https://www.example.org/a?b=1", "example.org")]),
        ("(http://x.example/a_(b))", [("http://x.example/a_(b)", "x.example")]),
        ("“https://é.example/ü”", [("https://é.example/ü", "é.example")]),
        ("https://a.example, https://b.example!", [(f"https://{x}.example", f"{x}.example") for x in "ab"]),
        ("HTTPS://Shout.Example/X", [("HTTPS://Shout.Example/X", "shout.example")]),
        ("https://", []),
        ("http://nodots", []),
        ("http://[broken", []),
        ("no link at all", []),
    ],
)  # fmt: skip
def test_links(text: str, found: list[tuple[str, str]]) -> None:
    assert find_links(text) == found


@pytest.mark.parametrize(
    ("text", "name", "at"),
    [
        ("https://maps.google.com/?q=47.523,-9.75", None, (47.523, -9.75)),
        ("location: https://maps.google.com/?q=47.5,9.7", None, (47.5, 9.7)),
        ("Standort: https://maps.google.com/?q=47.5,9.7", None, (47.5, 9.7)),
        ("Blue Pier\nLake Road 1\nhttps://maps.google.com/?q=47.5,9.7", "Blue Pier, Lake Road 1", (47.5, 9.7)),
        ("The Old Boat: https://foursquare.com/v/4b0588f1f964a5204ab722e3", "The Old Boat", (None, None)),
        ("https://maps.google.com/?q=147.5,9.7", None, (None, None)),
    ],
)
def test_places(text: str, name: str | None, at: tuple[float | None, float | None]) -> None:
    place = find_place(text)
    assert place is not None
    assert (place.name, (place.latitude, place.longitude)) == (name, at)


def test_no_place_in_other_links() -> None:
    assert find_place("https://maps.example.org/?q=1,2") is None


@pytest.mark.parametrize(
    ("name", "phone"),
    [
        ("+49 170 1234567", "+491701234567"),
        ("\u202a+49\u00a0170\u00a01234567\u202c".strip("\u202a\u202c"), "+491701234567"),
        ("+1 (555) 010‑4477", "+15550104477"),
        ("Anna", None),
        ("2024", None),
        ("+49", None),
        ("Agent 007", None),
    ],
)
def test_phone_numbers(name: str, phone: str | None) -> None:
    assert phone_of(name) == phone


def test_names() -> None:
    assert display_name("~\u202fPia") == "~ Pia"
    assert display_name("+491701234567") == "+49 170 1234567"
    assert name_key("JOSE\u0301") == name_key("josé")
    assert name_key("+49 170 1234567") == name_key("+49\u00a01701234567")
    assert is_contact("Anna")
    assert not is_contact("~ Pia")
    assert not is_contact("+49 170 1234567")


@pytest.mark.parametrize(
    ("chat", "senders", "own", "owner"),
    [
        ("Emma", ["Emma", "Anna"], {}, "Anna"),
        ("Emma", ["Emma", "Anna", "Ben"], {}, None),
        ("Lake", ["Emma", "Anna"], {"Emma": 2}, "Emma"),
        (None, ["Emma", "Anna"], {}, None),
    ],
)
def test_the_owner_is_guessed_well_or_not_at_all(
    chat: str | None, senders: list[str], own: dict[str, int], owner: str | None
) -> None:
    assert guess_owner(chat, senders, own) == owner


def test_keys_tell_repeats_apart_and_forgive_what_differs_between_phones() -> None:
    keys = Keys()
    first, again = keys.key("2024-05-01T20:15:23", "text", "ok"), keys.key("2024-05-01T20:15:40", "text", "ok")
    assert first != again
    assert first == message_key("2024-05-01T20:15", "ok", 0)
    assert again == message_key("2024-05-01T20:15", "ok", 1)
    assert token("image", "") == token("video", "a caption")
    assert token("system", "Nora added Theo") == token("system", "Nora hat Theo hinzugefügt")
    assert token("text", "a\u202fb ") == token("text", "a b")
    assert 0 <= first < 1 << 53
