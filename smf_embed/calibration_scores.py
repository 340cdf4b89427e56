"""How well confidences keep their word: reliability, calibration error, recall at a wanted precision."""

from __future__ import annotations

import numpy as np

#: Bins of equal width that the calibration error is taken over, as in Guo et al. (2017).
BINS = 15


def bin_of(confidence: np.ndarray) -> np.ndarray:
    """Return the number of the bin of each confidence, 0 to BINS - 1; 1.0 is in the last."""
    return np.minimum((confidence * BINS).astype(int), BINS - 1)


def calibration_error(confidence: np.ndarray, right: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the expected calibration error: how far confidence and share of right decisions are apart, on average.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        0 to 1.
    right : ndarray of bool, shape (n,)
    weights : ndarray, shape (n,), optional
        How often each decision counts.

    Returns
    -------
    float
        0 to 1; NaN of no decisions.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks.
    """
    weights = np.ones(len(confidence)) if weights is None else weights
    total = weights.sum()
    if not total:
        return float("nan")
    gap = np.bincount(bin_of(confidence), weights * (confidence - right), minlength=BINS)
    return float(np.abs(gap).sum() / total)


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Return for each bin that is not empty the number of decisions, their mean confidence and the share right.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
    right : ndarray of bool, shape (n,)
    """
    number = bin_of(confidence)
    return [
        {
            "from": round(place / BINS, 4),
            "decisions": int((number == place).sum()),
            "confidence": round(float(confidence[number == place].mean()), 4),
            "right": round(float(right[number == place].mean()), 4),
        }
        for place in np.unique(number)
    ]


class Ranked:
    """Best candidates in the order of their confidence, ready to be counted with many weights.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        0 to 1.
    hit : ndarray of bool, shape (n,)
        Whether the best candidate is right.
    """

    def __init__(self, confidence: np.ndarray, hit: np.ndarray) -> None:
        self._order = np.argsort(-confidence, kind="stable")
        # candidates of one confidence are taken together
        self._ends = np.flatnonzero(np.diff(confidence[self._order], append=-1.0) != 0)
        self._hit = hit[self._order]
        self.bounds = confidence[self._order][self._ends]

    def curve(self, wanted: float, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return precision and recall of taking all candidates from each of `bounds` on.

        Parameters
        ----------
        wanted : float
            How much there is to be found, in the units of the weights.
        weights : ndarray, shape (n,), optional
            How often each candidate counts.
        """
        weights = np.ones(len(self._order)) if weights is None else weights[self._order]
        taken, hits = np.cumsum(weights)[self._ends], np.cumsum(weights * self._hit)[self._ends]
        return hits / np.maximum(taken, 1e-12), hits / max(wanted, 1e-12)

    def recall_at(self, precision: float, wanted: float, weights: np.ndarray | None = None) -> tuple[float, float]:
        """Return the highest recall at which so large a share is right, and the confidence that it begins at.

        Recall is 0 and the bound NaN where no bound is precise enough, recall NaN where there is nothing to find.
        """
        if not wanted:
            return float("nan"), float("nan")
        precise, recall = self.curve(wanted, weights)
        enough = np.flatnonzero((precise >= precision - 1e-12) & (recall > 0))
        if not len(enough):
            return 0.0, float("nan")
        best = enough[recall[enough].argmax()]
        return float(recall[best]), float(self.bounds[best])
