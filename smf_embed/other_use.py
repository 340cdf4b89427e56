"""Whether a title that names a project is of it, or of something else: toys, colouring, reviews, songs, mixes.

The words that tell are the same for every project (lego, unboxing, +), so one machine learned on all of them serves a
project with five clips, whose own machine has never seen its toys. Names are taken out of the titles: those of small
projects stand in mixes of larger ones more often than in titles of their own, and would count as signs of mixes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from smf_embed.aliases import SPEAKING
from smf_embed.letter_grams import FEATURES
from smf_embed.used_features import used_features
from smf_embed.word_grams import word_grams

_C = 10.0
_FEWEST = 10


@dataclass(frozen=True)
class OtherUse:
    """A fitted machine.

    Attributes
    ----------
    weights : ndarray, shape (2 ** 18,), float32
        Of hashed words and pairs of words; empty where there was too little to learn from.
    bias : float
    """

    weights: np.ndarray
    bias: float

    @classmethod
    def fit(cls, titles: Sequence[Sequence[str]], projects: np.ndarray, alias: np.ndarray) -> OtherUse:
        """Learn from labelled clips whose titles name a project.

        Parameters
        ----------
        titles : sequence of sequence of str
            The words around names, see `smf_embed.names.Names.around`.
        projects : ndarray of int, shape (n,)
            0 is `none`.
        alias : ndarray, shape (n, n_projects), float32
            See `smf_embed.aliases.MinedAliases.scores`.
        """
        from sklearn.linear_model import LogisticRegression

        clip, project = np.nonzero(alias >= SPEAKING)
        is_right = projects[clip] == project
        if min(is_right.sum(), (~is_right).sum()) < _FEWEST:
            return cls(np.zeros(0, dtype=np.float32), 0.0)
        distinct, row = np.unique(clip, return_inverse=True)
        machine = LogisticRegression(C=_C, solver="liblinear", random_state=0)
        words, used = used_features(_words([titles[at] for at in distinct]))
        machine.fit(words[row], is_right)
        weights = np.zeros(FEATURES, dtype=np.float32)
        weights[used] = machine.coef_[0]
        return cls(weights, float(machine.intercept_[0]))

    def scores(self, titles: Sequence[Sequence[str]]) -> np.ndarray:
        """Return the log-odds that a title which names a project is of it.

        Parameters
        ----------
        titles : sequence of sequence of str
            The words around names.

        Returns
        -------
        ndarray, shape (n,), float32
            NaN where there was too little to learn from.
        """
        if not len(self.weights) or not len(titles):
            return np.full(len(titles), np.nan, dtype=np.float32)
        return np.asarray(_words(titles) @ self.weights + self.bias, dtype=np.float32)


def _words(titles: Sequence[Sequence[str]]) -> sp.csr_matrix:
    """Return whether a word or pair of words is there, as unit vectors."""
    words = word_grams(titles)
    count = np.diff(words.indptr)
    words.data = np.repeat(1.0 / np.sqrt(np.maximum(count, 1)), count).astype(np.float32)
    return words
