"""Which words of names a word of a title can stand for: the same, inflected, misspelt, or in another script."""

from __future__ import annotations

import enum
import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from smf_embed.scripts import phonetic_key, script_of


class MatchKind(enum.IntEnum):
    """How a name was found; the greater, the surer."""

    NONE = 0
    TRANSLITERATED = 1  #: written in another script, `prostokvashino` for `простоквашино`
    FUZZY = 2  #: misspelt by one letter, or by two where the word has eight or more
    INFLECTED = 3  #: with another ending, or longer than the stem that a rule gives
    EXACT = 4  #: word by word


class Reading(NamedTuple):
    """How well a word of a title stands for a word of a name."""

    kind: MatchKind
    quality: float


class Slot(NamedTuple):
    """A word of a name.

    Attributes
    ----------
    token : str
    alone : bool
        The name has no other word.
    lead : int
        Letters that may stand before it in a title's word: rules leave out a capital, `олобок`.
    stem : bool
        A word of a title may go on after it: rules name stems, `смешарик`.
    as_it_is : bool
        Only the same word will do.
    """

    token: str
    alone: bool = True
    lead: int = 0
    stem: bool = False
    as_it_is: bool = False


_NOTHING: dict[int, Reading] = {}
_SAME = Reading(MatchKind.EXACT, 1.0)
_INFLECTED = Reading(MatchKind.INFLECTED, 0.95)

_CYRILLIC_ENDINGS = """
    а я ы и у ю е о й ь і ї
    ой ей ом ем ам ям ах ях ов ев ий ый ия ию ии ие ая яя ое ее ые ую юю ою ею ым им ых их ья ье ьи ью ів
    ами ями ием ого его ому ему ыми ими ьев ьям ьей ьим ьих ьях ові еві
    ьего ьему ьими ьями
"""
_HANGUL_ENDINGS = re.compile("(?<=.)(?:이랑|에서|으로|[은는이가을를의에도와과랑로만])$")
_CYRILLIC, _HANGUL = re.compile(r"[а-ѿ]+"), re.compile(r"[가-힣]+")
_ENDINGS = frozenset(_CYRILLIC_ENDINGS.split())
_LONGEST_ENDING = max(map(len, _ENDINGS))
_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST_STEM = 3
_SHORTEST_FUZZY = 5
_SHORTEST_BESIDE = 3
_LONG = 8
_CHUNK = 8192
# words that stand for nothing, of which a service meets new ones for as long as it runs
_MOST_NOTHING = 500_000


def split_endings(token: str) -> list[tuple[str, str]]:
    """Return the ways to take a word apart into a stem and an ending, the longest ending first.

    Examples
    --------
    >>> split_endings("машей"), split_endings("еноток")
    ([('маш', 'ей'), ('маше', 'й')], [('енотк', 'ок')])
    """
    if _CYRILLIC.fullmatch(token):
        cuts = range(max(_SHORTEST_STEM, len(token) - _LONGEST_ENDING), len(token))
        ways = [(token[:cut], token[cut:]) for cut in cuts if token[cut:] in _ENDINGS]
        # a vowel slips in where there is no ending: кошечки, кошечек
        if len(token) > 4 and token.endswith(("ек", "ок")):
            ways.append((token[:-2] + "к", token[-2:]))
        return ways
    if _HANGUL.fullmatch(token):
        found = _HANGUL_ENDINGS.search(token)
        return [(token[: found.start()], found[0])] if found else []
    if len(token) > 4 and token.endswith("s"):
        return [(token[:-1], "s")]
    return []


@functools.cache
def _phonetic_endings() -> frozenset[str]:
    # an ending of the reading is looked for behind a letter, since it may sound otherwise alone
    return frozenset(phonetic_key("т" + ending)[1:] for ending in _ENDINGS) - {""}


def largest_distance(length: int) -> int:
    """Return how many letters a word of this length may be misspelt by."""
    return 0 if length < _SHORTEST_FUZZY else 1 if length < _LONG else 2


