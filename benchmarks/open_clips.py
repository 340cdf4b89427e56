"""The open benchmark's clips, encoded and with numbers for labels, for scripts that learn the decision step by step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from baselines.vectors import encode_table
from smf_embed import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.clips import LABEL, NONE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.lexicon import Lexicon


@dataclass(frozen=True)
class OpenClips:
    """Both splits.

    Attributes
    ----------
    clips, asked : EncodedClips
        Of the training and of the test split.
    labels, groups : ndarray of int, shape (len(clips),)
        Numbers of the labels, 0 is `none`; near-duplicates share a group.
    projects : list of str
        Names by number.
    sizes : dict of str → int
        Training clips of each project.
    truth : list of str
        True labels of `asked`, to report by.
    lexicon : Lexicon
    """

    clips: EncodedClips
    asked: EncodedClips
    labels: np.ndarray
    groups: np.ndarray
    projects: list[str]
    sizes: dict[str, int]
    truth: list[str]
    lexicon: Lexicon


@contextmanager
def open_clips(benchmark: Path) -> Iterator[OpenClips]:
    """Add the training split to a catalogue that goes with the body, and encode the test split."""
    table = pd.read_parquet(benchmark / "reels-open.parquet")
    train = table[table["split"] == "train"].drop(columns=["cartoon_true", "split"])
    test = table[table["split"] == "test"]
    with tempfile.TemporaryDirectory() as folder, Catalogue(folder, create=True) as catalogue:
        with catalogue.writing("add"):
            catalogue.learn(iter_clips(train))
            catalogue.add(iter_clips(train))
        clips = catalogue.labelled()
        asked = encode_table(catalogue, test.drop(columns=["cartoon_true", "cartoon", "split"]))
        truth = test.set_index("yt_reel_id")["cartoon_true"].reindex(asked.ids).tolist()
        sizes = catalogue.project_sizes()
        projects = [NONE, *(name for name in sizes if name != NONE)]
        labels = np.array([projects.index(clip[LABEL]) for clip in clips.clips])
        groups = pd.factorize(np.array(clips.near_duplicate_keys(), dtype=object))[0]
        yield OpenClips(clips, asked, labels, groups, projects, sizes, truth, catalogue.lexicon())
