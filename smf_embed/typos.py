"""Correction of typos that never hurts a name.

A token is changed only if nothing knows it: no name, no word that the corpus uses often, no general dictionary of its
script. It is changed only into a name or into a word that the corpus uses, one edit away (two for long names), and
never where it is another ending of a known word. General words are never targets: they are what a rare name is
destroyed into (лунтик → путник). Neighbours decide most cases: `paw pbtrol` is mended because `paw patrol` stands in
the corpus; a lone unknown word needs a name or a long and frequent target.

Measured on the open benchmark (83,145 titles: 106,869 tokens, 195,634 pairs, 6.7 MB of rows; 44 names): rows read in
0.15 s, corrector built in 0.15 s, 50 MB. The general words of a script are read when it is first met: Latin 798,854 in
0.4 s, Cyrillic 408,488 in 0.4 s, Greek 46,916 in 0.01 s, 196 MB together. Clean and correct: 31,000 titles a second in
one thread, nothing looked up before. `benchmarks/typo_correction.py` measures it again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise

from symspellpy import SymSpell, Verbosity  # type: ignore[import-untyped]

from smf_embed.near_words import NearWords
from smf_embed.scripts import (
    common_words,
    form_of_name,
    general_words,
    latin_spellings,
    same_word,
    script_of,
    transliterations,
    without_accents,
)
from smf_embed.text import clean

#: A token that stands in this many distinct texts is a word of the corpus: never changed, and a target of correction.
#: Of the benchmark's words that no dictionary knows, those one letter from a word 20 times as frequent are 15.6 %
#: of the words of one text, 8.0 % of two, 4.7 % of three, 3.9 % of four, and 1.6 % from five on.
OFTEN = 5
#: A token that stands in this many may be a target without its neighbours speaking for it, or a part of a glued word.
VERY_OFTEN = 20
#: One that stands in this many may be so though it is short or two edits away.
COMMON = 100
#: Tokens of fewer or more letters are never changed.
SHORTEST, LONGEST = 4, 40
#: Most corpus words that are targets, the most frequent; bounds the time of building.
MOST_TARGETS = 30_000

#: Two neighbours speak for each other when they stand together in this many texts.
PAIR_OFTEN = 2
#: A token seen more than once is a typo only of a word that is this many times as frequent.
RATIO = 20
#: Of two candidates that are equally near, one must be this many times as frequent.
CLEARLY_MORE = 5

# letters, digits and the marks that belong to letters; an apostrophe joins Cyrillic letters only (м'яч, but l'amour)
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
_MARKS += "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_TOKEN = re.compile(rf"(?:[^\W_]|[{_MARKS}])+(?:(?<=[а-ӿ])['’ʼ](?=[а-ӿ])[а-ӿ]+)*")


def tokens(text: str) -> list[tuple[int, int, str]]:
    """Return the words of a cleaned text as (start, end, token), ё folded to е.

    Examples
    --------
    >>> tokens("ёжик s01-2")
    [(0, 4, 'ежик'), (5, 8, 's01'), (9, 10, '2')]
    """
    return [(match.start(), match.end(), match[0]) for match in _TOKEN.finditer(text.replace("ё", "е"))]


class WordCounts:
    """In how many distinct texts a token stands, and two neighbouring tokens: the dictionary learned from the corpus.

    Attributes
    ----------
    counts : dict of str to int
        Token → number of texts.
    pairs : dict of str to int
        Two neighbouring words without digits, joined by a space → number of texts.
    asks_ahead : bool
        `expect` makes it quicker to be asked about titles.
    """

    asks_ahead = False

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.pairs: dict[str, int] = {}

    def update(self, texts: Iterable[str]) -> None:
        """Count the tokens of more cleaned texts; a text that is among them twice counts once."""
        counts: Counter[str] = Counter()
        pairs: Counter[str] = Counter()
        for text in {text.replace("ё", "е") for text in texts}:
            words = _TOKEN.findall(text)
            counts.update(set(words))
            pairs.update({f"{a} {b}" for a, b in pairwise(words) if a.isalpha() and b.isalpha()})
        _add_counts(self.counts, counts)
        _add_counts(self.pairs, pairs)

    def expect(self, titles: Iterable[str]) -> None:
        """Get ready to be asked about the words of cleaned titles; here all counts are at hand."""

    def count(self, token: str) -> int:
        """Return in how many texts a token stands."""
        return self.counts.get(token, 0)

    def count_pair(self, pair: str) -> int:
        """Return in how many texts two neighbouring words stand that are joined by a space."""
        return self.pairs.get(pair, 0)

    def repeated(self, starts: Collection[str]) -> Iterator[str]:
        """Yield the tokens of several texts whose first three letters are among these, in any order."""
        return (token for token, count in self.counts.items() if count > 1 and token[:3] in starts)

    def often(self) -> Iterator[tuple[str, int]]:
        """Yield the tokens that are words of the corpus and their counts, the most frequent first."""
        found = [(token, count) for token, count in self.counts.items() if count >= OFTEN]
        return iter(sorted(found, key=lambda pair: (-pair[1], pair[0])))

    def add(self, other: WordCounts) -> None:
        """Add the counts of other texts."""
        _add_counts(self.counts, other.counts)
        _add_counts(self.pairs, other.pairs)

    def to_rows(self) -> Iterator[tuple[str, int]]:
        """Yield (token or pair, count), in a fixed order; a pair has a space in it."""
        yield from sorted(self.counts.items())
        yield from sorted(self.pairs.items())

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, int]]) -> WordCounts:
        """Make the counts that gave these rows, in any order."""
        made = cls()
        for key, count in rows:
            (made.pairs if " " in key else made.counts)[key] = count
        return made


def _add_counts(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for key, count in more.items():
        counts[key] = counts.get(key, 0) + count


@dataclass(frozen=True)
class Change:
    """One token that was changed: where it stands in the text given, what it was and became, and why."""

    start: int
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Corrected:
    """A text after correction, and every change in it."""

    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A known word near an unknown token."""

    word: str
    distance: int
    is_name: bool
    count: int
    alone: bool  # near enough whatever stands beside it
    beside: bool  # near enough when a neighbour speaks for it


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an unknown token may stand for: glued words, or one of the candidates."""

    parts: tuple[str, ...] = ()
    candidates: tuple[_Candidate, ...] = ()


class Corrector:
    """Corrects unknown tokens to near-by names and words of the corpus.

    Parameters
    ----------
    counts : WordCounts
        Of cleaned texts.
    names : iterable of str
        Names and aliases of the projects, of one word or several; their tokens are never changed and preferred.
    general : bool
        Whether words of the general dictionaries are known, too. Without them rare words are in danger.
    """

    def __init__(self, counts: WordCounts, names: Iterable[str] = (), general: bool = True) -> None:
        self._counts = counts
        self._general = general
        phrases = sorted({tuple(token for _, _, token in tokens(clean(name))) for name in names})
        self._names = {token for phrase in phrases for token in phrase}
        self._name_pairs = {f"{a} {b}" for phrase in phrases for a, b in pairwise(phrase)}
        self._glued_names = {"".join(phrase): phrase for phrase in phrases if len(phrase) > 1}
        self._name_forms = self._names | self._forms_in_corpus()
        self._far = SymSpell(2, 7)
        targets = self._add_targets()
        self._near = NearWords(targets)
        # a Cyrillic word in Latin letters is no typo of a Latin word: patrul is патруль, not patrol
        self._transliterated = {reading for name in self._names for reading in transliterations(name)}
        self._transliterated |= latin_spellings(token for token in targets if script_of(token) == "cyrillic")
        self._memo: dict[str, _Reading | None] = {}

    def _forms_in_corpus(self) -> set[str]:
        """Return the case forms of name tokens that the corpus uses."""
        by_start: dict[str, list[str]] = {}
        for name in sorted(self._names):
            if len(name) >= SHORTEST and script_of(name):
                by_start.setdefault(name[:3], []).append(name)
        return {
            token
            for token in self._counts.repeated(by_start)
            if any(form_of_name(token, name) for name in by_start[token[:3]])
        }

    def _add_targets(self) -> set[str]:
        often = (pair for pair in self._counts.often() if len(pair[0]) >= SHORTEST and script_of(pair[0]))
        targets = dict(islice(often, MOST_TARGETS))
        for name in self._name_forms:
            count = self._counts.count(name)
            if len(name) >= SHORTEST and (name in self._names or count >= OFTEN) and script_of(name):
                targets[name] = max(count, 1)
        for token in sorted(targets):
            named = token in self._name_forms
            if len(token) >= 6 and (named or (len(token) >= 8 and targets[token] >= COMMON)):
                self._far.create_dictionary_entry(token, targets[token])
        return set(targets)

    def is_name(self, token: str) -> bool:
        """Return whether a token is of a name, or a case form of one that the corpus uses."""
        return token.replace("ё", "е") in self._name_forms

    def protects(self, token: str) -> bool:
        """Return whether a token is never changed: a name, a form of one, a word of the corpus or in general use.

        So are short tokens, those with digits and those of scripts that have no dictionary.
        """
        token = token.replace("ё", "е")
        if not SHORTEST <= len(token) <= LONGEST or token in self._name_forms or self._counts.count(token) >= OFTEN:
            return True
        script = script_of(token)
        return script is None or token in self._transliterated or (self._general and token in general_words(script))

    def correct(self, text: str) -> Corrected:
        """Correct a cleaned text.

        Parameters
        ----------
        text : str
            As `smf_embed.text.clean` returns it.

        Returns
        -------
        Corrected
        """
        folded = text.replace("ё", "е")
        memo = self._memo
        if len(memo) > 500_000:
            memo.clear()
        nothing_to_do = True
        for token in _TOKEN.findall(folded):
            if token not in memo:
                memo[token] = self._read(token)
            if memo[token] is not None:
                nothing_to_do = False
        return Corrected(text) if nothing_to_do else self._correct_tokens(text, folded)

    def correct_many(self, texts: Iterable[str]) -> list[Corrected]:
        """Correct many cleaned texts; each token is looked up once."""
        return [self.correct(text) for text in texts]

    def _correct_tokens(self, text: str, folded: str) -> Corrected:
        matches = list(_TOKEN.finditer(folded))
        now: list[tuple[str, ...]] = [(match[0],) for match in matches]
        reasons: dict[int, str] = {}
        # a corrected word may speak for its neighbours; each round but the last settles a token for good
        changed = True
        while changed:
            changed = False
            for place, match in enumerate(matches):
                reading = self._memo[match[0]] if place not in reasons else None
                if reading is None:
                    continue
                before = now[place - 1][-1] if place else ""
                after = now[place + 1][0] if place + 1 < len(now) else ""
                found = self._decide(match[0], reading, before, after)
                if found:
                    now[place], reasons[place] = found
                    changed = True
        if not reasons:
            return Corrected(text)
        pieces, changes, end = [], [], 0
        for place in sorted(reasons):
            start, stop = matches[place].span()
            after = " ".join(now[place])
            changes.append(Change(start, text[start:stop], after, reasons[place]))
            pieces += [text[end:start], after]
            end = stop
        return Corrected("".join([*pieces, text[end:]]), tuple(changes))

    def _read(self, token: str) -> _Reading | None:
        """Return what an unknown token may stand for, None if it is to be left alone."""
        if self.protects(token):
            return None
        parts = self._unglue(token)
        if parts:
            return _Reading(parts=parts)
        seen = self._counts.count(token)
        plain = without_accents(token)
        found = dict.fromkeys(self._near.one_edit_away(token), 1)
        if not found and len(token) >= 6:
            found = {item.term: item.distance for item in self._far.lookup(token, Verbosity.ALL, 2)}
        candidates = []
        for word, distance in sorted(found.items()):
            if same_word(token, word) or without_accents(word) == plain:
                return None  # another form or spelling of a known word
            candidate = self._weigh(token, word, distance, seen)
            if candidate is not None:
                candidates.append(candidate)
        return _Reading(candidates=tuple(candidates)) if candidates else None

    def _weigh(self, token: str, word: str, distance: int, seen: int) -> _Candidate | None:
        """Return how good a known word near an unknown token is; None if it is no good whatever stands beside it."""
        count = self._counts.count(word)
        # a token seen once may be this very text
        if seen > 1 and count < RATIO * seen:
            return None
        length = min(len(token), len(word))
        swapped = sorted(token) == sorted(word)
        keeps_first = token[0] == word[0] or (swapped and token[:2] == word[1::-1])
        # Latin forms are only guessed: teeny of teen
        own = word in self._names or (word in self._name_forms and script_of(word) != "latin")
        name = own and not self._is_common(word)
        if distance == 2:
            alone = keeps_first and length >= 9 and (name or count >= COMMON)
            beside = keeps_first and length >= 7
        elif name:
            # of four letters so many are left that one more must be sure: дашан is no даша
            alone = length >= 5 or swapped or (keeps_first and len(token) > len(word) and token[-1] == word[-1])
            beside = True
        else:
            # bilby is no billy: of two five-letter words that differ by a letter, both may well exist
            sure = length >= 6 or len(token) != len(word) or swapped
            often = count >= (VERY_OFTEN if sure else COMMON) or (swapped and word in self._names)
            alone = keeps_first and length >= 5 and often
            beside = True
        return _Candidate(word, distance, word in self._names, count, alone, beside) if alone or beside else None

    def _decide(self, token: str, reading: _Reading, before: str, after: str) -> tuple[tuple[str, ...], str] | None:
        """Return what becomes of the token between its neighbours, and why."""
        if reading.parts:
            return reading.parts, "glued words"
        ranked = []
        for candidate in reading.candidates:
            company = max(self._pair(before, candidate), self._pair(after, candidate, follows=True))
            beside = candidate.beside and company >= PAIR_OFTEN
            if beside or candidate.alone:
                ranked.append(((not beside, candidate.distance, not candidate.is_name), candidate))
        if not ranked:
            return None
        ranked.sort(key=lambda pair: (pair[0], -pair[1].count, pair[1].word))
        kind, best = ranked[0]
        if len(ranked) > 1 and ranked[1][0] == kind and ranked[1][1].count * CLEARLY_MORE > best.count:
            return None
        letters = "one letter" if best.distance == 1 else "two letters"
        target = f"the name «{best.word}»" if best.is_name else f"«{best.word}», {best.count} times in the corpus"
        company_kept = "" if kind[0] else ", often beside the same word"
        return (best.word,), f"unknown word, {letters} from {target}{company_kept}"

    def _pair(self, neighbour: str, candidate: _Candidate, follows: bool = False) -> int:
        """Return how often a neighbour stands beside a candidate; short words say nothing about far ones."""
        if not neighbour or (candidate.distance == 2 and len(neighbour) < SHORTEST):
            return 0
        key = f"{candidate.word} {neighbour}" if follows else f"{neighbour} {candidate.word}"
        return PAIR_OFTEN if key in self._name_pairs else self._counts.count_pair(key)

    def _unglue(self, token: str) -> tuple[str, ...]:
        """Return the words of an unknown token that is several known words, at least half of its letters names."""
        size = len(token)
        pieces = (token[start:end] for end in range(SHORTEST, size + 1) for start in range(end - SHORTEST + 1))
        # without a name among them it is nothing, and no count need be looked up
        if size < 8 or not any(piece in self._names or piece in self._glued_names for piece in pieces):
            return ()
        # for each length of the beginning: (letters of names, minus number of parts, parts)
        best: list[tuple[int, int, tuple[str, ...]] | None] = [(0, 0, ())] + [None] * size
        for end in range(SHORTEST, size + 1):
            for start in range(end - SHORTEST + 1):
                begin = best[start]
                if begin is None:
                    continue
                piece = token[start:end]
                if piece in self._glued_names:
                    parts, named = self._glued_names[piece], end - start
                elif piece in self._names and not self._is_common(piece):
                    parts, named = (piece,), end - start
                elif self._counts.count(piece) >= VERY_OFTEN:
                    parts, named = (piece,), 0
                else:
                    continue
                way = (begin[0] + named, begin[1] - 1, begin[2] + parts)
                if best[end] is None or way > best[end]:  # type: ignore[operator]
                    best[end] = way
        whole = best[size]
        return whole[2] if whole and 2 * whole[0] >= size and len(whole[2]) > 1 else ()

    def _is_common(self, token: str) -> bool:
        script = script_of(token)
        return self._general and script is not None and token in common_words(script)
