"""The systems that this project grew from, and plain ones, each as a row of one table.

A baseline has three methods: `fit(train)`, a table in the studio's columns with labels; `predict(clips)`, a table
without them, which returns a label for each row; and `size_in_bytes()`. `ROWS` lists them. To run one on tables of
your own: `python benchmarks/baseline_row.py NAME TRAIN.parquet CLIPS.parquet DECISIONS.csv`; to run all on the
benchmark: `python benchmarks/baseline_table.py`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class Baseline(Protocol):
    """What every row is."""

    def fit(self, train: pd.DataFrame) -> None:
        """Learn from the column `cartoon`; rows without a label are none to learn from."""

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return a label for each clip, object, shape (len(clips),)."""

    def size_in_bytes(self) -> int:
        """Return what must be kept to decide new clips, without the built-in encoder and the libraries."""


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    title : str
        As the table shows it.
    note : str
        What it is, and what it is not.
    home : str
        `module:class` inside this package; of our own row, which runs programs, `module:function`.
    settings : dict
        Keyword arguments of the class.
    sample : int or None
        How many training clips it learns from where all take too long; see `tables.take_sample`.
    takes_rules : bool
        It needs a rule table.
    """

    title: str
    note: str
    home: str
    settings: dict[str, Any] = field(default_factory=dict)
    sample: int | None = None
    takes_rules: bool = False


#: Our own row works on files: see `ours.decide_by_files`.
OURS_HOME = "ours:decide_by_files"

ROWS = {
    "rules": Row(
        "names as rules",
        "A rule is a key and its project; a key that a lower-case title contains is found. The first key found is "
        "taken out of the title before the next is sought, and a title in which two projects are found is a "
        "compilation. Keys are the names in the labels, the longest first, since nobody wrote rules for these tables.",
        "rules:SubstringRules",
    ),
    "rules-table": Row(
        "hand-written rules, then names",
        "The same with the rules of a table (`--rules`) before the names. The studio's analysts wrote theirs for the "
        "studio's own projects, most of which the open benchmark does not have: a title in which such a one is found "
        "is none, or a compilation with another.",
        "rules:SubstringRules",
        takes_rules=True,
    ),
    "lexicon": Row(
        "the same names, matched by our lexicon",
        "The names in the labels again, found inflected, misspelt and transliterated, too; two projects make a "
        "compilation.",
        "rules:LexiconRules",
    ),
    "forest-text": Row(
        "TF-IDF + random forest, `text`",
        "100 trees on words and word pairs, the 50,000 most frequent.",
        "words:Forest",
        {"field": "text"},
    ),
    "forest-title": Row(
        "TF-IDF + random forest, title, channel, seconds, length",
        "The same on titles, and beside them the channel's id where it has five clips, the duration and the length of "
        "the text. Titles are not lemmatised, no rare clips are added and no labels mended by hand, as the studio did "
        "for its best forest.",
        "words:Forest",
        {"field": "reel_name", "with_numbers": True},
    ),
    "svm-title": Row(
        "linear SVM, character n-grams, title",
        "TF-IDF of 2 to 5 characters inside words, rare classes weighted up. On the open benchmark the solver ends at "
        "its limit of 1,000 passes for some class.",
        "words:CharacterSvm",
        {"field": "reel_name"},
    ),
    "svm-text": Row(
        "linear SVM, character n-grams, `text`",
        "The same on title and description.",
        "words:CharacterSvm",
        {"field": "text"},
    ),
    "fasttext": Row(
        "fastText, supervised, `text`",
        "Words and word pairs; with parts of words it learned worse in the same time. It has no class weights. One "
        "thread, so that a run can be repeated.",
        "fast_text:FastText",
        {"rate": 1.0, "epochs": 50},
    ),
    "lightgbm": Row(
        "flat multiclass LightGBM, vectors and votes",
        "The vectors of title and description as they are, and for each class its share of the nearest clips' votes "
        "(of training clips: of the other folds). One model that chooses among all classes.",
        "vectors:FlatLightGBM",
    ),
    "logistic": Row(
        "logistic regression, vectors",
        "On the vectors of title and description.",
        "vectors:Logistic",
    ),
    "setfit": Row(
        "SetFit's idea on frozen vectors",
        "SetFit fine-tunes the encoder itself on pairs of clips of the same and of different classes and puts a "
        "logistic regression on top. Here the encoder stays as it is, and a linear map of its vectors learns from the "
        "pairs: this is the idea, not the method.",
        "contrastive:ContrastiveHead",
    ),
    "hybrid": Row(
        "hybrid neural model, built-in encoder, frozen",
        "A dense layer on the vectors of title and description, one on the numbers, joined to classify; class weights, "
        "gradient accumulation. The encoder does not learn, so this is less than the seed's model.",
        "hybrid:Hybrid",
        {"body": "builtin", "epochs": 25, "batch": 128, "accumulate": 2, "rate": 5e-3},
    ),
    "hybrid-tiny": Row(
        "hybrid neural model, tiny transformer, end to end",
        "The same on the mean-pooled states of a transformer of two layers, which starts from random weights and "
        "learns with the rest from `text`. It shows that end-to-end training works; it says little of a pretrained "
        "body, which needs a GPU and its weights: `--only hybrid:distilbert-base-multilingual-cased`.",
        "hybrid:Hybrid",
        {"body": "tiny", "epochs": 8, "body_rate": 1e-3},
        sample=20_000,
    ),
    "ours": Row(
        "**smf-embed**",
        "`add`, `fit` and `predict` of the command line, each a program of its own, reading and writing files; its "
        "size is that of the model and of the catalogue with all texts and vectors.",
        OURS_HOME,
    ),
}


def find_row(name: str) -> Row:
    """Return a row by its name; `hybrid:BODY` is the hybrid model with that body, trained end to end.

    Raises
    ------
    KeyError
        There is no such row.
    """
    kind, _, body = name.partition(":")
    if kind == "hybrid" and body:
        title = f"hybrid neural model, {body}, end to end"
        return Row(title, "The body learns with the rest.", "hybrid:Hybrid", {"body": body})
    return ROWS[name]


def make_baseline(row: Row, **settings: Any) -> Baseline:
    """Make the baseline of a row, not yet fitted; `settings` go before those of the row."""
    module, _, name = row.home.partition(":")
    made: Baseline = getattr(importlib.import_module(f".{module}", __name__), name)(**row.settings | settings)
    return made
