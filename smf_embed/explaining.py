"""Why a clip was decided as it was: what each piece of evidence did, the nearest labelled clips, the names found.

Effects are what LightGBM itself attributes to a column: log-odds, which add up to the score of a candidate.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from smf_embed.clips import ID, LABEL, NONE, TEXT_FIELDS, TITLE
from smf_embed.decisions import joined, shortened
from smf_embed.encoded_clips import NUMBERS, EncodedClips
from smf_embed.evidence import COLUMNS, Evidence, EvidenceBuilder
from smf_embed.token_readings import MatchKind

# how many are told: labelled clips of each field, groups in the sentence, labels of a channel
_NEAREST = 5
_TOLD = 3
_LABELS = 5
# precision of mined phrases that are told
_SURE = 0.5
# log-odds that are not worth a word
_SMALL = 0.1


def group_of(column: str) -> str:
    """Return what a column of the evidence speaks of: wording, names or neighbours of a field, channel or numbers."""
    field = next((name for name in TEXT_FIELDS if column.startswith(f"{name}_")), None)
    if field is None or column in NUMBERS:
        if column.startswith("project_"):
            return "size of the project"
        return "channel" if column.startswith(("channel_", "sisters_")) else "numbers"
    part = column.removeprefix(f"{field}_")
    if part.startswith(("lexical", "part")):
        return f"wording of the {field}"
    if part.startswith(("alias", "name", "other_use")):
        return f"names in the {field}"
    return f"{field} neighbours"


@dataclass(frozen=True)
class Effect:
    """What one column did for a candidate.

    Attributes
    ----------
    column : str
        See `smf_embed.evidence.COLUMNS`.
    value : float or None
        None where it is missing.
    effect : float
        Log-odds; above 0 it speaks for the candidate.
    """

    column: str
    value: float | None
    effect: float


@dataclass(frozen=True)
class Candidate:
    """A project that was considered.

    Attributes
    ----------
    project : str
    score : float
        Log-odds by the trees, before calibration; the sum of `base` and all effects.
    base : float
        What holds for every candidate of every clip.
    groups : dict of str → float
        Effects added up by `group_of`, the largest first.
    effects : list of Effect
        Of all columns, the largest first.
    """

    project: str
    score: float
    base: float
    groups: dict[str, float]
    effects: list[Effect]


@dataclass(frozen=True)
class NameFound:
    """A name of a project in a field.

    Attributes
    ----------
    project, field : str
    text : str
        As it stands there.
    how : str
        `exact`, `inflected`, `fuzzy` or `transliterated`; `mined` for a phrase that was learned from clips.
    quality : float
        0 to 1: the share of the name that is there; for a mined phrase its precision.
    start, end : float or None
        0 to 1: where it stands, as shares of the text's length; None for a mined phrase.
    """

    project: str
    field: str
    text: str
    how: str
    quality: float
    start: float | None
    end: float | None


@dataclass(frozen=True)
class NearestClip:
    """A labelled clip that is like the one in question; `similarity` is the centred cosine of the field, -1 to 1."""

    field: str
    similarity: float
    yt_reel_id: str
    project: str
    title: str | None


@dataclass(frozen=True)
class Explanation:
    """Why a clip was decided as it was.

    Attributes
    ----------
    yt_reel_id, title, label : str or None
        The clip; `label` is the one that it has in the catalogue.
    project, confidence, runner_up, runner_up_confidence, why
        The decision; see `smf_embed.classifier.Classifier.predict`. The votes leave out the clip itself.
    sentence : str
        The effects in words.
    candidates : list of Candidate
        The best first.
    names : list of NameFound
        By field, and in it by place.
    nearest : list of NearestClip
        A few of each field, the nearest first.
    channel : dict of str → int
        How many labelled clips of the channel each project has, the most first.
    """

    yt_reel_id: str | None
    title: str | None
    label: str | None
    project: str
    confidence: float
    runner_up: str
    runner_up_confidence: float
    why: str
    sentence: str
    candidates: list[Candidate]
    names: list[NameFound]
    nearest: list[NearestClip]
    channel: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `json.dumps` takes."""
        return dataclasses.asdict(self)


