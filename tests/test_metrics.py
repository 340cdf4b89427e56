"""Scores equal scikit-learn's, and the threshold is that of the best macro-F1."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from smf_embed.metrics import coverage_curve, f1_by_class, score


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


def test_scores_of_nothing_but_none() -> None:
    result = score(["none"] * 3, ["none"] * 3, {"none": 3})
    assert result["macro_f1"] == 1.0
    assert result["right_project"] is None
    assert result["project_or_none"] == {"precision": None, "recall": None, "f1": None}


def test_the_coverage_curve_counts_decisions_of_at_least_some_confidence() -> None:
    true, decided = ["a", "a", "none", "none", "b"], ["a", "b", "none", "a", "none"]
    curve = {row["confidence"]: row for row in coverage_curve(true, decided, [0.99, 0.6, 0.97, 0.4, 0.85])}
    assert curve[0.0] == {"confidence": 0.0, "coverage": 1.0, "right": 0.4, "precision": 0.3333, "recall": 0.3333}
    assert curve[0.5]["coverage"] == 0.8
    assert curve[0.5]["precision"] == 0.5
    assert curve[0.95] == {"confidence": 0.95, "coverage": 0.4, "right": 1.0, "precision": 1.0, "recall": 0.3333}
    assert coverage_curve([], [], [])[0]["coverage"] is None
