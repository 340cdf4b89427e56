"""The whole way of a clip on the open benchmark, through the command line: add, fit, predict, add again, score.

    python benchmarks/open_benchmark.py BENCHMARK_FOLDER [--work DIR]

BENCHMARK_FOLDER holds reels-open.parquet and score.py. Wall time and peak memory of every step are measured from
outside. The true labels never reach a step: the tables that it is given are without them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from baseline_table import make_tables
from baselines.ours import run_step, run_steps
from measuring import Measured, in_a_process


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
    # in a process of its own: its memory would count as that of the steps
    in_a_process(make_tables, work, benchmark=options.benchmark)

    def steps() -> Iterator[tuple[str, Measured]]:
        yield from run_steps(train, test, decisions, index)
        yield "add again", run_step("add", str(train), "--json", "--catalogue", str(index))[1]

    total = 0.0
    print(f"{'step':<12}{'seconds':>9}{'peak MB':>9}")
    for name, step in steps():
        total += step.seconds
        print(f"{name:<12}{step.seconds:>9.1f}{step.megabytes:>9.0f}", flush=True)
        if name.startswith("add"):
            print(f"            {step.printed.strip()}")
        if name == "fit":
            scores = json.loads(step.printed)
            print(f"            out of fold: macro-F1 {scores['macro_f1']}, threshold {scores['threshold']}")
    print(f"{'together':<12}{total:>9.1f}\n", flush=True)
    subprocess.run([sys.executable, str(options.benchmark / "score.py"), str(decisions)], check=True)


if __name__ == "__main__":
    main()