class TokenReader:
    """Reads words of titles; every distinct word is looked at once, unless it was forgotten among very many.

    Parameters
    ----------
    slots : sequence of Slot
        The distinct words of names.
    known : collection of str
        Words that are no misspelling.
    """

    def __init__(self, slots: Sequence[Slot], known: Collection[str] = ()) -> None:
        self.slots = slots
        self.known = known
        self._memory: dict[str, dict[int, Reading]] = {}
        self._most_words = _MOST_NOTHING
        self._by_token: dict[str, list[int]] = defaultdict(list)
        self._by_stem: dict[str, list[int]] = defaultdict(list)
        self._by_part: dict[str, list[int]] = defaultdict(list)
        self._by_sound: dict[str, list[int]] = defaultdict(list)
        spellings: dict[str, set[int]] = defaultdict(set)
        self._longest_lead = 0
        for number, slot in enumerate(slots):
            token = slot.token
            self._by_token[token].append(number)
            if slot.as_it_is:
                continue
            stems = [stem for stem, _ in split_endings(token)][:1]
            if len(token) > _SHORTEST_STEM or not slot.alone:
                for stem in {token, *stems}:
                    self._by_stem[stem].append(number)
            if slot.lead or slot.stem:
                self._by_part[token].append(number)
                self._longest_lead = max(self._longest_lead, slot.lead)
            if _LETTERS.fullmatch(token):
                for sound in {phonetic_key(form) for form in (token, *stems)} - {""}:
                    if len(sound) > _SHORTEST_STEM or not slot.alone:
                        self._by_sound[sound].append(number)
                for form in (token, *stems):
                    if len(form) >= _SHORTEST_FUZZY:
                        spellings[form].add(number)
        self._shortest_part = min(map(len, self._by_part), default=0)
        self._spellings = list(spellings)
        self._spelling_slots = [sorted(numbers) for numbers in spellings.values()]
        self._spelling_limits = np.array([largest_distance(len(form)) for form in self._spellings], dtype=np.uint8)

    def read(self, tokens: Iterable[str]) -> list[str]:
        """Read the words that were not met before, and return those of them that can stand for a word of a name."""
        if len(self._memory) > self._most_words:
            # `readings` tells the same of these afterwards, also to a thread that is in the middle of a title
            self._memory = {token: readings for token, readings in self._memory.items() if readings}
            self._most_words = len(self._memory) + _MOST_NOTHING
        new = [token for token in dict.fromkeys(tokens) if token not in self._memory]
        unread = []
        for token in new:
            readings = self.certain(token)
            if not readings and _LETTERS.fullmatch(token):
                readings = self._by_ear(token)
                if not readings and len(token) >= _SHORTEST_FUZZY - 1 and token not in self.known:
                    unread.append(token)
            # most words stand for nothing; they share one dict
            self._memory[token] = readings or _NOTHING
        for start in range(0, len(unread), _CHUNK):
            self._read_misspelt(unread[start : start + _CHUNK])
        return [token for token in new if self._memory[token]]

    def readings(self, token: str) -> dict[int, Reading]:
        """Return slot number → reading of a word that was read."""
        return self._memory.get(token, _NOTHING)

    def certain(self, token: str) -> dict[int, Reading]:
        """Return the exact and inflected readings of a word."""
        readings = dict.fromkeys(self._by_token.get(token, ()), _SAME)
        stems = [stem for stem, _ in split_endings(token)]
        for stem in (token, *stems):
            for number in self._by_stem.get(stem, ()):
                readings.setdefault(number, _INFLECTED)
        if self._by_part:
            self._read_parts(token, readings)
        return readings

    def _read_parts(self, token: str, readings: dict[int, Reading]) -> None:
        for lead in range(self._longest_lead + 1):
            for end in range(lead + self._shortest_part, len(token) + 1):
                for number in self._by_part.get(token[lead:end], ()):
                    slot, rest = self.slots[number], len(token) - end
                    longest_rest = 0 if not slot.stem else 5 if end - lead > _SHORTEST_STEM or not slot.alone else 3
                    if lead <= slot.lead and rest <= longest_rest:
                        readings.setdefault(number, Reading(MatchKind.INFLECTED, 0.95 - 0.03 * (lead + rest)))

    def _by_ear(self, token: str) -> dict[int, Reading]:
        """Return the readings of a word by its sound."""
        readings: dict[int, Reading] = {}
        sound = phonetic_key(token)
        cuts = [len(sound)] + [
            cut for cut in range(max(_SHORTEST_STEM, len(sound) - 4), len(sound)) if sound[cut:] in _phonetic_endings()
        ]
        for cut in cuts:
            for number in self._by_sound.get(sound[:cut], ()):
                slot = self.slots[number]
                if {script_of(token), script_of(slot.token)} == {"latin", "cyrillic"}:
                    whole = cut == len(sound)
                    readings.setdefault(number, Reading(MatchKind.TRANSLITERATED, 0.9 if whole else 0.85))
        return readings

    def _read_misspelt(self, tokens: list[str]) -> None:
        if not self._spellings:
            return
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        forms = [(row, token) for row, token in enumerate(tokens)]
        forms += [
            (row, stem)
            for row, token in enumerate(tokens)
            for stem, _ in split_endings(token)[:1]
            if len(stem) >= _SHORTEST_FUZZY - 1
        ]
        distances = process.cdist(
            [form for _, form in forms], self._spellings, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8, workers=1
        )
        for place, spelling in zip(*np.nonzero(distances <= self._spelling_limits), strict=True):
            row, form = forms[place]
            name = self._spellings[spelling]
            distance = int(distances[place, spelling])
            if script_of(form) != script_of(name):
                continue
            reading = Reading(MatchKind.FUZZY, 1.0 - distance / len(name))
            readings = self._memory[tokens[row]] or {}
            self._memory[tokens[row]] = readings
            for number in self._spelling_slots[spelling]:
                if number not in readings or readings[number].quality < reading.quality:
                    readings[number] = reading

    def misspelt_beside(self, token: str, slot: Slot) -> Reading | None:
        """Read a word beside one of the same name that was found: `мша` in «мша и медведь».

        Here a word may be short, and one of those known: `pappa pig`.
        """
        from rapidfuzz.distance import OSA

        size = len(slot.token)
        if slot.as_it_is or size < _SHORTEST_BESIDE:
            return None
        if not _LETTERS.fullmatch(token) or not _LETTERS.fullmatch(slot.token):
            return None
        if len(token) < size and len(token) < _SHORTEST_BESIDE and token in self.known:
            return None  # «talking to» is not «Talking Tom»
        distance = OSA.distance(token, slot.token, score_cutoff=2)
        if distance > max(1, largest_distance(size)):
            return None
        return Reading(MatchKind.FUZZY, 1.0 - distance / size)
