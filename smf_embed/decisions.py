"""Decisions: the project of each clip or `none`, how sure, what came second, and why in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smf_embed.clips import ID, LABEL, NONE, TEXT_FIELDS, TITLE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import COLUMNS, Evidence
from smf_embed.out_of_fold import at_most_one
from smf_embed.thresholds import Calibration
from smf_embed.token_readings import MatchKind

_PLACE = {name: place for place, name in enumerate(COLUMNS)}
_QUOTED = 60
_SURE = 0.8
_VOTES_WORTH_TELLING = 0.05
_SHARE_WORTH_TELLING = 0.2
_PART_WORTH_TELLING = 0.6
_CHANNELS_SAY = {"channel_alike": "clips like it on its channel", "sisters_alike": "channels like its own"}


@dataclass(frozen=True)
class Ranking:
    """The two best candidates of each clip, shape (n,) each.

    Attributes
    ----------
    first, second : ndarray of int
        Row of the pair in the evidence; -1 where there is none.
    probability, second_probability : ndarray of float
        0 to 1; the candidates of a clip add up to 1 at most.
    """

    first: np.ndarray
    second: np.ndarray
    probability: np.ndarray
    second_probability: np.ndarray


def rank(evidence: Evidence, probability: np.ndarray, n_clips: int) -> Ranking:
    """Find the two candidates of the highest probability for each clip.

    Parameters
    ----------
    evidence : Evidence
    probability : ndarray, shape (n_pairs,)
        That the clip is of the project, each pair judged alone; where the sum over a clip exceeds 1 it is brought to 1.
    n_clips : int
    """
    probability = at_most_one(evidence.clips, probability, n_clips)
    order = np.lexsort((evidence.projects, -probability, evidence.clips))
    begin = np.searchsorted(evidence.clips[order], np.arange(n_clips))
    length = np.bincount(evidence.clips, minlength=n_clips)
    # one more slot, so that clips without a candidate point somewhere
    order, padded = np.append(order, -1), np.append(probability, 0.0)
    first = np.where(length > 0, order[np.minimum(begin, len(order) - 1)], -1)
    second = np.where(length > 1, order[np.minimum(begin + 1, len(order) - 1)], -1)
    return Ranking(first, second, padded[first], padded[second])


def decide(
    clips: EncodedClips,
    evidence: Evidence,
    ranking: Ranking,
    projects: list[str],
    thresholds: np.ndarray,
    raised: np.ndarray,
    calibration: Calibration,
    labelled: EncodedClips,
) -> pd.DataFrame:
    """Turn ranked candidates into decisions.

    Parameters
    ----------
    clips : EncodedClips
    evidence : Evidence
    ranking : Ranking
    projects : list of str
    thresholds, raised : ndarray, shape (n_projects,)
        Above what probability a project is taken, as a rule and where more precision is wanted.
    calibration : Calibration
    labelled : EncodedClips
        What `Evidence.nearest` counts.

    Returns
    -------
    DataFrame
        `yt_reel_id`, `cartoon`, `confidence`, `runner_up`, `runner_up_confidence`, `unsure`, `why`, a row a clip in
        order. A confidence is the calibrated probability of that project, or of `none`; a threshold may prefer a
        project to a `none` of higher probability. `unsure` marks what a person should look at: decisions of a
        confidence below 0.8, and projects that were not taken for the sake of precision.
    """
    columns = decided(evidence, ranking, projects, thresholds, raised, calibration)
    why = [
        _why(pair, evidence, projects, labelled, project != NONE, probability)
        for pair, project, probability in zip(ranking.first, columns[LABEL], ranking.probability, strict=True)
    ]
    return _table({ID: clips.ids, **columns, "why": np.array(why, dtype=object)})


def _table(columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the columns as a table; all texts are made into pandas' strings at once, which for one clip is faster."""
    texts = [name for name, column in columns.items() if column.dtype == object]
    strings = pd.array(np.concatenate([columns[name] for name in texts]), dtype="str")
    n = len(strings) // len(texts)
    as_strings = {name: strings[place * n : (place + 1) * n] for place, name in enumerate(texts)}
    return pd.DataFrame(columns | as_strings, copy=False)


