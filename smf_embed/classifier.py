"""The classifier: learns from the labelled clips of a catalogue and decides the project of clips.

For each clip a few candidate projects, for each candidate a row of evidence, and one binary LightGBM over all pairs:
"is this clip of this project?" The best candidate is taken if its probability passes a threshold, else `none`.

The evidence of a training clip comes from the clips of other folds alone: votes, similarities, lexical machines, mined
aliases and channel shares are learned anew for each fold, and near-duplicates share a fold. (Leaving out the clip alone
would give its label away: of two clips, that of the project sees one clip of it fewer.) The threshold comes from
probabilities of trees that were grown on other folds.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL, NONE, TEXT_FIELDS
from smf_embed.decisions import decide, rank
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import ModelError
from smf_embed.evidence import COLUMNS, Evidence, EvidenceBuilder
from smf_embed.files import file_digest, read_sealed_json, replace_atomically, write_sealed_json
from smf_embed.lexical import LexicalModel
from smf_embed.metrics import best_threshold, score
from smf_embed.names import Names
from smf_embed.text import TEXT_VERSION
from smf_embed.threads import thread_count
from smf_embed.training import TrainingClips, out_of_fold_evidence

MODEL_FOLDER = "model"
FORMAT_VERSION = 2
_FOLDS = 5
_ROUNDS = 250
_FEWEST_PAIRS = 5
_FEWEST_CLIPS = 3
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
_LIBRARIES = ("numpy", "scikit-learn", "lightgbm", "faiss-cpu")


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
    ) -> None:
        import lightgbm

        self.manifest = manifest
        self._trees = trees
        self._arrays = arrays
        self._names = names
        self._booster = lightgbm.Booster(model_str=trees)
        self._catalogue = catalogue
        number = {project: row for row, project in enumerate(self.projects)}
        known = catalogue.labelled()
        # labels given after the fit count at once, those of projects that the model has never seen cannot
        self._labelled = known.part(np.array([clip[LABEL] in number for clip in known.clips], dtype=bool))
        labels = np.array([number[clip[LABEL]] for clip in self._labelled.clips], dtype=int)
        # near-duplicates matter for clips that are labelled themselves; they are found when one is asked about
        self._row_of = {identifier: row for row, identifier in enumerate(self._labelled.ids)}
        self._groups = _groups_by_vectors(self._labelled)
        self._builder = EvidenceBuilder(
            self._labelled,
            labels,
            self._groups,
            len(self.projects),
            {field: LexicalModel(*(arrays[f"{field}_{part}"] for part in _LEXICAL_PARTS)) for field in TEXT_FIELDS},
            names,
            {field: arrays[f"{field}_centre"] for field in TEXT_FIELDS},
            manifest["temperatures"],
        )

    def __repr__(self) -> str:
        metrics = self.manifest["metrics"]
        return f"Classifier({len(self.projects) - 1} projects, out-of-fold macro-F1 {metrics['macro_f1']})"

    @property
    def projects(self) -> list[str]:
        """Names of the projects; the first is `none`."""
        return self.manifest["projects"]

    def count_labelled(self, ids: Iterable[str]) -> int:
        """Count the clips of `ids` that are labelled in the catalogue, and so may have been learned from."""
        return sum(identifier in self._row_of for identifier in ids)

    # ----------------------------------------------------------------------------------------------------- fitting

    @classmethod
    def fit(cls, catalogue: Catalogue, *, seed: int = 0, progress: Callable[[str], None] | None = None) -> Classifier:
        """Learn from all labelled clips of a catalogue.

        Parameters
        ----------
        catalogue : Catalogue
        seed : int
            Of the folds and of LightGBM; the same clips and seed give the same model.
        progress : callable, optional
            Told in words what is done next.

        Raises
        ------
        ModelError
            When no clip is labelled, or all have the same label.
        """
        say = progress or (lambda _: None)
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
        evidence = out_of_fold_evidence(training, builder, say)
        say("decision trees")
        is_right = (evidence.projects == labels[evidence.clips]).astype(np.int32)
        # of two clips, that of the project sees one clip of it where others see two: such pairs teach to count
        taught = np.bincount(labels, minlength=len(projects))[evidence.projects] >= _FEWEST_CLIPS
        _check_pairs(catalogue, is_right[taught], folds[evidence.clips][taught])
        out_of_fold = np.zeros(len(is_right))
        for fold in range(_FOLDS):
            inside = folds[evidence.clips] == fold
            if inside.any():
                trees = _grow(evidence.values[taught & ~inside], is_right[taught & ~inside], seed)
                out_of_fold[inside] = trees.predict(evidence.values[inside], num_threads=thread_count())
        trees = _grow(evidence.values[taught], is_right[taught], seed)

        ranking = rank(evidence, out_of_fold, len(clips))
        candidate = np.append(evidence.projects, 0)[ranking.first]
        threshold = best_threshold(labels, candidate, ranking.probability, len(projects))
        by_number = np.array(projects, dtype=object)
        decided = by_number[np.where(ranking.probability > threshold, candidate, 0)]
        manifest = {
            "format_version": FORMAT_VERSION,
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "fingerprint": catalogue.fingerprint,
            "text_version": TEXT_VERSION,
            "columns": list(COLUMNS),
            "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
            "projects": projects,
            "sizes": sizes,
            "threshold": threshold,
            "temperatures": {field: votes.temperature for field, votes in builder.votes.items()},
            "metrics": score(by_number[labels].tolist(), decided.tolist(), sizes),
        }
        arrays = {f"{field}_centre": votes.centre for field, votes in builder.votes.items()}
        for field, model in builder.lexical.items():
            arrays |= {f"{field}_{part}": getattr(model, part) for part in _LEXICAL_PARTS}
        say("done")
        return cls(manifest, trees.model_to_string(), arrays, builder.names, catalogue)

    # -------------------------------------------------------------------------------------------------- predicting

    def evidence(self, clips: EncodedClips) -> Evidence:
        """Gather the candidates of clips and their evidence; see `smf_embed.evidence.COLUMNS`.

        The votes of a clip that is labelled in the catalogue leave out itself and clips of the same texts. The lexical
        machines, mined aliases, channel shares and trees may still have learned from it: how well it would be decided
        unseen is told by the out-of-fold scores of `fit` alone.
        """
        rows = np.array([self._row_of.get(identifier, -1) for identifier in clips.ids], dtype=int)
        groups = np.where(rows >= 0, np.append(self._groups, -1)[rows], -1)
        return self._builder.build(clips, groups)

    def predict(self, clips: EncodedClips) -> pd.DataFrame:
        """Decide the project of clips.

        Parameters
        ----------
        clips : EncodedClips
            From `Catalogue.stored` or `Catalogue.encoded`.

        Returns
        -------
        DataFrame
            `yt_reel_id`, `cartoon`, `confidence`, `runner_up`, `runner_up_confidence`, `why`, a row a clip in order.
        """
        evidence = self.evidence(clips)
        probability = np.zeros(len(evidence.clips))
        if len(evidence.clips):
            probability[:] = self._booster.predict(evidence.values, num_threads=thread_count())
        ranking = rank(evidence, probability, len(clips))
        return decide(clips, evidence, ranking, self.projects, self.manifest["threshold"], self._labelled)

    # --------------------------------------------------------------------------------------------------- on disk

    def save(self, folder: str | Path) -> None:
        """Write the model; what was there is replaced when the manifest is, in one step.

        Files are named by their digests and listed in `manifest.json`, which is written last; those that it no longer
        names are removed. Nothing is pickled.
        """
        from safetensors.numpy import save_file

        folder = Path(folder)
        files = {}
        for name, suffix in _FILES.items():
            with replace_atomically(folder / f"{name}{suffix}") as temporary:
                if name == "trees":
                    temporary.write_text(self._trees, encoding="utf-8")
                elif name == "names":
                    temporary.write_text(json.dumps(self._names.to_json(), ensure_ascii=False), encoding="utf-8")
                else:
                    save_file({key: np.ascontiguousarray(array) for key, array in self._arrays.items()}, temporary)
            digest = file_digest(folder / f"{name}{suffix}")
            (folder / f"{name}{suffix}").replace(folder / f"{name}-{digest[:16]}{suffix}")
            files[f"{name}-{digest[:16]}{suffix}"] = digest
        self.manifest = self.manifest | {"files": files}
        write_sealed_json(folder / "manifest.json", self.manifest)
        for path in folder.iterdir():
            if _OWN_FILE.fullmatch(path.name) and path.name not in files:
                path.unlink()

    @classmethod
    def load(cls, folder: str | Path, catalogue: Catalogue) -> Classifier:
        """Read a model and bind it to a catalogue.

        Raises
        ------
        ModelError
            No model, a damaged one, one of a newer program, or one whose encoder is not that of the catalogue.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        folder = Path(folder)
        manifest = read_manifest(folder)
        for name, digest in manifest["files"].items():
            path = folder / name
            if not path.exists() or file_digest(path) != digest:
                raise ModelError(f"{path}: is missing or damaged; make the model again: smf-embed fit")
        if manifest["fingerprint"] != catalogue.fingerprint:
            raise ModelError(
                f"{folder}: the model was fitted on vectors of fingerprint {manifest['fingerprint']}, the catalogue "
                f"{catalogue.folder} has {catalogue.fingerprint}; fit again: smf-embed fit"
            )
        if manifest["columns"] != list(COLUMNS) or manifest["text_version"] != TEXT_VERSION:
            raise ModelError(f"{folder}: the model is of another version of smf-embed; fit it again: smf-embed fit")
        files = {name: folder / path for path in manifest["files"] for name in _FILES if path.startswith(name)}
        try:
            names = Names.from_json(json.loads(files["names"].read_text(encoding="utf-8")))
            arrays, trees = load_file(files["arrays"]), files["trees"].read_text(encoding="utf-8")
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise ModelError(f"{folder}: cannot be read: {error}; make the model again: smf-embed fit") from error
        return cls(manifest, trees, arrays, names, catalogue)


