"""Scores of decisions against labels: macro-F1, F1 by project and by size of project, project or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smf_embed.clips import NONE

#: Sizes of projects by training clips, as (name, fewest, most).
SIZE_CLASSES = (
    ("<=5", 1, 5),
    ("6-10", 6, 10),
    ("11-20", 11, 20),
    ("21-50", 21, 50),
    ("51-100", 51, 100),
    (">100", 101, 2**62),
)

_COVERAGE_AT = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)


def f1_by_class(true: np.ndarray, decided: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the F1 of each class, shape (n_classes,), 0 to 1; NaN for a class that neither side names.

    Parameters
    ----------
    true, decided : ndarray of int, shape (n,)
        Class numbers below `n_classes`.
    """
    hits = np.bincount(true[true == decided], minlength=n_classes)
    named = np.bincount(true, minlength=n_classes) + np.bincount(decided, minlength=n_classes)
    return np.where(named > 0, 2 * hits / np.maximum(named, 1), np.nan)


def score(true: Sequence[str], decided: Sequence[str], train_sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Score decisions.

    Parameters
    ----------
    true, decided : sequence of str
        Projects or `none`, clip by clip.
    train_sizes : mapping, optional
        Project → number of training clips; gives the rows by size.

    Returns
    -------
    dict
        `clips`, `classes`; `macro_f1` over all classes that either side names; `weighted_f1`; `project_or_none` with
        precision, recall and f1 of "is of some project"; `right_project` where both name one; `by_project` and
        `by_size`. Shares are 0 to 1, None where nothing can be told.
    """
    names = sorted(set(true) | set(decided))
    number = {name: row for row, name in enumerate(names)}
    truth = np.array([number[name] for name in true], dtype=int)
    said = np.array([number[name] for name in decided], dtype=int)
    f1 = f1_by_class(truth, said, len(names))
    support = np.bincount(truth, minlength=len(names))
    none = number.get(NONE, -1)
    is_project, says_project = truth != none, said != none
    both = is_project & says_project
    by_project = {
        name: {"f1": round(float(f1[number[name]]), 4), "clips": int(support[number[name]])} for name in names
    }
    result: dict[str, Any] = {
        "clips": len(truth),
        "classes": len(names),
        "macro_f1": _rounded(f1.mean() if len(f1) else None),
        "weighted_f1": _rounded(float(np.average(f1, weights=support)) if support.sum() else None),
        "project_or_none": {
            "precision": _ratio(both.sum(), says_project.sum()),
            "recall": _ratio(both.sum(), is_project.sum()),
            "f1": _ratio(2 * both.sum(), says_project.sum() + is_project.sum()),
        },
        "right_project": _ratio((truth == said)[both].sum(), both.sum()),
        "by_project": by_project,
    }
    if train_sizes is not None:
        result["by_size"] = {
            label: {"f1": _rounded(float(np.mean(scores))), "projects": len(scores)}
            for label, fewest, most in SIZE_CLASSES
            if (
                scores := [
                    by_project[name]["f1"]
                    for name in names
                    if name != NONE and fewest <= train_sizes.get(name, 0) <= most
                ]
            )
        }
    return result


def coverage_curve(
    true: Sequence[str], decided: Sequence[str], confidence: Sequence[float]
) -> list[dict[str, float | None]]:
    """Tell how right decisions are when only those of at least some confidence are taken.

    Parameters
    ----------
    true, decided : sequence of str
        Projects or `none`, clip by clip.
    confidence : sequence of float
        Of the decision, 0 to 1.

    Returns
    -------
    list of dict
        For each bound `confidence`: `coverage`, the share of all clips that is decided; `right`, of these; and the
        `precision` and `recall` of decided projects. Shares are 0 to 1, None where nothing can be told.
    """
    truth, said, sure = np.asarray(true, dtype=object), np.asarray(decided, dtype=object), np.asarray(confidence)
    right = truth == said
    curve = []
    for bound in _COVERAGE_AT:
        taken = sure >= bound
        project = taken & (said != NONE)
        curve.append(
            {
                "confidence": bound,
                "coverage": _ratio(taken.sum(), len(taken)),
                "right": _ratio((right & taken).sum(), taken.sum()),
                "precision": _ratio((right & project).sum(), project.sum()),
                "recall": _ratio((right & project).sum(), (truth != NONE).sum()),
            }
        )
    return curve


def _ratio(part: Any, whole: Any) -> float | None:
    return _rounded(float(part) / float(whole)) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
