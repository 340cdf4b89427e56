"""How well clips are decided of which less is known, with and without trees that were shown such clips.

    python benchmarks/missing_fields.py BENCHMARK_FOLDER [--seeds 0 1]

The tables are added once. For each seed the folds are dealt anew and the decision is learned twice from the same
evidence: with the pairs of clips with fewer fields, and without them. The test split is decided whole and with each
kind of `smf_embed.fewer_fields.KINDS` missing of all its clips; thresholds are those of whole clips, out of fold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from open_clips import open_clips
from smf_embed.classifier import deal_folds
from smf_embed.decisions import rank
from smf_embed.evidence import concatenated
from smf_embed.fewer_fields import KINDS, with_fewer_fields
from smf_embed.metrics import score
from smf_embed.threads import limit_threads
from smf_embed.training import TrainingClips, few_shot_evidence, learn_decision, out_of_fold_evidence


def main() -> None:
    """Print a row for each kind of missing fields, seed and way of learning."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    limit_threads()
    with open_clips(options.benchmark) as given:
        clips, asked, labels, projects, sizes = given.clips, given.asked, given.labels, given.projects, given.sizes
        print("| seed | shown such clips | test clips | macro-F1 | project or none |\n|---|---|---|---|---|")
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
            for told, less in (("no", concatenated([])), ("yes", fewer_fields)):
                learned = learn_decision(evidence, few_shot, less, labels, folds, len(projects), seed, lambda _: None)
                assert learned is not None
                for kind, pairs in unseen.items():
                    ranking = rank(pairs, learned.trees.probability(pairs.values), len(asked))
                    best = np.append(pairs.projects, 0)[ranking.first]
                    said = np.array(projects, dtype=object)[
                        np.where(ranking.probability > learned.thresholds[best], best, 0)
                    ]
                    scores = score(given.truth, said.tolist(), sizes)
                    either = scores["project_or_none"]["f1"]
                    print(f"| {seed} | {told} | {kind} | {scores['macro_f1']:.4f} | {either:.4f} |", flush=True)


if __name__ == "__main__":
    main()
