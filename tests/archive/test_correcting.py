"""`memories people`, `chats`, `undo`: what the user puts right, everywhere at once, and back again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.core.errors import MemoriesError
from ingest.correcting.address_book import read_contacts
from tests.commands import run
from tests.conftest import EXAMPLES
from tests.helpers import is_well, one, put, rows
from tests.talks import BY_NAME, save, talk


@pytest.fixture
def archive(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "kept")
    return tmp_path / "kept" / "memories.db"


def people(database: Path) -> dict[str, dict[str, object]]:
    return {person["name"]: person for person in json.loads(run(database, "people", "--json").stdout)}


def test_a_new_name_is_everywhere_and_taken_back(archive: Path) -> None:
    before = rows(archive, "SELECT id, title, summary FROM exchanges ORDER BY id")
    run(archive, "people", "rename", "grandma june", "Granny  June ")
    assert "Granny June" in people(archive)
    assert people(archive)["Granny June"]["was"] == "Grandma June"
    assert one(archive, "SELECT count(*) FROM exchanges WHERE summary LIKE '%Grandma June: %'") == 0
    assert "Granny June:" in run(archive, "search", "june OR lake", "--limit", "500").stdout + str(
        rows(archive, "SELECT summary FROM exchanges")
    )
    assert "rename person “Grandma June” → “Granny June”" in run(archive, "undo", "--list").stdout
    run(archive, "undo")
    assert rows(archive, "SELECT id, title, summary FROM exchanges ORDER BY id") == before
    assert "(undone)" in run(archive, "undo", "--list").stdout
    run(archive, "undo", code=1)
    is_well(archive)


def test_corrections_outlast_a_rebuilt_archive(archive: Path) -> None:
    run(archive, "people", "rename", "Grandma June", "Granny")
    run(archive, "people", "join", "Nora", "Theo")
    run(archive, "people", "me", "ハナ")
    run(archive, "chats", "rename", "Abuela Inés", "Abuelita")
    told = {name: (p["messages"], p["is_owner"], p["joined"]) for name, p in people(archive).items()}
    archive.unlink()
    put(archive, EXAMPLES, me="Nora")
    assert {name: (p["messages"], p["is_owner"], p["joined"]) for name, p in people(archive).items()} == told
    assert "Abuelita" in run(archive, "chats").stdout
    is_well(archive)


def test_what_is_said_by_a_name_of_now_is_found_while_more_is_read(archive: Path, tmp_path: Path) -> None:
    run(archive, "people", "rename", "Theo", "Theodore")
    run(archive, "chats", "rename", "Lakehouse 🌊", "The lake")
    export = tmp_path / "more.txt"
    export.write_text("17/03/2025, 10:00 - Theo: hello there\n18/03/2025, 10:01 - Nora: yes\n", encoding="utf-8")
    account = put(archive, export, me="Theodore", chat="The lake")[0]
    assert account.chat == "The lake"
    assert account.new == 2
    assert one(archive, "SELECT name FROM people WHERE is_owner AND name LIKE 'Theo%'") == "Theodore"
    assert one(archive, "SELECT count(*) FROM chats WHERE name = 'The lake'") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("people", "rename", "Nobody", "X"), "memories people lists everybody"),
        (("people", "rename", "Nora", "Theo"), "memories people join"),
        (("people", "join", "Nora", "nora"), "one person already"),
        (("people", "part", "Nora"), "nobody was joined"),
        (("chats", "rename", "Nowhere", "X"), "memories chats lists all"),
        (("chats", "rename", "Theo", "abuela inés"), "memories chats join"),
        (("undo", "77"), "no such edit"),
    ],
)
def test_what_cannot_be_is_said(archive: Path, words: tuple[str, ...], said: str) -> None:
    assert said in run(archive, *words, code=1).output


VCF = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=20=
M=C3=BCller
TEL;CELL:0170 1234567
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Vera\\, the aunt
item1.TEL;type=CELL:+44 20 7946 0999
item1.X-ABLabel:work
PHOTO;ENCODING=b;TYPE=JPEG:/9j/
 4AAQTEL:1
END:VCARD
BEGIN:VCARD
VERSION:4.0
N:Reed;Zoë;;;
TEL;VALUE=uri:tel:+1-202-555-0136;ext=3
TEL:0049 170 1234569
END:VCARD
BEGIN:VCARD
FN:No number
END:VCARD
BEGIN:VCARD
TEL:+44 20 7946 0111
END:VCARD
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_address_book_is_read(tmp_path: Path, encoding: str, ends: str) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_bytes(VCF.replace("\n", ends).encode(encoding))
    found = {contact.name: contact.phones for contact in read_contacts(path, "DE").contacts}
    assert found == {
        "Jörg Müller": ("+491701234567",),
        "Vera, the aunt": ("+442079460999",),
        "Zoë Reed": ("+12025550136", "+491701234569"),
    }
    assert "Jörg Müller" not in {contact.name for contact in read_contacts(path).contacts}


WHATSAPP = """BEGIN:VCARD
FN:Tobin
TEL;type=CELL;waid=14155550134:(415) 555-0134
END:VCARD
BEGIN:VCARD
FN:Nell
TEL:07700 900123
END:VCARD
"""


def test_whatsapp_s_own_cards_name_the_number_and_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_text(WHATSAPP, "utf-8")
    book = read_contacts(path)
    assert [(contact.name, contact.phones) for contact in book.contacts] == [("Tobin", ("+14155550134",))]
    assert book.without_country == 1
    assert len(read_contacts(path, "GB").contacts) == 2
    export, database = tmp_path / "WhatsApp Chat with Tobin.txt", tmp_path / "m.db"
    export.write_text("17/03/2021, 10:00 - +1 415 555 0134: hi\n17/03/2021, 10:01 - Nell: oh\n", "utf-8")
    put(database, export)
    told = run(database, "people", "vcf", str(path)).stdout
    assert "1 contact with a number; people of this archive among them: 1\n" in told
    assert "1 contact left out, whose numbers have no country code: say with --country" in told
    assert one(database, "SELECT count(*) FROM people WHERE name = 'Tobin'") == 1


def test_who_is_me_is_corrected_within_a_chat(tmp_path: Path) -> None:
    export, database = tmp_path / "WhatsApp Chat with Tobin.txt", tmp_path / "m.db"
    export.write_text("17/03/2021, 10:00 - Tobin: hi\n17/03/2021, 10:01 - Nell: oh\n", "utf-8")
    other = tmp_path / "WhatsApp Chat with Rosa.txt"
    other.write_text("18/03/2021, 10:00 - Rosa: hi\n18/03/2021, 10:01 - Nelly: oh\n", "utf-8")
    put(database, export, me="Tobin")
    put(database, other, me="Nelly")
    told = run(database, "people", "me", "Nell").stdout
    assert "Nell is you\nTobin, who writes in the same chat, is not you any more; to be both, name both" in told
    assert rows(database, "SELECT name FROM people WHERE is_owner ORDER BY name") == [("Nell",), ("Nelly",)]
    run(database, "people", "me", "Nell", "Tobin")
    assert rows(database, "SELECT name FROM people WHERE is_owner ORDER BY name") == [("Nell",), ("Nelly",), ("Tobin",)]


def test_a_country_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_text(VCF, encoding="utf-8")
    with pytest.raises(MemoriesError, match="'ZZ'"):
        read_contacts(path, "ZZ")


def test_what_is_no_address_book_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_text("name,phone\n", encoding="utf-8")
    with pytest.raises(MemoriesError, match="no address book"):
        read_contacts(path)


def test_numbers_get_the_names_of_an_address_book(tmp_path: Path) -> None:
    database, export, book = tmp_path / "memories.db", tmp_path / "WhatsApp Chat with Lake.txt", tmp_path / "c.vcf"
    senders = ["+44 20 7946 0999", "Anna", "+49 170 1234567", "+1 (202) 555-0136", "Zoë Reed"]
    export.write_text(
        "".join(f"{17 + n % 5}/03/2021, 10:{n:02} - {senders[n % 5]}: words {n}\n" for n in range(20)), encoding="utf-8"
    )
    book.write_text(VCF, encoding="utf-8")
    put(database, export)
    before = people(database)
    dry = run(database, "people", "vcf", str(book), "--country", "de", "--dry-run").stdout
    assert "+44 20 7946 0999 → Vera, the aunt" in dry
    assert people(database) == before
    run(database, "people", "vcf", str(book), "--country", "de")
    assert set(people(database)) == {"Vera, the aunt", "Anna", "Jörg Müller", "Zoë Reed"}
    assert people(database)["Zoë Reed"]["messages"] == 8
    assert "among them: 0" in run(database, "people", "vcf", str(book), "--country", "de").stdout
    is_well(database)


def _two_names(tmp_path: Path) -> Path:
    """Ben, whom another phone calls Benny, and Clara in a chat of her own."""
    database, messages = tmp_path / "memories.db", talk(60)
    put(database, save(tmp_path, "WhatsApp Chat with Ben.txt", BY_NAME["gb"], messages))
    other = [replace(sent, sender="Benny 🎂" if sent.sender == "Ben" else sent.sender) for sent in messages]
    put(database, save(tmp_path, "other.txt", BY_NAME["ios_gb"], other))
    put(database, save(tmp_path, "WhatsApp Chat with Clara.txt", BY_NAME["gb"], talk(30, 4, ("Anna", "Clara"))))
    return database


def test_who_has_two_names_is_joined_and_parted(tmp_path: Path) -> None:
    database = _two_names(tmp_path)
    before = people(database)
    run(database, "people", "join", "Clara", "Benny 🎂")
    assert people(database)["Clara"]["messages"] == one(
        database, "SELECT count(*) FROM messages JOIN people ON people.id = sender_id WHERE name = 'Clara'"
    )
    is_well(database)
    put(database, save(tmp_path, "more.txt", BY_NAME["gb"], talk(90)))
    assert set(people(database)) == {"Anna", "Clara"}
    run(database, "people", "part", "Clara")
    assert set(people(database)) == set(before)
    is_well(database)


def test_undo_passes_over_what_commands_did(tmp_path: Path) -> None:
    database = _two_names(tmp_path)
    put(database, save(tmp_path, "WhatsApp Chat with Dan.txt", BY_NAME["gb"], talk(30, 9, ("Anna", "Dan"))))
    run(database, "chats", "rename", "Clara", "Claire")
    run(database, "forget", "chat", "Dan", "--yes")
    run(database, "undo")
    assert "Clara (" in run(database, "chats").stdout


def test_a_joined_chat_leaves_the_other_its_name(tmp_path: Path) -> None:
    database = _two_names(tmp_path)
    chats = [str(row[0]) for row in rows(database, "SELECT name FROM chats ORDER BY id")]
    run(database, "chats", "rename", chats[0], "Bennie")
    run(database, "chats", "join", "Clara", "Bennie", "--yes")
    assert rows(database, "SELECT name FROM chats") == [("Clara",)]


@pytest.mark.parametrize("words", [("ingest", "x.txt", "--chat", " "), ("people", "rename", "Anna", " ")])
def test_a_name_has_letters(tmp_path: Path, words: tuple[str, ...]) -> None:
    run(_two_names(tmp_path), *words, code=2)


def test_a_name_turns_nothing_round(tmp_path: Path) -> None:
    database = _two_names(tmp_path)
    run(database, "people", "rename", "Anna", "\u202eevil")
    assert "evil" in people(database)
