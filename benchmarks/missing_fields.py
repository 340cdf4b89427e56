"""How well clips are decided of which less is known, with and without trees that were shown such clips.

    python benchmarks/missing_fields.py BENCHMARK_FOLDER [--seeds 0 1]

The tables are added once. For each seed the folds are dealt anew and the decision is learned three times from the same
evidence: without pairs of clips with fewer fields, with them, kinds drawn evenly as `fit` does, and with those alone
that are left when each kind is drawn at the rate at which the training clips lack these fields. The test split is
decided whole and with each kind of `smf_embed.fewer_fields.KINDS` missing of all its clips; thresholds are those of
whole clips, out of fold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from open_clips import open_clips
from smf_embed.classifier import deal_folds
from smf_embed.decisions import rank
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import concatenated, little_known, rare_channels
from smf_embed.fewer_fields import KINDS, with_fewer_fields
from smf_embed.metrics import score
from smf_embed.threads import limit_threads
from smf_embed.training import (
    TrainingClips,
    few_shot_evidence,
    fewer_fields_drawn,
    learn_decision,
    out_of_fold_evidence,
)


def rates(clips: EncodedClips) -> np.ndarray:
    """Return the share of clips that lack all fields of each kind, shape (len(KINDS),)."""
    return np.array(
        [
            np.mean(
                [
                    not any(clip[f"{text}_text"] for text in texts) and all(clip[column] is None for column in columns)
                    for clip in clips.clips
                ]
            )
            for texts, columns in KINDS.values()
        ]
    )


def main() -> None:
    """Print a row for each kind of missing fields, seed and way of learning."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    limit_threads()
    with open_clips(options.benchmark) as given:
        clips, asked, labels, projects, sizes = given.clips, given.asked, given.labels, given.projects, given.sizes
        missing = rates(clips)
        lacking = (f"{kind} {rate:.4f}" for kind, rate in zip(KINDS, missing, strict=True))
        print(f"lacking in training: {', '.join(lacking)}\n")
        print(
            "| seed | shown such clips | test clips | macro-F1 | project or none |\n|---|---|---|---|---|", flush=True
        )
        for seed in options.seeds:
            folds = deal_folds(labels, given.groups, 5, seed)
            training = TrainingClips(clips, labels, given.groups, folds, projects, given.lexicon, seed)
            builder = training.builder()
            evidence, fewer_fields = out_of_fold_evidence(training, builder, lambda _: None)
            few_shot = few_shot_evidence(training, builder, lambda _: None)
            kinds = {"whole": asked} | {
                kind: with_fewer_fields(asked, np.full(len(asked), place)) for place, kind in enumerate(KINDS)
            }
            unseen = {kind: builder.build(some) for kind, some in kinds.items()}
            no_project_is_new = np.zeros(len(projects), dtype=bool)
            _, drawn = fewer_fields_drawn(labels, seed)
            kept = np.random.default_rng(seed).random(len(labels)) < missing[drawn]
            at_rates = fewer_fields.pairs(kept[fewer_fields.clips])
            for told, less in (("none", concatenated([])), ("evenly", fewer_fields), ("at the rates", at_rates)):
                learned = learn_decision(training, evidence, few_shot, less, lambda _: None)
                assert learned is not None
                for kind, pairs in unseen.items():
                    scant = little_known(pairs, no_project_is_new, rare_channels(evidence))
                    ranking = rank(pairs, learned.trees.probability(pairs.values, scant), len(asked))
                    best = np.append(pairs.projects, 0)[ranking.first]
                    said = np.array(projects, dtype=object)[
                        np.where(ranking.probability > learned.thresholds[best], best, 0)
                    ]
                    scores = score(given.truth, said.tolist(), sizes)
                    either = scores["project_or_none"]["f1"]
                    print(f"| {seed} | {told} | {kind} | {scores['macro_f1']:.4f} | {either:.4f} |", flush=True)


if __name__ == "__main__":
    main()
