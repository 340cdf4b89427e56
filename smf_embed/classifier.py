"""The classifier: learns from the labelled clips of a catalogue and decides the project of clips.

For each clip a few candidate projects, for each candidate a row of evidence, and LightGBM models that say of each pair:
"is this clip of this project?" The best candidate is taken if its probability passes the project's threshold, else
`none`.

The evidence of a training clip comes from the clips of other folds alone: votes, similarities, lexical machines, mined
aliases and channel shares are learned anew for each fold, and near-duplicates share a fold. (Leaving out the clip alone
would give its label away: of two clips, that of the project sees one clip of it fewer.) Thresholds come from
probabilities of trees that were grown on other folds.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.metadata
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL, NONE, TEXT_FIELDS
from smf_embed.decisions import decide, decided, rank
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import ModelError
from smf_embed.evidence import COLUMNS, Evidence, EvidenceBuilder, little_known, rare_channels
from smf_embed.explaining import Explanation, explain
from smf_embed.lexical import LexicalModel
from smf_embed.metrics import score
from smf_embed.model_files import FORMAT_VERSION, ModelParts, read_model, write_model
from smf_embed.model_files import MODEL_FOLDER as MODEL_FOLDER
from smf_embed.names import Names
from smf_embed.neighbour_stores import NeighbourStore
from smf_embed.other_use import OtherUse
from smf_embed.out_of_fold import OutOfFold
from smf_embed.store_votes import vote_searches
from smf_embed.text import TEXT_VERSION
from smf_embed.thresholds import Calibration, thresholds_for_precision
from smf_embed.training import FEWEST_CLIPS, TrainingClips, few_shot_evidence, learn_decision, out_of_fold_evidence
from smf_embed.trees import DecisionTrees

_FOLDS = 5
# probabilities below are of no use to anybody who asks for precision
_WORTH_NOTING = 0.05
# of a fit: reading, learning from all clips, each fold, two folds with few clips, wrong labels, trees of two kinds
_STEPS = 7 + _FOLDS
_LIBRARIES = ("numpy", "scikit-learn", "lightgbm", "faiss-cpu")


class _LabelledClips(NamedTuple):
    """Labelled clips, the row of each by its id, a number that those of the same texts share, and their evidence."""

    clips: EncodedClips
    row_of: dict[str, int]
    groups: np.ndarray
    builder: EvidenceBuilder


class Classifier:
    """A fitted model bound to its catalogue; made by `fit` or `load`.

    Attributes
    ----------
    manifest : dict
        What `manifest.json` holds: projects, threshold, fingerprint, out-of-fold metrics, library versions.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        trees: str,
        arrays: dict[str, np.ndarray],
        names: Names,
        catalogue: Catalogue,
        open_store: Callable[[str], NeighbourStore] | None = None,
    ) -> None:
        self.manifest = manifest
        self._trees = trees
        self._arrays = arrays
        self._names = names
        self._grown = DecisionTrees.from_text(trees)
        # a project that was taught after the fit has a size, but the folds have said nothing of it
        self._is_new = np.array([project not in manifest["out_of_fold"] for project in self.projects])
        self._calibration = Calibration(arrays["calibration_given"], arrays["calibration_true"])
        self._catalogue = catalogue
        self._open_store = open_store
        self._read_before: EncodedClips | None = None

    @functools.cached_property
    def _labelled(self) -> _LabelledClips:
        """What decisions are made by; worked out when it is needed, since who only fits and saves does without."""
        number = {project: row for row, project in enumerate(self.projects)}
        known = self._catalogue.labelled() if self._read_before is None else self._read_before
        self._read_before = None
        # labels given after the fit count at once, those of projects that the model has never seen cannot
        clips = known.part(np.array([clip[LABEL] in number for clip in known.clips], dtype=bool))
        # near-duplicates matter for clips that are labelled themselves; they are found when one is asked about
        groups = _groups_by_vectors(clips)
        builder = EvidenceBuilder(
            clips,
            np.array([number[clip[LABEL]] for clip in clips.clips], dtype=int),
            groups,
            len(self.projects),
            {field: LexicalModel.from_arrays(self._arrays, field) for field in TEXT_FIELDS},
            self._names,
            OtherUse(self._arrays["other_use_weights"], float(self._arrays["other_use_bias"][0])),
            {field: self._arrays[f"{field}_centre"] for field in TEXT_FIELDS},
            self.manifest["temperatures"],
            self._open_store and vote_searches(self._open_store, clips),
        )
        return _LabelledClips(clips, {identifier: row for row, identifier in enumerate(clips.ids)}, groups, builder)

    def __repr__(self) -> str:
        metrics = self.manifest["metrics"]
        return f"Classifier({len(self.projects) - 1} projects, out-of-fold macro-F1 {metrics['macro_f1']})"

    @property
    def projects(self) -> list[str]:
        """Names of the projects; the first is `none`."""
        return self.manifest["projects"]

    def out_of_fold(self) -> OutOfFold:
        """Return what the folds of the fit said of each training clip."""
        return OutOfFold.from_arrays(self._arrays)

    def count_labelled(self, ids: Iterable[str]) -> int:
        """Count the clips of `ids` that are labelled in the catalogue, and so may have been learned from."""
        return sum(identifier in self._labelled.row_of for identifier in ids)

    # ----------------------------------------------------------------------------------------------------- fitting

    @classmethod
    def fit(
        cls, catalogue: Catalogue, *, seed: int = 0, progress: Callable[[float, str], None] | None = None
    ) -> Classifier:
        """Learn from all labelled clips of a catalogue.

        Parameters
        ----------
        catalogue : Catalogue
        seed : int
            Of the folds and of LightGBM. By one thread, the same clips and seed give the same model; lexical machines
            that are fitted side by side share LIBLINEAR's random numbers, and differ a little from run to run.
        progress : callable, optional
            Told the share of the steps that are done, 0 to 1, and what is done next.

        Raises
        ------
        ModelError
            When no clip is labelled, or all have the same label.
        """
        done = itertools.count()

        def say(step: str) -> None:
            if progress is not None:
                progress(next(done) / _STEPS, step)

        say("reading labelled clips")
        clips = catalogue.labelled()
        sizes = catalogue.project_sizes()
        _check_learnable(catalogue, sizes)
        projects = [NONE, *(name for name in sizes if name != NONE)]
        number = {name: row for row, name in enumerate(projects)}
        labels = np.array([number[clip[LABEL]] for clip in clips.clips], dtype=int)
        groups = pd.factorize(np.array(clips.near_duplicate_keys(), dtype=object))[0]
        folds = deal_folds(labels, groups, _FOLDS, seed)

        training = TrainingClips(clips, labels, groups, folds, projects, catalogue.lexicon(), seed)
        say("learning from all clips")
        builder = training.builder()
        evidence, fewer_fields = out_of_fold_evidence(training, builder, say)
        few_shot = few_shot_evidence(training, builder, say)
        learned = learn_decision(training, evidence, few_shot, fewer_fields, say)
        if learned is None:
            raise ModelError(
                f"{catalogue.folder}: the labelled clips are too few or too much alike to tell projects by; some "
                f"project must have {FEWEST_CLIPS} different ones. Label more, some as none, then: smf-embed fit"
            )
        thresholds, candidate, probability = learned.thresholds, learned.candidate, learned.probability
        by_number = np.array(projects, dtype=object)
        said = by_number[np.where(probability > thresholds[candidate], candidate, 0)]
        manifest = {
            "format_version": FORMAT_VERSION,
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "fingerprint": catalogue.fingerprint,
            "text_version": TEXT_VERSION,
            "columns": list(COLUMNS),
            "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
            "projects": projects,
            "sizes": sizes,
            "threshold": float(thresholds[0]),
            "thresholds": {
                name: float(own) for name, own in zip(projects, thresholds, strict=True) if own != thresholds[0]
            },
            "out_of_fold": _by_candidate(projects, labels, candidate, probability),
            "rare_channels": rare_channels(evidence),
            "temperatures": {field: votes.temperature for field, votes in builder.votes.items()},
            "metrics": score(by_number[labels].tolist(), said.tolist(), sizes),
        }
        arrays = {f"{field}_centre": votes.centre for field, votes in builder.votes.items()}
        for field, model in builder.lexical.items():
            arrays |= model.to_arrays(field)
        arrays |= {"calibration_given": learned.calibration.given, "calibration_true": learned.calibration.true}
        arrays |= {"other_use_weights": builder.other_use.weights, "other_use_bias": np.array([builder.other_use.bias])}
        arrays |= OutOfFold(
            clips.ids.tolist(), projects, labels, evidence.clips, evidence.projects, learned.pairs
        ).to_arrays()
        say("done")
        fitted = cls(manifest, learned.trees.to_text(), arrays, builder.names, catalogue)
        fitted._read_before = clips
        return fitted

    # -------------------------------------------------------------------------------------------------- predicting

    def evidence(self, clips: EncodedClips) -> Evidence:
        """Gather the candidates of clips and their evidence; see `smf_embed.evidence.COLUMNS`.

        The votes of a clip that is labelled in the catalogue leave out itself and clips of the same texts. The lexical
        machines, mined aliases, shares of channels and of parts of titles, and the trees may still have learned from
        it: how well it would be decided unseen is told by the out-of-fold scores of `fit` alone.
        """
        known = self._labelled
        rows = np.array([known.row_of.get(identifier, -1) for identifier in clips.ids], dtype=int)
        groups = np.where(rows >= 0, np.append(known.groups, -1)[rows], -1)
        return known.builder.build(clips, groups)

    def predict(self, clips: EncodedClips, *, min_precision: float | None = None) -> pd.DataFrame:
        """Decide the project of clips.

        Parameters
        ----------
        clips : EncodedClips
            From `Catalogue.stored` or `Catalogue.encoded`.
        min_precision : float, optional
            0 to 1: a project is decided only above a probability from which on, out of fold, at least this share of
            decisions was right, over all projects for those that have few; what would have been decided without stays
            `none` and is marked as unsure.

        Returns
        -------
        DataFrame
            `yt_reel_id`, `cartoon`, `confidence`, `runner_up`, `runner_up_confidence`, `unsure`, `why`, a row a clip
            in order; see `smf_embed.decisions.decide`.
        """
        return self._decide(clips, self.evidence(clips), min_precision)

    def _decide(self, clips: EncodedClips, evidence: Evidence, min_precision: float | None = None) -> pd.DataFrame:
        """Do what `predict` does by evidence that was gathered."""
        probability = self._grown.probability(evidence.values, self._little_known(evidence))
        ranking = rank(evidence, probability, len(clips))
        thresholds = self._thresholds_of(self.projects)
        raised = thresholds if min_precision is None else self._thresholds_for(min_precision, thresholds)
        known = self._labelled.clips
        return decide(clips, evidence, ranking, self.projects, thresholds, raised, self._calibration, known)

    def explain(self, clips: EncodedClips) -> list[Explanation]:
        """Tell what moved the decisions that `predict` makes of clips, one explanation a clip in order."""
        evidence = self.evidence(clips)
        effects = self._grown.contributions(evidence.values, self._little_known(evidence))
        known = self._labelled
        decisions = self._decide(clips, evidence)
        return explain(clips, decisions, evidence, effects, known.builder, known.clips, self.projects)

    def out_of_fold_decisions(self) -> pd.DataFrame:
        """Return the decisions that the folds of the fit made of the training clips: those of `predict` without `why`.

        Thresholds and calibration are those of the model, and have seen these probabilities.
        """
        said = self.out_of_fold()
        nothing = np.zeros((len(said.clips), 0), dtype=np.float32)
        evidence = Evidence(said.clips, said.candidates, nothing, np.full(len(said.clips), -1))
        ranking = rank(evidence, said.probability.astype(np.float64), len(said))
        thresholds = self._thresholds_of(said.projects)
        columns = decided(evidence, ranking, said.projects, thresholds, thresholds, self._calibration)
        return pd.DataFrame({ID: said.ids, **columns})

    def _little_known(self, evidence: Evidence) -> np.ndarray:
        return little_known(evidence, self._is_new, self.manifest["rare_channels"])

    def _thresholds_of(self, projects: list[str]) -> np.ndarray:
        own = self.manifest["thresholds"]
        return np.array([own.get(project, self.manifest["threshold"]) for project in projects])

    def _thresholds_for(self, precision: float, thresholds: np.ndarray) -> np.ndarray:
        number = {project: row for row, project in enumerate(self.projects)}
        seen = {name: row for name, row in self.manifest["out_of_fold"].items() if name in number}
        return thresholds_for_precision(
            thresholds,
            precision,
            np.array([right for row in seen.values() for right in row["right"]], dtype=bool),
            np.array([number[name] for name, row in seen.items() for _ in row["right"]], dtype=int),
            np.array([value for row in seen.values() for value in row["probability"]], dtype=float),
        )

    # --------------------------------------------------------------------------------------------------- on disk

    def save(self, folder: str | Path) -> None:
        """Write the model; what was there is replaced when the manifest is, in one step.

        Nothing is pickled; see `smf_embed.model_files`.
        """
        parts = ModelParts(self.manifest, self._trees, self._arrays, self._names)
        self.manifest = write_model(Path(folder), parts)

    @classmethod
    def load(
        cls, folder: str | Path, catalogue: Catalogue, *, open_store: Callable[[str], NeighbourStore] | None = None
    ) -> Classifier:
        """Read a model and bind it to a catalogue.

        Parameters
        ----------
        folder : path
        catalogue : Catalogue
        open_store : callable, optional
            Returns what holds the vectors of a field, where the nearest labelled clips are to be looked up there.

        Raises
        ------
        ModelError
            No model, a damaged one, one of a newer program, or one whose encoder is not that of the catalogue.
        """
        model = cls(*read_model(Path(folder), catalogue), catalogue, open_store)
        _ = model._labelled  # by this thread, whose connection the catalogue has, and before the first clip waits
        return model


