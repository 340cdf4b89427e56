"""One row of the table of baselines: learn from a table, decide another, print seconds and size as JSON.

    python benchmarks/baseline_row.py NAME TRAIN.parquet CLIPS.parquet DECISIONS.csv [--sample N] [--rules RULES.csv]

The tables are in the studio's columns; CLIPS needs no labels. NAME is a key of `baselines.ROWS`, or hybrid:BODY.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from baselines import OURS_HOME, Row, find_row, make_baseline
from smf_embed.threads import limit_threads


def decide(
    row: Row, train: Path, clips: Path, decisions: Path, *, sample: int | None = None, rules: Path | None = None
) -> dict[str, Any]:
    """Learn, decide, write the decisions; return seconds and size.

    Parameters
    ----------
    row : Row
    train, clips, decisions : Path
        Two Parquet files, and the CSV file that is written.
    sample : int, optional
        Learn from so many clips alone.
    rules : Path, optional
        A rule table, for the row that takes one.

    Returns
    -------
    dict
        `fit_seconds`, `predict_seconds`, `model_bytes`, `threads`.
    """
    threads = limit_threads()
    if row.home == OURS_HOME:
        # without pandas in this process, whose memory would count as that of the programs
        from baselines.ours import decide_by_files

        return decide_by_files(train, clips, decisions) | {"threads": threads}
    import pandas as pd

    from baselines.tables import take_sample
    from smf_embed.clips import ID, LABEL

    table, asked = pd.read_parquet(train), pd.read_parquet(clips)
    if sample is not None and sample < len(table):
        table = take_sample(table, sample)
    settings = {"rules": rules} if row.takes_rules else {}
    started = time.perf_counter()
    baseline = make_baseline(row, **settings)
    baseline.fit(table)
    fitted = time.perf_counter()
    said = baseline.predict(asked)
    decided = time.perf_counter()
    pd.DataFrame({ID: asked[ID], LABEL: said}).to_csv(decisions, index=False)
    return {
        "fit_seconds": fitted - started,
        "predict_seconds": decided - fitted,
        "model_bytes": baseline.size_in_bytes(),
        "threads": threads,
    }


def main() -> None:
    """Run one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("train", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("decisions", type=Path)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--rules", type=Path)
    options = parser.parse_args()
    try:
        row = find_row(options.name)
    except KeyError:
        sys.exit(f"no row is named {options.name!r}")
    if row.takes_rules and options.rules is None:
        sys.exit(f"{options.name} needs a rule table: --rules RULES.csv")
    facts = decide(row, options.train, options.clips, options.decisions, sample=options.sample, rules=options.rules)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
