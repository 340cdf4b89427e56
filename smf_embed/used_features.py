"""Hashed features without those that no text has: a linear machine takes time for every column that there is."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def used_features(features: sp.csr_matrix) -> tuple[sp.csr_matrix, np.ndarray]:
    """Leave out the columns that are empty.

    Parameters
    ----------
    features : csr_matrix, shape (n, n_features)

    Returns
    -------
    narrow : csr_matrix, shape (n, n_used)
        The other columns, in their order.
    used : ndarray of int, shape (n_used,)
        Their numbers in `features`, rising.
    """
    is_used = np.bincount(features.indices, minlength=features.shape[1]) > 0
    used, place = np.flatnonzero(is_used), (np.cumsum(is_used) - 1).astype(features.indices.dtype)
    shape = (features.shape[0], len(used))
    return sp.csr_matrix((features.data, place[features.indices], features.indptr), shape=shape), used
