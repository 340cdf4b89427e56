"""What each group of evidence brings to the decision, and the mean over seeds of folds.

    python benchmarks/decision_ablation.py BENCHMARK_FOLDER [--seeds 0 1 2] [--rules RULES.csv]

The tables are added once. For each seed the folds are dealt anew and the evidence is gathered out of fold; then the
decision is learned with all of it, and without each group in turn, and the test split is scored. The row "rules alone"
takes the one project that the names in the labels, and those of the rule table, find in a title.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

from baselines.rules import only_project
from open_clips import open_clips
from smf_embed.classifier import deal_folds
from smf_embed.clips import NONE
from smf_embed.decisions import rank
from smf_embed.encoded_clips import NUMBERS, EncodedClips
from smf_embed.evidence import COLUMNS, Evidence, little_known, rare_channels
from smf_embed.lexicon import Lexicon
from smf_embed.matching import LexiconMatcher
from smf_embed.metrics import score
from smf_embed.threads import limit_threads
from smf_embed.training import TrainingClips, few_shot_evidence, learn_decision, out_of_fold_evidence

GROUPS = {
    "votes and similarities": ("votes", "best", "mean3", "prototype"),
    "lexical machines": ("lexical",),
    "names": ("alias", "name", "names"),
    "other use": ("other_use",),
    "channel": ("channel", "sisters"),
    "parts of titles": ("part",),
    "numbers": tuple(NUMBERS),
    "description": ("description",),
}


def without(evidence: Evidence, group: str) -> Evidence:
    """Return the evidence with the columns of a group missing."""
    values = evidence.values.copy()
    for place, name in enumerate(COLUMNS):
        parts = {name, name.split("_")[0], *name.split("_")[1:], "_".join(name.split("_")[1:])}
        if parts & set(GROUPS[group]):
            values[:, place] = np.nan
    return dataclasses.replace(evidence, values=values)


def rules_alone(clips: EncodedClips, projects: list[str], rules: Path | None) -> list[str]:
    """Decide by names in titles alone: the project that is named, where it is the only one."""
    lexicon = Lexicon.from_labels(projects)
    if rules is not None:
        lexicon.import_rules(rules)
    matches = LexiconMatcher(lexicon, projects, frozenset()).match(
        clips.texts["title"], list(clips.channels), list(clips.channel_names)
    )
    return [projects[number] for number in only_project(matches)]


def main() -> None:
    """Print a row for each seed, and one for each group that is left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rules", type=Path, help="rule table key;project;channel with the benchmark's projects")
    options = parser.parse_args()
    limit_threads()
    with open_clips(options.benchmark) as given:
        clips, asked, labels, projects, sizes = given.clips, given.asked, given.labels, given.projects, given.sizes

        def show(name: str, said: list[str], seconds: float) -> dict[str, float]:
            scores = score(given.truth, said, sizes)
            small = [row["f1"] * row["projects"] for size, row in scores["by_size"].items() if size in ("<=5", "6-10")]
            count = [row["projects"] for size, row in scores["by_size"].items() if size in ("<=5", "6-10")]
            row = {
                "macro": scores["macro_f1"],
                "small": sum(small) / max(sum(count), 1),
                "either": scores["project_or_none"]["f1"],
            }
            print(
                f"{name:<34}{row['macro']:>9.4f}{row['small']:>11.4f}{row['either']:>9.4f}{seconds:>9.0f}", flush=True
            )
            return row

        print(f"{'test split':<34}{'macro-F1':>9}{'<=10 clips':>11}{'either':>9}{'seconds':>9}")
        show("rules alone", rules_alone(asked, projects, options.rules), 0)
        rows = []
        for seed in options.seeds:
            started = time.monotonic()
            folds = deal_folds(labels, given.groups, 5, seed)
            training = TrainingClips(clips, labels, given.groups, folds, projects, given.lexicon, seed)
            builder = training.builder()
            evidence, fewer_fields = out_of_fold_evidence(training, builder, lambda _: None)
            few_shot = few_shot_evidence(training, builder, lambda _: None)
            test_evidence = builder.build(asked)

            def decide(*seen: Evidence, unseen: Evidence, training: TrainingClips = training) -> list[str]:
                learned = learn_decision(training, *seen, lambda _: None)
                assert learned is not None
                scant = little_known(unseen, np.zeros(len(projects), dtype=bool), rare_channels(seen[0]))
                ranking = rank(unseen, learned.trees.probability(unseen.values, scant), len(asked))
                best = np.append(unseen.projects, 0)[ranking.first]
                return [
                    projects[candidate] if probability > learned.thresholds[candidate] else NONE
                    for candidate, probability in zip(best, ranking.probability, strict=True)
                ]

            gathered = (evidence, few_shot, fewer_fields)
            said = decide(*gathered, unseen=test_evidence)
            rows.append(show(f"all evidence, folds of seed {seed}", said, time.monotonic() - started))
            if seed == options.seeds[0]:
                for group in GROUPS:
                    started = time.monotonic()
                    said = decide(*(without(one, group) for one in gathered), unseen=without(test_evidence, group))
                    show(f"without {group}", said, time.monotonic() - started)
        mean = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
        print(f"{f'mean of {len(rows)} seeds':<34}{mean['macro']:>9.4f}{mean['small']:>11.4f}{mean['either']:>9.4f}")


if __name__ == "__main__":
    main()
