"""Scripts: which letters a word is written in, the general words of a script, and readings in the other script.

The script of its letters, and no guess at a language, decides which words a token is compared with: all languages
that wordfreq has in that script are one list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from functools import lru_cache

#: The languages whose words a script knows. Only these three scripts are ever corrected: Arabic and Hebrew words take
#: one-letter prefixes, Hangul takes particles inside the token, and the rest have no spaces or no list.
LANGUAGES = {
    "latin": "ca cs da de en es fi fil fr hu id is it lt lv ms nb nl pl pt ro sh sk sl sv tr vi",
    "cyrillic": "bg mk ru uk",
    "greek": "el",
}

#: Languages whose large list is read: the small ones (once in a million words) lack most of their case forms.
DEEP = ("ru", "uk")
#: How rare a general word may be, in centibels: 700 is once in ten million words.
GENERAL_DEPTH = 700
#: How rare a word of everyday use may be: once in a hundred thousand words.
COMMON_DEPTH = 500

_SCRIPTS = {
    "latin": re.compile(r"[a-zß-öø-ɏ]+"),
    "cyrillic": re.compile(r"[а-џѐ-ӿ]+(?:['’ʼ][а-џѐ-ӿ]+)*"),
    "greek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]+"),
}


def script_of(token: str) -> str | None:
    """Return `latin`, `cyrillic` or `greek` if all letters of a lower-case token are of that script, else None.

    Digits, letters of two scripts, and scripts that are never corrected give None.

    Examples
    --------
    >>> script_of("лунтик"), script_of("bluey"), script_of("dвd"), script_of("s01"), script_of("名偵探")
    ('cyrillic', 'latin', None, None, None)
    """
    for script, letters in _SCRIPTS.items():
        if letters.fullmatch(token):
            return script
    return None


def general_words(script: str) -> Set[str]:
    """Return the words that wordfreq knows in a script, ё folded to е; read when the script is first met.

    They say that a word exists and is nothing to correct. They are no targets of correction: a general word is what
    a rare name would be destroyed into.

    Parameters
    ----------
    script : {"latin", "cyrillic", "greek"}
    """
    return _read_words(script)[0]


def common_words(script: str) -> Set[str]:
    """Return those of `general_words` that are in everyday use, as bear and adventure are and smeshariki is not."""
    return _read_words(script)[1]


@lru_cache(maxsize=4)
def _read_words(script: str) -> tuple[Set[str], Set[str]]:
    import wordfreq

    words: set[str] = set()
    common: set[str] = set()
    for language in LANGUAGES[script].split():
        # past the cache of wordfreq, which would keep every list a second time
        buckets = wordfreq.get_frequency_list.__wrapped__(language, "large" if language in DEEP else "small")
        for rarity, bucket in enumerate(buckets[:GENERAL_DEPTH]):
            (common if rarity < COMMON_DEPTH else words).update(bucket)
    for found in (words, common):
        found.update([word.replace("ё", "е") for word in found if "ё" in word])
    words |= common
    return words, common


# What words of one stem end in; a word that differs from a known one only here is its other form, not its typo
_ENDING_LISTS = {
    "cyrillic": """
        а я о е и ы у ю ь й ой ей ом ем ам ям ами ями ах ях ов ев ью ий ый ая яя ое ее ые ие ого его ому ему ым им
        ыми ими ых их ую юю ія ії ів єм ею ою і ї є ові еві та те то ът ят ин ка ки ку ке кой ок ек л ла ло ли т ть
    """,
    "latin": """
        a e i o u y s n r d t m k l es as os is us en er ed em om am an on in un ie ia ii io ek ka ki ku ke ko ow ów
        ę ą ach ami ou ů é í ý á å ä ö ü ı ın le la li de da te ta ne na ni ns rs ly et st
    """,
    "greek": "α ά ας άς ε ες η ή ης ής ι ί ο ό ος ός ου ού ον όν ω ώ ων ών υ ς ν οι οί",
}
_ENDINGS = {script: frozenset(["", *listed.split()]) for script, listed in _ENDING_LISTS.items()}
_VOWELS = frozenset("aeiouyаеиоуыэюяіїє")
_DOUBLED = _VOWELS - {"y", "ы", "у", "ю", "э"}
_LONGEST_ENDING = max(len(ending) for endings in _ENDINGS.values() for ending in endings)


def same_word(one: str, other: str) -> bool:
    """Return whether a word is a known one with another ending that words of its script take."""
    script = script_of(other) or ""
    endings = _ENDINGS.get(script)
    if endings is None or one[:3] != other[:3]:
        return False
    shared = 3
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    if shared == len(other) and len(one) == shared + 1 and one[-1] == one[-2] and one[-1] not in _DOUBLED:
        return False  # the last letter twice: no ending does that
    for stem in range(shared, max(3, shared - _LONGEST_ENDING) - 1, -1):
        had, has = other[stem:], one[stem:]
        if had not in endings or has not in endings:
            continue
        if not had or not has:
            return True
        if abs(len(had) - len(has)) == 1 and (had.endswith(has) or has.endswith(had)):
            continue  # сери(ю), not сер(ию), is what lost a letter
        # Latin letters serve many languages, so two endings are believed only where they are of one kind
        of_one_kind = (had[0] in _VOWELS and has[0] in _VOWELS) or len(had) == len(has) == 2
        if script != "latin" or of_one_kind:
            return True
    return False


def form_of_name(token: str, name: str) -> bool:
    """Return whether a token is a case form of a name; of Latin names only a final vowel may have given way."""
    if script_of(name) != "latin":
        return same_word(token, name)
    stem = name[:-1] if name[-1] in _VOWELS and len(name) > 4 else name
    return token.startswith(stem) and same_word(token, name)


def without_accents(word: str) -> str:
    """Return the word without the marks on its letters; й stays."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter) or letter == "\u0306")


