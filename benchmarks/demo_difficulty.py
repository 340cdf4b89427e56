"""How hard is the demo data? Two plain classifiers, macro-F1 on test against `cartoon_true` over the 45 classes.

python benchmarks/demo_difficulty.py --scale 0.1 --seed 0
"""

from __future__ import annotations

import argparse
import time

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from smf_embed.datasets import NONE, make_demo


def forest() -> Pipeline:
    """Random forest on words and word pairs."""
    words = TfidfVectorizer(ngram_range=(1, 2), max_features=50_000)
    return make_pipeline(words, RandomForestClassifier(n_estimators=100, random_state=0, n_jobs=2))


def svm() -> Pipeline:
    """Linear SVM on character n-grams, rare classes weighted up."""
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(characters, LinearSVC(C=1.0, class_weight="balanced", random_state=0))


def main() -> None:
    """Print one line per classifier and field."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    demo = make_demo(options.scale, options.seed)
    truth = demo.test["cartoon_true"]
    labels = sorted(truth.unique())
    print(f"scale {options.scale:g}, seed {options.seed}: {len(demo.train):,} train and {len(demo.test):,} test clips")
    print(f"{'classifier':<24}{'field':<12}{'macro-F1':>10}{'projects found':>16}{'false alarms':>14}{'seconds':>9}")
    for name, make in (("forest, words 1-2", forest), ("SVM, characters 2-5", svm)):
        for field in ("text", "reel_name"):
            start = time.perf_counter()
            fitted = make().fit(demo.train[field], demo.train["cartoon"])
            said = pd.Series(fitted.predict(demo.test[field]), index=truth.index)
            score = f1_score(truth, said, labels=labels, average="macro", zero_division=0)
            found = (said == truth)[truth != NONE].mean()
            alarms = (said != NONE)[truth == NONE].mean()
            seconds = time.perf_counter() - start
            print(f"{name:<24}{field:<12}{score:>10.3f}{found:>16.3f}{alarms:>14.4f}{seconds:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
