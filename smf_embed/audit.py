"""The audit: labels that look wrong, names that are not tracked yet, and what to label next, as one table.

What the folds of the fit said of each clip is compared with its label; no clip speaks for itself. Every row of the
table is a clip with its label as `cartoon` and, where there is one, a proposal as `suggested`, so that
`smf-embed label --from` takes the table back once a person has looked at it. `label_was` is the label, too, and stays
as it is: by it a table that is given back late is known to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from smf_embed.audit_table import COLUMNS, LABEL_WAS
from smf_embed.catalogue import Catalogue
from smf_embed.classifier import Classifier
from smf_embed.clips import ID, LABEL, NONE, TITLE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import COLUMNS as EVIDENCE
from smf_embed.judging import best_candidates
from smf_embed.out_of_fold import OutOfFold
from smf_embed.review_queue import LEAST_DOUBT, doubt, review_queue
from smf_embed.two_names import two_names
from smf_embed.untracked import untracked

_PLACE = {name: place for place, name in enumerate(EVIDENCE)}
_BATCH = 4096
_POOL = 20_000
_EXAMPLES = 50


def audit(catalogue: Catalogue, model: Classifier, *, queue: int = 50, again: bool = False) -> pd.DataFrame:
    """Look through the labels of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
    model : Classifier
        Fitted on it.
    queue : int
        Clips to label next.
    again : bool
        Also look at labels that a person gave or confirmed.

    Returns
    -------
    DataFrame
        `smf_embed.audit_table.COLUMNS`, a row a clip and finding; sorted by kind, and in it as `KINDS` says. Labels,
        proposals and groups are empty where there is none; a clip that is found in several ways has the same proposal
        in all. `score` is the margin of `label` rows (see `margins`), the probability of the proposal of `twins`, the
        share of `two names`, the score of `untracked`, the doubt of `review` rows, whose `group` is the best candidate
        and no proposal.
    """
    clips = catalogue.labelled()
    said = model.out_of_fold()
    said = said.part(said.still_labelled({clip[ID]: clip[LABEL] for clip in clips.clips}))
    by_person = set() if again else _by_person(catalogue, clips)
    row_of = {identifier: row for row, identifier in enumerate(clips.ids)}
    parts = [
        suspects(said, clips, row_of, model, by_person),
        twins(said, clips, row_of, by_person),
        _two_names(clips),
        _untracked(clips),
        to_review(catalogue, model, queue),
    ]
    return _one_proposal_a_clip(pd.DataFrame([row for part in parts for row in part], columns=list(COLUMNS)))


def _one_proposal_a_clip(findings: pd.DataFrame) -> pd.DataFrame:
    """Give each clip the proposal of its first row that has one, in all its rows that have one."""
    proposed = findings["suggested"] != ""
    first = findings[proposed].drop_duplicates(ID).set_index(ID)["suggested"]
    findings.loc[proposed, "suggested"] = findings.loc[proposed, ID].map(first)
    return findings


def margins(said: OutOfFold) -> tuple[np.ndarray, np.ndarray]:
    """Return how much more probable the best other project is than the label, -1 to 1, and the number of that project.

    Both of shape (n_clips,); projects are numbered as in `OutOfFold.projects`.

    One less than twice cleanlab's `normalized_margin`, turned round; the ranking is the same.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), Confident learning: estimating uncertainty in dataset labels.
    """
    probability = said.matrix()
    rows = np.arange(len(said))
    own = probability[rows, said.labels].copy()
    probability[rows, said.labels] = -1.0
    other = probability.argmax(axis=1)
    return probability[rows, other] - own, other


def suspects(
    said: OutOfFold, clips: EncodedClips, row_of: dict[str, int], model: Classifier, confirmed: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield the clips whose label is not what the folds find most probable, the clearest first."""
    margin, other = margins(said)
    unconfirmed = np.array([identifier not in confirmed for identifier in said.ids], dtype=bool)
    order = np.argsort(-margin, kind="stable")
    order = order[(margin > 0)[order] & unconfirmed[order]]
    rows = np.array([row_of[said.ids[place]] for place in order], dtype=int)
    matrix = said.matrix()
    names = said.projects
    votes = _votes(model, clips.part(rows))
    for at, (place, row) in enumerate(zip(order.tolist(), rows.tolist(), strict=True)):
        label, better = names[said.labels[place]], names[other[place]]
        chances = f"{label} {matrix[place, said.labels[place]]:.0%}, {better} {matrix[place, other[place]]:.0%}"
        neighbours = f"{label} {votes[at].get(label, 0.0):.0%}, {better} {votes[at].get(better, 0.0):.0%}"
        reason = f"the other folds: {chances}; votes of the nearest titles: {neighbours}"
        yield _row("label", clips.clips[row], better, margin[place], "", reason)