_FILES = {"trees": ".txt", "arrays": ".safetensors", "names": ".json"}
# what `save` writes, and what a killed one leaves behind; nothing else in the folder is touched
_OWN_FILE = re.compile(r"\.?(trees|arrays|names)([-.][0-9a-f]+)?\.(txt|safetensors|json)|\.manifest\.[0-9a-f]{8}\.json")
_LEXICAL_PARTS = ("idf", "weights", "bias")
_MANIFEST_KEYS = {"files", "fingerprint", "text_version", "columns", "projects", "threshold", "temperatures", "metrics"}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the model in `folder`, without loading the model.

    Raises
    ------
    ModelError
        No model there, a damaged manifest, or one of a newer program.
    """
    path = Path(folder) / "manifest.json"
    if not path.exists():
        raise ModelError(f"{folder}: there is no model yet; make one: smf-embed fit")
    manifest = read_sealed_json(path)
    if manifest is None:
        raise ModelError(f"{path}: is damaged or of an older smf-embed; make the model again: smf-embed fit")
    version = manifest.get("format_version", 0)
    if version > FORMAT_VERSION:
        raise ModelError(f"{path}: was written by a newer smf-embed (format {version}); update smf-embed")
    if version < FORMAT_VERSION or _MANIFEST_KEYS - manifest.keys():
        raise ModelError(f"{path}: is of another version of smf-embed; make the model again: smf-embed fit")
    return manifest


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


def _check_pairs(catalogue: Catalogue, is_right: np.ndarray, folds: np.ndarray) -> None:
    """Refuse to grow trees where in some fold's remainder there are no pairs of both kinds to learn from."""
    for fold in range(_FOLDS):
        rest = is_right[folds != fold]
        if len(rest) < _FEWEST_PAIRS or not 0 < rest.sum() < len(rest):
            raise ModelError(
                f"{catalogue.folder}: the labelled clips are too few or too much alike to tell projects by; some "
                f"project must have {_FEWEST_CLIPS} different ones. Label more, some as none, then: smf-embed fit"
            )


