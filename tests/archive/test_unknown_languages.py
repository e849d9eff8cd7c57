"""Exports in languages that the data file does not know: what stands for a photo is learned from the file itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.helpers import put, read, rows

MARK = "\u200e"


def iphone(*said: tuple[str, str]) -> str:
    """Lines as an iPhone writes them, a minute apart."""
    return "".join(f"[2024-03-01 10:{n:02}:05] {who}: {what}\r\n" for n, (who, what) in enumerate(said))


def marked(*said: tuple[str, str]) -> str:
    """The same with the mark that iPhones put before the header of a message that carries a file."""
    lines = iphone(*said).splitlines(keepends=True)
    return "".join(MARK + line if MARK in line else line for line in lines)


def android(*said: tuple[str, str]) -> str:
    """Lines as an Android writes them, a minute apart."""
    return "".join(f"2024/03/01, 10:{n:02} - {who}: {what}\n" for n, (who, what) in enumerate(said))


def thrice(sentence: str) -> list[tuple[str, str]]:
    """By two people."""
    return [(who, sentence) for who in ("Jon", "Miren", "Jon")]


BASQUE, TAMIL = f"{MARK}irudia kenduta", f"{MARK}படம் நீக்கப்பட்டது"
TALK = (("Jon", "kaixo denoi"), ("Miren", "egun on!"))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        # Three times, by two people: it is what this phone says for a photo.
        (iphone(*TALK, *thrice(BASQUE)), "text text file file file"),
        (iphone(*TALK, *thrice(TAMIL)), "text text file file file"),
        (android(*TALK, *thrice("<Multimedia kenduta>")), "text text image image image"),
        # A mark before the header says that there was a file, however seldom; of which sort, nobody knows.
        (marked(*TALK, ("Jon", BASQUE)), "text text file"),
        (marked(*TALK, *thrice(TAMIL)), "text text file file file"),
        (marked(*TALK, ("Jon", f"{MARK}GIF kenduta"), ("Jon", f"{MARK}bideo-video kenduta")), "text text gif video"),
        (marked(*TALK, ("Jon", f"Aurrekontua.pdf {MARK}dokumentua kenduta")), "text text document"),
        # One person alone, or twice: it could be anything, and is theirs.
        (iphone(*TALK, ("Jon", BASQUE), ("Jon", BASQUE), ("Jon", BASQUE)), "text text text text text"),
        (iphone(*TALK, ("Jon", BASQUE), ("Miren", BASQUE)), "text text text text"),
        (android(*TALK, *thrice("<insert joke here>")[:2]), "text text text text"),
        # Whole sentences, with a stop or a capital, are what WhatsApp says, not what stands for a file.
        (iphone(*TALK, *thrice(f"{MARK}Mezuaren zain gaude")), "text text text text text"),
        (iphone(*TALK, *thrice(f"{MARK}mezuaren zain. gaude.")), "text text text text text"),
        # An iPhone that sends its files along leaves some out.
        (
            iphone(*TALK, ("Jon", f"{MARK}<erantsita: 00000002-PHOTO-2024-03-01-10-02-05.jpg>"), *thrice(BASQUE)),
            "text text image file file file",
        ),
        # Where the language is known, or an Android sends files along, nothing is learned.
        (iphone(*TALK, ("Jon", f"{MARK}image omitted"), *thrice(BASQUE)), "text text image text text text"),
        (android(*TALK, ("Jon", "<Media omitted>"), *thrice("<insert joke here>")), "text text image text text text"),
        (
            android(*TALK, ("Jon", "IMG-20240301-WA0001.jpg (fitxategia)"), *thrice("<big big hug>")),
            "text text image text text text",
        ),
    ],
)
@pytest.mark.parametrize("size", [1 << 20, 61])
def test_a_sentence_that_comes_again_and_again(text: str, kinds: str, size: int) -> None:
    messages, findings, _ = read(text, size=size)
    assert " ".join(m.kind for m in messages) == kinds
    assert bool(findings.stand_ins) == (("image image" in kinds or "file file" in kinds) and f"{MARK}[" not in text)
    senders = [line.partition("] " if "] " in line else " - ")[2].partition(": ")[0] for line in text.splitlines()]
    assert [m.sender for m in messages] == senders


def test_longer_overlapping_and_with_files(tmp_path: Path) -> None:
    """What was learned once holds for the lines that come later, and its files fill it in."""
    start = [*TALK, ("Jon", BASQUE), ("Miren", BASQUE), ("Jon", BASQUE)]
    export = tmp_path / "_chat.txt"
    export.write_text(iphone(*start), "utf-8", newline="")
    (account,) = put(tmp_path / "m.db", export, chat="Kuadrilla")
    assert any("irudia kenduta" in note for note in account.notes)
    export.write_text(iphone(*start, ("Miren", "ederra"), ("Miren", BASQUE)), "utf-8", newline="")
    put(tmp_path / "m.db", export, chat="Kuadrilla")
    found = "SELECT kind, count(*), count(sender_id) FROM messages GROUP BY 1 ORDER BY 1"
    assert rows(tmp_path / "m.db", found) == [("file", 4, 4), ("text", 3, 3)]
    shown = [
        (who, f"{MARK}<erantsita: 0000000{n}-PHOTO-2024-03-01-10-0{n}-05.jpg>" if what == BASQUE else what)
        for n, (who, what) in enumerate([*start, ("Miren", "ederra"), ("Miren", BASQUE)])
    ]
    with zipfile.ZipFile(tmp_path / "WhatsApp Chat - Kuadrilla.zip", "w") as packed:
        packed.writestr("_chat.txt", iphone(*shown))
        for n in (2, 3, 4, 6):
            packed.writestr(f"0000000{n}-PHOTO-2024-03-01-10-0{n}-05.jpg", f"no picture, but a file: {n}")
    put(tmp_path / "m.db", tmp_path / "WhatsApp Chat - Kuadrilla.zip", chat="Kuadrilla")
    assert rows(tmp_path / "m.db", found) == [("image", 4, 4), ("text", 3, 3)]
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM media WHERE is_missing = 0") == [(4,)]
