"""The decision trees: LightGBM models of two kinds, averaged.

One model alone decides some clips of small projects by luck: five seeds gave 0.947 to 0.961 on one test set, their mean
0.958. Two that differ in how they split err on different pairs, so their mean is better than that of two alike
(docs/decisions.md).
"""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from smf_embed.threads import thread_count


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    Attributes
    ----------
    rounds : int
        Trees of each model.
    learning_rate : float
        What each adds of what it learned, 0 to 1.
    is_drawn : tuple of bool
        A model for each. False looks for the best threshold of every column; True draws one at random, and the best
        column is taken. Trees of the latter are larger, and so are their leaves.

    References
    ----------
    Geurts et al. (2006), Extremely randomized trees.
    """

    rounds: int = 500
    learning_rate: float = 0.04
    is_drawn: tuple[bool, ...] = (False, True)


#: How the trees of a decision are grown.
FULL_GROWTH = Growth()
_LEAVES, _LEAVES_IF_DRAWN = 15, 31
_PARAMETERS = {
    "objective": "binary",
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
_BETWEEN = "\n==== the next model ====\n"
_BETWEEN_KINDS = "\n==== models for pairs of which little is known ====\n"
# starting threads costs more than they save on fewer rows
_ROWS_FOR_THREADS = 2_000
# a pair whose log-odds are beyond 8 either way after some trees is not followed further: nine of ten are so, and no
# probability changes by more than 0.004 (docs/decisions.md). LightGBM compares twice the log-odds.
_BEYOND_DOUBT = {"pred_early_stop": True, "pred_early_stop_freq": 20, "pred_early_stop_margin": 16.0}
# LightGBM has one count of threads for the process, sizes its buffers by it and looks at it again: no call may change
# it under another one. Contributions of several threads at once are not safe at all (issues 5482 and 6142 of LightGBM).
_ONE_COUNT = threading.Lock()


class Trees:
    """Grown trees.

    Parameters
    ----------
    models : sequence of str
        LightGBM's text format.
    """

    def __init__(self, models: list[str]) -> None:
        self.models = models

    @classmethod
    def grow(
        cls,
        values: np.ndarray,
        is_right: np.ndarray,
        seed: int = 0,
        weights: np.ndarray | None = None,
        growth: Growth = FULL_GROWTH,
        threads: int | None = None,
    ) -> Trees:
        """Learn whether the clip of a pair is of its project.

        Parameters
        ----------
        values : ndarray, shape (n_pairs, n_columns), float32
        is_right : ndarray of int, shape (n_pairs,)
            1 where it is, else 0; both must be there.
        seed : int
            Of the first model; each one after it has the next.
        weights : ndarray, shape (n_pairs,), optional
            How many pairs each stands for; one otherwise.
        growth : Growth, optional
        threads : int, optional
            As many as `thread_count` says otherwise; the trees are the same by any number. Whoever grows trees in
            several threads at once gives all of them the same number, and to `probability`, too.

        References
        ----------
        Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree.
        """
        import lightgbm

        # a handful of labelled clips has too few pairs for leaves of twenty
        smallest_leaf = int(np.clip(is_right.sum() // 10, 1, 20))
        threads = threads or thread_count()
        # models side by side: the threads of one LightGBM wait for each other, since its pairs are few
        side_by_side = min(threads, len(growth.is_drawn))
        usual = _PARAMETERS | {"learning_rate": growth.learning_rate, "num_threads": threads // side_by_side}

        def grown(number: int) -> str:
            is_drawn = growth.is_drawn[number]
            parameters = usual | {
                "seed": seed + number,
                "extra_trees": is_drawn,
                "num_leaves": _LEAVES_IF_DRAWN if is_drawn else _LEAVES,
                "min_data_in_leaf": 2 * smallest_leaf if is_drawn else smallest_leaf,
            }
            data = lightgbm.Dataset(values, is_right, weight=weights, params=parameters)
            return lightgbm.train(parameters, data, growth.rounds).model_to_string()

        with ThreadPoolExecutor(side_by_side) as pool:
            return cls(list(pool.map(grown, range(len(growth.is_drawn)))))

    @functools.cached_property
    def _boosters(self) -> list[Any]:
        import lightgbm

        return [lightgbm.Booster(model_str=model) for model in self.models]

    def log_odds(self, values: np.ndarray, threads: int | None = None) -> np.ndarray:
        """Return the mean log-odds of the models that each pair is right, float64, shape (n_pairs,).

        A model that is beyond 8 either way is only that: the rest of its trees is not asked.
        """
        if not len(values):
            return np.zeros(0)
        kind = {"raw_score": True, **_BEYOND_DOUBT}
        return np.mean([self._run(booster, values, threads, **kind) for booster in self._boosters], axis=0)

    def probability(self, values: np.ndarray, threads: int | None = None) -> np.ndarray:
        """Return the probability that each pair is right, 0 to 1, not calibrated, float64, shape (n_pairs,).

        `threads` is that of `grow`; without it, one call waits for the other.
        """
        return 1.0 / (1.0 + np.exp(-self.log_odds(values, threads)))

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Return what each column adds to the log-odds.

        Returns
        -------
        ndarray, shape (n_pairs, n_columns + 1), float64
            The last column is what holds for every pair; a row adds up to `log_odds`, where each model is within 8.

        References
        ----------
        Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees.
        """
        return np.mean([self._run(booster, values, pred_contrib=True) for booster in self._boosters], axis=0)

    def to_text(self) -> str:
        """Return the models one after the other; `from_text` reads them."""
        return _BETWEEN.join(self.models)

    @classmethod
    def from_text(cls, text: str) -> Trees:
        """Make the trees that gave this text."""
        return cls(text.split(_BETWEEN))

    @staticmethod
    def _run(booster: Any, values: np.ndarray, threads: int | None = None, **kind: Any) -> np.ndarray:
        if threads is not None:
            return np.asarray(booster.predict(values, num_threads=threads, **kind))
        with _ONE_COUNT:
            count = thread_count() if len(values) > _ROWS_FOR_THREADS else 1
            return np.asarray(booster.predict(values, num_threads=count, **kind))


