"""The whole way of a clip on the open benchmark, through the command line: add, fit, predict, add again, score.

    python benchmarks/open_benchmark.py BENCHMARK_FOLDER [--work DIR]

BENCHMARK_FOLDER holds reels-open.parquet and score.py. Wall time and peak memory of every step are measured from
outside. The true labels never reach a step: they are dropped before the tables are written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd


def run(*arguments: str) -> tuple[str, float, float]:
    """Run a step; return what it printed, its seconds, and its peak memory in megabytes."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "smf_embed.cli", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"smf-embed {' '.join(arguments)} ended with {process.returncode}")
    return printed, time.monotonic() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Run all steps and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--work", type=Path, help="where tables and catalogue go; a temporary folder otherwise")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="open-benchmark-"))
    work.mkdir(parents=True, exist_ok=True)
    index, train, test, decisions = (
        work / name for name in ("index", "train.parquet", "test.parquet", "decisions.csv")
    )
    shutil.rmtree(index, ignore_errors=True)
    table = pd.read_parquet(options.benchmark / "reels-open.parquet").drop(columns="cartoon_true")
    table[table["split"] == "train"].drop(columns="split").to_parquet(train)
    table[table["split"] == "test"].drop(columns=["split", "cartoon"]).to_parquet(test)

    where = ["--catalogue", str(index)]
    total = 0.0
    print(f"{'step':<12}{'seconds':>9}{'peak MB':>9}")
    for name, arguments in (
        ("add", ["add", str(train), "--json", *where]),
        ("fit", ["fit", "--json", *where]),
        ("predict", ["predict", str(test), "-o", str(decisions), *where]),
        ("add again", ["add", str(train), "--json", *where]),
    ):
        printed, seconds, megabytes = run(*arguments)
        total += seconds
        print(f"{name:<12}{seconds:>9.1f}{megabytes:>9.0f}", flush=True)
        if name.startswith("add"):
            print(f"            {printed.strip()}")
        if name == "fit":
            scores = json.loads(printed)
            print(f"            out of fold: macro-F1 {scores['macro_f1']}, threshold {scores['threshold']}")
    print(f"{'together':<12}{total:>9.1f}\n", flush=True)
    subprocess.run([sys.executable, str(options.benchmark / "score.py"), str(decisions)], check=True)


if __name__ == "__main__":
    main()
