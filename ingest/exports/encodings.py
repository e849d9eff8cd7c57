"""How a text is encoded. WhatsApp writes UTF-8; editors and mail programs make other things of it."""

from __future__ import annotations

import codecs
import string

#: What editors on Windows and old mail programs save as, where UTF-8 it is not.
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "mac_roman")
_OTHER_SCRIPTS = (
    "cp1251", "cp1253", "cp1255", "cp1256", "cp874", "koi8_r", "koi8_u", "gb18030", "big5", "cp932", "cp949",
)  # fmt: skip
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Of the bytes over 127, so many make no UTF-8 where the text is in another encoding.
_MOSTLY = 0.5
_LOOKED_AT = 1 << 16
#: Among code pages that are as likely but for this factor (measured on short texts in 20 languages), it is the one.
_COMMONEST = "cp1252"
#: ``€`` in ISO 8859-15; all bytes but those that are letters and signs in Windows' code pages alone.
_EURO_OF_UNIX = b"\xa4"
_NOT_OF_WINDOWS = bytes(code for code in range(256) if not 0x80 <= code < 0xA0)
_NEARLY = 1.2
#: Of a text in another script at least so many bytes are over 127 for each ASCII letter, in lines that have any.
_OTHER_SHARE = 0.15
_ASCII = bytes(range(128))
_NO_LETTERS = bytes(set(range(256)) - set(string.ascii_letters.encode()))


def encoding_by_start(start: bytes) -> str:
    """The encoding that the first bytes of a text tell: by its mark, by zeros at every second byte, else UTF-8."""
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding
    half = len(start) // 2
    for encoding, high, low in (("utf-16-le", start[1::2], start[0::2]), ("utf-16-be", start[0::2], start[1::2])):
        if high.count(0) > max(half // 4, 20 * low.count(0)) and (b"\n" in low or b"\r" in low):
            return encoding
    return better_encoding(start[:_LOOKED_AT]) or "utf-8"


def better_encoding(sample: bytes) -> str | None:
    """The encoding of a text that cannot be UTF-8; None where it may be, but for some damage."""
    # What is ASCII tells nothing. A sample may be cut within a letter at both ends.
    sample = b"\n".join(line for line in sample.replace(b"\r", b"\n").split(b"\n") if not line.isascii())
    if undecodable(sample) <= max(2, _MOSTLY * high_bytes(sample)):
        return None
    from chardet import detect_all

    letters = len(sample.translate(None, _NO_LETTERS))
    is_latin = high_bytes(sample) < _OTHER_SHARE * letters
    names = _LATIN if is_latin else _LATIN + _OTHER_SCRIPTS
    found = {
        codecs.lookup(one["encoding"]).name: one["confidence"]
        for one in detect_all(sample, include_encodings=names, compat_names=False)
        if one["encoding"]
    }
    best = max(found, key=lambda name: found[name], default=_COMMONEST)
    if best.startswith("cp") and found.get(_COMMONEST, 0) * _NEARLY > found.get(best, 0):
        best = _COMMONEST
    # Nobody writes the sign for any currency; where Unix has a euro, Windows has its quotes and dashes elsewhere.
    has_euro = _EURO_OF_UNIX in sample and not sample.translate(None, _NOT_OF_WINDOWS)
    return "iso8859-15" if best == _COMMONEST and has_euro else best


#: How UTF-8 that was taken for this code page, and saved as UTF-8 once more, is known and undone.
_TWICE = {code: bytes([code]) for code in range(0x80, 0x100)} | {
    ord(bytes([code]).decode("cp1252")): bytes([code])
    for code in range(0x80, 0x100)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # has no letter in it
}
_ENOUGH_LETTERS = 2


def is_encoded_twice(sample: bytes) -> bool:
    """Whether UTF-8 was read as cp1252 and saved again: ``Å½ofia``. All that is not ASCII must say so.

    `sample`: a piece of a text that is UTF-8; letters may be cut at both ends.
    """
    text = sample.decode("utf-8", "ignore")
    lines = [line for line in text.split("\n")[1:-1] or [text] if not line.isascii()]
    undone = [_undone(line) for line in lines]
    return len(undone) >= _ENOUGH_LETTERS and all(undone)


def _undone(text: str) -> str:
    """What `text` was before it was encoded twice; "" where it was not."""
    try:
        return b"".join(letter.encode() if letter < "\x80" else _TWICE[ord(letter)] for letter in text).decode()
    except (KeyError, UnicodeDecodeError):
        return ""


class TwiceDecoder:
    """As the decoders of `codecs`, for a text that was encoded twice. A line that was not stays as it is."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def decode(self, block: bytes, final: bool = False) -> str:
        """The text of the lines that are whole by now."""
        text = self._rest + self._decoder.decode(block, final)
        whole, end, self._rest = (text, "", "") if final else text.rpartition("\n")
        return "\n".join(line if line.isascii() else _undone(line) or line for line in whole.split("\n")) + end


def high_bytes(block: bytes) -> int:
    """How many bytes are over 127."""
    return len(block.translate(None, _ASCII))


def is_utf8(block: bytes) -> bool:
    """Whether a piece of a text is UTF-8; letters may be cut at both ends."""
    start = 0
    while start < min(3, len(block)) and block[start] & 0xC0 == 0x80:
        start += 1
    try:
        codecs.utf_8_decode(block[start:], "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def ends_within_letter(tail: bytes) -> bool:
    """Whether the last bytes of a text are the beginning of a letter in UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(tail)
    return bool(decoder.getstate()[0])


def undecodable(block: bytes) -> int:
    """How many letters of a piece of a text are no UTF-8, and are shown as U+FFFD. That character itself is fine."""
    return block.decode("utf-8", "replace").count("\ufffd") - block.count(b"\xef\xbf\xbd")


def has_returns_only(start: bytes, encoding: str) -> bool:
    """Whether lines end in a carriage return alone, as on very old Macs and after some editors."""
    text = start.decode(encoding, "replace")
    return "\r" in text and "\n" not in text