def explain(
    clips: EncodedClips,
    decisions: pd.DataFrame,
    evidence: Evidence,
    effects: np.ndarray,
    builder: EvidenceBuilder,
    labelled: EncodedClips,
    projects: list[str],
) -> list[Explanation]:
    """Tell what moved decisions.

    Parameters
    ----------
    clips : EncodedClips
    decisions : DataFrame
        Of these clips, see `smf_embed.decisions.decide`.
    evidence : Evidence
    effects : ndarray, shape (n_pairs, n_columns + 1)
        See `smf_embed.trees.Trees.contributions`.
    builder : EvidenceBuilder
    labelled : EncodedClips
        The labelled clips of the builder.
    projects : list of str
        Names by number.
    """
    names = _names(clips, builder, projects)
    nearest = _nearest(clips, builder, labelled)
    result = []
    for row, decision in enumerate(decisions.to_dict("records")):
        pairs = np.flatnonzero(evidence.clips == row)
        candidates = [
            _candidate(projects[evidence.projects[pair]], evidence.values[pair], effects[pair]) for pair in pairs
        ]
        candidates.sort(key=lambda candidate: (-candidate.score, candidate.project))
        clip = clips.clips[row]
        channel = _channel(clips, row, labelled)
        result.append(
            Explanation(
                yt_reel_id=clip[ID] or None,
                title=clip[TITLE],
                label=clip[LABEL],
                project=decision[LABEL],
                confidence=float(decision["confidence"]),
                runner_up=decision["runner_up"],
                runner_up_confidence=float(decision["runner_up_confidence"]),
                why=decision["why"],
                sentence=_sentence(decision, candidates, names[row], nearest[row], channel),
                candidates=candidates,
                names=names[row],
                nearest=nearest[row],
                channel=channel,
            )
        )
    return result


def _candidate(project: str, values: np.ndarray, effects: np.ndarray) -> Candidate:
    columns = sorted(zip(COLUMNS, values.tolist(), effects.tolist(), strict=False), key=lambda row: -abs(row[2]))
    groups: dict[str, float] = {}
    for column, _, effect in columns:
        groups[group_of(column)] = groups.get(group_of(column), 0.0) + effect
    return Candidate(
        project=project,
        score=float(effects.sum()),
        base=float(effects[-1]),
        groups=dict(sorted(groups.items(), key=lambda pair: -abs(pair[1]))),
        effects=[Effect(column, None if np.isnan(value) else value, effect) for column, value, effect in columns],
    )


def _names(clips: EncodedClips, builder: EvidenceBuilder, projects: list[str]) -> list[list[NameFound]]:
    """Find the names in all fields of each clip, and the mined phrases of projects that are not named."""
    found: list[list[NameFound]] = [[] for _ in range(len(clips))]
    for field in TEXT_FIELDS:
        texts = clips.texts[field]
        matches = builder.names.matches(texts, list(clips.channels), list(clips.channel_names))
        rows = zip(
            *(matches.clips, matches.projects, matches.kinds, matches.qualities, matches.starts, matches.ends),
            strict=True,
        )
        for clip, project, kind, quality, start, end in sorted(rows, key=lambda row: (row[0], row[4])):
            size = len(texts[clip])
            stands = texts[clip][round(float(start) * size) : round(float(end) * size)]
            how = MatchKind(int(kind)).name.lower()
            place = (float(start), float(end))
            found[clip].append(NameFound(projects[project], field, stands, how, float(quality), *place))
        for clip, text in enumerate(texts):
            told = {name.project for name in found[clip] if name.field == field}
            for alias in builder.names.aliases[field].found(text) if text else []:
                if projects[alias.project] not in told and alias.precision >= _SURE:
                    told.add(projects[alias.project])
                    mined = NameFound(projects[alias.project], field, alias.text, "mined", alias.precision, None, None)
                    found[clip].append(mined)
    return found


