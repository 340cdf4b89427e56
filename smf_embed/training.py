"""Evidence of training clips that does not know their labels: each fold's is learned from the other folds alone.

Leaving out just the clip itself would give its label away where a project has few clips: of two clips, that of the
project sees one clip of it fewer, and trees read the label off such counts (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from smf_embed.clips import TEXT_FIELDS
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import Evidence, EvidenceBuilder, concatenated
from smf_embed.lexical import LexicalModel, hashed_counts
from smf_embed.lexicon import Lexicon
from smf_embed.names import Names


@dataclass(frozen=True)
class TrainingClips:
    """Labelled clips, ready to be learned from.

    Attributes
    ----------
    clips : EncodedClips
    labels : ndarray of int, shape (n,)
        0 is `none`.
    groups : ndarray of int, shape (n,)
        Near-duplicates share a number.
    folds : ndarray of int, shape (n,)
        Near-duplicates share a fold.
    projects : sequence of str
        Names by number.
    lexicon : Lexicon
        Names and aliases that people gave.
    seed : int
    """

    clips: EncodedClips
    labels: np.ndarray
    groups: np.ndarray
    folds: np.ndarray
    projects: Sequence[str]
    lexicon: Lexicon
    seed: int

    @cached_property
    def _counts(self) -> dict[str, Any]:
        return {field: hashed_counts(field, self.clips.texts[field]) for field in TEXT_FIELDS}

    def builder(self, rows: np.ndarray | None = None, like: EvidenceBuilder | None = None) -> EvidenceBuilder:
        """Learn from some of the clips, or from all.

        Parameters
        ----------
        rows : ndarray of int, optional
        like : EvidenceBuilder, optional
            Its centres and temperatures are taken, which know no labels. Were they of the rows alone, similarities
            would differ from fold to fold.
        """
        rows = np.arange(len(self.clips)) if rows is None else rows
        part, labels = self.clips.part(rows), self.labels[rows]
        return EvidenceBuilder(
            part,
            labels,
            self.groups[rows],
            len(self.projects),
            {
                field: LexicalModel.fit(counts[rows], labels, len(self.projects), self.seed)
                for field, counts in self._counts.items()
            },
            Names.learn(part.texts, labels, self.projects, self.lexicon),
            None if like is None else {field: votes.centre for field, votes in like.votes.items()},
            None if like is None else {field: votes.temperature for field, votes in like.votes.items()},
        )


def out_of_fold_evidence(training: TrainingClips, whole: EvidenceBuilder, say: Callable[[str], None]) -> Evidence:
    """Gather the evidence of every training clip from the clips of the other folds.

    Parameters
    ----------
    training : TrainingClips
    whole : EvidenceBuilder
        Learned from all clips.
    say : callable
        Told in words what is done next.
    """
    parts = []
    folds = np.unique(training.folds)
    for fold in folds:
        say(f"evidence of fold {fold + 1} of {len(folds)}")
        inside, others = np.flatnonzero(training.folds == fold), np.flatnonzero(training.folds != fold)
        if len(others):
            builder = training.builder(others, whole)
            parts.append(builder.build(training.clips.part(inside)).of_rows(inside))
    return concatenated(parts)
