"""The lexical model: one linear support vector machine a project, on hashed n-grams of a text.

It knows names by their letters, where embeddings know texts by their meaning. Columns stand alone: each project against
all other clips, so that one can be fitted or dropped without the others.
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from smf_embed.letter_grams import FEATURES, letter_grams
from smf_embed.tfidf import tfidf
from smf_embed.threads import thread_count
from smf_embed.used_features import used_features
from smf_embed.word_grams import word_grams

_WORD = re.compile(r"\w+")
_C = 3.0
# Easy negatives have margins above one and so no say in the solution: a random sample of them, and then those that
# the project's own first fit scores highest, among clips of none and of other projects, give the full fit's quality in
# far less time (docs/decisions.md).
_RANDOM_NEGATIVES = 2_000
_HARD_NEGATIVES, _HARD_OTHERS = 2_000, 1_000
# relative violation at which a machine is done, and passes over the clips at most; the first fit only has to tell which
# negatives are hard
_TOLERANCE, _PASSES = 0.05, 50
_ROUGH_TOLERANCE, _ROUGH_PASSES = 0.1, 8

#: Fields that are read by runs of so many letters, since they are short and misspelt → fewest and most. The others are
#: read by words and pairs of them.
LETTERS = {"title": (2, 5)}


def hashed_counts(field: str, texts: Sequence[str]) -> sp.csr_matrix:
    """Count the n-grams of cleaned texts.

    Parameters
    ----------
    field : str
        Tells which n-grams, see `LETTERS`.
    texts : sequence of str

    Returns
    -------
    csr_matrix, shape (len(texts), 2 ** 18), float32
        1 + log(count) of each hashed n-gram.
    """
    if not any(texts):
        return sp.csr_matrix((len(texts), FEATURES), dtype=np.float32)
    counts = letter_grams(texts, *LETTERS[field]) if field in LETTERS else word_grams(map(_WORD.findall, texts))
    counts.data = np.log(counts.data) + 1.0
    return counts


@dataclass(frozen=True)
class LexicalModel:
    """Fitted machines of one field.

    Attributes
    ----------
    idf : ndarray, shape (2 ** 18,), float32
        Inverse document frequencies; empty where no labelled clip has a text in the field.
    weights : ndarray, shape (2 ** 18, n_projects), float32
        One column a project; column 0, `none`, is not used.
    bias : ndarray, shape (n_projects,), float32
        NaN for projects that have no machine.
    """

    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], field: str) -> LexicalModel:
        """Take the machines of a field out of the arrays of a model."""
        return cls(*(np.asarray(arrays[f"{field}_{part.name}"], np.float32) for part in dataclasses.fields(cls)))

    def to_arrays(self, field: str) -> dict[str, np.ndarray]:
        """Return what `from_arrays` takes, `title_idf` and so on; weights of half precision, which tell as much."""
        arrays = {f"{field}_{part.name}": getattr(self, part.name) for part in dataclasses.fields(self)}
        return arrays | {f"{field}_weights": self.weights.astype(np.float16)}

    @classmethod
    def fit(cls, counts: sp.csr_matrix, projects: np.ndarray, n_projects: int, seed: int = 0) -> LexicalModel:
        """Fit a machine for each project that has clips here.

        Parameters
        ----------
        counts : csr_matrix, shape (n, 2 ** 18)
            See `hashed_counts`; rows without n-grams are left out.
        projects : ndarray of int, shape (n,)
            0 is `none`.
        n_projects : int
            Number of projects, `none` included.
        seed : int
            Of the sample of negatives.

        References
        ----------
        Fan et al. (2008), LIBLINEAR: a library for large linear classification.
        """
        filled = np.flatnonzero(np.diff(counts.indptr))
        if not len(filled):
            # no clip has a text here: no machine, and no room taken for one
            nothing = np.zeros((0, n_projects), dtype=np.float32)
            return cls(np.zeros(0, dtype=np.float32), nothing, np.full(n_projects, np.nan, dtype=np.float32))
        counts, projects = counts[filled], projects[filled]
        documents = np.bincount(counts.indices, minlength=FEATURES)
        idf = (np.log((1 + counts.shape[0]) / (1 + documents)) + 1).astype(np.float32)
        features = tfidf(counts, idf)
        positive, negative = np.flatnonzero(projects > 0), np.flatnonzero(projects == 0)
        sample = np.random.default_rng(seed).permutation(negative)[:_RANDOM_NEGATIVES]
        working = np.union1d(positive, sample)
        if len(sample) == len(negative):
            return cls(idf, *_fit_machines(features, projects, n_projects, lambda _: working))
        weights, bias = _fit_machines(features, projects, n_projects, lambda _: working, rough=True)
        scores = features @ weights

        def hardest(project: int) -> np.ndarray:
            is_own = projects[positive] == project
            chosen = (
                positive[is_own],
                _highest(positive[~is_own], scores[:, project], _HARD_OTHERS),
                _highest(negative, scores[:, project], _HARD_NEGATIVES),
            )
            return np.unique(np.concatenate([sample, *chosen]))

        weights, bias = _fit_machines(features, projects, n_projects, hardest)
        return cls(idf, weights, bias)

    def scores(self, counts: sp.csr_matrix) -> np.ndarray:
        """Return the signed distances to each project's hyperplane, shape (n, n_projects), float32.

        Above 1 is clearly the project's wording, below -1 clearly not. NaN for rows without n-grams, for projects
        without a machine, and for `none`.
        """
        if not counts.nnz or not len(self.idf):
            return np.full((counts.shape[0], len(self.bias)), np.nan, dtype=np.float32)
        result = np.asarray(tfidf(counts, self.idf) @ self.weights + self.bias, dtype=np.float32)
        result[np.diff(counts.indptr) == 0] = np.nan
        return result


def fit_column(idf: np.ndarray, counts: sp.csr_matrix, is_own: np.ndarray) -> tuple[np.ndarray, np.float32]:
    """Fit the machine of one project alone; the frequencies and the other machines stay as they are.

    Parameters
    ----------
    idf : ndarray, shape (n_features,), float32
        See `LexicalModel`.
    counts : csr_matrix, shape (n, 2 ** 18)
        See `hashed_counts`; rows without n-grams are left out.
    is_own : ndarray of bool, shape (n,)
        Whether a row is of the project.

    Returns
    -------
    weights : ndarray, shape (len(idf),), float32
    bias : float32
        NaN, and all weights zero, where there is nothing to learn from.
    """
    filled = np.flatnonzero(np.diff(counts.indptr))
    if not len(idf) or not len(filled):
        return np.zeros(len(idf), dtype=np.float32), np.float32(np.nan)
    features, every = tfidf(counts[filled], idf), np.arange(len(filled))
    weights, bias = _fit_machines(features, is_own[filled].astype(int), 2, lambda _: every)
    return weights[:, 1], bias[1]


def _highest(rows: np.ndarray, scores: np.ndarray, most: int) -> np.ndarray:
    """Return the rows of the highest scores, so many at most."""
    return rows if len(rows) <= most else rows[np.argpartition(-scores[rows], most - 1)[:most]]


def _fit_machines(
    features: sp.csr_matrix,
    projects: np.ndarray,
    n_projects: int,
    rows_for: Callable[[int], np.ndarray],
    *,
    rough: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a machine for each project, from the rows that `rows_for` gives for it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    tolerance, passes = (_ROUGH_TOLERANCE, _ROUGH_PASSES) if rough else (_TOLERANCE, _PASSES)
    narrow, used = used_features(features)
    found = np.zeros((n_projects, len(used)), dtype=np.float32)
    bias = np.full(n_projects, np.nan, dtype=np.float32)

    def fit_one(project: int) -> None:
        rows = rows_for(project)
        machine = LinearSVC(C=_C, tol=tolerance, max_iter=passes, random_state=0)
        machine.fit(narrow[rows], projects[rows] == project)
        found[project] = machine.coef_[0]
        bias[project] = machine.intercept_[0]

    # a project that is alone has nothing to be told from
    counts = np.bincount(projects, minlength=n_projects)
    there = [project for project in range(1, n_projects) if 0 < counts[project] < len(projects)]
    with warnings.catch_warnings(), ThreadPoolExecutor(thread_count()) as pool:
        # a machine that has not converged is what was asked for
        warnings.simplefilter("ignore", ConvergenceWarning)
        list(pool.map(fit_one, there))
    weights = np.zeros((features.shape[1], n_projects), dtype=np.float32)
    weights[used] = found.T
    return weights, bias