def _nearest(clips: EncodedClips, builder: EvidenceBuilder, labelled: EncodedClips) -> list[list[NearestClip]]:
    """Find the nearest labelled clips by each field; a labelled clip does not see itself and clips of its texts."""
    found: list[list[NearestClip]] = [[] for _ in range(len(clips))]
    row_of = {identifier: row for row, identifier in enumerate(labelled.ids)}
    for field in TEXT_FIELDS:
        votes, asked = builder.votes[field], np.flatnonzero(clips.present(field))
        for row, query in zip(asked, votes.centred(clips.vectors[field][asked]), strict=True):
            cosine = votes.vectors @ query
            itself = row_of.get(clips.ids[row])
            nearest_first = ((place, votes.rows[place]) for place in np.argsort(-cosine, kind="stable"))
            seen = (
                (place, other)
                for place, other in nearest_first
                if itself is None or not _same_texts(labelled, itself, other)
            )
            for place, other in itertools.islice(seen, _NEAREST):
                clip, similarity = labelled.clips[other], round(float(min(cosine[place], 1.0)), 4)
                found[row].append(NearestClip(field, similarity, clip[ID], clip[LABEL], clip[TITLE]))
    return found


def _same_texts(labelled: EncodedClips, one: int, other: int) -> bool:
    return all(
        labelled.clips[one][f"{field}_vector"] == labelled.clips[other][f"{field}_vector"] for field in TEXT_FIELDS
    )


def _channel(clips: EncodedClips, row: int, labelled: EncodedClips) -> dict[str, int]:
    if not clips.channels[row]:
        return {}
    same = np.flatnonzero(labelled.channels == clips.channels[row]).tolist()
    counts = Counter(labelled.clips[other][LABEL] for other in same if labelled.ids[other] != clips.ids[row])
    return dict(counts.most_common(_LABELS))


# ------------------------------------------------------------------------------------------------------------ in words


def _sentence(
    decision: dict[str, Any],
    candidates: list[Candidate],
    names: list[NameFound],
    nearest: list[NearestClip],
    channel: dict[str, int],
) -> str:
    project, sure = decision[LABEL], f"{decision['confidence']:.0%} sure"
    if not candidates:
        return f"{project}, {sure}: {decision['why']}."
    best = next((one for one in candidates if one.project == project), candidates[0])
    speaking = {
        side: [
            f"{group} ({effect:+.1f}{_detail(group, best.project, names, nearest, channel)})"
            for group, effect in best.groups.items()
            if effect * sign >= _SMALL
        ][:_TOLD]
        for side, sign in (("for", 1), ("against", -1))
    }
    order = ("against", "for") if project == NONE else ("for", "against")
    told = [f"{side} it: {joined(speaking[side])}" for side in order if speaking[side]]
    subject = [f"the best candidate is {best.project}"] if project == NONE else []
    titled = list(dict.fromkeys(name.project for name in names if name.field == "title" and name.start is not None))
    several = [f"the title names {joined(titled)}"] if len(titled) > 1 else []
    return f"{project}, {sure}: " + "; ".join([*subject, *told, *several]) + "."


def _detail(
    group: str, project: str, names: list[NameFound], nearest: list[NearestClip], channel: dict[str, int]
) -> str:
    """Return what stands behind a group of effects, for a bracket; empty where there is nothing to show."""
    if group.startswith("names in the "):
        there = [name for name in names if group.endswith(f" {name.field}") and name.project == project]
        return f", «{there[0].text}» {there[0].how}" if there else ""
    if group.endswith(" neighbours"):
        field = group.removesuffix(" neighbours")
        like = [clip for clip in nearest if clip.field == field and clip.project == project]
        return f", “{shortened(like[0].title)}” {like[0].similarity:.2f}" if like else ""
    if group == "channel" and channel:
        return f", {channel.get(project, 0):,} of {sum(channel.values()):,} labelled clips there"
    return ""
