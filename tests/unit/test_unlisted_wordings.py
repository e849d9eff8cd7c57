"""Sentences, calendars and clocks that no table here has: nothing is lost, and nobody is put words in the mouth."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.core.languages import languages
from ingest.core.model import Message
from ingest.exports.headers import read_head, resolve_date
from tests.helpers import read

L = "\u200e"


def _phone(*bodies: str, marked: bool = False, chat: str = "Zed") -> list[tuple[str, str, str | None]]:
    """(kind, text, sender) of bodies that an iPhone wrote under a contact's name; `marked`: with a mark before "["."""
    start = f"{L}[27/03/2024, 09:01:00] Zed: {L}Messages and calls are end-to-end encrypted.\n"
    lines = [f"{L if marked else ''}[27/03/2024, 09:02:{n:02}] Zed: {body}\n" for n, body in enumerate(bodies)]
    start += "[27/03/2024, 09:01:30] Bo: hello\n[27/03/2024, 09:01:31] Zed: hi\n"
    messages, _, _ = read(start + "".join(lines), chat=chat)
    return [(m.kind, m.text, m.sender) for m in messages[3:]]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("9:05 SA, 02/03/2024", "2024-03-02T09:05:00"),
        ("9:05:01 AM, 02/03/2024", "2024-03-02T09:05:01"),
        ("9:05 p.m., 27 Mar 2024", "2024-03-27T21:05:00"),
        ("9:05 AM 02/03/2024", "2024-03-02T09:05:00"),
        ("R6/3/2 9:05:01", "2024-03-02T09:05:01"),
        ("令和6/3/2 9:05:01", "2024-03-02T09:05:01"),
        ("113/3/2 上午9:05", "2024-03-02T09:05:00"),
        ("民國113年/3/2 上午9:05:01", "2024-03-02T09:05:01"),
        ("2024-03-02 09 h 05 min 09 s", "2024-03-02T09:05:09"),
        ("2/3/67 09:05", "2024-03-02T09:05:00"),  # two digits of a Buddhist year
        ("2/3/24 09:05", "2024-03-02T09:05:00"),
        ("27/3/2024، 9:41 د.ن", "2024-03-27T21:41:00"),
        ("27/3/2024, 9:41 YM", "2024-03-27T21:41:00"),
        ("27/3/2024, 9:41 jioni", "2024-03-27T21:41:00"),
        ("27/3/2024, 9:41 asubuhi", "2024-03-27T09:41:00"),
    ],
)
def test_calendars_and_clocks(head: str, expected: str) -> None:
    found = read_head(head)
    assert found
    resolved = resolve_date(found[0], "dmy", 2024)
    assert resolved
    assert resolved[0] + found[1] == expected


def test_a_year_of_two_digits_is_of_this_century_until_next_year() -> None:
    year = date.today().year % 100 + 1
    found = read_head(f"2/3/{year} 09:05")
    assert found
    assert resolve_date(found[0], "dmy", 2024) == (f"{2000 + year}-03-02", True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # What people wrote stays theirs.
        (f"{L}https://maps.google.com/?q=1.5,2.5", ("location", "https://maps.google.com/?q=1.5,2.5")),
        (
            f"{L}Call link: https://call.whatsapp.com/video/abc",
            ("text", "Call link: https://call.whatsapp.com/video/abc"),
        ),
        (f"{L}Menu: cafe.example", ("text", "Menu: cafe.example")),
        ("null", ("text", "null")),
        ("null.", ("text", "null.")),
        (f"our place <{L}attached: 00000002-PHOTO-2024-03-27-09-02-00.jpg>", ("image", "our place")),
        # The mark before "<" is nobody's own: the text was edited, whatever the language.
        (f"바다에 가자 {L}<이 메시지가 수정되었습니다.>", ("text", "바다에 가자")),
        (f"idę już {L}<Ta wiadomość została edytowana>", ("text", "idę już")),
        # A number behind a mark behind a comma: a call.
        (f"{L}การโทรด้วยเสียง, {L}3 นาที", ("call", "การโทรด้วยเสียง, 3 นาที")),
        (f"{L}부재중 음성전화", ("call", "부재중 음성전화")),
    ],
)
def test_behind_the_mark_of_a_file(body: str, expected: tuple[str, str]) -> None:
    ((kind, text, sender),) = _phone(body, marked=body.startswith(L))
    assert (kind, text, sender) == (*expected, "Zed")


