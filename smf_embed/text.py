"""Cleaning of titles and descriptions before they are encoded and matched. The raw text is always kept elsewhere."""

from __future__ import annotations

import html
import re
import unicodedata

#: Part of every encoder fingerprint: vectors of texts that were cleaned in another way never meet these.
TEXT_VERSION = 1

# a host's name has at most 63 characters between dots; without a bound a long row of letters takes the square of time
_URL = re.compile(
    r"(?:https?://|www\.)\S*|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.(?:com|ru|net|org|tv|be|me|ua|kz|by|io)/\S*", re.I
)
_HASHTAG = re.compile(r"#(\w+)")
_ENTITY = re.compile(r"&(?:#?\w{1,32});")

# Letters that readers cannot tell apart, in lower case; the capitals H/Н and B/В are what brings in h/н and b/в.
_LATIN_LOOKALIKES = "aceopxykmthbi"
_CYRILLIC_LOOKALIKES = "асеорхукмтнві"
_TO_CYRILLIC = str.maketrans(_LATIN_LOOKALIKES, _CYRILLIC_LOOKALIKES)
_TO_LATIN = str.maketrans(_CYRILLIC_LOOKALIKES, _LATIN_LOOKALIKES)
_LATIN_LETTER = "a-zà-öø-ɏ"
_CYRILLIC_LETTER = "а-џѐ-ӿ"
# looked for from the beginning of a word and never back, so that a word of a million letters does not take for ever
_WORD_OF_TWO_SCRIPTS = re.compile(
    rf"(?<![{_LATIN_LETTER}{_CYRILLIC_LETTER}])"
    rf"(?:[{_LATIN_LETTER}]++(?=[{_CYRILLIC_LETTER}])|[{_CYRILLIC_LETTER}]++(?=[{_LATIN_LETTER}]))"
    rf"[{_LATIN_LETTER}{_CYRILLIC_LETTER}]++"
)


class _CharacterTable(dict[int, str]):
    """What `str.translate` puts for each character: symbols and controls become a space, invisible ones vanish."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        if category in ("Cf", "Cs") or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
            replacement = ""  # zero-width characters, lone surrogates, variation selectors
        elif category in ("Cc", "Co", "Cn", "So", "Zl", "Zp") or 0x1F3FB <= code <= 0x1F3FF:
            replacement = " "  # emoji and dingbats among them; the range is that of skin tones
        else:
            replacement = chr(code)
        self[code] = replacement
        return replacement


_CHARACTERS = _CharacterTable()


def clean(text: str) -> str:
    """Return the text as it is encoded and matched.

    In this order: HTML entities are decoded; URLs are dropped; hashtags are split into their words; emoji, dingbats
    and control characters become spaces; zero-width characters vanish; compatibility forms are folded (NFKC); the
    text is lower-cased; Latin and Cyrillic letters that look alike are made one script inside a word; white space
    is collapsed.

    Parameters
    ----------
    text : str
        Any text; lone surrogates are dropped.

    Returns
    -------
    str
        Text that `clean` leaves as it is; empty when nothing readable is in it.

    Examples
    --------
    >>> clean("СМЕШAРИКИ 😂 #МашаИМедведь https://youtu.be/abc")
    'смешарики маша и медведь'
    """
    # one pass is enough for nearly every text; an entity of an entity (&amp;lt;) or a compatibility form that hides
    # a capital or a look-alike takes another
    for _ in range(8):
        cleaned = _clean_once(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def _clean_once(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if "/" in text or "www." in text.lower():
        text = _URL.sub(" ", text)
    if "#" in text:
        text = _HASHTAG.sub(lambda match: " " + split_hashtag(match[1]) + " ", text)
    if not text.isascii() or not text.isprintable():
        text = unicodedata.normalize("NFKC", text.translate(_CHARACTERS))
    text = text.lower()
    if not text.isascii():
        # lower-casing the Turkish İ leaves a dot on the i that no other text has
        text = _WORD_OF_TWO_SCRIPTS.sub(_one_script, text.replace("i\u0307", "i"))
    return " ".join(text.split())


def split_hashtag(tag: str) -> str:
    """Split the words of a hashtag where the case or the kind of character tells, `МашаИМедведь2` → `Маша И Медведь 2`.

    Parameters
    ----------
    tag : str
        The hashtag without its `#`.
    """
    pieces: list[str] = []
    for position, character in enumerate(tag):
        before = tag[position - 1] if position else ""
        after = tag[position + 1] if position + 1 < len(tag) else ""
        word_begins = character.isupper() and (before.islower() or (before.isupper() and after.islower()))
        if word_begins or (before and before.isdigit() != character.isdigit()):
            pieces.append(" ")
        pieces.append(" " if character == "_" else character)
    return "".join(pieces)


def _one_script(match: re.Match[str]) -> str:
    word = match[0]
    latin = [letter for letter in word if letter < "ʰ"]
    cyrillic = [letter for letter in word if letter >= "Ѐ"]
    latin_may_be_cyrillic = all(letter in _LATIN_LOOKALIKES for letter in latin)
    cyrillic_may_be_latin = all(letter in _CYRILLIC_LOOKALIKES for letter in cyrillic)
    if latin_may_be_cyrillic and (not cyrillic_may_be_latin or len(cyrillic) >= len(latin)):
        return word.translate(_TO_CYRILLIC)
    if cyrillic_may_be_latin:
        return word.translate(_TO_LATIN)
    return word
