"""What is learned of one project alone, from its labelled clips and those that are most like them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from smf_embed.aliases import Alias, mine_aliases_of
from smf_embed.catalogue import Catalogue
from smf_embed.lexical import LETTERS, fit_column, hashed_counts
from smf_embed.lexicon import WORD
from smf_embed.neighbours import Neighbours

# Texts that a project's machine is told apart from: those that share its letters, those that mean the like, and random
# ones. So many give what all texts give; without the first kind a third of the precision is lost (docs/decisions.md).
_LIKE_SPELT, _LIKE_MEANT, _RANDOM = 2_000, 1_000, 1_000
# letters or words of the project's that others are searched for, of how many that are weighed against a sample
_PIECES = {"title": 120, "description": 40, "subtitles": 40}
_WEIGHED_PIECES = 1_000
_SAMPLED = 1_500
_PIECE_LETTERS = 4
_NEAREST_OF_EACH = 50
# subtitles may be so long that hashing thousands of them takes minutes
_MOST_CHARACTERS = 8_000_000


@dataclass(frozen=True)
class FieldTexts:
    """The different texts that labelled clips have in one field; one that several projects have stands twice.

    Attributes
    ----------
    keys : ndarray of int64, shape (n,)
        Of the stored vectors.
    texts : list of str
        Prepared.
    is_own : ndarray of bool, shape (n,)
        Whether it is of the project that is asked about.
    n_clips : ndarray of int, shape (n,)
        How many clips, of the project or of the others, have it.
    """

    keys: np.ndarray
    texts: list[str]
    is_own: np.ndarray
    n_clips: np.ndarray

    @classmethod
    def read(cls, catalogue: Catalogue, field: str, project: str) -> FieldTexts:
        """Read them from the catalogue, oldest first."""
        rows = catalogue.database.sql.execute(
            f"SELECT {field}_vector, project = ?, {field}_text FROM clips "
            f"WHERE project IS NOT NULL AND {field}_vector IS NOT NULL ORDER BY clip_key",
            (project,),
        )
        found: dict[tuple[int, int], str] = {}
        counts: Counter[tuple[int, int]] = Counter()
        for key, is_own, text in rows:
            found[key, is_own] = text
            counts[key, is_own] += 1
        return cls(
            np.array([key for key, _ in found], dtype=np.int64),
            list(found.values()),
            np.array([is_own for _, is_own in found], dtype=bool),
            np.array([counts[pair] for pair in found], dtype=np.int64),
        )

    def of(self, own: bool) -> list[str]:
        """Return the texts of the project, or those of all others."""
        return [text for text, is_own in zip(self.texts, self.is_own, strict=True) if is_own == own]

    def fit_column(self, catalogue: Catalogue, field: str, idf: np.ndarray) -> tuple[np.ndarray, np.float32]:
        """Fit the project's lexical machine; see `smf_embed.lexical.fit_column`."""
        if not len(idf) or not self.is_own.any():
            return fit_column(idf, hashed_counts(field, []), np.zeros(0, dtype=bool))
        rows = np.concatenate([np.flatnonzero(self.is_own), self._told_from(catalogue, field)])
        counts = hashed_counts(field, [self.texts[row] for row in rows])
        return fit_column(idf, counts, self.is_own[rows])

    def mine_aliases(self, number: int) -> list[Alias]:
        """Find the phrases that speak for the project, whose number is given."""
        own, others = (
            {self.texts[row]: int(self.n_clips[row]) for row in np.flatnonzero(self.is_own == is_own)}
            for is_own in (True, False)
        )
        return mine_aliases_of(number, own, others)

    def _told_from(self, catalogue: Catalogue, field: str) -> np.ndarray:
        """Return the rows of other texts that the project is to be told from."""
        others = np.flatnonzero(~self.is_own)
        shuffled = np.random.default_rng(0).permutation(others)
        kinds = (
            self._like_spelt(field, others, shuffled[:_SAMPLED])[:_LIKE_SPELT],
            self._like_meant(catalogue, field, others)[:_LIKE_MEANT],
            shuffled[:_RANDOM].tolist(),
        )
        # the kinds in turn, so that what is left out of long texts is of all
        turns = [row for rows in itertools.zip_longest(*kinds) for row in rows if row is not None]
        chosen = np.array(list(dict.fromkeys(turns)), dtype=int)
        characters = np.cumsum([len(self.texts[row]) for row in chosen])
        return chosen[characters <= _MOST_CHARACTERS]

    def _like_spelt(self, field: str, others: np.ndarray, sample: np.ndarray) -> list[int]:
        """Return the rows of other texts that share letters with the project's, those that share most first."""
        counts = Counter(piece for text in self.of(True) for piece in _pieces(field, text))
        sampled = [f" {self.texts[row]} " for row in sample]
        weights = {
            piece: math.log((1 + len(sampled)) / (1 + sum(piece in text for text in sampled)))
            for piece, _ in counts.most_common(_WEIGHED_PIECES)
        }
        best = sorted(weights, key=lambda piece: (-counts[piece] * weights[piece], piece))[: _PIECES[field]]
        # searching a text for a piece takes a tenth of the time of hashing it
        padded = (f" {self.texts[row]} " for row in others)
        shared = np.array([sum(weights[piece] for piece in best if piece in text) for text in padded])
        return others[np.argsort(-shared, kind="stable")].tolist()

    def _like_meant(self, catalogue: Catalogue, field: str, others: np.ndarray) -> list[int]:
        """Return the rows of other texts whose vectors are nearest to the project's, the nearest first."""
        own = self.keys[self.is_own]
        row_of = dict(zip(self.keys[others].tolist(), others.tolist(), strict=True))
        each = min(len(others), max(_NEAREST_OF_EACH, _LIKE_MEANT // len(own)))
        among = np.sort(self.keys[others])
        keys, similarity = Neighbours(catalogue, field).search(catalogue.vectors(own), each, among=among)
        there = keys >= 0
        nearest_first = keys[there][np.argsort(-similarity[there], kind="stable")]
        return [row_of[key] for key in dict.fromkeys(nearest_first.tolist())]


def _pieces(field: str, text: str) -> set[str]:
    """Return what a machine of the field looks at, roughly: letters of words in a title, words in other texts."""
    if field not in LETTERS:
        return set(WORD.findall(text))
    words = [f" {word} " for word in text.split()]
    return {
        word[start : start + _PIECE_LETTERS]
        for word in words
        for start in range(max(1, len(word) - _PIECE_LETTERS + 1))
    }
