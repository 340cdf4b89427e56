"""What the folds said of each training clip: kept beside the model for the audit of labels and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smf_embed.errors import ModelError

_NAMES = ("ids", "projects", "labels", "clips", "candidates", "probability")


@dataclass(frozen=True)
class OutOfFold:
    """Candidates of the training clips with their probabilities, by models that had not seen the clip.

    Attributes
    ----------
    ids : list of str
        The training clips.
    projects : list of str
        Names by number at the time of the fit; the first is `none`.
    labels : ndarray of int, shape (n_clips,)
        At the time of the fit.
    clips, candidates : ndarray of int, shape (n_pairs,)
        Row of the clip and number of the project, sorted by clip. A project that is no candidate of a clip has no
        chance of it.
    probability : ndarray, shape (n_pairs,), float32
        0 to 1, by the trees, each pair judged alone and not calibrated.
    """

    ids: list[str]
    projects: list[str]
    labels: np.ndarray
    clips: np.ndarray
    candidates: np.ndarray
    probability: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def scaled(self) -> np.ndarray:
        """Probabilities of the pairs that add up to 1 at most over a clip; see `smf_embed.decisions.rank`."""
        return at_most_one(self.clips, self.probability.astype(np.float64), len(self))

    def matrix(self) -> np.ndarray:
        """Return the scaled probability of each project and, in column 0, of none; shape (n_clips, n_projects)."""
        result = np.zeros((len(self), len(self.projects)))
        result[self.clips, self.candidates] = self.scaled
        result[:, 0] = 1.0 - result.sum(axis=1)
        return np.clip(result, 0.0, 1.0)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return arrays that `from_arrays` reads; texts are UTF-8, a line each."""
        return {
            "out_of_fold_ids": _packed(self.ids),
            "out_of_fold_projects": _packed(self.projects),
            "out_of_fold_labels": self.labels.astype(np.int32),
            "out_of_fold_clips": self.clips.astype(np.int32),
            "out_of_fold_candidates": self.candidates.astype(np.int32),
            "out_of_fold_probability": self.probability.astype(np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> OutOfFold:
        """Read what `to_arrays` gave.

        Raises
        ------
        ModelError
            The model was fitted before this was kept.
        """
        missing = [name for name in _NAMES if f"out_of_fold_{name}" not in arrays]
        if missing:
            raise ModelError("the model does not hold what its folds said of each clip; fit it again: smf-embed fit")
        part = {name: arrays[f"out_of_fold_{name}"] for name in _NAMES}
        return cls(
            _unpacked(part["ids"]),
            _unpacked(part["projects"]),
            part["labels"].astype(int),
            part["clips"].astype(int),
            part["candidates"].astype(int),
            part["probability"],
        )


def at_most_one(clips: np.ndarray, probability: np.ndarray, n_clips: int) -> np.ndarray:
    """Return the probabilities of pairs, those of a clip divided by their sum where it exceeds 1.

    Parameters
    ----------
    clips : ndarray of int, shape (n_pairs,)
    probability : ndarray, shape (n_pairs,)
    n_clips : int
    """
    total = np.bincount(clips, probability, minlength=n_clips)
    return probability / np.maximum(total, 1.0)[clips]


def _packed(lines: Sequence[str]) -> np.ndarray:
    # neither ids nor names of projects have line breaks in them
    return np.frombuffer("\n".join(lines).encode("utf-8"), dtype=np.uint8)


def _unpacked(array: np.ndarray) -> list[str]:
    return array.tobytes().decode("utf-8").split("\n") if len(array) else []
