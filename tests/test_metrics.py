"""Scores equal scikit-learn's, and the threshold is that of the best macro-F1."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from smf_embed.metrics import best_threshold, f1_by_class, score


def test_scores_equal_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    names = np.array(["none", "Буба", "Лунтик", "Фиксики"])
    true, decided = names[rng.choice(4, 400, p=[0.7, 0.1, 0.1, 0.1])], names[rng.choice(4, 400, p=[0.6, 0.2, 0.1, 0.1])]
    decided = np.where(rng.random(400) < 0.7, true, decided)
    result = score(true.tolist(), decided.tolist(), {"none": 900, "Буба": 4, "Лунтик": 5, "Фиксики": 60})
    f1 = f1_score(true, decided, average=None, labels=names)
    assert result["macro_f1"] == pytest.approx(f1.mean(), abs=1e-4)
    assert result["weighted_f1"] == pytest.approx(f1_score(true, decided, average="weighted"), abs=1e-4)
    expected = precision_recall_fscore_support(true != "none", decided != "none", average="binary")[:3]
    assert tuple(result["project_or_none"].values()) == pytest.approx(expected, abs=1e-4)
    assert result["by_project"]["Буба"]["f1"] == pytest.approx(f1[1], abs=1e-4)
    assert result["by_size"]["<=5"] == {"f1": pytest.approx((f1[1] + f1[2]) / 2, abs=1e-4), "projects": 2}
    assert list(result["by_size"]) == ["<=5", "51-100"]


def test_a_class_that_nobody_names_has_no_f1() -> None:
    assert np.isnan(f1_by_class(np.array([0, 1]), np.array([0, 1]), 3)[2])


def test_threshold_lies_between_wrong_and_right_candidates() -> None:
    true = np.array([0] * 50 + [1] * 50)
    probability = np.concatenate([np.linspace(0.0, 0.4, 50), np.linspace(0.6, 1.0, 50)])
    assert 0.4 <= best_threshold(true, np.ones(100, dtype=int), probability, 2) <= 0.6


def test_scores_of_nothing_but_none() -> None:
    result = score(["none"] * 3, ["none"] * 3, {"none": 3})
    assert result["macro_f1"] == 1.0
    assert result["right_project"] is None
    assert result["project_or_none"] == {"precision": None, "recall": None, "f1": None}
