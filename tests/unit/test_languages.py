"""The words of WhatsApp itself: each language has what it needs, and what is read with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.exports.bodies import read_body
from ingest.exports.notices import is_notice, may_be_notice
from tests.helpers import read

DATA = Path(__file__).parents[2] / "ingest" / "data"
WORDS = json.loads((DATA / "languages.json").read_text("utf-8"))
NOTICES = json.loads((DATA / "notices.json").read_text("utf-8"))
#: Without a table of WhatsApp's own to take them from: only clocks and months are known.
ONLY_CLOCKS = frozenset(code for code, table in WORDS.items() if "omitted" not in table)
L, R = "\u200e", "\u200f"


@pytest.mark.parametrize("code", sorted(set(WORDS) - ONLY_CLOCKS))
def test_each_language_has_what_stands_for_files_and_deleted_messages(code: str) -> None:
    table = WORDS[code]
    assert table["omitted"]
    for key in ("attached", "deleted", "call", "missed"):
        assert table.get(key), (code, key)
    assert NOTICES[code].get("notice") or NOTICES[code].get("weak")


def test_few_languages_have_only_clocks() -> None:
    assert len(set(WORDS) - ONLY_CLOCKS) >= 60


KINDS = [(code, kind, s) for code, t in WORDS.items() for kind, ss in t.get("omitted", {}).items() for s in ss]


@pytest.mark.parametrize("code", sorted({code for code, _, _ in KINDS}))
def test_what_stands_for_a_file_is_read_as_one_on_both_phones(code: str) -> None:
    for _, kind, sentence in (k for k in KINDS if k[0] == code):
        if kind == "any":
            assert read_body(f"<{sentence}>", is_ios=False).kind not in ("text", "system"), sentence
            continue
        for mark in (L, R, L + L):
            found = read_body(mark + sentence, is_ios=True, sender="Ana", chat="Ana", has_file=True)
            assert found.kind not in ("text", "system", "file"), (sentence, found)
        captioned = read_body(f"our boat\nand the lake {L}{sentence}", is_ios=True, has_file=True)
        assert (captioned.kind == "text", captioned.text) == (False, "our boat\nand the lake"), sentence


@pytest.mark.parametrize("code", sorted(code for code, t in WORDS.items() if t.get("missed")))
def test_a_missed_call_is_one_on_both_phones_and_keeps_its_words(code: str) -> None:
    for sentence in WORDS[code]["missed"]:
        for body, is_ios in ((sentence, False), (L + sentence, True)):
            found = read_body(body, is_ios=is_ios, sender="Ana")
            assert (found.kind, found.is_notice) == ("call", False), (sentence, found)
            assert found.text


@pytest.mark.parametrize("code", sorted(code for code, t in WORDS.items() if t.get("deleted_by_admin")))
def test_deleted_by_an_admin_is_deleted(code: str) -> None:
    for sentence in WORDS[code]["deleted_by_admin"]:
        assert read_body(sentence.format(name="Zoë Ek"), is_ios=False, sender="Ana").kind == "deleted", sentence


@pytest.mark.parametrize(
    "said",
    ["I left at six", "she added sugar", "No idea, lets try it out!", "Open this link to join my WhatsApp Group: x",
     "Ben was added to the list", "what time tonight?"],
)  # fmt: skip
def test_words_of_people_are_theirs_even_behind_a_mark(said: str) -> None:
    assert not is_notice(said)
    found = read_body(L + said, is_ios=True, sender="Nora", chat="Lake")
    assert (found.kind, found.is_notice) == ("text", False)


def test_notices_are_known_without_a_sender() -> None:
    for said in ("Ana added Ben", "Ben left", "You created group “Lake”", "Anna hat die Gruppe verlassen"):
        assert may_be_notice(said), said


def test_a_group_speaks_under_its_own_name_and_is_nobody() -> None:
    unknown = "".join(f"[13/03/24, 09:0{n}:00] Familie: {L}zzq xyv Ana wrr {n}\r\n" for n in range(3))
    people = "".join(f"[13/03/24, 10:0{n}:00] {'Ana' if n % 2 else 'Ben'}: m {n}\r\n" for n in range(6))
    found, findings, _ = read(unknown + people)
    assert [m.sender for m in found[:3]] == [None] * 3
    assert findings.chat_names == {"Familie"}
    found, findings, _ = read(unknown + people + "[13/03/24, 11:00:00] Familie: hello from me\r\n")
    assert [m.sender for m in found[:3]] == ["Familie"] * 3
    assert not findings.chat_names


def test_a_cleaned_text_without_marks_keeps_its_notices() -> None:
    text = (
        "[13/03/24, 09:00:00] Lake: Messages and calls are end-to-end encrypted.\r\n"
        "[13/03/24, 09:01:00] Lake: Ana added Ben\r\n"
    ) + "".join(f"[13/03/24, 10:0{n}:00] {'Ana' if n % 2 else 'Ben'}: m {n}\r\n" for n in range(6))
    assert {m.sender for m in read(text)[0]} == {None, "Ana", "Ben"}
