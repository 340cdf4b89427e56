"""Probabilities become shares of what is right, and thresholds lie where the scores are best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.metrics import f1_by_class
from smf_embed.thresholds import Calibration, choose_thresholds, thresholds_for_precision


def test_the_threshold_lies_between_wrong_and_right_candidates():
    true = np.array([0] * 50 + [1] * 50)
    probability = np.concatenate([np.linspace(0.0, 0.4, 50), np.linspace(0.6, 1.0, 50)])
    thresholds = choose_thresholds(true, np.ones(100, dtype=int), probability, 2)
    assert ((thresholds >= 0.4) & (thresholds <= 0.6)).all()


def test_a_large_project_moves_its_own_threshold_and_a_small_one_does_not():
    rng = np.random.default_rng(0)
    # project 1: right above 0.3; project 2: right above 0.7; project 3 has five clips
    sizes = {1: 400, 2: 400, 3: 5}
    candidate = np.concatenate([np.full(2 * size, project) for project, size in sizes.items()])
    probability = rng.random(len(candidate))
    bound = np.array([0, 0.3, 0.7, 0.5])[candidate]
    true = np.where(probability > bound, candidate, 0)
    thresholds = choose_thresholds(true, candidate, probability, 4)
    assert thresholds[1] < thresholds[0] < thresholds[2]
    assert thresholds[3] == thresholds[0]
    said = np.where(probability > thresholds[candidate], candidate, 0)
    plain = np.where(probability > thresholds[0], candidate, 0)
    assert f1_by_class(true, said, 4).mean() > f1_by_class(true, plain, 4).mean()


def test_no_clip_of_a_project_gives_a_threshold_all_the_same():
    thresholds = choose_thresholds(np.zeros(20, dtype=int), np.ones(20, dtype=int), np.linspace(0, 1, 20), 2)
    assert np.isfinite(thresholds).all()


def test_calibrated_probabilities_are_the_shares_that_were_right():
    rng = np.random.default_rng(0)
    probability = rng.random(20_000)
    is_right = rng.random(20_000) < probability**2  # the trees are too sure
    curve = Calibration.fit(probability, is_right)
    for low in (0.1, 0.5, 0.8):
        part = (probability > low) & (probability < low + 0.1)
        assert curve(probability[part]).mean() == pytest.approx(is_right[part].mean(), abs=0.02)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60))
def test_calibration_never_turns_the_order_and_stays_between_0_and_1(pairs):
    probability, is_right = np.array([p for p, _ in pairs]), np.array([r for _, r in pairs])
    curve = Calibration.fit(probability, is_right)
    values = curve(np.linspace(0, 1, 101))
    assert (np.diff(values) >= 0).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_more_precision_raises_thresholds_until_the_share_of_right_decisions_is_reached():
    rng = np.random.default_rng(0)
    probability = rng.random(4000)
    right = rng.random(4000) < probability
    candidate = np.ones(4000, dtype=int)
    base = np.array([0.3, 0.3])
    raised = thresholds_for_precision(base, 0.9, right, candidate, probability)
    assert right[probability > raised[1]].mean() == pytest.approx(0.9, abs=0.02)
    assert right[probability > raised[1] - 0.1].mean() < 0.9
    assert (thresholds_for_precision(base, 0.2, right, candidate, probability) == base).all()
    assert thresholds_for_precision(base, 0.9999, right, candidate, probability * 0.5)[1] == np.inf


def test_a_project_without_decisions_takes_the_threshold_of_all():
    probability, right = np.linspace(0, 1, 1000), np.linspace(0, 1, 1000) > 0.6
    raised = thresholds_for_precision(np.full(3, 0.3), 0.95, right, np.ones(1000, dtype=int), probability)
    assert raised[2] == pytest.approx(0.6, abs=0.05)