# Cyrillic to Latin, as the schemes agree; what they do not agree on stands in _SCHEMES
_TO_LATIN = dict(
    zip(
        "абвгдеёзиклмнопрстуфъыьэіїєґў",
        ["a", "b", "v", "g", "d", "e", "e", "z", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f",
         "", "y", "", "e", "i", "i", "e", "g", "u"],
        strict=True,
    )
)  # fmt: skip
_SCHEMES = [
    dict(zip("жйхцчшщюя", row.split(), strict=True))
    for row in (
        "zh y kh ts ch sh shch yu ya",  # as English readers write
        "zh i h c ch sh sh iu ia",
        "j j h c ch sh sch ju ja",
    )
]
# Latin to Cyrillic; a piece that is read in several ways has the likeliest reading first
_LATIN_READINGS = {
    "shch": "щ", "sch": "щ", "sh": "ш", "ch": "ч", "zh": "ж", "kh": "х", "ts": "ц", "ck": "к", "ph": "ф",
    "ya": "я", "yu": "ю", "yo": "ё", "ye": "е", "ja": "я", "ju": "ю", "jo": "ё", "iy": "ий", "yy": "ый",
    "a": "а", "b": "б", "c": "кц", "d": "д", "e": "е", "f": "ф", "g": "г", "h": "хг", "i": "и", "j": "жй", "k": "к",
    "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "q": "к", "r": "р", "s": "с", "t": "т", "u": "у", "v": "в",
    "w": "ву", "x": "кс", "y": "ыи", "z": "зц",
}  # fmt: skip
_SEVERAL = frozenset("chjwyz")
_LATIN_PIECE = re.compile("(?<=[aeiou])[yi](?![aeou])|" + "|".join(sorted(_LATIN_READINGS, key=len, reverse=True)))
_CARONS = str.maketrans({"š": "sh", "č": "ch", "ž": "zh", "ş": "sh", "ç": "ch", "ı": "i", "ł": "l", "ß": "ss"})


def _plain_latin(text: str) -> str:
    """Return Latin letters without their marks; those that stand for a sound of their own become two letters."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_CARONS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def transliterations(token: str) -> tuple[str, ...]:
    """Return how a Latin or Cyrillic word may be written in the other script, the likeliest first.

    A second reading for matching names; the text itself is never replaced by it.

    Parameters
    ----------
    token : str
        One lower-case word.

    Returns
    -------
    tuple of str
        At most three, ё folded to е; empty for other scripts.

    Examples
    --------
    >>> transliterations("prostokvashino")
    ('простоквашино',)
    >>> transliterations("смешарики")
    ('smeshariki',)
    """
    script = script_of(token)
    if script == "cyrillic":
        spellings = ("".join(_TO_LATIN.get(letter, scheme.get(letter, "")) for letter in token) for scheme in _SCHEMES)
        return tuple(dict.fromkeys(filter(None, spellings)))
    if script != "latin":
        return ()
    plain = _plain_latin(token)
    found = []
    for turn in (0, 1):
        word = []
        for match in _LATIN_PIECE.finditer(plain):
            piece = match[0]
            if piece in "iy" and match.start() and plain[match.start() - 1] in "aeiou":
                word.append("й" if piece == "y" or turn == 0 else "и")
            else:
                readings = _LATIN_READINGS[piece]
                word.append(readings[turn] if piece in _SEVERAL else readings)
        found.append("".join(word).replace("ё", "е"))
    return tuple(dict.fromkeys(filter(None, found)))


class _Letters(dict[int, str]):
    def __missing__(self, letter: int) -> str:
        return ""


def latin_spellings(words: Iterable[str]) -> set[str]:
    """Return all `transliterations` of many Cyrillic words, in a thirtieth of the time."""
    text = "\n".join(words)
    found: set[str] = set()
    for scheme in _SCHEMES:
        letters = _Letters({ord(letter): latin for letter, latin in (scheme | _TO_LATIN).items()} | {10: "\n"})
        found.update(text.translate(letters).split("\n"))
    return found - {""}


# what phonetic_key makes of Latin spellings, in this order
_FOLDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("shch|sch", "sh"), ("dzh|dj|zh", "j"), ("kh", "h"), ("ph", "f"), ("ts|tz", "c"), ("ck|q", "k"), ("x", "ks"),
        ("w", "v"), ("(?<![aeiouy])y[oe]|(?<=[aeiou])ye", "e"), ("y", "i"), (r"(\w)\1+", r"\1"),
    )
]  # fmt: skip
_KEY_SCHEME = str.maketrans(
    {**_TO_LATIN, "ж": "j", "щ": "sh", **{k: _SCHEMES[0][k] for k in "йчшюя"}, "х": "h", "ц": "c"}
)


def phonetic_key(text: str) -> str:
    """Return a folded Latin form in which the Latin and the Cyrillic spellings of a name coincide.

    Folded are sh/š/ш/щ, zh/ж/j, kh/h/х, y/i/й/ы, ts/c/ц, x/кс, w/v/в, ё/е/э, doubled letters and accents.
    White space is collapsed; other characters stay.

    Examples
    --------
    >>> phonetic_key("Маша и Медведь") == phonetic_key("Masha i Medved")
    True
    >>> phonetic_key("фиксики"), phonetic_key("Fixiki")
    ('fiksiki', 'fiksiki')
    """
    lower = text.lower()
    # Cyrillic first: й would lose its breve with the accents
    latin = unicodedata.normalize("NFC", lower).translate(_KEY_SCHEME)
    key = _plain_latin(latin).lower()
    for pattern, sound in _FOLDS:
        key = pattern.sub(sound, key)
    return " ".join(key.split())
