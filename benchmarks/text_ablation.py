"""What each step of the text brings on the open benchmark: macro-F1 with all of them, and without each in turn.

    python benchmarks/text_ablation.py BENCHMARK_FOLDER [--only all correction names boilerplate] [--noise 0.25]

Every row is a whole run: add, fit, predict. With --noise, each model also decides the test clips with one random edit
(swap, drop, double, replace) in that share of the words of their titles.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from smf_embed import Catalogue, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.metrics import f1_by_class
from smf_embed.threads import limit_threads

SWITCHES = {
    "all": {},
    "correction": {"smf_embed.typos.Corrector._read": lambda self, token: None},
    "names": {
        "smf_embed.lexicon.Lexicon.from_labels": classmethod(lambda cls, projects: cls()),
        "smf_embed.names.mine_aliases": lambda texts, labels, n, **_: _no_aliases(n),
    },
    "boilerplate": {"smf_embed.boilerplate.Boilerplate.strip": lambda self, text, channel, title=None: (text, ())},
}


def _no_aliases(n_projects: int):
    from smf_embed.aliases import MinedAliases

    return MinedAliases([], n_projects)


def with_edits(title: str, share: float, rng: np.random.Generator) -> str:
    """Put one random edit into a share of the words of a title; words of one letter stay."""
    words = title.split(" ")
    for place, word in enumerate(words):
        if len(word) < 2 or rng.random() >= share:
            continue
        at = int(rng.integers(len(word) - 1))
        kind = int(rng.integers(4))
        other = word[int(rng.integers(len(word)))]
        words[place] = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + other + word[at + 1 :],
        )[kind]
    return " ".join(words)


def macro_f1(model: Classifier, catalogue: Catalogue, table: pd.DataFrame, truth: pd.Series) -> float:
    """Decide a table and score it against the true labels."""
    decided = pd.concat([model.predict(catalogue.encoded(batch.clips)[0]) for batch in iter_clips(table)])
    said = decided.set_index("yt_reel_id")["cartoon"].reindex(table["yt_reel_id"])
    codes, names = pd.factorize(pd.concat([truth, said]))
    return float(np.nanmean(f1_by_class(codes[: len(truth)], codes[len(truth) :], len(names))))


def main() -> None:
    """Run the rows that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(SWITCHES), default=list(SWITCHES))
    parser.add_argument("--noise", type=float, default=0.0)
    options = parser.parse_args()
    limit_threads()
    table = pd.read_parquet(options.benchmark / "reels-open.parquet")
    train = table[table["split"] == "train"].drop(columns=["cartoon_true", "split"])
    test = table[table["split"] == "test"]
    truth, test = test["cartoon_true"], test.drop(columns=["cartoon_true", "cartoon", "split"])
    rng = np.random.default_rng(0)
    noisy = test.assign(
        reel_name=[with_edits(title, options.noise, rng) for title in test["reel_name"]],
        text=[text[len(title) + 3 :] for title, text in zip(test["reel_name"], test["text"], strict=True)],
    )
    print(f"{'without':<14}{'out of fold':>12}{'test':>9}{'noisy test':>12}{'seconds':>9}", flush=True)
    for row in options.only:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            patches = [mock.patch(name, with_) for name, with_ in SWITCHES[row].items()]
            for patch in patches:
                patch.start()
            with Catalogue(folder, create=True) as catalogue:
                catalogue.learn(iter_clips(train))
                catalogue.add(iter_clips(train))
                model = Classifier.fit(catalogue)
                scores = [model.manifest["metrics"]["macro_f1"], macro_f1(model, catalogue, test, truth)]
                scores.append(macro_f1(model, catalogue, noisy, truth) if options.noise else float("nan"))
            for patch in patches:
                patch.stop()
        print(
            f"{'-' if row == 'all' else row:<14}{scores[0]:>12.4f}{scores[1]:>9.4f}{scores[2]:>12.4f}"
            f"{time.monotonic() - started:>9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
