"""How a text is encoded. WhatsApp writes UTF-8; editors and mail programs make other things of it."""

from __future__ import annotations

import codecs

#: What editors on Windows and old mail programs save as, where UTF-8 it is not.
_LIKELY = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
    "gb18030", "big5", "shift_jis", "euc_kr", "utf_16", "mac_roman",
]  # fmt: skip
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Of the bytes over 127, so many make no UTF-8 where the text is in another encoding.
_MOSTLY = 0.5
_LOOKED_AT = 1 << 16
_ASCII = bytes(range(128))


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
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    return best.encoding if best else "cp1252"


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
