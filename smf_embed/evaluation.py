"""All scores of judged decisions: by project, size, language, channel and what is missing, each with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from smf_embed.bootstrap import percentile_intervals
from smf_embed.calibration_scores import Ranked, calibration_error, reliability
from smf_embed.clips import LABEL, NONE
from smf_embed.judging import Judged, best_candidates, right
from smf_embed.metrics import SIZE_CLASSES, f1_by_class, score

#: Precision at which recall is reported.
PRECISION = 0.95
_PAIRS = 20
# slices of fewer clips say nothing
_FEWEST_IN_SLICE = 20
_NEVER_SEEN = "0"


def size_class(size: int) -> str:
    """Return the name of the size class of a project with so many training clips; `0` for one without."""
    return next((name for name, fewest, most in SIZE_CLASSES if fewest <= size <= most), _NEVER_SEEN)


def evaluate(judged: Judged, *, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Score decisions in all ways that help to judge a model.

    Parameters
    ----------
    judged : Judged
    resamples : int
        Of the bootstrap; 0 gives no intervals.
    seed : int

    Returns
    -------
    dict
        What `smf_embed.metrics.score` tells, and

        - `by_project`: with precision and recall;
        - `by_size`: with clips and `recall_at_95_precision`, also of projects that were never learned (`0`);
        - `recall_at_95_precision`: over all projects, and the confidence `from` which it is reached;
        - `calibration`: the `error` of confidences, that of decided projects alone, and the bins behind the first;
        - `slices`: kind → name → scores of those clips, where a project right is what counts;
        - `confusions`: the worst pairs of label and decision;
        - `intervals`: figure → [low, high], 95 % of the resamples; null where nothing can be told.

        Shares are 0 to 1.
    """
    figures = _Figures(judged)
    table = judged.table
    result = score(table["label"].tolist(), table[LABEL].tolist(), judged.sizes)
    for name, row in result["by_project"].items():
        row |= figures.of_project(name)
    point = figures(np.ones(len(table)))
    intervals = percentile_intervals(figures, table["near_duplicates"].to_numpy(), resamples=resamples, seed=seed)
    told = {name: None if ends is None else [_rounded(end) for end in ends] for name, ends in intervals.items()}
    is_project = (table[LABEL] != NONE).to_numpy()
    sure, hit = table["confidence"].to_numpy(dtype=float), right(table)
    result |= {
        "how": judged.how,
        "recall_at_95_precision": {
            "recall": _rounded(point["recall_at_95_precision"]),
            "from": _rounded(figures.bound()),
        },
        "calibration": {
            "error": _rounded(calibration_error(sure, hit)),
            "error_of_projects": _rounded(calibration_error(sure[is_project], hit[is_project])),
            "bins": reliability(sure, hit),
            "bins_of_projects": reliability(sure[is_project], hit[is_project]),
        },
        "by_size": {name: figures.of_size(name, point, told) for name in figures.sizes},
        "slices": {
            kind: {name: figures.of_slice(kind, name, point, told) for name in names}
            for kind, names in figures.slices.items()
        },
        "confusions": confusions(table)[:_PAIRS],
        "intervals": {name: ends for name, ends in told.items() if ":" not in name},
    }
    return result


