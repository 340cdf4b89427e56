"""Columns made of the tables that rows are given, and samples of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from smf_embed.clips import LABEL, NONE, TEXT, TITLE

_FLAGS = ["is_shorts", "flag_closed", "international"]
_KINDS = ["broadcast", "yt_channel_type"]


def take_sample(table: pd.DataFrame, size: int, by: str = LABEL) -> pd.DataFrame:
    """Return so many rows: up to half of them of projects, small ones whole, and random ones of `none`."""
    shuffled = table.sample(frac=1, random_state=0)
    none = shuffled[by] == NONE
    # the first clip of every project, then the second of every one
    turn = shuffled[~none].groupby(by).cumcount().sort_values(kind="stable")
    of_projects = turn.index[: max(size // 2, size - int(none.sum()))]
    others = shuffled.index[none][: max(size - len(of_projects), 0)]
    return table.loc[sorted([*of_projects, *others])]


def labelled(train: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a label."""
    return train[train[LABEL].notna()]


def texts(clips: pd.DataFrame, field: str) -> list[str]:
    """Return `reel_name`, or `text` and where it is missing the title; empty where there is neither."""
    column = clips[field]
    if field == TEXT and TITLE in clips:
        column = column.fillna(clips[TITLE])
    return column.fillna("").astype(str).tolist()


def objects(labels: object) -> np.ndarray:
    """Return labels as an array of Python strings."""
    return np.asarray(labels, dtype=object)


def class_weights(labels: np.ndarray, balance: float) -> np.ndarray:
    """Return a weight for each class, float32: the mean class size over its own, to the power of `balance`.

    0 weighs all clips alike, 1 all classes.
    """
    sizes = np.bincount(labels)
    return ((sizes.mean() / np.maximum(sizes, 1)) ** balance).astype(np.float32)


def number_columns() -> ColumnTransformer:
    """Return what turns seconds, is_shorts, broadcast, yt_channel_type, flag_closed and international into numbers.

    Durations as logarithms, kinds as one column each, and a column that says so where a number is missing.
    """
    fill = SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True, keep_empty_features=True)
    kinds = make_pipeline(
        FunctionTransformer(_as_text),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32),
    )
    return ColumnTransformer(
        [
            ("seconds", make_pipeline(FunctionTransformer(_log_seconds), fill, StandardScaler()), ["seconds"]),
            ("flags", make_pipeline(FunctionTransformer(_as_numbers), fill), _FLAGS),
            ("kinds", kinds, _KINDS),
        ],
        sparse_threshold=0,
    )


def _as_numbers(columns: pd.DataFrame) -> np.ndarray:
    return columns.apply(pd.to_numeric, errors="coerce").to_numpy(float)


def _log_seconds(columns: pd.DataFrame) -> np.ndarray:
    seconds = _as_numbers(columns)
    # 0 means that the clip was gone when it was asked for
    return np.log1p(np.where(seconds > 0, seconds, np.nan))


def _as_text(columns: pd.DataFrame) -> np.ndarray:
    return columns.astype(object).where(columns.notna(), "missing").to_numpy(object)
