"""Evidence of training clips that does not know their labels: each fold's is learned from the other folds alone.

Leaving out just the clip itself would give its label away where a project has few clips: of two clips, that of the
project sees one clip of it fewer, and trees read the label off such counts (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smf_embed.aliases import SPEAKING
from smf_embed.decisions import rank
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import FEW_CLIPS, Evidence, EvidenceBuilder, concatenated
from smf_embed.fewer_fields import KINDS, with_fewer_fields
from smf_embed.lexical import LexicalModel
from smf_embed.lexicon import WORD, Lexicon
from smf_embed.names import Names
from smf_embed.other_use import OtherUse
from smf_embed.out_of_fold import at_most_one
from smf_embed.threads import beside, thread_count
from smf_embed.thresholds import Calibration, choose_thresholds
from smf_embed.trees import FULL_GROWTH, DecisionTrees, Growth, Trees
from smf_embed.word_rows import DistinctTexts, WordRows

#: Pairs of projects with fewer clips are not learned from, and such a project is decided, but not well.
FEWEST_CLIPS = 3
_FEWEST_PAIRS = 5
_HARDLY, _SURELY = 0.02, 0.9
_FEWEST_TO_DOUBT = 10
# the first round need not be exact: it finds wrong labels and easy pairs
_FIRST_GROWTH = Growth(rounds=100, learning_rate=0.08, is_drawn=(False,))
# nine of ten pairs are wrong beyond doubt, and teach little: one in ten of them is kept and stands for ten
_EASY = 0.0003
_EASY_KEPT = 10
# of pairs that were made to look like those of which little is known: whole, they would outweigh the others
_LIKENESS_WEIGHT = 0.1
# one in ten clips of `none` is asked about with fewer fields, and stands for ten
_NONE_ASKED = 10


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
    def _worked_out(self) -> EncodedClips:
        """The clips, with what is needed of each fold anew worked out once."""
        clips = self.clips
        _ = clips.texts, clips.channels, clips.channel_names, clips.numbers
        _ = clips.n_grams, clips.title_forms, clips.title_parts
        return clips

    @cached_property
    def _texts(self) -> dict[str, DistinctTexts]:
        return {field: DistinctTexts.of(texts) for field, texts in self.clips.texts.items()}

    @cached_property
    def _titles(self) -> tuple[np.ndarray, WordRows]:
        """The number of each clip's title, and the words of each different title."""
        number: dict[str, int] = {}
        title_of = np.array([number.setdefault(title, len(number)) for title in self.clips.texts["title"]], dtype=int)
        return title_of, WordRows.of([WORD.findall(title) for title in number])

    def builder(self, rows: np.ndarray | None = None, like: EvidenceBuilder | None = None) -> EvidenceBuilder:
        """Learn from some of the clips, or from all.

        Parameters
        ----------
        rows : ndarray of int, optional
        like : EvidenceBuilder, optional
            Its centres and temperatures are taken; see `smf_embed.evidence.EvidenceBuilder`.
        """
        part = self._worked_out if rows is None else self._worked_out.part(rows)
        rows = np.arange(len(self.clips)) if rows is None else rows
        labels = self.labels[rows]
        texts = {field: texts.part(rows) for field, texts in self._texts.items()}
        title_of, titles = self._titles
        with beside() as start:
            # names are read while machines are fitted, which needs no interpreter
            learned = start(
                Names.learn, texts, titles.part(np.unique(title_of[rows])), labels, self.projects, self.lexicon
            )
            machines = {
                field: LexicalModel.fit(counts, labels, len(self.projects), self.seed)
                for field, counts in part.n_grams.items()
            }
            names = learned.result()
        alias = names.aliases["title"].scores_of(texts["title"])
        naming = np.flatnonzero((alias >= SPEAKING).any(axis=1))
        around = names.around([part.texts["title"][row] for row in naming])
        other_use = OtherUse.fit(around, labels[naming], alias[naming])
        return EvidenceBuilder(
            part, labels, self.groups[rows], len(self.projects), machines, names, other_use, like=like
        )