def test_words_in_pointed_brackets_are_somebody_s() -> None:
    lines = ["Uwe: <Küche>", "Ina: <sehr müde>", "Uwe: <Medien ausgeschlossen>"]
    text = "".join(f"27.03.24, 09:0{n} - {line}\n" for n, line in enumerate(lines))
    messages, _, _ = read(text)
    assert [(m.kind, m.text) for m in messages] == [("text", "<Küche>"), ("text", "<sehr müde>"), ("image", "")]


@pytest.mark.parametrize(
    "notice",
    [
        "Twój kod zabezpieczeń z Zed uległ zmianie.",
        "Zed otti katoavat viestit käyttöön kaikille.",
        "消えるメッセージが全員に対してオンになりましたよ。",
    ],
)
def test_a_notice_in_words_that_no_table_has(notice: str) -> None:
    """In a direct chat it stands under the contact's name; the mark tells that nobody wrote it, and it is in doubt."""
    (found,) = _phone(f"{L}{notice}")
    assert found == ("system", notice, None)
    _, _, evidence = read(f"[27/03/2024, 09:01:30] Zed: hi\n[27/03/2024, 09:02:00] Zed: {L}{notice}\n", chat="Zed")
    assert [doubt.text for doubt in evidence.unsure] == [f"{L}{notice}"]


@pytest.mark.parametrize(
    "notice",
    [
        "This business uses a secure service from Meta to manage this chat. Tap to learn more.",
        "Dieses Unternehmen nutzt einen sicheren Dienst von Meta, um diesen Chat zu verwalten.",
    ],
)
def test_a_business_s_notice_is_nobody_s_words_in_a_file_without_a_name(notice: str) -> None:
    messages, _, evidence = read(f"[27/03/2024, 09:01:30] Shop: {L}{notice}\n[27/03/2024, 09:02:00] Shop: hi\n")
    assert [(m.kind, m.sender) for m in messages] == [("system", None), ("text", "Shop")]
    assert evidence.unsure == []


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("Uwe", "Uwe hat eine Nachricht angeheftet"), ("Ines", "Ines ist aus der Community beigetreten"),
        ("Luc", "Luc a modifié l’image du groupe"), ("Zé", "Zé fixou uma mensagem"), ("~ Bo", "~ Bo entró por ahí"),
        ("Mei", "Mei置顶了一条消息"), ("+49 170 1234567", "+49 170 1234567 est sorti du bois"),
    ],
)  # fmt: skip
def test_a_notice_about_its_sender_in_words_that_no_table_has(sender: str, said: str) -> None:
    text = "".join(f"[27/03/2024, 09:0{n}:30] {sender}: hi\n" for n in range(3))
    messages, _, _ = read(f"{text}[27/03/2024, 09:04:00] {sender}: {L}{said}\n[27/03/2024, 09:05:00] Ann: hm\n")
    assert [(m.kind, m.sender) for m in messages[3:]] == [("system", None), ("text", "Ann")]
    assert messages[3].text == said


@pytest.mark.parametrize(
    "said", ["Uwe", "Uwe: what time tonight?", "Uwes new bike", "Uwe\nand more", "Uwe https://x.example"]
)
def test_what_is_no_notice_about_its_sender(said: str) -> None:
    messages, _, _ = read(f"[27/03/2024, 09:01:30] Uwe: hi\n[27/03/2024, 09:02:00] Uwe: {L}{said}\n")
    assert [(m.kind, m.sender) for m in messages] == [("text", "Uwe")] * 2


@pytest.mark.parametrize(
    "pasted", ["+49 170 1234567", "https://example.org/a.", "Ferrow Lake", "Bo\u200e and Ann were here, long ago."]
)
def test_what_people_paste_with_a_mark_is_theirs(pasted: str) -> None:
    ((kind, _, sender),) = _phone(f"{L}{pasted}")
    assert (kind, sender) == ("text", "Zed")


