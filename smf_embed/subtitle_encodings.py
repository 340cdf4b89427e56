"""Bytes of a subtitle file as text, whatever encoding it was saved in."""

from __future__ import annotations

import codecs
import re


def decode(data: bytes) -> str:
    """Decode a file; ValueError says why that cannot be done."""
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            text = data.decode(encoding, "replace")
            if text.count("\ufffd") > len(text) // 100:
                raise ValueError(f"begins as {encoding.removesuffix('-sig').upper()} but is no such text")
            return text.replace("\ufffd", "")
    if len(data.translate(None, delete=_TEXT_BYTES)) > len(data) // 200:
        raise ValueError("is binary, no text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":  # the file was cut inside its last character
            return data[: error.start].decode("utf-8")
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - damaged
    if damaged <= max(2, good // 50) and good > 4 * damaged:  # a few flipped bits
        return text.replace("\ufffd", "")
    cyrillic = data.decode("cp1251", "replace")
    if _reads_as_cyrillic(cyrillic):
        return cyrillic
    latin = data.decode("cp1252", "replace")
    if _reads_as_latin(latin):
        return latin
    raise ValueError("is in an unknown encoding; save it as UTF-8")


_TEXT_BYTES = bytes([9, 10, 11, 12, 13, 26, *range(32, 256)])
_SAMPLE = 500_000
_CYRILLIC_WORD = re.compile(r"[а-яёіїєґўј]+", re.I)
_WORD = re.compile(r"[^\W\d_]+")
# the ten commonest letters of Russian, two thirds of any text; 55 to 65 % in its neighbours
_COMMON_CYRILLIC = frozenset("оеаинтсрвл")


def _reads_as_cyrillic(text: str) -> bool:
    """Tell Cyrillic text from other bytes that happen to have Cyrillic letters in cp1251."""
    text = text[:_SAMPLE]
    foreign = [character for character in text if character > "\x7f" and character not in "«»—–…№“”„’ \ufffd"]
    letters = [letter for word in _CYRILLIC_WORD.findall(text) for letter in word]
    if len(letters) < 8 or len(letters) < 0.9 * len(foreign):
        return False
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    # whole words of one script, and no capital behind a small letter, as bytes of KOI8-R or UTF-8 give
    odd = sum(_CYRILLIC_WORD.fullmatch(word) is None or not (word[1:].islower() or word.isupper() or len(word) == 1)
              for word in words)  # fmt: skip
    common = sum(letter in _COMMON_CYRILLIC for letter in map(str.lower, letters))
    return odd <= 0.1 * len(words) and common >= 0.45 * len(letters)


def _reads_as_latin(text: str) -> bool:
    """Tell western European text: accented letters are few, and stand in words with plain ones."""
    accented = sum("\xc0" <= character <= "\xff" and character not in "×÷" for character in text)
    plain = sum(character.isascii() and character.isalpha() for character in text)
    others = sum(character > "\x7f" for character in text) - accented
    return 0 < accented <= 0.3 * plain and others <= accented + 5
