"""Trees are the mean of their models, explain themselves and come back from their text as they were."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from smf_embed.trees import DecisionTrees, Growth, Trees


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(0).normal(size=(600, 5)).astype(np.float32)
    values[::7, 2] = np.nan
    return values, (values[:, 0] + values[:, 1] > 0.5).astype(int)


@pytest.fixture(scope="module")
def trees(pairs: tuple[np.ndarray, np.ndarray]) -> Trees:
    return Trees.grow(*pairs)


def test_log_odds_are_the_mean_of_models_of_both_kinds(trees, pairs):
    alone = [Trees([model]).log_odds(pairs[0]) for model in trees.models]
    assert len(alone) == 2
    assert not np.allclose(alone[0], alone[1])
    np.testing.assert_allclose(trees.log_odds(pairs[0]), np.mean(alone, axis=0))


def followed(trees: Trees, values: np.ndarray) -> np.ndarray:
    """Whether every model is asked to its last tree: none of them is beyond 8 on the way."""
    return np.all([np.abs(Trees([model]).contributions(values).sum(axis=1)) < 7 for model in trees.models], axis=0)


def test_contributions_add_up_to_the_log_odds(trees, pairs):
    contributions = trees.contributions(pairs[0])
    assert contributions.shape == (600, 6)
    whole, within = contributions.sum(axis=1), followed(trees, pairs[0])
    assert 100 < within.sum() < 600
    np.testing.assert_allclose(trees.log_odds(pairs[0])[within], whole[within], atol=1e-6)


def test_a_pair_beyond_doubt_stays_so_though_not_all_trees_are_asked(trees, pairs):
    whole = trees.contributions(pairs[0]).sum(axis=1)
    asked = trees.log_odds(pairs[0])
    beyond = np.abs(whole) > 8.5
    assert beyond.any()
    assert (np.abs(asked[beyond]) > 7).all()
    assert (np.sign(asked) == np.sign(whole)).all()
    assert (asked[beyond] != whole[beyond]).any()
    for one in np.flatnonzero(beyond)[:5]:
        np.testing.assert_array_equal(trees.log_odds(pairs[0][one : one + 1]), asked[one : one + 1])


def test_the_text_gives_the_same_trees_again(trees, pairs):
    np.testing.assert_array_equal(Trees.from_text(trees.to_text()).probability(pairs[0]), trees.probability(pairs[0]))


def test_models_are_as_many_and_as_large_as_the_growth_says(pairs):
    usual, drawn = Trees.grow(*pairs, growth=Growth(rounds=7, is_drawn=(False, True))).models
    smallest_leaf = min(pairs[1].sum() // 10, 20)
    for model, most_leaves, smallest in ((usual, 15, smallest_leaf), (drawn, 31, 2 * smallest_leaf)):
        leaves = [int(count) for count in re.findall(r"num_leaves=(\d+)", model)]
        counts = [int(count) for row in re.findall(r"leaf_count=(.*)", model) for count in row.split()]
        assert len(leaves) == 7
        assert 1 < max(leaves) <= most_leaves
        assert min(counts) >= smallest
    # the best threshold of the column that tells most is the same in every model, one that is drawn is not
    seeds = [Trees.grow(*pairs, seed, growth=Growth(rounds=1, is_drawn=(False, True))).models for seed in range(8)]
    first = [{re.search(r"threshold=(\S+)", model)[1] for model in models} for models in zip(*seeds, strict=True)]
    assert len(first[0]) < len(first[1])


def test_the_same_pairs_and_seed_give_the_same_trees(trees, pairs):
    assert Trees.grow(*pairs).to_text() == trees.to_text()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_any_number_of_threads_grows_the_same_trees(threads, pairs, trees):
    grown = Trees.grow(*pairs, threads=threads)
    np.testing.assert_array_equal(grown.probability(pairs[0]), trees.probability(pairs[0]))


def test_calls_of_several_threads_wait_for_each_other(trees):
    # LightGBM has one count of threads for the process, and these calls want different ones
    class Slow:
        running = most = 0

        def predict(self, values, **options):
            self.running += 1
            self.most = max(self.most, self.running)
            time.sleep(0.02)
            self.running -= 1
            return np.zeros(len(values))

    slow = Slow()
    asked = Trees(trees.models)
    asked.__dict__["_boosters"] = [slow, slow]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(asked.probability, [np.zeros((rows, 5), np.float32) for rows in (1, 5_000, 1, 5_000)]))
    assert slow.most == 1


def test_no_pairs_have_no_probability(trees):
    assert trees.probability(np.empty((0, 5), dtype=np.float32)).shape == (0,)


def test_a_pair_of_weight_ten_stands_for_ten(pairs):
    values, is_right = pairs
    weights = np.where(is_right == 1, 10.0, 1.0)
    one_tree = Growth(rounds=1, is_drawn=(False,))
    heavy = Trees.grow(values, is_right, weights=weights, growth=one_tree)
    plain = Trees.grow(values, is_right, growth=one_tree)
    # one tree hardly moves the log-odds away from those of all pairs, which ten times the weight raises by ln 10
    raised = np.median(heavy.log_odds(values)) - np.median(plain.log_odds(values))
    assert raised == pytest.approx(np.log(10), abs=0.6)


@pytest.fixture(scope="module")
def both(trees, pairs) -> DecisionTrees:
    return DecisionTrees(trees, Trees.grow(pairs[0], 1 - pairs[1]))


def test_each_pair_is_judged_by_the_trees_of_its_kind(both, pairs):
    values = pairs[0]
    is_little_known = np.arange(len(values)) % 3 == 0
    expected = np.where(is_little_known, both.little_known.probability(values), both.well_known.probability(values))
    probability = both.probability(values, is_little_known)
    np.testing.assert_allclose(probability, expected)
    contributions = both.contributions(values, is_little_known)
    whole = contributions.sum(axis=1)
    within = np.where(is_little_known, followed(both.little_known, values), followed(both.well_known, values))
    np.testing.assert_allclose(whole[within], np.log(expected / (1 - expected))[within], atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_pair_of_a_kind_is_no_error(both, pairs, rows):
    for kind in (True, False):
        assert both.probability(pairs[0][:rows], np.full(rows, kind)).shape == (rows,)
        assert both.contributions(pairs[0][:rows], np.full(rows, kind)).shape == (rows, 6)


def test_the_text_of_both_kinds_gives_both_again(both):
    again = DecisionTrees.from_text(both.to_text())
    assert again.well_known.models == both.well_known.models
    assert again.little_known.models == both.little_known.models
