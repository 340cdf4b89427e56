"""Intervals have the width that theory gives, and near-duplicates drawn together widen them."""

import numpy as np
import pytest

from smf_embed.bootstrap import percentile_intervals


def mean_of(values: np.ndarray):
    return lambda weights: {"mean": float((weights * values).sum() / weights.sum()), "never": float("nan")}


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(0).normal(size=2_000)
    ends = percentile_intervals(mean_of(values), np.arange(2_000), resamples=2_000)["mean"]
    assert ends is not None
    error = values.std() / np.sqrt(2_000)
    assert ends[0] == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert ends[1] == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_clips_that_are_drawn_together_count_as_one() -> None:
    values, groups = np.repeat(np.random.default_rng(0).normal(size=200), 9), np.repeat(np.arange(200), 9)
    together = percentile_intervals(mean_of(values), groups, resamples=500)["mean"]
    alone = percentile_intervals(mean_of(values), np.arange(len(values)), resamples=500)["mean"]
    assert together is not None
    assert alone is not None
    # nine copies of each value: the honest interval is three times as wide
    assert (together[1] - together[0]) / (alone[1] - alone[0]) == pytest.approx(3, rel=0.2)


def test_nothing_is_told_of_what_no_resample_tells_and_of_no_resamples() -> None:
    values = np.arange(5.0)
    assert percentile_intervals(mean_of(values), np.arange(5), resamples=20)["never"] is None
    assert percentile_intervals(mean_of(values), np.arange(5), resamples=0) == {"mean": None, "never": None}


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).normal(size=50)
    first, again = (percentile_intervals(mean_of(values), np.arange(50), resamples=50, seed=3) for _ in range(2))
    assert first == again
