"""What the folds said of each training clip: kept beside the model for the audit of labels and the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
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

    def part(self, kept: np.ndarray) -> OutOfFold:
        """Return what was said of some clips, bool, shape (n_clips,)."""
        number = np.cumsum(kept) - 1
        pairs = kept[self.clips]
        return OutOfFold(
            [identifier for identifier, is_kept in zip(self.ids, kept.tolist(), strict=True) if is_kept],
            self.projects,
            self.labels[kept],
            number[self.clips[pairs]],
            self.candidates[pairs],
            self.probability[pairs],
        )

    def renamed(self, old: str, new: str) -> OutOfFold:
        """Return the same with another name for a project; where `new` is a project, too, the two become one.

        A clip that both were candidates of keeps the higher probability. A name that the fit did not know changes
        nothing.
        """
        if old not in self.projects:
            return self
        if new not in self.projects:
            projects = [new if name == old else name for name in self.projects]
            return dataclasses.replace(self, projects=projects)
        source, into = self.projects.index(old), self.projects.index(new)
        labels = np.where(self.labels == source, into, self.labels)
        candidates = np.where(self.candidates == source, into, self.candidates)
        # of the pairs of one clip and project, the most probable comes first and is kept
        order = np.lexsort((-self.probability, candidates, self.clips))
        pairs = np.column_stack([self.clips, candidates])[order]
        order = order[np.append(True, (np.diff(pairs, axis=0) != 0).any(axis=1))[: len(order)]]
        joined = OutOfFold(
            self.ids, self.projects, labels, self.clips[order], candidates[order], self.probability[order]
        )
        return joined.without(old)

    def without(self, project: str) -> OutOfFold:
        """Return the same without a project: neither the clips that were labelled so nor its pairs with others."""
        if project not in self.projects:
            return self
        gone = self.projects.index(project)
        rest = self.part(self.labels != gone)
        pairs = rest.candidates != gone
        return OutOfFold(
            rest.ids,
            [name for name in self.projects if name != project],
            rest.labels - (rest.labels > gone),
            rest.clips[pairs],
            rest.candidates[pairs] - (rest.candidates[pairs] > gone),
            rest.probability[pairs],
        )

    def still_labelled(self, label_of: Mapping[str, str | None]) -> np.ndarray:
        """Return which clips have the label still that they had at the time of the fit, bool, shape (n_clips,).

        Parameters
        ----------
        label_of : mapping
            Id → label of now, for clips that are still there.
        """
        then = (self.projects[number] for number in self.labels.tolist())
        return np.array([label_of.get(one) == label for one, label in zip(self.ids, then, strict=True)], dtype=bool)

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
        if not _held(arrays):
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


def changed_arrays(arrays: Mapping[str, np.ndarray], change: Callable[[OutOfFold], OutOfFold]) -> dict[str, np.ndarray]:
    """Return the arrays of a model after a change of what its folds said; a model that holds nothing of it stays."""
    if not _held(arrays):
        return dict(arrays)
    return {**arrays, **change(OutOfFold.from_arrays(arrays)).to_arrays()}


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


def _held(arrays: Mapping[str, np.ndarray]) -> bool:
    return all(f"out_of_fold_{name}" in arrays for name in _NAMES)


def _packed(lines: Sequence[str]) -> np.ndarray:
    # neither ids nor names of projects have line breaks in them
    return np.frombuffer("\n".join(lines).encode("utf-8"), dtype=np.uint8)


def _unpacked(array: np.ndarray) -> list[str]:
    return array.tobytes().decode("utf-8").split("\n") if len(array) else []
