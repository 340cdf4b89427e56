"""Ranges of rows, one after the other, without a loop."""

from __future__ import annotations

import numpy as np


def ranges(begins: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the numbers of several ranges in one array, int64, shape (lengths.sum(),).

    Parameters
    ----------
    begins, lengths : ndarray of int, shape (n,)

    Examples
    --------
    >>> ranges(np.array([5, 0, 7]), np.array([2, 0, 3]))
    array([5, 6, 7, 8, 9])
    """
    return np.arange(lengths.sum()) + np.repeat(begins - (np.cumsum(lengths) - lengths), lengths)