def out_of_fold_evidence(
    training: TrainingClips, whole: EvidenceBuilder, say: Callable[[str], None]
) -> tuple[Evidence, Evidence]:
    """Gather the evidence of every training clip from the clips of the other folds.

    Parameters
    ----------
    training : TrainingClips
    whole : EvidenceBuilder
        Learned from all clips.
    say : callable
        Told in words what is done next.

    Returns
    -------
    whole : Evidence
    fewer_fields : Evidence
        Of the clips of projects, and one in ten of `none`, as if one of `smf_embed.fewer_fields.KINDS` were missing.
    """
    asked, kinds = fewer_fields_drawn(training.labels, training.seed)
    parts, less = [], []
    folds = np.unique(training.folds)
    for fold in folds:
        say(f"evidence of fold {fold + 1} of {len(folds)}")
        inside, others = np.flatnonzero(training.folds == fold), np.flatnonzero(training.folds != fold)
        if len(others):
            builder = training.builder(others, whole)
            parts.append(builder.build(training.clips.part(inside)).of_rows(inside))
            some = inside[asked[inside]]
            less.append(builder.build(with_fewer_fields(training.clips.part(some), kinds[some])).of_rows(some))
    return concatenated(parts), concatenated(less)


def fewer_fields_drawn(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the clips that are asked about as if fields were missing, and which.

    Kinds are drawn evenly: at the rates of a table trees would hardly ever see a title alone (docs/decisions.md).

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        0 is `none`.
    seed : int

    Returns
    -------
    asked : ndarray of bool, shape (n,)
        All clips of projects and one in ten of `none`.
    kinds : ndarray of int, shape (n,)
        A place in `smf_embed.fewer_fields.KINDS`.
    """
    random = np.random.default_rng(seed)
    asked = (labels > 0) | (random.integers(0, _NONE_ASKED, len(labels)) == 0)
    return asked, random.integers(0, len(KINDS), len(labels))


def few_shot_evidence(training: TrainingClips, whole: EvidenceBuilder, say: Callable[[str], None]) -> Evidence:
    """Gather evidence as it looks when projects have just been taught a few clips, for trees to learn from.

    Two of the folds are asked once more, each with half of the larger projects cut down to 3 to 10 clips of the other
    folds; what is asked knows as little of itself as in `out_of_fold_evidence`.

    Parameters
    ----------
    training, whole, say
        See `out_of_fold_evidence`.

    Returns
    -------
    Evidence
        Of the pairs with a project that was cut down; none where all projects are small.
    """
    random = np.random.default_rng(training.seed)
    sizes = np.bincount(training.labels, minlength=len(training.projects))
    large = 1 + np.flatnonzero(sizes[1:] > FEW_CLIPS)
    parts = []
    for fold, cut in zip(np.unique(training.folds)[:2], np.array_split(random.permutation(large), 2), strict=False):
        if not len(cut):
            continue
        say(f"evidence of fold {fold + 1} with few clips of half the projects")
        inside, others = np.flatnonzero(training.folds == fold), np.flatnonzero(training.folds != fold)
        kept = np.ones(len(others), dtype=bool)
        for project in cut:
            own = random.permutation(np.flatnonzero(training.labels[others] == project))
            kept[own[random.integers(FEWEST_CLIPS, FEW_CLIPS + 1) :]] = False
        found = training.builder(others[kept], whole).build(training.clips.part(inside)).of_rows(inside)
        parts.append(found.pairs(np.isin(found.projects, cut)))
    return concatenated(parts)


def contradicted(evidence: Evidence, probability: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Tell the clips whose label the other folds clearly deny: as a rule it is the label that is wrong.

    Of 318 wrong labels among 83,145 this finds 307, with 90 others that are as hard (docs/decisions.md). Small projects
    are left as they are: of their few clips some are unlike all others, and none can be spared.

    Parameters
    ----------
    evidence : Evidence
        Of all training clips, out of fold.
    probability : ndarray, shape (n_pairs,)
        By trees that were grown on other folds.
    labels : ndarray of int, shape (n_clips,)

    Returns
    -------
    ndarray of bool, shape (n_clips,)
        Clips of a larger project that have almost no chance of it, and clips of `none` that some project is almost sure
        of.
    """
    own, best_other = np.zeros(len(labels)), np.zeros(len(labels))
    is_own = evidence.projects == labels[evidence.clips]
    own[evidence.clips[is_own]] = probability[is_own]
    np.maximum.at(best_other, evidence.clips[~is_own], probability[~is_own])
    is_large = np.bincount(labels)[labels] >= _FEWEST_TO_DOUBT
    return np.where(labels > 0, (own < _HARDLY) & is_large, best_other > _SURELY)


@dataclass(frozen=True)
class LearnedDecision:
    """What is learned from evidence.

    Attributes
    ----------
    trees : DecisionTrees
    thresholds : ndarray, shape (n_projects,)
        See `smf_embed.thresholds.choose_thresholds`.
    calibration : Calibration
    doubted : ndarray of bool, shape (n_clips,)
        Clips whose label the other folds deny; neither trees nor thresholds learned from them.
    candidate, probability : ndarray, shape (n_clips,)
        Best candidate of each training clip and its probability by trees of other folds.
    pairs : ndarray, shape (n_pairs,)
        Probability of each pair of the evidence, likewise.
    """

    trees: DecisionTrees
    thresholds: np.ndarray
    calibration: Calibration
    doubted: np.ndarray
    candidate: np.ndarray
    probability: np.ndarray
    pairs: np.ndarray


def learn_decision(
    training: TrainingClips,
    evidence: Evidence,
    few_shot: Evidence,
    fewer_fields: Evidence,
    say: Callable[[str], None],
) -> LearnedDecision | None:
    """Grow trees on the evidence of training clips, and choose thresholds by trees that have not seen them.

    Parameters
    ----------
    training : TrainingClips
    evidence, few_shot, fewer_fields : Evidence
        Of these, out of fold. Thresholds, calibration and the trees for most pairs are learned from the first alone,
        trees for pairs of which little is known from all three.
    say : callable
        Told in words what is done next.

    Returns
    -------
    LearnedDecision or None
        None where there are too few different clips to learn from.
    """
    labels, folds, seed = training.labels, training.folds, training.seed
    n_projects = len(training.projects)
    is_right = _right(evidence, labels)
    # of two clips, that of the project sees one clip of it where others see two: such pairs teach to count
    is_large = np.bincount(labels, minlength=n_projects) >= FEWEST_CLIPS
    taught, fold = is_large[evidence.projects], folds[evidence.clips]
    if not _can_be_learned(is_right[taught], fold[taught]):
        return None
    say("looking for wrong labels")
    once = taught.astype(np.float32)
    first = _out_of_fold(evidence.values, is_right, once, fold, seed, _FIRST_GROWTH)
    doubted = contradicted(evidence, first, labels)
    sound = taught & ~doubted[evidence.clips]
    if _can_be_learned(is_right[sound], fold[sound]):
        taught = sound
    else:
        doubted = np.zeros(len(labels), dtype=bool)
    say("decision trees")
    weights = thinned(taught, (first < _EASY) & (is_right == 0), seed)
    out_of_fold = _out_of_fold(evidence.values, is_right, weights, fold, seed)
    well_known = _grown(evidence.values, is_right, weights, seed)
    say("decision trees for what little is known of")
    made_so = (
        _likeness_weights(few_shot, fewer_fields, labels)
        * is_large[np.concatenate([few_shot.projects, fewer_fields.projects])]
    )
    pairs = concatenated([evidence, few_shot, fewer_fields])
    made_so[doubted[pairs.clips[len(evidence.clips) :]]] = 0.0
    little_known = _grown(pairs.values, _right(pairs, labels), np.concatenate([weights, made_so]), seed)
    ranking = rank(evidence, out_of_fold, len(labels))
    candidate = np.append(evidence.projects, 0)[ranking.first]
    kept = ~doubted
    thresholds = choose_thresholds(labels[kept], candidate[kept], ranking.probability[kept], n_projects)
    # clips of projects that are hard to tell stay in, else nothing that is missed would ever count as possible
    counted = (kept | (labels > 0))[evidence.clips]
    # fitted on what it is applied to: probabilities that add up to 1 at most over a clip
    scaled = at_most_one(evidence.clips, out_of_fold, len(labels))
    calibration = Calibration.fit(scaled[counted], is_right[counted])
    trees = DecisionTrees(well_known, little_known)
    return LearnedDecision(trees, thresholds, calibration, doubted, candidate, ranking.probability, out_of_fold)


def _right(evidence: Evidence, labels: np.ndarray) -> np.ndarray:
    """Return 1 for pairs of a clip and the project that its label names, else 0."""
    return (evidence.projects == labels[evidence.clips]).astype(np.int32)


def _likeness_weights(few_shot: Evidence, fewer_fields: Evidence, labels: np.ndarray) -> np.ndarray:
    """Return how many pairs each stands for that was made to look like one of which little is known."""
    standing_for_others = labels[fewer_fields.clips] == 0
    counts = [np.ones(len(few_shot.clips)), np.where(standing_for_others, _NONE_ASKED, 1)]
    return (_LIKENESS_WEIGHT * np.concatenate(counts)).astype(np.float32)


def thinned(taught: np.ndarray, easy: np.ndarray, seed: int) -> np.ndarray:
    """Leave out nine of ten easy pairs; the tenth stands for all ten.

    Parameters
    ----------
    taught, easy : ndarray of bool, shape (n_pairs,)
        What is learned from at all, and what is easy.
    seed : int
        Of the choice.

    Returns
    -------
    ndarray, shape (n_pairs,), float32
        How many pairs each stands for: 0 where it is not learned from. They add up to the pairs that are taught.
    """
    weights = taught.astype(np.float32)
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(taught & easy))
    if len(rows) >= _EASY_KEPT * _FEWEST_PAIRS:
        kept = rows[: len(rows) // _EASY_KEPT]
        weights[rows] = 0.0
        weights[kept] = len(rows) / len(kept)
    return weights


def _grown(
    values: np.ndarray,
    is_right: np.ndarray,
    weights: np.ndarray,
    seed: int,
    growth: Growth = FULL_GROWTH,
    threads: int | None = None,
) -> Trees:
    rows = np.flatnonzero(weights)
    return Trees.grow(values[rows], is_right[rows], seed, weights[rows], growth, threads)


def _out_of_fold(
    values: np.ndarray,
    is_right: np.ndarray,
    weights: np.ndarray,
    folds: np.ndarray,
    seed: int,
    growth: Growth = FULL_GROWTH,
) -> np.ndarray:
    """Return the probability of each pair by trees that were grown on the pairs of the other folds."""
    probability = np.zeros(len(values))

    def judge(fold: int) -> None:
        inside = folds == fold
        others = np.where(inside, 0, weights)
        trees = _grown(values, is_right, others, seed, growth, threads=1)
        probability[inside] = trees.probability(values[inside], threads=1)

    # folds side by side: the threads of one LightGBM wait for each other, since its pairs are few
    with ThreadPoolExecutor(thread_count()) as pool:
        list(pool.map(judge, np.unique(folds)))
    return probability


def _can_be_learned(is_right: np.ndarray, folds: np.ndarray) -> bool:
    """Tell whether in each fold's remainder there are pairs of both kinds to learn from."""
    rest = [is_right[folds != fold] for fold in np.unique(folds)]
    return len(rest) > 0 and all(len(pairs) >= _FEWEST_PAIRS and 0 < pairs.sum() < len(pairs) for pairs in rest)