def test_what_is_taken_for_a_file_is_in_the_doubts() -> None:
    text = f"[27/03/2024, 09:01:30] Bo: hi\n{L}[27/03/2024, 09:02:00] Zed: {L}Tin chẳng rõ là gì\n"
    messages, _, evidence = read(text, chat="Zed")
    assert [(m.kind, m.sender) for m in messages] == [("text", "Bo"), ("file", "Zed")]
    assert [(doubt.line, doubt.text) for doubt in evidence.unsure] == [(2, f"{L}Tin chẳng rõ là gì")]


def _words_of_polls() -> list[tuple[str, str]]:
    return [(word, option) for word in sorted(languages().polls) for option in sorted(languages().options)[:1]]


@pytest.mark.parametrize(("word", "option"), _words_of_polls())
def test_polls_in_every_language_of_the_table(word: str, option: str) -> None:
    (found,) = _phone(f"{L}{word}:\n{L}Who drives?\n{option}: Zed {L}(1 x)")
    assert found[0] == "poll"
    assert L not in found[1]


def _android(*said: tuple[str, str]) -> list[Message]:
    text = "".join(f"27/03/2024, 09:{n:02} - {name}: {body}\n" for n, (name, body) in enumerate(said))
    return read(text)[0]


@pytest.mark.parametrize(
    "words", ["Media bị bỏ qua", "Fișier media omis", "미디어 파일을 제외한 내용", "میڈیا شامل نہیں ہے"]
)
@pytest.mark.parametrize("senders", [("Zed", "Bo", "Zed"), ("Zed",) * 5])
def test_what_stands_for_files_again_and_again_is_learned(words: str, senders: tuple[str, ...]) -> None:
    said = [("Bo", "hi"), *((sender, f"<{words}>") for sender in senders), ("Zed", "well")]
    assert [m.kind for m in _android(*said)] == ["text", *["image"] * len(senders), "text"]


@pytest.mark.parametrize("words", ["Đã chỉnh sửa tin nhắn này", "πειράχτηκε αυτό", "이 메시지는 수정됨"])
@pytest.mark.parametrize("mark", ["", L])
@pytest.mark.parametrize("senders", [("Zed", "Bo", "Zed"), ("Zed",) * 5])
def test_what_is_behind_edited_texts_again_and_again_is_learned(
    words: str, mark: str, senders: tuple[str, ...]
) -> None:
    said = [("Bo", "hi"), *((sender, f"the lake {n} {mark}<{words}>") for n, sender in enumerate(senders))]
    messages = _android(*said)
    assert [(m.text, m.is_edited) for m in messages[1:]] == [(f"the lake {n}", True) for n in range(len(senders))]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("Video call, 12 min", "call"), ("Voice call, 3 sec", "call"), ("Videoanruf, 4 Min.", "call"),
        ("video call, 5 min?", "text"), ("video call, 5 people", "text"), ("Call me, 5 min", "text"),
        ("Video call, maybe", "text"), ("Video call", "text"),
    ],
)  # fmt: skip
def test_calls_without_a_mark(body: str, kind: str) -> None:
    assert [m.kind for m in _android(("Bo", "hi"), ("Zed", body))] == ["text", kind]


@pytest.mark.parametrize("comma", ["၊", "፣", "،", "、", ","])
def test_commas_of_other_scripts(comma: str) -> None:
    messages = read(f"13/03/24{comma} 09:01 - Bo: hi\n13/03/24{comma} 09:02 - Zed: oh\n")[0]
    assert [m.sent_at for m in messages] == ["2024-03-13T09:01:00", "2024-03-13T09:02:00"]


def test_what_somebody_wrote_in_brackets_stays() -> None:
    said = [
        ("Bo", "my lake <the big one>"),
        ("Bo", "<runs away>"),
        ("Zed", "hello <the big one>"),
        ("Zed", "<a b c 7>"),
    ]
    assert [(m.kind, m.text, m.is_edited) for m in _android(*said)] == [("text", text, False) for _, text in said]
