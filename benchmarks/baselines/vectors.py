"""Plain classifiers on the vectors of the package's own encoder."""

from __future__ import annotations

import shutil
import tempfile
import weakref

import numpy as np
import pandas as pd

from smf_embed import Catalogue
from smf_embed.classifier import deal_folds
from smf_embed.clip_tables import iter_clips
from smf_embed.clips import ID, LABEL, TEXT_FIELDS
from smf_embed.encoded_clips import EncodedClips
from smf_embed.threads import thread_count
from smf_embed.votes import VOTES_AT, FieldVotes

from .tables import class_weights, labelled, objects

#: Fields that have vectors here; no table of the benchmark has subtitles.
FIELDS = ("title", "description")
_FOLDS = 5
_ASKED_AT_ONCE = 2048


class PackageVectors:
    """Clips prepared and encoded as `smf-embed add` does it, so that rows differ in what they make of the vectors.

    `learn` first; it learns words and boilerplate, too. The catalogue is in a temporary folder that goes with it.
    """

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="vectors-")
        self.catalogue = Catalogue(folder, create=True)
        weakref.finalize(self, _put_away, self.catalogue, folder)

    def learn(self, train: pd.DataFrame) -> EncodedClips:
        """Add the labelled clips; return them, row by row."""
        train = labelled(train)
        with self.catalogue.writing("add"):
            self.catalogue.learn(iter_clips(train))
            self.catalogue.add(iter_clips(train))
        return self.catalogue.stored(train[ID].tolist())

    def encode(self, clips: pd.DataFrame) -> EncodedClips:
        """Encode clips to decide, row by row."""
        return encode_table(self.catalogue, clips)


def encode_table(catalogue: Catalogue, table: pd.DataFrame) -> EncodedClips:
    """Give the clips of a table their vectors, row by row; nothing is written.

    Raises
    ------
    ValueError
        When a row is no clip, or an id comes twice.
    """
    without_labels = table.drop(columns=LABEL, errors="ignore")
    parts = [catalogue.encoded(batch.clips)[0] for batch in iter_clips(without_labels)]
    clips = [clip for part in parts for clip in part.clips]
    if len(clips) != len(table) or table[ID].duplicated().any():
        raise ValueError(f"{len(table)} rows are {len(clips)} clips")
    return EncodedClips(
        clips, {field: np.concatenate([part.vectors[field] for part in parts]) for field in TEXT_FIELDS}
    )


def side_by_side(clips: EncodedClips) -> np.ndarray:
    """Return the vectors of title and description in one row, float32, shape (n, 2 × dimension)."""
    return np.hstack([clips.vectors[field] for field in FIELDS])


def _put_away(catalogue: Catalogue, folder: str) -> None:
    catalogue.close()
    shutil.rmtree(folder, ignore_errors=True)


class Logistic:
    """Logistic regression on the vectors.

    Parameters
    ----------
    strength : float
        C: the smaller, the smaller the weights.
    balance : float
        Exponent of the class weights: 0 weighs all clips alike, 1 all classes.
    """

    def __init__(self, strength: float = 300.0, balance: float = 0.5) -> None:
        from sklearn.linear_model import LogisticRegression

        self.model = LogisticRegression(C=strength, max_iter=300)
        self.balance = balance

    def fit(self, train: pd.DataFrame) -> None:
        """Encode and learn."""
        self.vectors = PackageVectors()
        vectors = side_by_side(self.vectors.learn(train))
        classes, labels = np.unique(labelled(train)[LABEL].to_numpy(object), return_inverse=True)
        self.model.fit(vectors, classes[labels], sample_weight=class_weights(labels, self.balance)[labels])

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the likeliest class."""
        return objects(self.model.predict(side_by_side(self.vectors.encode(clips))))

    def size_in_bytes(self) -> int:
        """Return the weights."""
        return self.model.coef_.nbytes


class FlatLightGBM:
    """One LightGBM for all classes, on vectors and votes.

    Parameters
    ----------
    rounds : int
    balance : float
        As of `Logistic`.
    """

    def __init__(self, rounds: int = 60, balance: float = 0.5) -> None:
        from lightgbm import LGBMClassifier

        self.balance = balance
        self.model = LGBMClassifier(
            n_estimators=rounds,
            learning_rate=0.1,
            num_leaves=15,
            # the smallest classes have three clips; LightGBM's own least, 20, would never split one off
            min_child_samples=2,
            max_bin=63,
            colsample_bytree=0.1,
            reg_lambda=1.0,
            random_state=0,
            deterministic=True,
            force_row_wise=True,
            n_jobs=thread_count(),
            verbose=-1,
        )

    def fit(self, train: pd.DataFrame) -> None:
        """Encode, let each fold's clips be voted on by the others, and grow trees."""
        self.vectors = PackageVectors()
        clips = self.vectors.learn(train)
        self.classes, self.labels = np.unique(labelled(train)[LABEL].to_numpy(object), return_inverse=True)
        groups = pd.factorize(np.array(clips.near_duplicate_keys(), dtype=object))[0]
        folds = deal_folds(self.labels, groups, _FOLDS, 0)
        columns = np.empty((len(clips), self._width(clips)), dtype=np.float32)
        for fold in np.unique(folds):
            asked, others = folds == fold, np.flatnonzero(folds != fold)
            columns[asked] = self._columns(clips.part(asked), self._voters(clips.part(others), self.labels[others]))
        self.model.fit(columns, self.labels, sample_weight=class_weights(self.labels, self.balance)[self.labels])
        self.voters = self._voters(clips, self.labels)

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the likeliest class."""
        columns = self._columns(self.vectors.encode(clips), self.voters)
        return objects(self.classes)[self.model.predict(columns).astype(int)]

    def size_in_bytes(self) -> int:
        """Return the trees as text, and the vectors of the clips that vote."""
        voting = sum(len(voters.rows) * voters.centre.nbytes for voters in self.voters.values())
        return len(self.model.booster_.model_to_string()) + voting

    def _width(self, clips: EncodedClips) -> int:
        return len(FIELDS) * (clips.vectors[FIELDS[0]].shape[1] + len(VOTES_AT) * len(self.classes))

    def _voters(self, clips: EncodedClips, labels: np.ndarray) -> dict[str, FieldVotes]:
        no_group = np.full(len(clips), -1)
        return {field: FieldVotes(clips.vectors[field], labels, no_group, len(self.classes)) for field in FIELDS}

    def _columns(self, clips: EncodedClips, voters: dict[str, FieldVotes]) -> np.ndarray:
        blocks = [side_by_side(clips)]
        for field, voter in voters.items():
            votes = np.full((len(clips), len(VOTES_AT) * len(self.classes)), np.nan, dtype=np.float32)
            there = np.flatnonzero(clips.present(field))
            for start in range(0, len(there), _ASKED_AT_ONCE):
                rows = there[start : start + _ASKED_AT_ONCE]
                signals = voter.ask(clips.vectors[field][rows], np.full(len(rows), -1))
                votes[rows] = np.hstack([signals.votes[count] for count in VOTES_AT])
            blocks.append(votes)
        return np.hstack(blocks)
