"""Encoders side by side on labelled clips: how fast, how large, and how well nearest neighbours tell the projects."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import deal_folds
from smf_embed.clips import LABEL, NONE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import InputError
from smf_embed.isolation import IsolatedEncoder
from smf_embed.metrics import score

_FIELDS = ("title", "description")
_FOLDS, _NEIGHBOURS = 5, 10
_READ = 2048
# texts that a model sees before its time is taken, so that loading and first steps do not count
_WARM_UP = 64


@dataclass(frozen=True)
class Sample:
    """Labelled clips to compare encoders on.

    Attributes
    ----------
    texts : dict of field → list of str
        Prepared texts, empty where missing.
    labels : list of str
    folds : ndarray of int
        Near-duplicates share one, and clips are judged by those of the others alone.
    """

    texts: dict[str, list[str]]
    labels: list[str]
    folds: np.ndarray


@dataclass(frozen=True)
class EncoderScore:
    """What was measured of an encoder.

    Attributes
    ----------
    macro_f1 : float
        Of the vote of the ten nearest clips, over all projects and `none`; vectors centred on their mean.
    texts_per_second : float
        Without loading.
    megabytes : float
        The most memory that its process held, libraries included; `gpu_megabytes` is that of a CUDA device.
    windowed_texts : int
        Texts that were too long to be encoded at once; nothing of them is cut.
    """

    encoder: str
    macro_f1: float
    texts_per_second: float
    load_seconds: float
    megabytes: float
    gpu_megabytes: float | None
    dimension: int
    texts: int
    windowed_texts: int
    prompt: str | None


def draw_sample(catalogue: Catalogue, size: int, seed: int = 0) -> Sample:
    """Draw labelled clips: those of projects and those of `none` half and half, where there are enough of both.

    Raises
    ------
    InputError
        When the catalogue has no labelled clips of two classes, or none of them has a title or a description.
    """
    clips = [clip for batch in catalogue.clip_batches(_READ) for clip in batch if clip[LABEL] is not None]
    is_none = np.array([clip[LABEL] == NONE for clip in clips], dtype=bool)
    random = np.random.default_rng(seed)
    projects, none = random.permutation(np.flatnonzero(~is_none)), random.permutation(np.flatnonzero(is_none))
    of_projects = min(len(projects), max(size // 2, size - len(none)))
    rows = np.sort(np.concatenate([projects[:of_projects], none[: size - of_projects]]))
    chosen = [clips[row] for row in rows]
    labels = [clip[LABEL] for clip in chosen]
    if len(set(labels)) < 2:
        raise InputError(
            f"{catalogue.folder}: encoders are compared on labelled clips of at least two classes; "
            "add some: smf-embed add TABLE"
        )
    groups = np.unique(EncodedClips(chosen, {}).near_duplicate_keys(), return_inverse=True)[1]
    folds = deal_folds(np.unique(labels, return_inverse=True)[1], groups, _FOLDS, seed)
    texts = {field: [clip[f"{field}_text"] or "" for clip in chosen] for field in _FIELDS}
    if not any(text for column in texts.values() for text in column):
        raise InputError(
            f"{catalogue.folder}: none of the labelled clips has a title or a description to encode; add some that "
            "have: smf-embed add TABLE"
        )
    return Sample(texts, labels, folds)


def measure(encoder: IsolatedEncoder, sample: Sample) -> EncoderScore:
    """Encode a sample in the encoder's own process and score what its vectors tell.

    Raises
    ------
    EncoderError
        When the encoder cannot be found or loaded.
    """
    texts = list(dict.fromkeys(text for field in _FIELDS for text in sample.texts[field] if text))
    started = time.perf_counter()
    prompt = encoder.fingerprint_parts["prompt"]
    encoder.encode(texts[:_WARM_UP])
    loaded = time.perf_counter()
    vectors = encoder.encode(texts)
    done = time.perf_counter()
    memory = encoder.memory()
    row_of = {text: row for row, text in enumerate(texts)}
    # a row of zeros for clips without the text
    vectors = np.vstack([vectors - vectors.mean(axis=0), np.zeros_like(vectors[:1])])
    joined = np.hstack([vectors[[row_of.get(text, -1) for text in sample.texts[field]]] for field in _FIELDS])
    return EncoderScore(
        encoder=encoder.name,
        macro_f1=float(neighbour_score(joined, sample.labels, sample.folds)),
        texts_per_second=len(texts) / (done - loaded),
        load_seconds=loaded - started,
        megabytes=memory["megabytes"],
        gpu_megabytes=memory.get("gpu_megabytes"),
        dimension=vectors.shape[1],
        texts=len(texts),
        windowed_texts=encoder.windowed_texts,
        prompt=prompt,
    )


def neighbour_score(vectors: np.ndarray, labels: Sequence[str], folds: np.ndarray) -> float:
    """Return the macro-F1 of the vote of the nearest clips in other folds, each weighing as much as it is similar.

    Parameters
    ----------
    vectors : ndarray, shape (n, dimension)
        Not of unit length; a clip without any text is zero, and its neighbours are arbitrary.
    labels : sequence of str, n
    folds : ndarray of int, shape (n,)
    """
    names, classes = np.unique(np.asarray(labels), return_inverse=True)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    said = np.empty(len(unit), dtype=int)
    for fold in np.unique(folds):
        own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        similar = unit[own] @ unit[others].T
        count = min(_NEIGHBOURS, len(others))
        nearest = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        votes = np.zeros((len(own), len(names)))
        weights = np.maximum(np.take_along_axis(similar, nearest, axis=1), 1e-6)
        np.add.at(votes, (np.arange(len(own))[:, None], classes[others][nearest]), weights)
        said[own] = votes.argmax(axis=1)
    return float(score(list(labels), names[said].tolist())["macro_f1"])
