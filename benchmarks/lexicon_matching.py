"""What names alone decide on the open benchmark: the labels' own names, mined phrases, and each kind of match.

    python benchmarks/lexicon_matching.py BENCHMARK.parquet [--false 10] [--no-general]

Thresholds are chosen out of fold on the train split and its noisy labels; the table is of the test split and the true
labels. `--false N` shows the N most frequent false finds of each kind in the train split.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, precision_recall_fscore_support

from baselines.rules import known_words, only_project
from smf_embed.aliases import mine_aliases
from smf_embed.classifier import deal_folds
from smf_embed.clips import NONE, split_text
from smf_embed.lexicon import Entry, Lexicon
from smf_embed.matching import LexiconMatcher, Matches
from smf_embed.text import clean
from smf_embed.token_readings import MatchKind
from smf_embed.word_rows import DistinctTexts

# titles that name projects and belong to none by the benchmark's making: compilations and toys on bloggers' channels
_NAMED_ONLY = re.compile(
    r" \+ |\btoys?\b|\blego\b|игруш|распаковк|обзор|раскраск|песн|unboxing|coloring|review|сборник"
)
_THRESHOLDS = np.round(np.arange(0.1, 0.95, 0.05), 2)


def best_over(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return the project of the best score in each row if it reaches the threshold, else 0."""
    return np.where(scores.max(axis=1) >= threshold, scores.argmax(axis=1), 0)


def report(name: str, true: np.ndarray, decided: np.ndarray, note: str = "") -> None:
    """Print a row of the table."""
    precision, recall, _, _ = precision_recall_fscore_support(true > 0, decided > 0, average="binary", zero_division=0)
    right = (true == decided)[decided > 0].mean() if (decided > 0).any() else 0.0
    macro = f1_score(true, decided, average="macro", zero_division=0)
    print(f"{name:<44}{precision:>7.3f}{recall:>8.3f}{right:>8.3f}{macro:>10.4f}  {note}", flush=True)


def show_kinds(matches: Matches, titles: list[str], true: np.ndarray, projects: list[str], show: int) -> None:
    """Print how often the matches of each kind are right."""
    fair = np.array([_NAMED_ONLY.search(title) is None for title in titles])[matches.clips]
    right = true[matches.clips] == matches.projects
    for kind in sorted(MatchKind, reverse=True)[:-1]:
        rows = matches.kinds == kind
        alone = rows & (matches.named[matches.clips] == 1)
        shares = [right[chosen].mean() if chosen.any() else np.nan for chosen in (rows, alone, alone & fair)]
        print(f"  {kind.name.lower():<16}{rows.sum():>7}{shares[0]:>10.3f}{shares[1]:>10.3f}{shares[2]:>10.3f}")
        if show:
            wrong = Counter()
            for row in np.flatnonzero(alone & fair & ~right):
                title = titles[matches.clips[row]]
                start, end = (round(float(share[row]) * len(title)) for share in (matches.starts, matches.ends))
                wrong[projects[matches.projects[row]], title[start:end]] += 1
            for (project, found), count in wrong.most_common(show):
                print(f"      {count:>4} × {found!r} for {project}")


