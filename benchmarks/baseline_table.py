"""All systems in one table: macro-F1 on the open benchmark and on the demo data, seconds, memory, size.

    python benchmarks/baseline_table.py [BENCHMARK_FOLDER] [--only ROW ...] [--sample N] [--output docs/benchmark.md]

BENCHMARK_FOLDER holds reels-open.parquet; without it there are the demo columns alone. Every row learns and decides in
a process of its own, which is given a table to learn from and one without labels, and never the true labels. Results go
into a file as they come, so that a run that was stopped goes on where it was. A result is measured anew when its
tables, settings, rule table or sources have changed, our own at another commit, too; with `--again` all are.
`--sample N` tries the rows on N clips and `--validate` on a fifth of the training clips, for choosing settings; both
print the table and write no document.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from baseline_results import append_result, digest, is_current, made_of, newest_results
from baselines import ROWS, find_row
from baselines.document import as_markdown, as_text
from measuring import ProgramFailed, in_a_process, run_measured

_HERE = Path(__file__).parent
_BENCHMARK = "reels-open.parquet"
_RULES_VARIABLE = "SMF_EMBED_VOCABULARY"


def run_row(name: str, tables: Path, sample: int | None, rules: Path | None) -> dict[str, Any]:
    """Run one row on one pair of tables and score it; return its figures."""
    with tempfile.TemporaryDirectory(prefix="row-") as folder:
        decisions = Path(folder) / "decisions.csv"
        command = [sys.executable, str(_HERE / "baseline_row.py"), name]
        command += [str(tables / "train.parquet"), str(tables / "test.parquet"), str(decisions)]
        command += [f"--sample={sample}"] if sample else []
        command += [f"--rules={rules}"] if rules else []
        measured = run_measured(command)
        facts = json.loads(measured.printed.splitlines()[-1])
        scores = in_a_process(score_decisions, decisions, tables)
    return {
        **scores,
        "seconds": round(measured.seconds, 1),
        "processor_seconds": round(measured.processor_seconds, 1),
        "fit_seconds": round(facts["fit_seconds"], 1),
        "per_second": round(scores["clips"] / max(facts["predict_seconds"], 1e-9)),
        "peak_mb": round(measured.megabytes),
        "model_mb": round(facts["model_bytes"] / 1e6, 3),
        "threads": facts["threads"],
    }


def score_decisions(decisions: Path, tables: Path) -> dict[str, Any]:
    """Score decisions against the true labels: macro-F1 over all classes as score.py of the benchmark has it."""
    import pandas as pd

    from smf_embed.metrics import score

    truth = pd.read_parquet(tables / "truth.parquet").set_index("yt_reel_id")["cartoon_true"]
    said = pd.read_csv(decisions, dtype=str, keep_default_na=False).set_index("yt_reel_id")["cartoon"]
    scores = score(truth.tolist(), said.reindex(truth.index).tolist())
    return {
        "macro_f1": scores["macro_f1"],
        "weighted_f1": scores["weighted_f1"],
        "either_f1": scores["project_or_none"]["f1"],
        "classes": scores["classes"],
        "clips": scores["clips"],
    }


def make_tables(folder: Path, **named: Any) -> tuple[int, int]:
    """Write the tables of one data set; see `baselines.splits.write_tables`."""
    from baselines.splits import write_tables

    return write_tables(folder, **named)


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Show what runs, and for how long, where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        bar.add_task(what, total=None)
        yield


def main() -> None:
    """Run what is asked for and has no result yet, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path, nargs="?")
    parser.add_argument("--only", nargs="+", metavar="ROW", help=f"{', '.join(ROWS)}, or hybrid:BODY")
    parser.add_argument("--data", choices=("open", "demo"), help="one of the two alone")
    parser.add_argument("--sample", type=int, metavar="N", help="try on so many clips of each table")
    parser.add_argument("--validate", action="store_true", help="decide a fifth of the training clips")
    parser.add_argument("--demo", type=float, default=0.1, metavar="SCALE", help="scale of the demo data")
    parser.add_argument(
        "--rules", type=Path, metavar="RULES.csv", default=os.environ.get(_RULES_VARIABLE) or None,
        help="rule table key;project;channel, of the row rules-table, which is left out without; by default what "
        f"{_RULES_VARIABLE} names",
    )  # fmt: skip
    parser.add_argument("--work", type=Path, default=_HERE / "results", help="folder of the result file")
    parser.add_argument("--output", type=Path, metavar="FILE.md", help="where the table goes, too")
    parser.add_argument("--again", action="store_true", help="measure anew what has a result")
    options = parser.parse_args()
    if options.rules is not None and not options.rules.is_file():
        parser.error(f"{options.rules}: there is no such rule table")
    names = options.only or [name for name, row in ROWS.items() if options.rules is not None or not row.takes_rules]
    for name in names:
        try:
            if find_row(name).takes_rules and options.rules is None:
                parser.error(f"{name} needs a rule table: --rules RULES.csv")
        except KeyError:
            parser.error(f"no row is named {name!r}; there are {', '.join(ROWS)}, and hybrid:BODY")
    # a stopped run ends as by Ctrl-C, so that it leaves no program and no temporary folder behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(run(names, options))
    except KeyboardInterrupt:
        say("stopped; the same command goes on with the row that was stopped")
        sys.exit(130)