def twins(
    said: OutOfFold, clips: EncodedClips, row_of: dict[str, int], confirmed: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield clips of the same words that have different labels, those together of which the folds are surest first."""
    matrix = said.matrix()
    place_of = {identifier: place for place, identifier in enumerate(said.ids)}
    groups: dict[str, list[int]] = {}
    for row, key in enumerate(clips.near_duplicate_keys()):
        groups.setdefault(key, []).append(row)
    found = []
    for rows in groups.values():
        labels = {clips.clips[row][LABEL] for row in rows}
        if len(labels) < 2 or all(clips.ids[row] in confirmed for row in rows):
            continue
        chances = {
            project: float(
                np.mean([matrix[place_of[clips.ids[row]], number] for row in rows if clips.ids[row] in place_of])
            )
            for number, project in enumerate(said.projects)
            if project in labels and any(clips.ids[row] in place_of for row in rows)
        }
        best = max(chances, key=lambda project: (chances[project], project)) if chances else ""
        found.append((chances.get(best, 0.0), best, rows))
    found.sort(key=lambda group: (-group[0], group[2]))
    for number, (chance, best, rows) in enumerate(found, start=1):
        told = ", ".join(sorted({clips.clips[row][LABEL] for row in rows}))
        for row in rows:
            yield _row(
                "twins", clips.clips[row], best, chance, f"twins {number}", f"the same words are labelled {told}"
            )


def _two_names(clips: EncodedClips) -> Iterator[dict[str, Any]]:
    for found in two_names(clips):
        first, second = found.names
        reason = (
            f"{found.share:.0%} of the {found.script} titles of {found.project} go by «{second}…» and not by «{first}…»"
        )
        for row in found.rows[:_EXAMPLES]:
            yield _row("two names", clips.clips[row], "", found.share, f"{first}… / {second}…", reason)


def _untracked(clips: EncodedClips) -> Iterator[dict[str, Any]]:
    for found in untracked(clips):
        reason = (
            f"{len(found.rows):,} clips of none, {found.titles:,} different titles on {found.channels:,} channels, "
            f"have «{found.name}»; to track it: smf-embed teach NAME ID..."
        )
        for row in found.rows[:_EXAMPLES]:
            yield _row("untracked", clips.clips[row], "", found.score, found.name, reason)


def to_review(catalogue: Catalogue, model: Classifier, most: int) -> Iterator[dict[str, Any]]:
    """Yield unlabelled clips that are worth a label, the most useful first."""
    if not most:
        return
    pool = _doubtful(catalogue, model)
    chosen = review_queue(pool.doubts, pool.candidates, pool.vectors, catalogue.project_sizes(), most)
    clips = catalogue.stored(pool.ids[chosen].tolist())
    # reasons are sentences: only for those that are shown
    row_of = {identifier: row for row, identifier in enumerate(clips.ids)}
    decisions = model.predict(clips).to_dict("records")
    for place in chosen:
        row = row_of[pool.ids[place]]
        said = decisions[row]
        reason = f"{said[LABEL]} {said['confidence']:.0%}, {said['runner_up']} {said['runner_up_confidence']:.0%}"
        # the model's guess is no proposal: whoever takes all proposals would label by it what it is least sure of
        candidate = pool.candidates[place]
        yield _row("review", clips.clips[row], "", pool.doubts[place], candidate, f"{reason}: {said['why']}")


@dataclass(frozen=True)
class _Pool:
    """Unlabelled clips that are decided doubtfully, the most doubtful first.

    Attributes
    ----------
    ids, candidates : ndarray of str, shape (n,), object
    doubts : ndarray, shape (n,), float64
        See `smf_embed.review_queue.doubt`.
    vectors : ndarray, shape (n, dimension), float32
        Of the title, else of the description.
    """

    ids: np.ndarray
    candidates: np.ndarray
    doubts: np.ndarray
    vectors: np.ndarray

    def with_more(self, more: _Pool) -> _Pool:
        """Return the most doubtful of both, `_POOL` at most."""
        doubts = np.concatenate([self.doubts, more.doubts])
        keep = np.argsort(-doubts, kind="stable")[:_POOL]
        # nothing is known of the dimension before the first clip
        vectors = np.concatenate([self.vectors, more.vectors]) if len(self.ids) else more.vectors
        return _Pool(
            np.concatenate([self.ids, more.ids])[keep],
            np.concatenate([self.candidates, more.candidates])[keep],
            doubts[keep],
            vectors[keep],
        )


def _doubtful(catalogue: Catalogue, model: Classifier) -> _Pool:
    """Decide all unlabelled clips; what is held at once is one batch and the pool."""
    nothing = np.zeros(0, dtype=object)
    pool = _Pool(nothing, nothing, np.zeros(0), np.zeros((0, 0), dtype=np.float32))
    for batch in catalogue.clip_batches(_BATCH):
        ids = [clip[ID] for clip in batch if clip[LABEL] is None]
        if not ids:
            continue
        clips = catalogue.stored(ids)
        table = model.predict(clips)
        doubts = doubt(table["confidence"].to_numpy(), table["runner_up_confidence"].to_numpy())
        candidates = best_candidates(table)[0].astype(object)
        rows = np.flatnonzero((doubts >= LEAST_DOUBT) & (candidates != ""))
        there = clips.present("title")[rows, None]
        vectors = np.where(there, clips.vectors["title"][rows], clips.vectors["description"][rows])
        pool = pool.with_more(_Pool(np.asarray(clips.ids, dtype=object)[rows], candidates[rows], doubts[rows], vectors))
    return pool


def _votes(model: Classifier, clips: EncodedClips) -> list[dict[str, float]]:
    """Return for each clip project → its share of the votes of the nearest titles, none among them."""
    if not len(clips):
        return []
    evidence = model.evidence(clips)
    votes: list[dict[str, float]] = [{} for _ in range(len(clips))]
    own, none = evidence.values[:, _PLACE["title_votes_20"]], evidence.values[:, _PLACE["title_votes_20_none"]]
    for clip, project, share, rest in zip(evidence.clips, evidence.projects, own, none, strict=True):
        if not np.isnan(share):
            votes[clip][model.projects[project]] = float(share)
            votes[clip][NONE] = float(rest)
    return votes


def _by_person(catalogue: Catalogue, clips: EncodedClips) -> set[str]:
    sources = catalogue.label_sources([clip["clip_key"] for clip in clips.clips])
    return {clip[ID] for clip in clips.clips if sources.get(clip["clip_key"], ("", ""))[0] == "person"}


def _row(kind: str, clip: dict[str, Any], suggested: str, score: float, group: str, reason: str) -> dict[str, Any]:
    shown = {name: clip[name] or "" for name in (ID, LABEL, TITLE, "yt_channel_name")}
    return shown | {
        "kind": kind,
        LABEL_WAS: shown[LABEL],
        "suggested": suggested,
        "score": round(float(score), 4),
        "group": group,
        "reason": reason,
    }