def misspell(word: str, source: random.Random) -> str:
    """Return the word with one letter left out, doubled into another, replaced or swapped with the next."""
    place = source.randrange(len(word))
    other = source.choice(word)
    kind = source.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + other + word[place:]
    if kind == 2:
        return word[:place] + other + word[place + 1 :]
    place = min(place, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def still_found(matcher: LexiconMatcher, titles: list[str]) -> tuple[int, float]:
    """Return how many names stand word by word in titles, and the share that is found after one edit in each."""
    source = random.Random(0)
    matches = matcher.match(titles)
    exact = np.flatnonzero((matches.kinds == MatchKind.EXACT) & (matches.lengths > 1))
    edited = []
    for row in exact:
        title = titles[matches.clips[row]]
        start, end = (round(float(share[row]) * len(title)) for share in (matches.starts, matches.ends))
        words = [(word.start() + start, word.end() + start) for word in re.finditer(r"\w{2,}", title[start:end])]
        if not words:
            edited.append(title)
            continue
        first, last = source.choice(words)
        edited.append(title[:first] + misspell(title[first:last], source) + title[last:])
    again = matcher.match(edited).dense()["quality"]
    return len(exact), float((again[np.arange(len(exact)), matches.projects[exact]] > 0).mean())


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path, help="the Parquet file")
    parser.add_argument("--false", type=int, default=0, metavar="N", help="show so many false finds of each kind")
    parser.add_argument("--no-general", action="store_true", help="known words from the train titles alone")
    options = parser.parse_args()
    columns = ["reel_name", "text", "cartoon", "cartoon_true", "split", "yt_channel_name"]
    table = pd.read_parquet(options.benchmark, columns=columns).astype(object)
    table = table.where(table.notna(), None)
    both = [split_text(title, text) for title, text in zip(table["reel_name"], table["text"], strict=True)]
    table["title"] = [clean(title or "") for title, _ in both]
    table["description"] = [clean(text or "") for _, text in both]
    table["channel"] = [name or "" for name in table["yt_channel_name"]]
    projects = [NONE, *sorted(set(table["cartoon"]) - {NONE})]
    number = {name: row for row, name in enumerate(projects)}
    train, test = (table[table["split"] == split] for split in ("train", "test"))
    labels, true = train["cartoon"].map(number).to_numpy(int), test["cartoon_true"].map(number).to_numpy(int)
    titles = {"train": train["title"].tolist(), "test": test["title"].tolist()}
    known = known_words(set(titles["train"]), general=not options.no_general)

    print(f"{'decided by, test split':<44}{'prec.':>7}{'recall':>8}{'right':>8}{'macro-F1':>10}")
    names = Lexicon.from_labels(projects)
    started = time.perf_counter()
    matcher = LexiconMatcher(names, projects, known)
    by_labels = matcher.match(titles["test"], test["channel"].tolist())
    seconds = time.perf_counter() - started
    exact = np.flatnonzero(by_labels.kinds == MatchKind.EXACT)
    decided = only_project(by_labels)
    only_exact = np.zeros_like(decided)
    only_exact[by_labels.clips[exact]] = decided[by_labels.clips[exact]]
    report("the labels' own names, exact only", true, only_exact, f"{len(names)} names")
    report("the labels' own names, all kinds", true, decided, f"{len(decided) / seconds:,.0f} titles a second")

    groups = pd.factorize(train["title"] + "\n" + train["description"])[0]
    folds = deal_folds(labels, groups, 5, 0)
    mined, inside = {}, {}
    for field, naming in (("title", 0.05), ("description", None)):
        texts = DistinctTexts.of(train[field].tolist())
        started = time.perf_counter()
        mined[field] = mine_aliases(texts, labels, len(projects), naming=naming)
        print(f"# {field}s mined in {time.perf_counter() - started:.1f} s: {len(mined[field])} phrases")
        inside[field] = np.zeros((len(labels), len(projects)), dtype=np.float32)
        for fold in np.unique(folds):
            others, own = (np.flatnonzero(chosen) for chosen in (folds != fold, folds == fold))
            by_others = mine_aliases(texts.part(others), labels[others], len(projects), naming=naming)
            inside[field][own] = by_others.scores_of(texts.part(own))
    outside = {field: one.scores(test[field].tolist()) for field, one in mined.items()}
    floor: dict[str, float] = {}
    for field in mined:
        floor[field] = max(_THRESHOLDS, key=lambda t: f1_score(labels, best_over(inside[field], t), average="macro"))
        report(f"mined phrases of {field}s", true, best_over(outside[field], floor[field]), f"from {floor[field]}")

    def joined(scores: dict[str, np.ndarray], threshold: float) -> np.ndarray:
        by_title = best_over(scores["title"], floor["title"])
        return np.where(by_title > 0, by_title, best_over(scores["description"], threshold))

    threshold = max(_THRESHOLDS, key=lambda t: f1_score(labels, joined(inside, t), average="macro"))
    report("mined phrases of titles, else descriptions", true, joined(outside, threshold), f"else from {threshold}")

    entries = [*names.entries]
    keys = {entry.key for entry in entries}
    surest = sorted(mined["title"].entries(projects), key=lambda entry: entry.key)
    whole = Lexicon([*entries, *(Entry(e.key, e.project, None, "mined") for e in surest if e.key not in keys)])
    started = time.perf_counter()
    large = LexiconMatcher(whole, projects, known)
    by_all = large.match(titles["test"], test["channel"].tolist())
    seconds = time.perf_counter() - started
    report(
        "labels' names and the surest mined phrases",
        true,
        only_project(by_all),
        f"{len(decided) / seconds:,.0f} a second",
    )
    print(f"# {len(whole)} entries; again, all words known by now: ", end="")
    started = time.perf_counter()
    large.match(titles["test"], test["channel"].tolist())
    print(f"{len(decided) / (time.perf_counter() - started):,.0f} titles a second")

    for title, found, split in (("labels' names", by_labels, "test"), ("with mined names", by_all, "test")):
        print(f"\n{'kinds, ' + title:<18}{'found':>7}{'right':>10}{'if alone':>10}{'no toys':>10}")
        show_kinds(found, titles[split], true, projects, 0)
    if options.false:
        print("\nfalse finds in the train split, of names that stand alone")
        inside_true = train["cartoon_true"].map(number).to_numpy(int)
        show_kinds(matcher.match(titles["train"]), titles["train"], inside_true, projects, options.false)
    for title, one in (("labels' names", matcher), ("with mined names", large)):
        n_names, share = still_found(one, titles["test"])
        print(f"\none edit in each of {n_names} names ({title}): {share:.3f} still found")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
