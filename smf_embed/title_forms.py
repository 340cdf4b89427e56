"""The form of a title: how it is built, whatever it says."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

_SEPARATOR = re.compile(r"\s[-–—.]\s|[:|]|\S\.\s")
_DIGIT = re.compile(r"\d")


def title_forms(titles: Sequence[str]) -> np.ndarray:
    """Describe how titles are built, whatever they say.

    Parameters
    ----------
    titles : sequence of str
        Cleaned.

    Returns
    -------
    ndarray, shape (n, 4), float32
        Logarithm of 1 + the number of words; number of slashes, 2 for more; whether another separator of parts is
        there; whether a digit is.
    """
    forms = np.empty((len(titles), 4), dtype=np.float32)
    for row, title in enumerate(titles):
        forms[row] = (
            len(title.split()),
            min(title.count("/"), 2),
            _SEPARATOR.search(title) is not None,
            _DIGIT.search(title) is not None,
        )
    forms[:, 0] = np.log1p(forms[:, 0])
    return forms