@dataclass(frozen=True)
class DecisionTrees:
    """Trees for pairs as most are, and trees for those of which little is known.

    One set for both would be worse for either: what is true of a project of five clips, or of a clip of a new
    channel, is learned from pairs that were made so, and is not true of the others (docs/decisions.md).

    Attributes
    ----------
    well_known : Trees
        Learned from the evidence as it is.
    little_known : Trees
        Learned from that and from pairs of projects with few clips and of clips with fewer fields.
    """

    well_known: Trees
    little_known: Trees

    def probability(self, values: np.ndarray, is_little_known: np.ndarray) -> np.ndarray:
        """Return the probability that each pair is right; see `Trees.probability`.

        Parameters
        ----------
        values : ndarray, shape (n_pairs, n_columns), float32
        is_little_known : ndarray of bool, shape (n_pairs,)
        """
        result = np.empty(len(values))
        for trees, chosen in self._parts(is_little_known):
            result[chosen] = trees.probability(values[chosen])
        return result

    def contributions(self, values: np.ndarray, is_little_known: np.ndarray) -> np.ndarray:
        """Return what each column adds to the log-odds; see `Trees.contributions`."""
        result = np.empty((len(values), values.shape[1] + 1))
        for trees, chosen in self._parts(is_little_known):
            if chosen.any():
                result[chosen] = trees.contributions(values[chosen])
        return result

    def to_text(self) -> str:
        """Return both; `from_text` reads them."""
        return _BETWEEN_KINDS.join([self.well_known.to_text(), self.little_known.to_text()])

    @classmethod
    def from_text(cls, text: str) -> DecisionTrees:
        """Make the trees that gave this text."""
        well_known, little_known = text.split(_BETWEEN_KINDS)
        return cls(Trees.from_text(well_known), Trees.from_text(little_known))

    def _parts(self, is_little_known: np.ndarray) -> tuple[tuple[Trees, np.ndarray], tuple[Trees, np.ndarray]]:
        return (self.well_known, ~is_little_known), (self.little_known, is_little_known)
