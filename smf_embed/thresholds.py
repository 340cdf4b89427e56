"""From the probability of trees to a decision: calibrated, and above what threshold a project is taken.

All of it is learned from out-of-fold probabilities, and from clips whose label the folds do not contradict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smf_embed.metrics import f1_by_class

_GRID = np.arange(0.05, 0.96, 0.01)
# thresholds whose scores are averaged, so that the middle of a plateau is preferred to a lucky peak
_WIDTH = 9
# a project has a threshold of its own from so many clips on; it counts as much as this many clips of the global one
_FEWEST = 30
_SHRINK = 300.0
# precision of a project is taken together with this many decisions of all
_PRECISION_PRIOR = 20.0


@dataclass(frozen=True)
class Calibration:
    """A rising curve through points, straight between them.

    Attributes
    ----------
    given, true : ndarray, shape (n_points,), float64
        Probability of the trees, rising, and the share of pairs that are right at it.
    """

    given: np.ndarray
    true: np.ndarray

    @classmethod
    def fit(cls, probability: np.ndarray, is_right: np.ndarray) -> Calibration:
        """Fit the rising step function that is nearest to what was right.

        Parameters
        ----------
        probability : ndarray, shape (n,)
            Out of fold.
        is_right : ndarray of int or bool, shape (n,)

        References
        ----------
        Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability estimates.
        """
        from sklearn.isotonic import IsotonicRegression

        curve = IsotonicRegression(y_min=0.0, y_max=1.0).fit(probability, is_right)
        return cls(np.asarray(curve.X_thresholds_, dtype=float), np.asarray(curve.y_thresholds_, dtype=float))

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Return the calibrated probabilities, 0 to 1, in the shape given."""
        return np.interp(probability, self.given, self.true)


def choose_thresholds(
    labels: np.ndarray, candidate: np.ndarray, probability: np.ndarray, n_projects: int
) -> np.ndarray:
    """Choose above what probability the best candidate is taken, else `none`.

    The global threshold gives the highest sum of macro-F1 and F1 of "project or none". That of a project with many
    clips is moved towards the one that is best for its own F1.

    Parameters
    ----------
    labels, candidate : ndarray of int, shape (n,)
        Label and best candidate of each clip; 0 is `none`.
    probability : ndarray, shape (n,)
        Out of fold, of that candidate, 0 to 1.
    n_projects : int
        `none` included.

    Returns
    -------
    ndarray, shape (n_projects,), float64
        By project; that of `none` (0) is the global one.
    """

    def total(at: float) -> float:
        said = np.where(probability > at, candidate, 0)
        both = ((labels > 0) & (said > 0)).sum()
        either = (labels > 0).sum() + (said > 0).sum()
        return float(np.nanmean(f1_by_class(labels, said, n_projects)) + 2 * both / max(either, 1))

    whole = _middle_of_best(np.array([total(at) for at in _GRID]))
    thresholds = np.full(n_projects, whole)
    sizes = np.bincount(labels, minlength=n_projects)
    for project in np.flatnonzero(sizes >= _FEWEST):
        if project:
            own = candidate == project
            right = labels[own] == project
            above = probability[own][:, None] > _GRID
            f1 = 2 * (right[:, None] & above).sum(axis=0) / (sizes[project] + above.sum(axis=0))
            best = _middle_of_best(f1)
            thresholds[project] = (sizes[project] * best + _SHRINK * whole) / (sizes[project] + _SHRINK)
    return thresholds.round(3)


def thresholds_for_precision(
    thresholds: np.ndarray, target: float, right: np.ndarray, candidate: np.ndarray, probability: np.ndarray
) -> np.ndarray:
    """Raise thresholds until each project's decisions are as precise as wanted.

    The precision of a project with few decisions is drawn towards that of all.

    Parameters
    ----------
    thresholds : ndarray, shape (n_projects,)
        See `choose_thresholds`.
    target : float
        Precision, 0 to 1.
    right : ndarray of bool, shape (n,)
        Whether the best candidate was right, out of fold.
    candidate, probability : ndarray, shape (n,)
        The best candidates and their probabilities, out of fold.

    Returns
    -------
    ndarray, shape (n_projects,)
        Infinite where no threshold reaches the target: nothing is decided for that project then.
    """
    grid = np.append(_GRID, [0.97, 0.98, 0.99, 0.995, 0.998])
    above = probability[:, None] > grid
    overall = (right[:, None] & above).sum(axis=0) / np.maximum(above.sum(axis=0), 1)
    raised = thresholds.astype(float).copy()
    for project in range(1, len(thresholds)):
        own = candidate == project
        hits, taken = (right[own][:, None] & above[own]).sum(axis=0), above[own].sum(axis=0)
        precision = (hits + _PRECISION_PRIOR * overall) / (taken + _PRECISION_PRIOR)
        enough = np.flatnonzero((precision >= target) & (grid >= thresholds[project] - 0.01))
        raised[project] = max(thresholds[project], grid[enough[0]]) if len(enough) else np.inf
    return raised


def _middle_of_best(scores: np.ndarray) -> float:
    padded = np.pad(scores, _WIDTH // 2, mode="edge")
    return float(_GRID[np.convolve(padded, np.ones(_WIDTH) / _WIDTH, mode="valid").argmax()])
