"""The tables that every row gets: what to learn from, what to decide, the truth."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from smf_embed import Catalogue
from smf_embed.catalogue import prepared_columns
from smf_embed.classifier import deal_folds
from smf_embed.clip_tables import iter_clips
from smf_embed.clips import ID, LABEL
from smf_embed.encoded_clips import EncodedClips

from .tables import take_sample

#: Files that `write_tables` makes; a row is given the first two and never sees the third.
TRAIN, TEST, TRUTH = "train.parquet", "test.parquet", "truth.parquet"

_TRUE = "cartoon_true"
_PARTS = 5


def write_tables(
    folder: Path,
    *,
    benchmark: Path | None = None,
    demo: float = 0.1,
    sample: int | None = None,
    validate: bool = False,
) -> tuple[int, int]:
    """Write what to learn from, what to decide, and the truth.

    Parameters
    ----------
    folder : Path
    benchmark : Path, optional
        Folder of the open benchmark; demo data otherwise.
    demo : float
        Scale of the demo data.
    sample : int, optional
        So many clips of each table alone; see `take_sample`.
    validate : bool
        Decide a fifth of the training clips, scored against their labels as they are, instead of the test clips: for
        choosing settings. Near-duplicates are all in that fifth, or none is.

    Returns
    -------
    train, test : int
        Clips of each table.
    """
    if benchmark is not None:
        table = pd.read_parquet(benchmark / "reels-open.parquet")
        train, test = (table[table["split"] == split].drop(columns="split") for split in ("train", "test"))
    else:
        from smf_embed.datasets import make_demo

        made = make_demo(demo, 0)
        train, test = made.train, made.test
    if validate:
        classes = pd.factorize(train[LABEL], use_na_sentinel=False)[0]
        held_out = deal_folds(classes, near_duplicate_groups(train), _PARTS, 0) == 0
        train, test = train[~held_out], train[held_out]
        test = test.assign(**{_TRUE: test[LABEL]})
    if sample is not None:
        train, test = take_sample(train, sample), take_sample(test, sample, by=_TRUE)
    folder.mkdir(parents=True, exist_ok=True)
    train.drop(columns=_TRUE).to_parquet(folder / TRAIN, index=False)
    test.drop(columns=[LABEL, _TRUE]).to_parquet(folder / TEST, index=False)
    test[[ID, _TRUE]].to_parquet(folder / TRUTH, index=False)
    return len(train), len(test)


def near_duplicate_groups(table: pd.DataFrame) -> np.ndarray:
    """Return a number for each row that it shares with its near-duplicates alone; see `EncodedClips`."""
    with tempfile.TemporaryDirectory(prefix="near-duplicates-") as folder, Catalogue(folder, create=True) as catalogue:
        with catalogue.writing("add"):
            catalogue.learn(iter_clips(table))
        preparation = catalogue.preparation
        clips = [clip | prepared_columns(preparation, clip) for batch in iter_clips(table) for clip in batch.clips]
    prepared = EncodedClips(clips, {})
    keys = pd.Series(prepared.near_duplicate_keys(), index=prepared.ids)
    # a row that is no clip is alone
    return pd.factorize(table[ID].map(keys).fillna(table[ID]))[0]
