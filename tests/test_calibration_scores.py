"""Calibration error and recall at a precision equal what loops over bins and bounds give."""

import numpy as np
import pytest

from smf_embed.calibration_scores import BINS, Ranked, calibration_error, reliability


def some(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.random(n).round(2)
    return confidence, rng.random(n) < confidence**2


def test_the_error_is_the_weighted_gap_of_the_bins() -> None:
    confidence, right = some()
    expected = 0.0
    for place in range(BINS):
        inside = (confidence >= place / BINS) & (confidence < (place + 1) / BINS + (place == BINS - 1))
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert calibration_error(confidence, right) == pytest.approx(expected)


def test_confidences_that_keep_their_word_have_no_error_and_boasts_have_a_large_one() -> None:
    assert calibration_error(np.full(10, 0.7), np.arange(10) < 7) == pytest.approx(0)
    assert calibration_error(np.ones(10), np.arange(10) < 7) == pytest.approx(0.3)
    assert np.isnan(calibration_error(np.array([]), np.array([], dtype=bool)))


def test_a_weight_counts_a_decision_so_often() -> None:
    confidence, right = some(40)
    times = np.random.default_rng(1).integers(0, 4, 40)
    repeated = calibration_error(np.repeat(confidence, times), np.repeat(right, times))
    assert calibration_error(confidence, right, times.astype(float)) == pytest.approx(repeated)
    wanted = float(np.repeat(right, times).sum()) + 3
    many = Ranked(np.repeat(confidence, times), np.repeat(right, times)).recall_at(0.7, wanted)
    assert Ranked(confidence, right).recall_at(0.7, wanted, times.astype(float)) == pytest.approx(many)


def test_the_bins_hold_every_decision_once() -> None:
    confidence, right = some()
    bins = reliability(confidence, right)
    assert sum(row["decisions"] for row in bins) == 300
    assert sum(row["decisions"] * row["right"] for row in bins) == pytest.approx(right.sum(), abs=0.1)


@pytest.mark.parametrize("precision", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("seed", range(4))
def test_recall_is_the_best_over_all_bounds_that_are_precise_enough(precision: float, seed: int) -> None:
    confidence, hit = some(seed=seed)
    wanted = hit.sum() + 20
    best, begin = 0.0, float("nan")
    for bound in sorted(set(confidence), reverse=True):
        taken = confidence >= bound
        if hit[taken].mean() >= precision and hit[taken].sum() / wanted > best:
            best, begin = hit[taken].sum() / wanted, bound
    recall, bound = Ranked(confidence, hit).recall_at(precision, wanted)
    assert recall == pytest.approx(best)
    assert bound == pytest.approx(begin, nan_ok=True)


def test_equal_confidences_are_taken_together() -> None:
    recall, _ = Ranked(np.array([0.9, 0.9]), np.array([True, False])).recall_at(0.95, 1)
    assert recall == 0
    assert np.isnan(Ranked(np.array([0.9]), np.array([False])).recall_at(0.95, 0)[0])
