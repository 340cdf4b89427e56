"""Typo correction on real titles: what is changed, what is recovered, what it costs.

    python benchmarks/typo_correction.py [--texts reels-open.parquet] [--dev] [--names FILE]

The table needs the columns reel_name, cartoon and split. The corpus are the cleaned titles of the train split, the
names are its labels (and the lines of FILE). With --dev a fifth of the train split plays the test split: tune there.
What was typed wrongly is not known, so precision is judged by reading the sample that is printed; four things are
counted instead:

- clean titles: every token stands in at least OFTEN texts, or in at least 2, of the corpus: nothing is to be changed;
- unseen words: a quarter of the words that no general dictionary knows and that stand in 3 texts of the corpus or more
  is taken out of the counts, so that true but unknown words are met: proper names, rare languages;
- names: one random edit in every token of a name, at least 4 letters long;
- words: one random edit in a quarter of the frequent tokens, the ordinary words included.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from smf_embed.scripts import common_words, general_words, script_of
from smf_embed.text import clean
from smf_embed.typos import OFTEN, Corrector, WordCounts, tokens

ALPHABETS = {"latin": "abcdefghijklmnopqrstuvwxyz", "cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюя"}


def memory() -> float:
    """Return the megabytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def edit(word: str, random_: random.Random) -> str:
    """Return the word with one random edit that changes it."""
    letters = ALPHABETS.get(script_of(word) or "", word)
    while True:
        at = random_.randrange(len(word))
        kind = random_.choice(("swap", "drop", "double", "replace", "insert"))
        if kind == "swap":
            edited = word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        elif kind == "drop":
            edited = word[:at] + word[at + 1 :]
        elif kind == "double":
            edited = word[: at + 1] + word[at:]
        elif kind == "replace":
            edited = word[:at] + random_.choice(letters) + word[at + 1 :]
        else:
            edited = word[:at] + random_.choice(letters) + word[at:]
        if edited != word:
            return edited


def edited_share(
    corrector: Corrector, texts: list[str], wanted: set[str], share: float, random_: random.Random
) -> tuple[Counter[str], dict[str, list[str]]]:
    """Edit a share of the wanted tokens; return what became of them, and those not recovered."""
    outcome: Counter[str] = Counter()
    wrong: dict[str, list[str]] = {"made another": [], "left alone": []}
    for text in texts:
        found = [t for t in tokens(text) if t[2] in wanted and random_.random() < share]
        if not found:
            continue
        noisy, end, edits = [], 0, {}
        for start, stop, word in found:
            noisy.append(text[end:start])
            edits[sum(map(len, noisy))] = (word, edit(word, random_))
            noisy.append(edits[sum(map(len, noisy))][1])
            end = stop
        corrected = corrector.correct("".join([*noisy, text[end:]]))
        became = {change.start: change.after for change in corrected.changes}
        for at, (word, typo) in edits.items():
            after = became.get(at, typo)
            kind = "recovered" if after == word else "left alone" if after == typo else "made another"
            if kind == "left alone" and corrector.protects(typo):
                kind = "is a word" if len(typo) >= 4 else "too short"
            outcome[kind] += 1
            if kind in ("made another", "left alone"):
                wrong[kind].append(f"{word}: {typo} -> {after}" if after != typo else f"{word}: {typo}")
    return outcome, wrong


