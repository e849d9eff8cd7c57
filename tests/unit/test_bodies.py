"""What a body is, in the words of many languages."""

from __future__ import annotations

import pytest

from ingest.exports.bodies import read_body, read_notice
from ingest.exports.file_kinds import kind_of_file


@pytest.mark.parametrize(
    ("body", "kind", "attachment"),
    [
        ("IMG-20220327-WA0001.jpg (file attached)", "image", "IMG-20220327-WA0001.jpg"),
        ("\u200eIMG-20220327-WA0001.jpg (Datei angehängt)", "image", "IMG-20220327-WA0001.jpg"),
        ("VID-20220327-WA0002.mp4 (archivo adjunto)", "video", "VID-20220327-WA0002.mp4"),
        ("PTT-20220327-WA0003.opus (fichier joint)", "audio", "PTT-20220327-WA0003.opus"),
        ("STK-20220327-WA0004.webp (file attached)", "sticker", "STK-20220327-WA0004.webp"),
        ("Budget 2022.pdf (file attached)", "document", "Budget 2022.pdf"),
        ("Peter.vcf (file attached)", "contact", "Peter.vcf"),
        ("README (file attached)", "document", "README"),
        ("\u200eMinutes of May (file attached)", "document", "Minutes of May"),
        ("see the photo (file attached)", "text", None),
        ("README (at last)", "text", None),
        ("\u200e<attached: 00000035-PHOTO-2022-03-27-21-41-55.jpg>", "image", "00000035-PHOTO-2022-03-27-21-41-55.jpg"),
        ("\u200e<Anhang: 00000036-AUDIO-2022-03-27-21-41-55.opus>", "audio", "00000036-AUDIO-2022-03-27-21-41-55.opus"),
        ("<Media omitted>", "image", None),
        ("<Medien ausgeschlossen>", "image", None),
        ("<Multimedia omitido>", "image", None),
        ("<メディアなし>", "image", None),
        ("This message was deleted", "deleted", None),
        ("Diese Nachricht wurde gelöscht.", "deleted", None),
        ("You deleted this message", "deleted", None),
        ("null and void", "text", None),
        ("(file) no", "text", None),
        ("<b>html</b>", "text", None),
        ("photo.jpg is lost", "text", None),
        ("https://maps.google.com/?q=47.5,9.7", "location", None),
        ("http://example.com/a?b=1", "text", None),
        ("", "view_once", None),
    ],
)
def test_android_bodies(body: str, kind: str, attachment: str | None) -> None:
    found = read_body(body, is_ios=body.startswith("\u200e<"))
    assert (found.kind, found.attachment) == (kind, attachment)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("\u200eimage omitted", "image"),
        ("\u200evideo omitted", "video"),
        ("\u200eaudio omitted", "audio"),
        ("\u200esticker omitted", "sticker"),
        ("\u200eGIF omitted", "gif"),
        ("\u200eContact card omitted", "contact"),
        ("\u200eBild weggelassen", "image"),
        ("Budget.pdf • \u200e3 pages \u200edocument omitted", "document"),
        ("POLL:\nWhere?\nOPTION: Lake (2 votes)\nOPTION: Hill (1 vote)", "poll"),
        ("\u200eMissed voice call", "call"),
    ],
)
def test_iphone_bodies(body: str, kind: str) -> None:
    assert read_body(body, is_ios=True).kind == kind


def test_captions_stay() -> None:
    found = read_body("IMG-20220327-WA0001.jpg (file attached)\nus at the lake", is_ios=False)
    assert (found.kind, found.text) == ("image", "us at the lake")


def test_edited_is_a_mark_not_a_text() -> None:
    found = read_body("see you \u200e<This message was edited>", is_ios=True)
    assert (found.kind, found.text, found.is_edited) == ("text", "see you", True)


def test_notices_have_no_sender() -> None:
    assert read_notice("Nora added Theo").kind == "system"
    assert read_body(
        "\u200eYou blocked this contact. Tap to unblock.", is_ios=True, chat="Lake", sender="Lake"
    ).is_notice
    assert read_body("\u200eLake is a contact", is_ios=True, chat="Lake", sender="Lake").is_notice
    assert not read_body("\u200eI left at noon", is_ios=True, chat="Lake", sender="Nora").is_notice
    assert not read_body("\u200f\u2067שלום", is_ios=False, chat="Lake", sender="Dana").is_notice


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("IMG-20220327-WA0001.jpg", "image"), ("00000001-STICKER-2022-03-27-21-41-55.webp", "sticker"),
        ("a.HEIC", "image"), ("b.webp", "sticker"), ("c.opus", "audio"), ("d.mov", "video"), ("e.vcf", "contact"),
        ("f.gif", "gif"), ("VID-20220327-WA0002.gif", "gif"), ("g.xyz", "document"), ("noending", "document"),
    ],
)  # fmt: skip
def test_kinds_of_files(name: str, kind: str) -> None:
    assert kind_of_file(name) == kind