def confusions(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the pairs of label and decision that differ, the most clips first, with their share of the label's."""
    clips = table["label"].value_counts()
    pairs = table.loc[~right(table)].groupby(["label", LABEL]).size().sort_values(ascending=False, kind="stable")
    return [
        {"label": label, "decided": said, "clips": int(count), "share": _rounded(count / clips[label])}
        for (label, said), count in pairs.items()
    ]


class _Figures:
    """The figures that get an interval, as a function of how often each clip counts."""

    def __init__(self, judged: Judged) -> None:
        table = judged.table
        names = sorted(set(table["label"]) | set(table[LABEL]))
        number = {name: place for place, name in enumerate(names)}
        self.names = names
        self.truth = table["label"].map(number).to_numpy()
        self.said = table[LABEL].map(number).to_numpy()
        self.hit = right(table)
        self.sure = table["confidence"].to_numpy(dtype=float)
        none = number.get(NONE, -1)
        self.is_project, self.says_project = self.truth != none, self.said != none
        self.candidate, self.chance = best_candidates(table)
        self.candidate_hit = self.candidate == table["label"].to_numpy()
        class_of = {name: size_class(judged.sizes.get(name, 0)) for name in {*names, *self.candidate} - {NONE, ""}}
        order = [_NEVER_SEEN, *(name for name, _, _ in SIZE_CLASSES)]
        self.sizes = [name for name in order if any(class_of.get(one) == name for one in names)]
        size_of_label = np.array([class_of.get(one, "") for one in table["label"]])
        self._of_size = {size: size_of_label == size for size in self.sizes}
        size_of_candidate = np.array([class_of.get(one, "") for one in self.candidate])
        self._projects_of = {
            size: np.array([place for place, one in enumerate(names) if class_of.get(one) == size])
            for size in self.sizes
        }
        self.slices = _slices(table)
        self._ranked = Ranked(self.chance, self.candidate_hit)
        self._ranked_of = {}
        for size in self.sizes:
            rows = np.flatnonzero(size_of_candidate == size)
            self._ranked_of[size] = (rows, Ranked(self.chance[rows], self.candidate_hit[rows]))
        # only clips that are or are said to be of a project count in the F1 of a slice
        named = self.is_project.astype(float) + self.says_project
        right_project = (self.hit & self.is_project).astype(float)
        self._counted: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        for kind, names_of in self.slices.items():
            for name, inside in names_of.items():
                rows = inside[named[inside] > 0]
                self._counted[f"slice:{kind}:{name}"] = (rows, right_project[rows], named[rows])

    def __call__(self, weights: np.ndarray) -> dict[str, float]:
        f1 = f1_of(self.truth, self.said, len(self.names), weights)
        support = np.bincount(self.truth, weights, minlength=len(self.names))
        counted = support > 0
        both = weights[self.is_project & self.says_project].sum()
        wanted, named = weights[self.is_project].sum(), weights[self.says_project].sum()
        agreeing = weights[self.hit & self.is_project].sum()
        figures = {
            "macro_f1": _mean(f1),
            "weighted_f1": _share((f1[counted] * support[counted]).sum(), support.sum()),
            "project_or_none_precision": _share(both, named),
            "project_or_none_recall": _share(both, wanted),
            "project_or_none_f1": _share(2 * both, wanted + named),
            "right_project": _share(agreeing, both),
            "recall_at_95_precision": self._ranked.recall_at(PRECISION, wanted, weights)[0],
            "calibration_error": calibration_error(self.sure, self.hit, weights),
        }
        for size, (rows, ranked) in self._ranked_of.items():
            figures[f"size:{size}:f1"] = _mean(f1[self._projects_of[size]])
            wanted_there = weights[self._of_size[size]].sum()
            figures[f"size:{size}:recall"] = ranked.recall_at(PRECISION, wanted_there, weights[rows])[0]
        for name, (rows, right_there, named_there) in self._counted.items():
            figures[name] = _share(2 * (weights[rows] @ right_there), weights[rows] @ named_there)
        return figures

    def bound(self) -> float:
        """Return the confidence from which decisions are as precise as wanted."""
        return self._ranked.recall_at(PRECISION, float(self.is_project.sum()))[1]

    def of_project(self, name: str) -> dict[str, float | None]:
        place = self.names.index(name)
        hits = ((self.truth == place) & self.hit).sum()
        return {
            "precision": _rounded(_share(hits, (self.said == place).sum())),
            "recall": _rounded(_share(hits, (self.truth == place).sum())),
        }

    def of_size(self, size: str, point: dict[str, float], intervals: dict[str, Any]) -> dict[str, Any]:
        return {
            "f1": _rounded(point[f"size:{size}:f1"]),
            "projects": len(self._projects_of[size]),
            "clips": int(self._of_size[size].sum()),
            "recall_at_95_precision": _rounded(point[f"size:{size}:recall"]),
            "interval": intervals[f"size:{size}:f1"],
            "recall_interval": intervals[f"size:{size}:recall"],
        }

    def of_slice(self, kind: str, name: str, point: dict[str, float], intervals: dict[str, Any]) -> dict[str, Any]:
        rows = self.slices[kind][name]
        right_there = (self.hit & self.is_project)[rows].sum()
        return {
            "clips": len(rows),
            "of_projects": int(self.is_project[rows].sum()),
            "right": _rounded(self.hit[rows].mean()),
            "precision": _rounded(_share(right_there, self.says_project[rows].sum())),
            "recall": _rounded(_share(right_there, self.is_project[rows].sum())),
            "f1": _rounded(point[f"slice:{kind}:{name}"]),
            "interval": intervals[f"slice:{kind}:{name}"],
        }


def f1_of(true: np.ndarray, decided: np.ndarray, n_classes: int, weights: np.ndarray) -> np.ndarray:
    """Return `smf_embed.metrics.f1_by_class` with clips that count more or less than once."""
    if (weights == 1).all():
        return f1_by_class(true, decided, n_classes)
    agreed = true == decided
    hits = np.bincount(true[agreed], weights[agreed], minlength=n_classes)
    named = np.bincount(true, weights, minlength=n_classes) + np.bincount(decided, weights, minlength=n_classes)
    return np.where(named > 0, 2 * hits / np.maximum(named, 1e-12), np.nan)


def _slices(table: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Return kind → name → rows; what only a few clips have is left out."""
    parts = table["missing"].str.split(", ")
    missing = {"nothing": np.flatnonzero(table["missing"] == "")}
    for name in sorted({name for row in parts for name in row} - {""}):
        missing[name] = np.flatnonzero([name in row for row in parts])
    kinds = {
        kind: {name: np.flatnonzero(column == name) for name in column.value_counts().index}
        for kind, column in (
            ("language or script", table["language"]),
            ("channel type", table["channel_type"].fillna("missing")),
        )
    }
    kinds["missing"] = missing
    return {
        kind: {name: rows for name, rows in names.items() if len(rows) >= _FEWEST_IN_SLICE}
        for kind, names in kinds.items()
    }


def _mean(values: np.ndarray) -> float:
    told = values[~np.isnan(values)]
    return float(told.mean()) if len(told) else float("nan")


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)
