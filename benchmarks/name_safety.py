"""Is a name ever harmed by the correction of typos, and is a misspelt name still found?

    python benchmarks/name_safety.py [BENCHMARK_FOLDER]

On the demo data, and on the open benchmark where its folder is named. Words and names are learned from the training
titles as `smf-embed add` does. Two tables:
harmed    names that stand in test titles word by word or inflected, and that correction changed
misspelt  names with one random edit (swap, drop, double, replace): mended by correction, or else still found by the
          lexicon, as misspelt or transliterated, in the corrected title
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from smf_embed.boilerplate import Boilerplate
from smf_embed.clip_tables import iter_clips
from smf_embed.datasets import make_demo
from smf_embed.lexicon import Lexicon
from smf_embed.matching import LexiconMatcher
from smf_embed.preparation import Preparation
from smf_embed.text import clean
from smf_embed.token_readings import MatchKind
from smf_embed.typos import WordCounts, tokens
from text_ablation import with_edits

_SHORTEST = 4


def measure(name: str, train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Print the row of one data set."""
    lexicon = Lexicon.from_labels(sorted(set(train["cartoon"].dropna())))
    preparation = Preparation(WordCounts(), Boilerplate(), Lexicon(), train["cartoon"].dropna())
    for batch in iter_clips(train):
        preparation.learn(batch.clips)
    projects = sorted({entry.project for entry in lexicon})
    known = {word for word, count in preparation.words.counts.items() if count >= 5}
    matcher = LexiconMatcher(lexicon, projects, known)
    titles = sorted({clean(title) for title in test["reel_name"].dropna()} - {""})

    found = matcher.match(titles).dense()["kind"]
    corrected = [preparation.prepare_title(title).text for title in titles]
    after = matcher.match(corrected).dense()["kind"]
    there = found >= MatchKind.INFLECTED
    harmed = there & (after < MatchKind.INFLECTED)

    # every token of a name gets its edit, where the name stands word by word
    rng = np.random.default_rng(0)
    name_tokens = {token for entry in lexicon for _, _, token in tokens(entry.key) if len(token) >= _SHORTEST}
    rows, edited = [], []
    for row in np.flatnonzero((found == MatchKind.EXACT).any(axis=1)):
        words = titles[row].split(" ")
        places = [place for place, word in enumerate(words) if word.strip(".,:;!?«»\"'()") in name_tokens]
        if places:
            place = places[int(rng.integers(len(places)))]
            while words[place] == titles[row].split(" ")[place]:
                words[place] = with_edits(titles[row].split(" ")[place], 1.0, rng)
            rows.append(row)
            edited.append(" ".join(words))
    mended = [preparation.prepare_title(title).text for title in edited]
    exact = (found[rows] == MatchKind.EXACT).sum()
    kinds = matcher.match(mended).dense()["kind"]
    unaided = matcher.match(edited).dense()["kind"]
    was = found[rows] == MatchKind.EXACT
    print(
        f"{name:<10}{there.sum():>7}{harmed.sum():>8}   {exact:>8}{(was & (kinds >= 3)).sum() / exact:>10.3f}"
        f"{(was & (kinds > 0)).sum() / exact:>12.3f}{(was & (unaided > 0)).sum() / exact:>14.3f}",
        flush=True,
    )
    for row, project in list(zip(*np.nonzero(harmed), strict=True))[:5]:
        print(f"    {titles[row]!r} → {corrected[row]!r}: {projects[project]}")


def main() -> None:
    """Measure the data sets that are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path, nargs="?")
    options = parser.parse_args()
    print(f"{'':<10}{'names':>7}{'harmed':>8}   {'misspelt':>8}{'mended':>10}{'or found':>12}{'uncorrected':>14}")
    demo = make_demo(0.1)
    measure("demo", demo.train, demo.test)
    if options.benchmark:
        table = pd.read_parquet(options.benchmark / "reels-open.parquet").drop(columns="cartoon_true")
        measure("open", table[table["split"] == "train"], table[table["split"] == "test"])


if __name__ == "__main__":
    main()
