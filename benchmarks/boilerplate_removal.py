"""What leaving boilerplate out does: characters dropped, names of projects that stay, macro-F1 of descriptions alone.

    python benchmarks/boilerplate_removal.py FOLDER/reels-open.parquet [--none-share 0.3] [--samples 40]
    python benchmarks/boilerplate_removal.py --demo 0 1 2

Boilerplate is learned from the descriptions of the train split, without labels. A linear SVM on word TF-IDF is
trained on the labels as they are (wrong ones included) and scored on the test split against the right ones, on
clips with a description. `+ channel` adds the channel's id as a word: what repeats under all clips of a channel tells
a classifier the channel, which the decision has as evidence of its own, so that this column alone is fair to both.
`wrong names` and `right names` count descriptions of the test split in which the name of a project stands that is
not, or is, the clip's.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from smf_embed.boilerplate import Boilerplate
from smf_embed.clips import NONE, split_text
from smf_embed.datasets import make_demo
from smf_embed.text import clean

# name, share, whether a segment that shares a name with the title stays; None: nothing is dropped
RULES = [
    ("nothing dropped", None, False),
    ("share 0.05", 0.05, False),
    ("share 0.2", 0.2, False),
    ("share 0.4", 0.4, False),
    ("share 0.6", 0.6, False),
    ("share 0.6, names stay", 0.6, True),
    ("share 0.8, names stay", 0.8, True),
]


def with_descriptions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the clips that have a description and a channel, with the columns title and description."""
    titles = [title if isinstance(title, str) else None for title in table["reel_name"]]
    texts = [text if isinstance(text, str) else None for text in table["text"]]
    table = table.assign(
        title=titles, description=[split_text(title, text)[1] for title, text in zip(titles, texts, strict=True)]
    )
    return table[table["description"].notna() & table["yt_channel_id"].notna()]


def macro_f1(train: pd.DataFrame, test: pd.DataFrame, train_texts: list[str], test_texts: list[str]) -> float:
    """Train on `cartoon`, score against `cartoon_true`, over the classes of both."""
    words = TfidfVectorizer(token_pattern=r"[\w-]+", min_df=2, sublinear_tf=True)
    model = LinearSVC(C=3, random_state=0).fit(words.fit_transform(train_texts), train["cartoon"])
    truth = test["cartoon_true"]
    decided = model.predict(words.transform(test_texts))
    return float(f1_score(truth, decided, labels=sorted(set(truth)), average="macro", zero_division=0))


def name_counts(texts: Sequence[str], truth: Sequence[str]) -> tuple[int, int]:
    """Return in how many texts a project is named that is not, and that is, the clip's."""
    patterns = {label: re.compile(rf"\b{re.escape(clean(label))}\b") for label in set(truth) - {NONE}}
    wrong = right = 0
    for text, label in zip(texts, truth, strict=True):
        for project, pattern in patterns.items():
            if pattern.search(text):
                right += project == label
                wrong += project != label
    return wrong, right


def measure(name: str, train: pd.DataFrame, test: pd.DataFrame, none_share: float, samples: int) -> pd.DataFrame:
    """Print one data set's table, and return it."""
    train, test = with_descriptions(train), with_descriptions(test)
    started = time.process_time()
    learned = Boilerplate.learn(train["description"], train["yt_channel_id"])
    rate = len(train) / (time.process_time() - started)
    print(f"\n{name}: {len(train):,} and {len(test):,} clips with a description, {learned}")
    print(f"learn: {rate:,.0f} descriptions of {train['description'].str.len().mean():.0f} characters a second")
    fitted = train[(train["cartoon"] != NONE) | (np.random.default_rng(0).random(len(train)) < none_share)]
    rows = []
    for rule, share, names_stay in RULES:
        texts = {}
        dropped = clips = emptied = 0
        seconds = 0.0
        for part, table in (("train", fitted), ("test", test)):
            raw = list(zip(table["description"], table["yt_channel_id"], table["title"], strict=True))
            if share is not None:
                learned.share = share
                started = time.process_time()
                stripped = [learned.strip(text, channel, title if names_stay else None) for text, channel, title in raw]
                seconds = time.process_time() - started
                texts[part] = [clean(result.text) for result in stripped]
                dropped = sum(len(piece) for result in stripped for piece in result.dropped)
                clips = sum(bool(result.dropped) for result in stripped)
                emptied = sum(not result.text for result in stripped)
            else:
                texts[part] = [clean(text) for text, _, _ in raw]
        joined = [
            [f"{text} {channel}" for text, channel in zip(texts[part], table["yt_channel_id"], strict=True)]
            for part, table in (("train", fitted), ("test", test))
        ]
        wrong, right = name_counts(texts["test"], list(test["cartoon_true"]))
        rows.append(
            {
                "rule": rule,
                "characters dropped": f"{dropped / test['description'].str.len().sum():.1%}",
                "clips touched": f"{clips / len(test):.1%}",
                "emptied": f"{emptied / len(test):.1%}",
                "wrong names": wrong,
                "right names": right,
                "F1": round(macro_f1(fitted, test, texts["train"], texts["test"]), 3),
                "+ channel": round(macro_f1(fitted, test, *joined), 3),
                "strip/s": round(len(test) / seconds) if seconds else "",
            }
        )
    result = pd.DataFrame(rows)
    print(result.to_string(index=False), flush=True)
    if samples:
        show_samples(train, samples)
    return result


def show_samples(train: pd.DataFrame, count: int) -> None:
    """Print what is dropped from some clips, each of another channel or with other segments."""
    learned = Boilerplate.learn(train["description"], train["yt_channel_id"])
    seen = {}
    for clip in train.itertuples():
        result = learned.strip(clip.description, clip.yt_channel_id, clip.title)
        if result.dropped:
            seen.setdefault((clip.yt_channel_id, result.dropped), (clip, result))
    for clip, result in random.Random(0).sample([*seen.values()], min(count, len(seen))):
        print(f"\n{clip.yt_channel_name} | {clip.cartoon} | {str(clip.title)[:60]}\n  stays: {result.text[:160]!r}")
        print("  drops: " + " ¶ ".join(piece[:80] for piece in result.dropped[:6]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parquet", type=Path, nargs="?", help="reels-open.parquet of the open benchmark")
    parser.add_argument(
        "--demo", type=int, nargs="*", default=[], metavar="SEED", help="demo data, too, with these seeds"
    )
    parser.add_argument("--scale", type=float, default=0.1, help="scale of the demo data")
    parser.add_argument(
        "--none-share", type=float, default=0.3, help="share of the clips of no project that is trained on"
    )
    parser.add_argument("--samples", type=int, default=0, help="clips of the benchmark of which the change is shown")
    options = parser.parse_args()
    if options.parquet is None and not options.demo:
        parser.error("name the benchmark's Parquet file, or --demo 0")
    if options.parquet is not None:
        table = pd.read_parquet(options.parquet)
        parts = [table[table["split"] == part] for part in ("train", "test")]
        measure("open benchmark", *parts, options.none_share, options.samples)
    for seed in options.demo:
        demo = make_demo(options.scale, seed)
        measure(f"demo, scale {options.scale}, seed {seed}", demo.train, demo.test, 1.0, 0)


if __name__ == "__main__":
    main()
