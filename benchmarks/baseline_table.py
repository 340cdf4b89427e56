"""All systems in one table: macro-F1 on the open benchmark and on the demo data, seconds, memory, size.

    python benchmarks/baseline_table.py [BENCHMARK_FOLDER] [--only ROW ...] [--sample N] [--output docs/benchmark.md]

BENCHMARK_FOLDER holds reels-open.parquet; without it there are the demo columns alone. Every row learns and decides in
a process of its own, which is given a table to learn from and one without labels, and never the true labels. Results go
into a file as they come, so that a run that was stopped goes on where it was; `--again` measures anew. `--sample N`
tries the rows on N clips and `--validate` on a fifth of the training clips, for choosing settings; both print the table
and write no document.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from baselines import ROWS, find_row
from baselines.document import as_markdown, as_text
from measuring import ProgramFailed, in_a_process, run_measured

_HERE = Path(__file__).parent
_BENCHMARK = "reels-open.parquet"


def read_results(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a result file; a line that a killed run left half-written is passed over."""
    results = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            results.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return results


def append_result(path: Path, result: dict[str, Any]) -> None:
    """Add a line to a result file, on a line of its own even after one that was left half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as file:
        end = file.seek(0, 2)
        file.seek(max(end - 1, 0))
        whole = not end or file.read(1) == b"\n"
        file.write(b"" if whole else b"\n")
        file.write(json.dumps(result, ensure_ascii=False).encode() + b"\n")


def run_row(name: str, data: str, tables: Path, sample: int | None, rules: Path | None) -> dict[str, Any]:
    """Run one row on one pair of tables and score it; return its result line."""
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
        "row": name,
        "data": data,
        "sample": sample,
        "settings": find_row(name).settings,
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
    """Write the tables of one data set; see `baselines.tables.write_tables`."""
    from baselines.tables import write_tables

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
    parser.add_argument("--rules", type=Path, metavar="RULES.csv", help="rule table key;project;channel")
    parser.add_argument("--work", type=Path, default=_HERE / "results", help="folder of the result file")
    parser.add_argument("--output", type=Path, metavar="FILE.md", help="where the table goes, too")
    parser.add_argument("--again", action="store_true", help="measure anew what has a result")
    options = parser.parse_args()
    names = options.only or list(ROWS)
    for name in names:
        try:
            find_row(name)
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
    trial += ["validate"] * options.validate + ["rules"] * (options.rules is not None)
    file = options.work / f"{'-'.join(['results', *trial])}.jsonl"
    with tempfile.TemporaryDirectory(prefix="tables-") as folder:
        kinds = [kind for kind in ("demo", "open") if options.data in (None, kind) and (there or kind == "demo")]
        tables = {data_key(kind, options): Path(folder) / kind for kind in kinds}
        for data, place in tables.items():
            kind = data.split()[0]
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


def data_key(kind: str, options: argparse.Namespace) -> str:
    """Return what tells a result of this table from one of another; those stay in the file and are passed over."""
    return f"demo {options.demo:g}" if kind == "demo" else f"open {(options.benchmark / _BENCHMARK).stat().st_size}"


def newest_results(file: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the newest line of each row and table."""
    return {(line["row"], line["data"]): line for line in read_results(file)}


def run_missing(names: list[str], tables: dict[str, Path], file: Path, options: argparse.Namespace) -> list[str]:
    """Run the rows that have no result by their settings of now, or all of them anew; return those that failed."""
    done = {} if options.again else newest_results(file)
    jobs = [(name, data) for data in tables for name in names]
    failed = []
    for number, (name, data) in enumerate(jobs, start=1):
        row, kind = find_row(name), data.split()[0]
        # a row's own sample is for the open benchmark, which has more clips than that
        sample = row.sample if kind == "open" and options.sample is None else None
        head = f"[{number}/{len(jobs)}] {kind:<5}{name:<14}"
        line = done.get((name, data))
        if line is not None and (line["settings"], line["sample"]) == (row.settings, sample):
            say(f"{head} macro-F1 {line['macro_f1']:.4f}, there already")
            continue
        try:
            with shown(head):
                line = run_row(name, data, tables[data], sample, options.rules)
        except ProgramFailed as error:
            failed.append(name)
            say(f"{head} failed: {error}")
            continue
        append_result(file, line)
        say(f"{head} macro-F1 {line['macro_f1']:.4f}, {line['seconds']:,.0f} s, {line['peak_mb']:,} MB")
    return failed


def say(line: str) -> None:
    """Print a line to standard error."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