def deal_folds(labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Deal clips into folds, near-duplicates together and the clips of each project evenly.

    Parameters
    ----------
    labels, groups : ndarray of int, shape (n,)
    n_folds, seed : int

    Returns
    -------
    ndarray of int, shape (n,)
        0 to n_folds - 1.
    """
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(first)
    # a group goes by the label of its first clip; within a label the groups are dealt like cards
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold_of_group = np.empty(len(first), dtype=int)
    fold_of_group[group[order]] = np.arange(len(order)) % n_folds
    return fold_of_group[group]


def _check_learnable(catalogue: Catalogue, sizes: dict[str, int]) -> None:
    if not sizes:
        raise ModelError(
            f"{catalogue.folder}: no clip is labelled. Add a table with a filled column {LABEL}: smf-embed add TABLE"
        )
    if len(sizes) == 1:
        raise ModelError(
            f"{catalogue.folder}: all {sum(sizes.values())} labelled clips are {next(iter(sizes))!r}; to learn, "
            f"there must be clips of at least two classes, {NONE!r} being one. Add more: smf-embed add TABLE"
        )


def _groups_by_vectors(clips: EncodedClips) -> np.ndarray:
    """Return a number for each clip, which those with the same cleaned texts share."""
    keys = np.array([[clip[f"{field}_vector"] or 0 for field in TEXT_FIELDS] for clip in clips.clips], dtype=np.int64)
    return np.unique(keys.reshape(len(clips), len(TEXT_FIELDS)), axis=0, return_inverse=True)[1].ravel()


def _by_candidate(
    projects: list[str], labels: np.ndarray, candidate: np.ndarray, probability: np.ndarray
) -> dict[str, dict[str, list[float]]]:
    """Return project → probabilities of the clips whose best candidate it was, out of fold, and which were right."""
    table = {}
    for number, project in enumerate(projects[1:], start=1):
        own = np.flatnonzero((candidate == number) & (probability > _WORTH_NOTING))
        table[project] = {
            "probability": probability[own].round(4).tolist(),
            "right": (labels[own] == number).astype(int).tolist(),
        }
    return table
