"""Texts as rows of words, each different text once: what phrases are mined from and looked for in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from smf_embed.lexicon import UNSPACED, WORD
from smf_embed.ranges import ranges

_UNSPACED_LETTER = re.compile(f"([{UNSPACED}])")
_WITH_DIGIT = re.compile(r"\d")


def words_of(texts: Iterable[str]) -> list[list[str]]:
    """Return the words of each text; characters of scripts without spaces are words."""
    rows = []
    for text in texts:
        if not text.isascii():
            text = _UNSPACED_LETTER.sub(r" \1 ", text.replace("ё", "е"))
        rows.append(WORD.findall(text))
    return rows


def without_numbers(words: Sequence[str]) -> Sequence[str]:
    """Return the words that have no digit."""
    if not _WITH_DIGIT.search(" ".join(words)):  # most texts have none: one look instead of one for each word
        return words
    return [word for word in words if not _WITH_DIGIT.search(word)]


@dataclass(frozen=True)
class WordRows:
    """Rows of words, as numbers.

    Attributes
    ----------
    words : list of str
        By number; none stands twice.
    flat : ndarray of int64
        The words of all rows one after the other.
    begins : ndarray of int64, shape (n + 1,)
        Where each row begins in `flat`, and where the last one ends.
    """

    words: list[str]
    flat: np.ndarray
    begins: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> WordRows:
        """Number the words of some rows."""
        number: dict[str, int] = {}
        flat = np.fromiter((number.setdefault(word, len(number)) for row in rows for word in row), dtype=np.int64)
        return cls(list(number), flat, np.cumsum([0, *map(len, rows)], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.begins) - 1

    @property
    def row(self) -> np.ndarray:
        """The row of each word of `flat`, int64."""
        return np.repeat(np.arange(len(self)), np.diff(self.begins))

    def common(self, least: int) -> set[str]:
        """Return the words that stand in so many rows at least."""
        once = np.unique(self.row * len(self.words) + self.flat) % max(len(self.words), 1)
        count = np.bincount(once, minlength=len(self.words))
        return {self.words[word] for word in np.flatnonzero(count >= least).tolist()}

    def part(self, rows: np.ndarray) -> WordRows:
        """Return some of the rows, whose numbers are given; words keep theirs."""
        length = np.diff(self.begins)[rows]
        flat = self.flat[ranges(self.begins[:-1][rows], length)]
        return WordRows(self.words, flat, np.append(0, np.cumsum(length)))


@dataclass(frozen=True)
class DistinctTexts:
    """The texts of one field of some clips, each different one once.

    Attributes
    ----------
    text_of : ndarray of int64, shape (n_clips,)
        Number of the clip's text; texts of the same words, as `words_of` reads them, are one.
    key_of : ndarray of int64, shape (n_texts,)
        Row of the text's words in `keys`: two texts that differ in numbers only are two, but have the same phrases.
    keys : WordRows
        Words without numbers, none twice.
    """

    text_of: np.ndarray
    key_of: np.ndarray
    keys: WordRows

    @classmethod
    def of(cls, texts: Sequence[str]) -> DistinctTexts:
        """Tell the different ones among cleaned texts."""
        key_number: dict[tuple[str, ...], int] = {}
        number: dict[tuple[str, ...], int] = {}
        text_of = np.empty(len(texts), dtype=np.int64)
        key_of: list[int] = []
        for row, words in enumerate(words_of(texts)):
            text_of[row] = number.setdefault(tuple(words), len(number))
            if text_of[row] == len(key_of):
                key_of.append(key_number.setdefault(tuple(without_numbers(words)), len(key_number)))
        return cls(text_of, np.array(key_of, dtype=np.int64), WordRows.of(list(key_number)))

    def __len__(self) -> int:
        return len(self.text_of)

    def part(self, rows: np.ndarray) -> DistinctTexts:
        """Return the texts of some of the clips."""
        texts, text_of = np.unique(self.text_of[rows], return_inverse=True)
        keys, key_of = np.unique(self.key_of[texts], return_inverse=True)
        return DistinctTexts(text_of, key_of, self.keys.part(keys))
