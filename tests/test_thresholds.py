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


def drawn(sizes: dict[int, int], curve, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, candidates and probabilities of so many clips a project, right as often as the curve says."""
    random = np.random.default_rng(seed)
    candidate = np.concatenate([np.full(size, project) for project, size in sizes.items()])
    probability = random.random(len(candidate))
    is_right = random.random(len(candidate)) < curve(probability)
    return np.where(is_right, candidate, 0), candidate, probability


def best_f1(labels: np.ndarray, candidate: np.ndarray, probability: np.ndarray, project: int) -> float:
    of_project = np.where(candidate == project, probability, 0)
    return max(f1_by_class(labels == project, of_project > at, 2)[1] for at in np.linspace(0, 1, 201))


@pytest.mark.parametrize("power", [0.5, 1, 3])
def test_the_threshold_is_where_f1_is_highest_whether_trees_are_too_sure_or_not(power):
    def odds(p):
        return p**power / (p**power + (1 - p) ** power)

    labels, candidate, probability = drawn({1: 20_000}, odds)
    thresholds = choose_thresholds(labels, candidate, probability, 2)
    reached = f1_by_class(labels > 0, probability > thresholds[1], 2)[1]
    assert reached == pytest.approx(best_f1(labels, candidate, probability, 1), abs=0.002)
    assert thresholds[0] == pytest.approx(thresholds[1], abs=0.002)


def test_a_large_project_has_the_threshold_of_its_own_f1_and_a_small_one_that_of_all():
    labels, candidate, probability = drawn({1: 4000, 2: 4000, 3: 5}, lambda p: p)
    # project 2 has 1,500 clips more, which nothing found
    missed = np.full(1500, 2)
    labels = np.concatenate([labels, missed])
    candidate = np.append(candidate, np.ones(1500, dtype=int))
    probability = np.append(probability, np.full(1500, 0.001))
    thresholds = choose_thresholds(labels, candidate, probability, 4)
    assert thresholds[2] < thresholds[0] < thresholds[1]
    assert abs(thresholds[3] - thresholds[0]) < abs(thresholds[1] - thresholds[0])
    for project in (1, 2):
        said = (candidate == project) & (probability > thresholds[project])
        reached = f1_by_class(labels == project, said, 2)[1]
        assert reached == pytest.approx(best_f1(labels, candidate, probability, project), abs=0.01)


def test_one_clip_of_a_small_project_does_not_choose_for_all():
    labels, candidate, probability = drawn({1: 1000}, lambda p: p)
    before = choose_thresholds(labels, candidate, probability, 3)
    after = choose_thresholds(np.append(labels, 2), np.append(candidate, 2), np.append(probability, 0.15), 3)
    assert after[0] == pytest.approx(before[0], abs=0.01)


def test_nothing_is_taken_that_is_unlikely_though_nothing_better_can_be_told():
    random = np.random.default_rng(0)
    labels = (random.random(5000) < 0.02).astype(int)
    thresholds = choose_thresholds(labels, np.ones(5000, dtype=int), random.random(5000) * 0.1, 2)
    assert (thresholds > 0.15).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.integers(1, 3)), max_size=40))
def test_any_clips_give_thresholds_between_0_and_1(clips):
    probability = np.array([clip[0] for clip in clips])
    labels = np.array([clip[1] for clip in clips], dtype=int)
    candidate = np.array([clip[2] for clip in clips], dtype=int)
    thresholds = choose_thresholds(labels, candidate, probability, 4)
    assert thresholds.shape == (4,)
    assert ((thresholds >= 0) & (thresholds <= 1)).all()


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
