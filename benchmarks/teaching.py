"""How good a project is that was taught a few clips, beside a whole fit with the same clips, and how long it takes.

    python benchmarks/teaching.py BENCHMARK_FOLDER [--projects 12] [--clips 3 5 10] [--seed 0]
    python benchmarks/teaching.py --demo 0.1

Some projects, spread over all sizes, lose the labels of their training clips, and a model is fitted without them: all
at once, since a fit for each would take hours. So the trees learn from fewer projects than they would in use, and the
taught ones compete with each other: both make the figures worse, not better. Then each is taught a few of its clips,
with the labels of the training table, wrong ones included; its other clips stay without a label. For comparison
everything is fitted anew on the same labels. Scored on the test split; the true labels never reach a model.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from smf_embed import Catalogue, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.datasets import make_demo
from smf_embed.metrics import f1_by_class
from smf_embed.model_files import MODEL_FOLDER
from smf_embed.neighbours import refresh_snapshots
from smf_embed.teaching import teach
from smf_embed.threads import limit_threads

_BATCH = 4096


def read_tables(options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and test clips, without the true labels of the training clips."""
    if options.demo:
        demo = make_demo(options.demo, options.seed)
        return demo.train.drop(columns="cartoon_true"), demo.test.drop(columns="cartoon_true")
    table = pd.read_parquet(options.benchmark / "reels-open.parquet").drop(columns="cartoon_true")
    return tuple(table[table["split"] == split].drop(columns="split") for split in ("train", "test"))  # type: ignore


def choose_projects(train: pd.DataFrame, test: pd.DataFrame, count: int, least: int) -> list[str]:
    """Choose projects of all sizes that have enough training clips and some test clips."""
    sizes, tests = train["cartoon"].value_counts(), test["cartoon"].value_counts()
    enough = [name for name in sizes.index if name != "none" and sizes[name] > least and tests.get(name, 0) >= 3]
    return [
        enough[at] for at in np.unique(np.linspace(0, len(enough) - 1, min(count, len(enough))).round().astype(int))
    ]


def f1_of(catalogue: Catalogue, model: Classifier, test: pd.DataFrame) -> pd.Series:
    """Decide the test clips; return the F1 of each class that they have, in points."""
    ids = test["yt_reel_id"].tolist()
    parts = [
        model.predict(catalogue.stored(ids[start : start + _BATCH]))[["yt_reel_id", "cartoon"]]
        for start in range(0, len(ids), _BATCH)
    ]
    said = pd.concat(parts).set_index("yt_reel_id")["cartoon"].reindex(ids)
    codes, names = pd.factorize(np.concatenate([test["cartoon"], said]))
    scores = f1_by_class(codes[: len(ids)], codes[len(ids) :], len(names))
    return 100 * pd.Series(scores, index=names).loc[sorted(set(test["cartoon"]))]


def main() -> None:
    """Run all steps and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path, nargs="?")
    parser.add_argument("--demo", type=float, help="scale of demo data, instead of the benchmark")
    parser.add_argument("--projects", type=int, default=12)
    parser.add_argument("--clips", type=int, nargs="+", default=[3, 5, 10])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if (options.benchmark is None) == (options.demo is None):
        parser.error("name the folder of the benchmark, or --demo SCALE")
    limit_threads()
    train, test = read_tables(options)
    taught = choose_projects(train, test, options.projects, max(options.clips))
    rng = np.random.default_rng(options.seed)
    own = {name: rng.permutation(train.loc[train["cartoon"] == name, "yt_reel_id"]).tolist() for name in taught}
    print("taught projects (training clips): " + ", ".join(f"{name} ({len(own[name])})" for name in taught))

    with tempfile.TemporaryDirectory() as folder, Catalogue(folder, create=True) as catalogue:
        model_folder = catalogue.folder / MODEL_FOLDER
        for table in (train, test.drop(columns="cartoon")):
            catalogue.learn(iter_clips(table))
            catalogue.add(iter_clips(table))
        refresh_snapshots(catalogue)
        unlabelled = [clip for ids in own.values() for clip in ids]
        catalogue.label(unlabelled, None)
        without = Classifier.fit(catalogue)
        before = f1_of(catalogue, without, test)
        others = [name for name in before.index if name not in taught and name != "none"]
        print(f"{sum(catalogue.project_sizes().values()):,} labelled clips, {len(catalogue):,} stored\n")
        header = (
            "clips",
            "taught",
            "whole fit",
            "others before",
            "after",
            "none before",
            "after",
            "seconds",
            "longest",
        )
        print("".join(f"{name:>15}" for name in header), flush=True)
        by_project = {}
        for count in options.clips:
            catalogue.label(unlabelled, None)
            without.save(model_folder)
            seconds = []
            for name in taught:
                started = time.monotonic()
                teach(catalogue, name, own[name][:count])
                seconds.append(time.monotonic() - started)
            after = f1_of(catalogue, Classifier.load(model_folder, catalogue), test)
            whole = f1_of(catalogue, Classifier.fit(catalogue), test)
            figures = [after[taught].mean(), whole[taught].mean(), before[others].mean(), after[others].mean()]
            figures += [before["none"], after["none"], float(np.median(seconds)), max(seconds)]
            print(f"{count:>15}" + "".join(f"{figure:>15.2f}" for figure in figures), flush=True)
            by_project[f"{count} taught"], by_project[f"{count} fit"] = after[taught], whole[taught]
    print("\nF1 by project:\n" + pd.DataFrame(by_project).round(1).to_string())


if __name__ == "__main__":
    main()