def decided(
    evidence: Evidence,
    ranking: Ranking,
    projects: list[str],
    thresholds: np.ndarray,
    raised: np.ndarray,
    calibration: Calibration,
) -> dict[str, np.ndarray]:
    """Turn ranked candidates into decisions without ids and reasons; of the evidence, only the pairs are looked at.

    Parameters and columns are those of `decide`.
    """
    names = np.array(projects, dtype=object)
    candidate = np.append(evidence.projects, 0)
    is_any = ranking.first >= 0
    best = candidate[ranking.first]
    chosen = (ranking.probability > raised[best]) & is_any
    held_back = (ranking.probability > thresholds[best]) & is_any & ~chosen
    first, second = calibration(ranking.probability), calibration(ranking.second_probability)
    none = np.clip(1.0 - first - second, 0.0, 1.0)
    # what stands against the decision: for a project the better of the second candidate and none, for none the first
    second_is_none = chosen & (none >= second)
    runner_up = np.where(chosen, np.where(second_is_none, 0, candidate[ranking.second]), best)
    runner_up_probability = np.where(chosen, np.where(second_is_none, none, second), first)
    confidence = np.where(chosen, first, none)
    return {
        LABEL: np.where(chosen, names[best], NONE),
        "confidence": confidence.round(4),
        "runner_up": np.where(is_any, names[runner_up], ""),
        "runner_up_confidence": runner_up_probability.round(4),
        "unsure": (confidence < _SURE) | held_back,
    }


def shortened(title: str | None) -> str:
    """Return a title as it is quoted in a sentence: of 60 characters at most."""
    title = title or ""
    return title if len(title) <= _QUOTED else title[: _QUOTED - 1].rstrip() + "…"


def _why(
    pair: int, evidence: Evidence, projects: list[str], labelled: EncodedClips, chosen: bool, probability: float
) -> str:
    """Say in words what speaks for the best candidate, or that nothing does."""
    if pair < 0:
        return "no labelled clip is comparable"
    value = evidence.values[pair]
    project = projects[evidence.projects[pair]]
    reasons = []
    if evidence.nearest[pair] >= 0:
        field = next(name for name in TEXT_FIELDS if not np.isnan(value[_PLACE[f"{name}_best"]]))
        title = shortened(labelled.clips[evidence.nearest[pair]][TITLE])
        similarity = value[_PLACE[f"{field}_best"]]
        reasons.append(f"nearest {field} of {project}: “{title}” (similarity {similarity:.2f})")
    for field in TEXT_FIELDS:
        votes = value[_PLACE[f"{field}_votes_20"]]
        if votes >= _VOTES_WORTH_TELLING:
            reasons.append(f"{votes:.0%} of the votes of the nearest {field} texts")
        kind = value[_PLACE[f"{field}_name_kind"]]
        if kind > 0:
            reasons.append(f"the {field} names it ({MatchKind(int(kind)).name.lower()})")
        if value[_PLACE[f"{field}_names"]] > 1:
            reasons.append(f"the {field} names {_named(field, pair, evidence, projects)}")
        if value[_PLACE[f"{field}_lexical"]] > 0:
            reasons.append(f"the {field} is worded like those of {project}")
    if min(value[_PLACE["title_part"]], value[_PLACE["title_part_share"]]) >= _PART_WORTH_TELLING:
        reasons.append(f"a part of the title is spelt like one of {project}")
    if value[_PLACE["channel_share"]] >= _SHARE_WORTH_TELLING:
        reasons.append(f"{value[_PLACE['channel_share']]:.0%} of the channel is {project}")
    for column, whose in _CHANNELS_SAY.items():
        if value[_PLACE[column]] >= _SHARE_WORTH_TELLING:
            reasons.append(f"{value[_PLACE[column]]:.0%} of the votes of {whose}")
    because = "; ".join(reasons)
    if chosen:
        return because or "many small reasons, none of which says much alone"
    if value[_PLACE["title_names"]] > 1:
        named = _named("title", pair, evidence, projects)
        return f"the title names {named}, and none of them dominates; {because}"
    if probability < 0.02:
        return "; ".join(["nothing speaks for a project", *reasons[:1]])
    return f"too little speaks for {project}" + (f": {because}" if because else "")


def _named(field: str, pair: int, evidence: Evidence, projects: list[str]) -> str:
    """List the projects that a field of the pair's clip names, as far as they are candidates."""
    clip = evidence.clips[pair]
    rows = slice(*np.searchsorted(evidence.clips, [clip, clip + 1]))
    is_named = evidence.values[rows, _PLACE[f"{field}_name_kind"]] > 0
    named = [projects[number] for number in evidence.projects[rows][is_named]]
    others = round(float(evidence.values[pair, _PLACE[f"{field}_names"]])) - len(named)
    if others > 0:
        named.append(f"{others} more" if named else f"{others} projects")
    return joined(named)


def joined(parts: list[str]) -> str:
    """Return a list in words: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