def run(names: list[str], options: argparse.Namespace) -> int:
    """Run the rows; return the exit code: 1 where some row failed."""
    there = options.benchmark is not None and (options.benchmark / _BENCHMARK).is_file()
    if not there:
        where = f"{options.benchmark} has no {_BENCHMARK}" if options.benchmark else "no folder of it is named"
        say(f"The open benchmark is left out, since {where}: demo data alone.")
    trial = [f"sample{options.sample}"] * (options.sample is not None)
    trial += ["validate"] * options.validate
    file = options.work / f"{'-'.join(['results', *trial])}.jsonl"
    with tempfile.TemporaryDirectory(prefix="tables-") as folder:
        tables = {}
        for kind in [kind for kind in ("demo", "open") if options.data in (None, kind) and (there or kind == "demo")]:
            place = Path(folder) / kind
            with shown(f"tables of {kind}"):
                sizes = in_a_process(
                    make_tables,
                    place,
                    benchmark=options.benchmark if kind == "open" else None,
                    demo=options.demo,
                    sample=options.sample,
                    validate=options.validate,
                )
            say(f"{kind}: {sizes[0]:,} clips to learn from, {sizes[1]:,} to decide")
            # results on other tables stay in the file and are passed over
            tables[f"{kind} {digest(sorted(place.iterdir()))}"] = place
        failed = run_missing(names, tables, file, options)
    # all rows that have a result, the newest of each, whichever this run was for
    lines = [line for (_, data), line in newest_results(file).items() if data in tables]
    print(as_text(lines))
    if options.output is not None and not trial:
        options.output.write_text(as_markdown(lines), encoding="utf-8")
        say(f"written to {options.output}")
    if failed:
        say(f"failed: {', '.join(failed)}; the same command runs them again, and no other")
    return 1 if failed else 0


def run_missing(names: list[str], tables: dict[str, Path], file: Path, options: argparse.Namespace) -> list[str]:
    """Run the rows that have no result of what they are made of now, or all of them; return those that failed."""
    done = {} if options.again else newest_results(file)
    jobs = [(name, data) for data in tables for name in names]
    failed = []
    for number, (name, data) in enumerate(jobs, start=1):
        row, kind = find_row(name), data.split()[0]
        # a row's own sample is for the open benchmark, which has more clips than that
        sample = row.sample if kind == "open" and options.sample is None else None
        head = f"[{number}/{len(jobs)}] {kind:<5}{name:<14}"
        now = made_of(row, sample, options.rules)
        line = done.get((name, data))
        if line is not None and is_current(line, now, row):
            say(f"{head} macro-F1 {line['macro_f1']:.4f}, there already")
            continue
        try:
            with shown(head):
                figures = run_row(name, tables[data], sample, options.rules)
        except ProgramFailed as error:
            failed.append(name)
            say(f"{head} failed: {error}")
            continue
        line = {"row": name, "data": data, **now, **figures}
        append_result(file, line)
        seconds = f"{line['seconds']:,.0f} s, {line['processor_seconds']:,.0f} processor s"
        say(f"{head} macro-F1 {line['macro_f1']:.4f}, {seconds}, {line['peak_mb']:,} MB")
    return failed


def say(line: str) -> None:
    """Print a line to standard error."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
