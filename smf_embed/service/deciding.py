"""Decisions for several callers at once: stored clips by id and clips of a table, in the order asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smf_embed.classifier import Classifier
from smf_embed.clips import COLUMNS, ID, LABEL, TEXT_FIELDS, ClipBatch, take_row
from smf_embed.encoded_clips import EncodedClips
from smf_embed.service.opening import OpenCatalogue

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """What is known of a clip.

    Attributes
    ----------
    yt_reel_id : str or None
    project : str
        A project, `none`, or `unknown` for what cannot be decided.
    confidence : float or None
        0 to 1; None where the answer is no decision.
    runner_up : str or None
    runner_up_confidence : float or None
    unsure : bool
        A person should look at it.
    why : str
    source : str
        `label` where the clip has one, `model` for a decision, `unknown`.
    """

    yt_reel_id: str | None
    project: str
    confidence: float | None = None
    runner_up: str | None = None
    runner_up_confidence: float | None = None
    unsure: bool = False
    why: str = ""
    source: str = "model"


@dataclass(frozen=True)
class Asked:
    """One clip that is asked about: a stored one by its id, or one that was sent; or why it cannot be answered."""

    identifier: str | None
    clip: dict[str, Any] | None = None
    reason: str = ""


def read_asked(given: dict[str, Any] | str) -> Asked:
    """Return what a caller asks about; a clip of which nothing but the id is told is looked up.

    A clip may lack an id; then nothing of the catalogue is taken for it.
    """
    if isinstance(given, str):
        return Asked(given)
    told = {name: value for name, value in given.items() if name in COLUMNS and value is not None}
    identifier = told.get(ID)
    if identifier is not None and len(told) == 1:
        return Asked(str(identifier))
    batch = ClipBatch("request")
    take_row(batch, "request", 1, told | {ID: "-" if identifier is None else identifier})
    if batch.rejected:
        return Asked(identifier, reason=batch.rejected[0].reason)
    clip = batch.clips[0]
    if identifier is None:
        clip[ID] = ""
    return Asked(clip[ID] or None, clip)


def decide_together(
    catalogue: OpenCatalogue, asked: Sequence[Asked], model: Classifier | None, as_labelled: bool = False
) -> list[Answer | None]:
    """Answer what several callers ask.

    Parameters
    ----------
    catalogue : OpenCatalogue
    asked : sequence of Asked
    model : Classifier or None
    as_labelled : bool
        Decide also clips that have a label, as if they had none.

    Returns
    -------
    list of Answer or None
        None where a model is needed and there is none.
    """
    answers: list[Answer | None] = [None] * len(asked)
    with catalogue.reading():
        wanted = list(dict.fromkeys(one.identifier for one in asked if one.clip is None and one.identifier))
        stored = {clip[ID]: clip for clip in catalogue.clips(wanted)} if wanted else {}
        by_id: dict[str, list[int]] = {}
        sent: list[int] = []
        for row, one in enumerate(asked):
            if one.reason:
                answers[row] = Answer(one.identifier, UNKNOWN, why=one.reason, source=UNKNOWN)
            elif one.clip is not None:
                sent.append(row)
            elif one.identifier not in stored:
                why = "the catalogue does not hold this id; send the clip, or add it"
                answers[row] = Answer(one.identifier, UNKNOWN, why=why, source=UNKNOWN)
            elif stored[one.identifier][LABEL] is not None and not as_labelled:
                answers[row] = Answer(one.identifier, stored[one.identifier][LABEL], why="its label", source="label")
            else:
                by_id.setdefault(one.identifier, []).append(row)
        if model is None or not (by_id or sent):
            return answers
        parts, rows = [], [*by_id.values(), *([row] for row in sent)]
        if by_id:
            parts.append(catalogue.stored(list(by_id)))
        if sent:
            clips = [asked[row].clip for row in sent]
            parts.append(catalogue.encoded([clip for clip in clips if clip is not None])[0])
    decisions = model.predict(joined(parts)).to_dict("records")
    for places, said in zip(rows, decisions, strict=True):
        for row in places:
            answers[row] = Answer(
                asked[row].identifier,
                said[LABEL],
                float(said["confidence"]),
                said["runner_up"] or None,
                float(said["runner_up_confidence"]),
                bool(said["unsure"]),
                said["why"],
            )
    return answers


def joined(parts: Sequence[EncodedClips]) -> EncodedClips:
    """Return clips one after the other."""
    if len(parts) == 1:
        return parts[0]
    return EncodedClips(
        [clip for part in parts for clip in part.clips],
        {field: np.concatenate([part.vectors[field] for part in parts]) for field in TEXT_FIELDS},
    )
