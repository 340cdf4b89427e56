"""Decisions for several callers at once: stored clips by id and clips of a table, in the order asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smf_embed.answers import NOTHING_KNOWN, UNKNOWN, can_be_judged
from smf_embed.classifier import Classifier
from smf_embed.clips import COLUMNS, ID, LABEL, TEXT_FIELDS, ClipBatch, take_row
from smf_embed.encoded_clips import EncodedClips
from smf_embed.service.opening import OpenCatalogue


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


@dataclass
class Prepared:
    """What some clips of one caller need for their decisions.

    Attributes
    ----------
    answers : list of Answer or None
        None for what is to be decided.
    rows : list of list of int
        For each clip of `clips`, the places of its answer.
    clips : EncodedClips or None
    """

    answers: list[Answer | None]
    rows: list[list[int]]
    clips: EncodedClips | None


def prepare_together(catalogue: OpenCatalogue, pieces: Sequence[Sequence[Asked]]) -> list[Prepared]:
    """Look up what several callers ask about, and give their clips vectors."""
    with catalogue.reading():
        every = [one for piece in pieces for one in piece if not one.reason]
        wanted = list(dict.fromkeys(one.identifier for one in every if one.clip is None and one.identifier))
        stored = {clip[ID]: clip for clip in catalogue.clips(wanted)} if wanted else {}
        unlabelled = catalogue.with_vectors([clip for clip in stored.values() if clip[LABEL] is None])
        place = {identifier: row for row, identifier in enumerate(unlabelled.ids)}
        sent = [one.clip for one in every if one.clip is not None]
        encoded = catalogue.encoded(sent)[0] if sent else None
    prepared, begin = [], 0
    for piece in pieces:
        answers: list[Answer | None] = [None] * len(piece)
        by_id: dict[str, list[int]] = {}
        own: list[int] = []
        for row, one in enumerate(piece):
            if one.reason:
                answers[row] = Answer(one.identifier, UNKNOWN, why=one.reason, source=UNKNOWN)
            elif one.clip is not None:
                own.append(row)
            elif one.identifier is None or one.identifier not in stored:
                why = "the catalogue does not hold this id; send the clip, or add it"
                answers[row] = Answer(one.identifier, UNKNOWN, why=why, source=UNKNOWN)
            elif not can_be_judged(stored[one.identifier]):
                answers[row] = Answer(one.identifier, UNKNOWN, why=NOTHING_KNOWN, source=UNKNOWN)
            elif one.identifier not in place:
                answers[row] = Answer(one.identifier, stored[one.identifier][LABEL], why="its label", source="label")
            else:
                by_id.setdefault(one.identifier, []).append(row)
        parts = []
        if by_id:
            parts.append(unlabelled.part(np.array([place[identifier] for identifier in by_id])))
        if encoded is not None and own:
            parts.append(encoded.part(slice(begin, begin + len(own))))
            begin += len(own)
        rows = [*by_id.values(), *([row] for row in own)]
        prepared.append(Prepared(answers, rows, joined(parts) if parts else None))
    return prepared


def decide_together(model: Classifier, prepared: Sequence[Prepared]) -> list[list[Answer | None]]:
    """Decide the clips of several callers; each is given all its answers."""
    parts = [one.clips for one in prepared if one.clips is not None]
    decisions = iter(model.predict(joined(parts)).to_dict("records") if parts else ())
    for one in prepared:
        for rows in one.rows:
            said = next(decisions)
            for row in rows:
                one.answers[row] = Answer(
                    said[ID] or None,
                    said[LABEL],
                    float(said["confidence"]),
                    said["runner_up"] or None,
                    float(said["runner_up_confidence"]),
                    bool(said["unsure"]),
                    said["why"],
                )
    return [one.answers for one in prepared]


def joined(parts: Sequence[EncodedClips]) -> EncodedClips:
    """Return clips one after the other."""
    if len(parts) == 1:
        return parts[0]
    return EncodedClips(
        [clip for part in parts for clip in part.clips],
        {field: np.concatenate([part.vectors[field] for part in parts]) for field in TEXT_FIELDS},
    )
