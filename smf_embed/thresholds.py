"""From the probability of trees to a decision: calibrated, and above what threshold a project is taken.

All of it is learned from out-of-fold probabilities, and from clips whose label the folds do not contradict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

_GRID = np.arange(0.05, 0.96, 0.01)
# candidates outside of these are decided by any threshold, and would bend the curve that calibrates those within
_OPEN = (0.02, 0.98)
# the F1 of a project counts together with this many clips of all projects
_TOGETHER = 10.0
# a project is taken from such a probability on, whatever its F1 is: half of one that is low would take what is unlikely
_LEAST = 0.25
_ITERATIONS = 10
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

    F1 is highest where a project is taken above half of that F1, if probabilities are what they say. So the best
    candidates that are in doubt are calibrated by a logistic curve, and each project has the threshold that is half of
    its own F1 there; the fewer clips it has, the more that is the F1 of all projects. This moves far less from one deal
    of folds to the next than the threshold of the highest score does (docs/decisions.md).

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
        By project; that of `none` (0) is the one of all projects together.

    References
    ----------
    Lipton, Elkan and Naryanaswamy (2014), Optimal thresholding of classifiers to maximize F1 measure.
    Platt (1999), Probabilistic outputs for support vector machines.
    """
    in_doubt = (probability > _OPEN[0]) & (probability < _OPEN[1])
    slope, shift = _logistic(logit(probability[in_doubt]), (labels == candidate)[in_doubt])
    sizes = np.bincount(labels, minlength=n_projects)
    thresholds = np.full(n_projects, 0.5)
    for _ in range(_ITERATIONS):  # thresholds and F1 depend on each other, and settle at once
        said = np.where(probability > thresholds[candidate], candidate, 0)
        hits = np.bincount(labels[said == labels], minlength=n_projects)
        named = sizes + np.bincount(said, minlength=n_projects)
        of_all = 2 * hits[1:].sum() / max(named[1:].sum(), 1)
        f1 = (2 * hits + _TOGETHER * of_all) / (named + _TOGETHER)
        f1[0] = of_all
        thresholds = expit((logit(np.clip(f1 / 2, _LEAST, 0.5)) - shift) / slope)
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


def _logistic(log_odds: np.ndarray, is_right: np.ndarray) -> tuple[float, float]:
    """Return slope and shift of the calibrated log-odds; 1 and 0 where nothing speaks against it."""

    def loss(curve: np.ndarray) -> float:
        found = curve[0] * log_odds + curve[1]
        return float((np.logaddexp(0, found) - is_right * found).sum() + ((curve - (1, 0)) ** 2).sum() / 2)

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return max(float(slope), 0.1), float(shift)
