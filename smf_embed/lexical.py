"""The lexical model: one linear support vector machine a project, on hashed n-grams of a text.

It knows names by their letters, where embeddings know texts by their meaning. Columns stand alone: each project against
all other clips, so that one can be fitted or dropped without the others.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from smf_embed.threads import thread_count

_FEATURES = 2**18
_C = 3.0
# Easy negatives have margins above one and so no say in the solution: a random sample of them, and then those that
# the first fit scores highest, give nearly the full fit's quality in far less time (docs/decisions.md).
_RANDOM_NEGATIVES = 3_000
_HARD_NEGATIVES = 8_000
# relative violation at which a machine is done, and passes over the clips at most; the first fit only has to tell which
# negatives are hard
_TOLERANCE, _PASSES = 0.05, 50
_ROUGH_TOLERANCE, _ROUGH_PASSES = 0.1, 8

#: Field → how its texts become n-grams; titles by letters since they are short and misspelt, the others by words.
N_GRAMS: dict[str, dict[str, Any]] = {
    "title": {"analyzer": "char_wb", "ngram_range": (2, 5)},
    "description": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"\w+"},
    "subtitles": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"\w+"},
}


def hashed_counts(field: str, texts: Sequence[str]) -> sp.csr_matrix:
    """Count the n-grams of cleaned texts.

    Parameters
    ----------
    field : str
        One of `N_GRAMS`.
    texts : sequence of str

    Returns
    -------
    csr_matrix, shape (len(texts), 2 ** 18), float32
        1 + log(count) of each hashed n-gram.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        n_features=_FEATURES, alternate_sign=False, norm=None, dtype=np.float32, lowercase=False, **N_GRAMS[field]
    )
    if not any(texts):
        return sp.csr_matrix((len(texts), _FEATURES), dtype=np.float32)
    counts = vectorizer.transform(texts)
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
        return cls(*(arrays[f"{field}_{part.name}"] for part in dataclasses.fields(cls)))

    def to_arrays(self, field: str) -> dict[str, np.ndarray]:
        """Return what `from_arrays` takes: `title_idf` and so on."""
        return {f"{field}_{part.name}": getattr(self, part.name) for part in dataclasses.fields(self)}

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
        documents = np.bincount(counts.indices, minlength=_FEATURES)
        idf = (np.log((1 + counts.shape[0]) / (1 + documents)) + 1).astype(np.float32)
        features = _weighted(counts, idf)
        positive, negative = np.flatnonzero(projects > 0), np.flatnonzero(projects == 0)
        sample = np.random.default_rng(seed).permutation(negative)[:_RANDOM_NEGATIVES]
        working = np.union1d(positive, sample)
        mine = len(sample) < len(negative)
        weights, bias = _fit_machines(features[working], projects[working], n_projects, rough=mine)
        if mine:
            scores = features[negative] @ weights + np.where(np.isnan(bias), -np.inf, bias)
            hardest = negative[np.argsort(-scores[:, 1:].max(axis=1), kind="stable")[:_HARD_NEGATIVES]]
            working = np.union1d(working, hardest)
            weights, bias = _fit_machines(features[working], projects[working], n_projects)
        return cls(idf, weights, bias)

    def fit_column(self, counts: sp.csr_matrix, is_own: np.ndarray) -> tuple[np.ndarray, np.float32]:
        """Fit the machine of one project alone; the frequencies and the other machines stay as they are.

        Parameters
        ----------
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
        if not len(self.idf) or not len(filled):
            return np.zeros(len(self.idf), dtype=np.float32), np.float32(np.nan)
        weights, bias = _fit_machines(_weighted(counts[filled], self.idf), is_own[filled].astype(int), 2)
        return weights[:, 1], bias[1]

    def scores(self, counts: sp.csr_matrix) -> np.ndarray:
        """Return the signed distances to each project's hyperplane, shape (n, n_projects), float32.

        Above 1 is clearly the project's wording, below -1 clearly not. NaN for rows without n-grams, for projects
        without a machine, and for `none`.
        """
        if not counts.nnz or not len(self.idf):
            return np.full((counts.shape[0], len(self.bias)), np.nan, dtype=np.float32)
        result = np.asarray(_weighted(counts, self.idf) @ self.weights + self.bias, dtype=np.float32)
        result[np.diff(counts.indptr) == 0] = np.nan
        return result


def _weighted(counts: sp.csr_matrix, idf: np.ndarray) -> sp.csr_matrix:
    from sklearn.preprocessing import normalize

    features = counts.copy()
    features.data = features.data * idf[features.indices]
    return normalize(features, copy=False)


def _fit_machines(
    features: sp.csr_matrix, projects: np.ndarray, n_projects: int, *, rough: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    # as liblinear wants it, once and not for each machine
    features = features.astype(np.float64)
    tolerance, passes = (_ROUGH_TOLERANCE, _ROUGH_PASSES) if rough else (_TOLERANCE, _PASSES)
    weights = np.zeros((features.shape[1], n_projects), dtype=np.float32)
    bias = np.full(n_projects, np.nan, dtype=np.float32)

    def fit_one(project: int) -> None:
        machine = LinearSVC(C=_C, tol=tolerance, max_iter=passes, random_state=0)
        machine.fit(features, projects == project)
        weights[:, project] = machine.coef_[0]
        bias[project] = machine.intercept_[0]

    # a project that is alone has nothing to be told from
    counts = np.bincount(projects, minlength=n_projects)
    there = [project for project in range(1, n_projects) if 0 < counts[project] < len(projects)]
    with warnings.catch_warnings(), ThreadPoolExecutor(thread_count()) as pool:
        # a machine that has not converged is what was asked for
        warnings.simplefilter("ignore", ConvergenceWarning)
        list(pool.map(fit_one, there))
    return weights, bias
