"""Scores by size, slice and pair are those that counting gives; resampled figures are those of the repeated clips."""

import numpy as np
import pandas as pd
import pytest

from smf_embed.evaluation import _Figures, confusions, evaluate, size_class
from smf_embed.judging import Judged
from smf_embed.metrics import score

SIZES = {"none": 900, "Буба": 4, "Лунтик": 30, "Фиксики": 200}


def judged(n: int = 400, seed: int = 0) -> Judged:
    rng = np.random.default_rng(seed)
    names = np.array([*SIZES, "Новое"], dtype=object)
    label = names[rng.choice(5, n, p=[0.6, 0.1, 0.1, 0.15, 0.05])]
    said = np.where(rng.random(n) < 0.8, label, names[rng.choice(4, n)])
    said[said == "Новое"] = "none"
    table = pd.DataFrame(
        {
            "yt_reel_id": [f"id{row}" for row in range(n)],
            "cartoon": said,
            "confidence": rng.random(n).round(3),
            "runner_up": np.where(said == "none", "Буба", "none"),
            "runner_up_confidence": rng.random(n).round(3) / 2,
            "label": label,
            "near_duplicates": rng.integers(0, n // 2, n),
            "language": rng.choice(["latin", "cyrillic"], n),
            "channel_type": rng.choice(np.array(["Детские", None], dtype=object), n),
            "missing": rng.choice(["", "title", "description, duration"], n),
        }
    )
    return Judged(table, SIZES, "made up")


def test_the_figures_are_those_of_the_plain_scores() -> None:
    made = judged()
    result, plain = evaluate(made, resamples=0), score(made.table["label"], made.table["cartoon"], SIZES)
    assert {name: result[name] for name in ("macro_f1", "weighted_f1", "project_or_none", "right_project")} == {
        name: plain[name] for name in ("macro_f1", "weighted_f1", "project_or_none", "right_project")
    }
    point = _Figures(made)(np.ones(400))
    for name in ("macro_f1", "weighted_f1", "right_project"):
        assert point[name] == pytest.approx(plain[name], abs=1e-4)
    for part in ("precision", "recall", "f1"):
        assert point[f"project_or_none_{part}"] == pytest.approx(plain["project_or_none"][part], abs=1e-4)


def test_a_weight_counts_a_clip_so_often() -> None:
    made = judged()
    times = np.random.default_rng(1).integers(1, 4, 400)
    repeated = Judged(made.table.loc[np.repeat(np.arange(400), times)].reset_index(drop=True), SIZES, "")
    expected = _Figures(repeated)(np.ones(times.sum()))
    for name, value in _Figures(made)(times.astype(float)).items():
        assert value == pytest.approx(expected[name]), name


def test_projects_are_sorted_by_what_was_learned_of_them() -> None:
    result = evaluate(judged(), resamples=0)
    assert list(result["by_size"]) == ["0", "<=5", "21-50", ">100"]
    assert result["by_size"]["0"]["f1"] == 0
    assert result["by_size"]["<=5"]["f1"] == result["by_project"]["Буба"]["f1"]
    labels = judged().table["label"]
    assert [row["clips"] for row in result["by_size"].values()] == [
        (labels == name).sum() for name in ("Новое", "Буба", "Лунтик", "Фиксики")
    ]
    assert [size_class(size) for size in (0, 1, 5, 6, 101)] == ["0", "<=5", "<=5", "6-10", ">100"]


def test_recall_of_a_size_counts_best_candidates_though_not_decided() -> None:
    table = pd.DataFrame(
        {
            "yt_reel_id": ["a", "b", "c"],
            "cartoon": ["Буба", "none", "none"],
            "confidence": [0.99, 0.6, 0.9],
            "runner_up": ["none", "Буба", "Буба"],
            "runner_up_confidence": [0.01, 0.4, 0.1],
            "label": ["Буба", "Буба", "none"],
            "near_duplicates": [0, 1, 2],
            "language": ["latin"] * 3,
            "channel_type": [None] * 3,
            "missing": [""] * 3,
        }
    )
    result = evaluate(Judged(table, SIZES, ""), resamples=0)
    assert result["by_project"]["Буба"]["recall"] == 0.5
    # a bound of 0.4 finds both, and nothing wrong
    assert result["by_size"]["<=5"]["recall_at_95_precision"] == 1.0
    assert result["recall_at_95_precision"] == {"recall": 1.0, "from": 0.4}


def test_slices_count_their_own_clips() -> None:
    made = judged()
    slices = evaluate(made, resamples=0)["slices"]
    table = made.table
    assert set(slices["missing"]) == {"nothing", "title", "description", "duration"}
    part = table[table["language"] == "latin"]
    right = ((part["label"] == part["cartoon"]) & (part["label"] != "none")).sum()
    row = slices["language or script"]["latin"]
    assert (row["clips"], row["of_projects"]) == (len(part), (part["label"] != "none").sum())
    assert row["precision"] == pytest.approx(right / (part["cartoon"] != "none").sum(), abs=1e-4)
    assert row["recall"] == pytest.approx(right / (part["label"] != "none").sum(), abs=1e-4)
    assert slices["channel type"]["missing"]["clips"] == table["channel_type"].isna().sum()


def test_the_worst_pairs_come_first() -> None:
    table = pd.DataFrame({"label": ["a", "a", "a", "none", "a"], "cartoon": ["b", "b", "none", "a", "a"]})
    assert confusions(table)[0] == {"label": "a", "decided": "b", "clips": 2, "share": 0.5}
    assert len(confusions(table)) == 3


def test_every_interval_holds_its_figure_where_clips_are_many() -> None:
    made = judged(2_000)
    result = evaluate(made, resamples=200)
    for name in ("macro_f1", "weighted_f1", "right_project"):
        low, high = result["intervals"][name]
        assert low < result[name] < high
    low, high = result["slices"]["language or script"]["latin"]["interval"]
    assert low < result["slices"]["language or script"]["latin"]["f1"] < high
