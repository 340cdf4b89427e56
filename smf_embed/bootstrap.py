"""Intervals by the percentile bootstrap, near-duplicates drawn together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def percentile_intervals(
    statistic: Callable[[np.ndarray], dict[str, float]],
    groups: np.ndarray,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float] | None]:
    """Tell how far figures would move with other clips of the same kind.

    Parameters
    ----------
    statistic : callable
        Takes how often each clip was drawn, shape (n,), float64; returns figures by name, NaN for what it cannot tell.
    groups : ndarray of int, shape (n,)
        Clips of one number are drawn together: near-duplicates are right or wrong together, and drawn alone they would
        make the intervals too narrow.
    resamples : int
    level : float
        Share of the resamples that lie inside, 0 to 1.
    seed : int

    Returns
    -------
    dict of str → (low, high) or None
        None where no resample tells anything, and for no resamples.

    References
    ----------
    Efron and Tibshirani (1993), An introduction to the bootstrap; chapter 13.
    """
    if not resamples or not len(groups):
        return dict.fromkeys(statistic(np.ones(len(groups))))
    _, number = np.unique(groups, return_inverse=True)
    n_groups = int(number.max()) + 1
    rng = np.random.default_rng(seed)
    drawn: list[dict[str, float]] = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups).astype(np.float64)
        drawn.append(statistic(times[number]))
    result: dict[str, tuple[float, float] | None] = {}
    for name in drawn[0]:
        values = np.array([figures[name] for figures in drawn], dtype=float)
        told = values[~np.isnan(values)]
        low, high = np.quantile(told, [(1 - level) / 2, (1 + level) / 2]) if len(told) else (np.nan, np.nan)
        result[name] = (float(low), float(high)) if len(told) else None
    return result