def shares(outcome: Counter[str]) -> str:
    """Return the counts as a line of percentages."""
    total = max(sum(outcome.values()), 1)
    return f"{total:,} tokens: " + ", ".join(f"{kind} {100 * n / total:.1f} %" for kind, n in outcome.most_common())


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--names", type=Path)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.texts is None or not options.texts.exists():
        print("skipped: name a table with --texts; the benchmark's is third-party and not in the repository")
        return
    table = pd.read_parquet(options.texts, columns=["reel_name", "cartoon", "split"]).dropna(subset=["reel_name"])
    train, test = table[table["split"] == "train"], table[table["split"] == "test"]
    if options.dev:
        train = train.sample(frac=1, random_state=options.seed)
        train, test = train[len(train) // 5 :], train[: len(train) // 5]
    names = sorted(set(train["cartoon"].dropna()) - {"none"})
    if options.names:
        names += options.names.read_text().split("\n")
    raw = test["reel_name"].tolist()
    random_ = random.Random(options.seed)

    counts = WordCounts()
    started = time.perf_counter()
    counts.update(map(clean, train["reel_name"]))
    print(f"corpus: {len(train):,} titles, {len(counts.counts):,} tokens, {len(counts.pairs):,} pairs", end=" ")
    print(f"counted in {time.perf_counter() - started:.2f} s")
    rows = list(counts.to_rows())
    del counts
    held = memory()
    started = time.perf_counter()
    counts = WordCounts.from_rows(rows)
    read = time.perf_counter()
    corrector = Corrector(counts, names)
    built = time.perf_counter()
    print(f"read from {len(rows):,} rows {read - started:.2f} s, built {built - read:.2f} s, {memory() - held:.0f} MB")
    held = memory()
    for script in ("latin", "cyrillic", "greek"):
        started = time.perf_counter()
        words = general_words(script)
        print(
            f"general {script}: {len(words):,} words, {time.perf_counter() - started:.2f} s, {memory() - held:.0f} MB"
        )
        held = memory()

    started = time.perf_counter()
    cleaned = [clean(text) for text in raw]
    middle = time.perf_counter()
    corrected = corrector.correct_many(cleaned)
    ended = time.perf_counter()
    for step, seconds in (("clean", middle - started), ("correct", ended - middle), ("both", ended - started)):
        print(f"{step} {len(raw):,} titles, one thread, nothing looked up before: {len(raw) / seconds:,.0f}/s")
    started = time.perf_counter()
    corrector.correct_many(cleaned)
    print(f"correct again {len(raw) / (time.perf_counter() - started):,.0f}/s")

    sizes = [len(tokens(text)) for text in cleaned]
    changes = [(text, change) for text, result in zip(cleaned, corrected, strict=True) for change in result.changes]
    print(
        f"\nchanged in titles as they are: {len(changes):,} of {sum(sizes):,} tokens, {len(changes) / sum(sizes):.2%}"
    )
    kinds = Counter(
        change.reason.split("«")[0] + ("… beside" if "beside" in change.reason else "") for _, change in changes
    )
    print("\n".join(f"  {n:>6,} {kind}" for kind, n in kinds.most_common()))
    for least in (OFTEN, 2):
        clean_titles = [text for text in cleaned if all(counts.counts.get(t[2], 0) >= least for t in tokens(text))]
        total = sum(len(tokens(text)) for text in clean_titles)
        changed = [change for result in corrector.correct_many(clean_titles) for change in result.changes]
        print(
            f"changed in titles of tokens in >= {least} texts: {len(changed)} of {total:,}, {len(changed) / total:.3%}"
        )
        print("    " + "; ".join(f"{c.before} -> {c.after}" for c in random_.sample(changed, min(25, len(changed)))))
    print(f"\nsample of {options.sample} changes:")
    for text, change in random_.sample(changes, min(options.sample, len(changes))):
        around = text[max(0, change.start - 30) : change.start + len(change.before) + 30]
        print(f"  {change.before:>16} -> {change.after:<16} {change.reason[:70]:<72}| {around}")

    print("\nwords taken out of the counts:")
    own = [
        token
        for token, count in sorted(counts.counts.items())
        if count >= 3 and len(token) >= 4 and script_of(token) and token not in general_words(str(script_of(token)))
        and not corrector.is_name(token)
    ]  # fmt: skip
    out = set(random_.sample(own, len(own) // 4))
    rest = WordCounts.from_rows(row for row in rows if out.isdisjoint(row[0].split()))
    blind = Corrector(rest, names)
    hit: Counter[str] = Counter()
    seen, total = set(), 0
    for text, result in zip(cleaned, blind.correct_many(cleaned), strict=True):
        total += sum(t[2] in out for t in tokens(text))
        for change in result.changes:
            if change.before in out:
                hit[change.before + " -> " + change.after] += 1
                seen.add(change.before)
    print(f"  of {len(out)} words {len(seen)} changed; of their {total} tokens {sum(hit.values())} changed")
    print("  " + "; ".join(f"{change} ({n})" for change, n in hit.most_common(40)))

    print("\none random edit:")
    name_tokens = {t[2] for name in names for t in tokens(clean(name)) if len(t[2]) >= 4 and script_of(t[2])}
    distinctive = {token for token in name_tokens if token not in common_words(str(script_of(token)))}
    frequent = {t for t, n in counts.counts.items() if n >= 20 and len(t) >= 4 and script_of(t)} - name_tokens
    labelled = [text for text, label in zip(cleaned, test["cartoon"], strict=True) if label != "none"]
    for title, texts, wanted, share in (
        ("names in titles of projects", labelled, name_tokens, 1.0),
        ("names that are no common words", labelled, distinctive, 1.0),
        ("names in all titles", cleaned, name_tokens, 1.0),
        ("words in >= 20 texts", cleaned[:20_000], frequent, 0.25),
    ):
        outcome, wrong = edited_share(corrector, texts, wanted, share, random_)
        print(f"  {title}: {shares(outcome)}")
        for kind, some in wrong.items():
            print(f"      {kind}: " + "; ".join(random_.sample(some, min(15, len(some)))))


if __name__ == "__main__":
    main()
