"""Counts of n-grams as unit vectors."""

from __future__ import annotations

import copy

import numpy as np
import scipy.sparse as sp


def tfidf(counts: sp.csr_matrix, idf: np.ndarray) -> sp.csr_matrix:
    """Weigh counts by inverse document frequencies and bring each row to unit length.

    Parameters
    ----------
    counts : csr_matrix, shape (n, n_features), float32
    idf : ndarray, shape (n_features,), float32

    Returns
    -------
    csr_matrix, shape (n, n_features), float32
        Of the same places as `counts`; a row without any weight stays zero.
    """
    weights = counts.data * idf[counts.indices]
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(row, weights.astype(np.float64) ** 2, minlength=counts.shape[0]))
    weights /= np.maximum(length, 1e-12).astype(np.float32)[row]
    weighed = copy.copy(counts)  # of the same places: to make a matrix of its parts would check them anew
    weighed.data = weights
    return weighed
