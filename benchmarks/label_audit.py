"""How many of the wrong labels the audit finds, beside cleanlab on the same out-of-fold probabilities.

    python benchmarks/label_audit.py BENCHMARK_FOLDER [--catalogue DIR]
    python benchmarks/label_audit.py --demo 0.3

BENCHMARK_FOLDER holds reels-open.parquet, whose training split is added and fitted; with --catalogue one that holds it
with a fitted model is taken. The true labels are looked at when all rankings are made, to count. A second table merges
pairs of projects into one, and counts how many of these the audit tells as two.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from smf_embed import Catalogue, Classifier
from smf_embed.audit import margins
from smf_embed.classifier import MODEL_FOLDER
from smf_embed.clip_tables import iter_clips
from smf_embed.clips import LABEL, NONE
from smf_embed.datasets import make_demo
from smf_embed.encoded_clips import EncodedClips
from smf_embed.out_of_fold import OutOfFold
from smf_embed.threads import limit_threads
from smf_embed.two_names import two_names

_MERGES = 25
_FEWEST_MERGED = 20


def fitted(table: pd.DataFrame, folder: Path) -> tuple[OutOfFold, EncodedClips]:
    """Fit on a table, unless `folder` has a model; return what the folds said, and the clips."""
    with Catalogue(folder, create=True) as catalogue:
        if not len(catalogue):
            with catalogue.writing("add"):
                catalogue.learn(iter_clips(table))
                catalogue.add(iter_clips(table))
        if not (folder / MODEL_FOLDER / "manifest.json").exists():
            Classifier.fit(catalogue).save(folder / MODEL_FOLDER)
        return Classifier.load(folder / MODEL_FOLDER, catalogue).out_of_fold(), catalogue.labelled()


def show_rankings(said: OutOfFold, truth: pd.Series) -> None:
    """Print for each ranking which share of the wrong labels is among its first ones."""
    margin, other = margins(said)
    matrix = said.matrix()
    rankings = {"audit: best other project over the label": (np.argsort(-margin, kind="stable"), (margin > 0).sum())}
    for method in ("self_confidence", "normalized_margin"):
        quality = get_label_quality_scores(said.labels, matrix, method=method)
        rankings[f"cleanlab: {method}"] = (np.argsort(quality, kind="stable"), None)
    for kind in ("prune_by_noise_rate", "confident_learning"):
        ranked = find_label_issues(
            said.labels, matrix, filter_by=kind, return_indices_ranked_by="normalized_margin", n_jobs=1
        )
        rankings[f"cleanlab: find_label_issues, {kind}"] = (ranked, len(ranked))
    names = np.array(said.projects, dtype=object)
    wanted = truth.loc[said.ids].to_numpy()
    wrong = names[said.labels] != wanted
    n = int(wrong.sum())
    print(f"{len(said):,} clips, {n} wrong labels\n")
    print("| ranking | suspects | found | of the first N | of the first 2 N |\n|---|---|---|---|---|")
    for name, (order, listed) in rankings.items():
        found = "" if listed is None else f"{wrong[order[:listed]].sum() / n:.3f}"
        shares = " | ".join(f"{wrong[order[: times * n]].sum() / n:.3f}" for times in (1, 2))
        print(f"| {name} | {'' if listed is None else listed} | {found} | {shares} |")
    suspects = np.flatnonzero((margin > 0) & wrong)
    print(f"\nproposals that are right, of wrong labels found: {(names[other] == wanted)[suspects].mean():.3f}")


def show_merges(clips: EncodedClips, seed: int) -> None:
    """Print how many projects, and pairs of projects merged into one, are told as two."""
    labels = np.array([clip[LABEL] for clip in clips.clips], dtype=object)
    sizes = Counter(labels.tolist())
    large = [name for name, size in sizes.items() if name != NONE and size >= _FEWEST_MERGED]
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(_MERGES):
        pair = rng.choice(np.array(large, dtype=object), 2, replace=False)
        # no more than two clips of one for a clip of the other
        most = 2 * min(sizes[name] for name in pair)
        kept = ~np.isin(labels, pair)
        for name in pair:
            kept[rng.permutation(np.flatnonzero(labels == name))[:most]] = True
        merged = [clips.clips[row] | ({LABEL: "merged"} if labels[row] in pair else {}) for row in np.flatnonzero(kept)]
        found += any(one.project == "merged" for one in two_names(EncodedClips(merged, {})))
    as_they_are = [f"{one.project} ({' / '.join(one.names)})" for one in two_names(clips)]
    print(f"\nmerged pairs told as two: {found} of {_MERGES}")
    print(f"projects told as two as they are: {len(as_they_are)} of {len(sizes) - 1}: {', '.join(as_they_are)}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path, nargs="?")
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--demo", type=float, help="scale of invented clips, instead of the benchmark")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    limit_threads()
    if options.demo is not None:
        table = make_demo(options.demo, options.seed).train
    elif options.benchmark is not None:
        table = pd.read_parquet(options.benchmark / "reels-open.parquet")
        table = table[table["split"] == "train"].drop(columns="split")
    else:
        parser.error("name the folder of the benchmark, or --demo")
    truth = table.set_index("yt_reel_id")["cartoon_true"]
    with tempfile.TemporaryDirectory() as temporary:
        said, clips = fitted(table.drop(columns="cartoon_true"), options.catalogue or Path(temporary))
    show_rankings(said, truth)
    show_merges(clips, options.seed)


if __name__ == "__main__":
    main()