def _groups_by_vectors(clips: EncodedClips) -> np.ndarray:
    """Return a number for each clip, which those with the same cleaned texts share."""
    keys = np.array([[clip[f"{field}_vector"] or 0 for field in TEXT_FIELDS] for clip in clips.clips], dtype=np.int64)
    return np.unique(keys.reshape(len(clips), len(TEXT_FIELDS)), axis=0, return_inverse=True)[1].ravel()


def _grow(values: np.ndarray, is_right: np.ndarray, seed: int) -> Any:
    import lightgbm

    # a handful of labelled clips has too few pairs for leaves of twenty
    smallest_leaf = int(np.clip(is_right.sum() // 10, 1, 20))
    parameters = _PARAMETERS | {"min_data_in_leaf": smallest_leaf, "seed": seed, "num_threads": thread_count()}
    return lightgbm.train(parameters, lightgbm.Dataset(values, is_right), _ROUNDS)


def classify(ids: Sequence[str], catalogue: str | Path = "index") -> dict[str, str]:
    """Tell the project of clips that a catalogue holds.

    Parameters
    ----------
    ids : sequence of str
    catalogue : path
        Folder of the catalogue with its model.

    Returns
    -------
    dict of str → str
        Id → project or `none`: the label where the clip has one, else the decision. Ids that the catalogue does not
        hold are answered `unknown`.

    Raises
    ------
    CatalogueError, ModelError
    """
    with Catalogue(catalogue) as opened:
        clips = opened.clips(ids)
        answer = {clip[ID]: clip[LABEL] for clip in clips if clip[LABEL] is not None}
        open_ids = [clip[ID] for clip in clips if clip[LABEL] is None]
        if open_ids:
            model = Classifier.load(opened.folder / MODEL_FOLDER, opened)
            decisions = model.predict(opened.stored(open_ids))
            answer |= dict(zip(decisions[ID], decisions[LABEL], strict=True))
    return {identifier: answer.get(identifier, "unknown") for identifier in ids}
