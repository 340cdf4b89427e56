"""The table of baselines: a process for each row, results that outlive a stopped run, no true label in sight."""

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import baseline_table
import measuring
from baselines import ROWS, document, tables

LINE = {
    "row": "rules", "data": "open 5", "sample": None, "macro_f1": 0.51234, "clips": 9,
    "seconds": 1300.0, "fit_seconds": 1234.5, "per_second": 20_000, "peak_mb": 150, "model_mb": 0.0012, "threads": 2,
}  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["baseline_table.py", *map(str, words)])
    # here, since a process that imports pandas takes seconds; what it keeps apart is seen below
    monkeypatch.setattr(baseline_table, "in_a_process", lambda call, *given, **named: call(*given, **named))
    with pytest.raises(SystemExit) as done:
        baseline_table.main()
    return int(done.value.code or 0)


@pytest.fixture(scope="module")
def benchmark_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of the open benchmark, with a few invented clips."""
    folder = tmp_path_factory.mktemp("benchmark")
    names = ["Буба", "Лунтик", "none"]
    rows = [
        {
            "yt_reel_id": f"{split}{row}", "reel_name": f"{names[row % 3]} {row}", "text": f"[{names[row % 3]} {row}]",
            "cartoon": names[row % 3], "cartoon_true": names[row % 3], "split": split, "seconds": 5.0 * row,
            "is_shorts": 0.0, "broadcast": "none", "yt_channel_id": "UC", "yt_channel_name": "Канал",
            "yt_channel_type": "Детские", "flag_closed": 0.0, "international": 0.0,
        }
        for split, count in (("train", 60), ("test", 30)) for row in range(count)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    # a wrong label of the train split
    table.loc[0, "cartoon"] = "none"
    table.to_parquet(folder / "reels-open.parquet")
    return folder


def test_a_run_goes_on_where_it_was_and_writes_the_table(benchmark_folder, tmp_path, monkeypatch, capsys):
    command = [benchmark_folder, "--data", "open", "--work", tmp_path, "--output", tmp_path / "table.md"]
    assert run(monkeypatch, *command, "--only", "rules") == 0
    file = tmp_path / "results.jsonl"
    (first,) = file.read_text().splitlines()
    assert json.loads(first)["macro_f1"] == 1.0
    assert json.loads(first)["peak_mb"] > 50
    # as a kill leaves it
    file.write_text(first + "\n" + first[:40])
    assert run(monkeypatch, *command, "--only", "rules", "svm-title") == 0
    lines = file.read_text().splitlines()
    assert [lines[0], lines[1]] == [first, first[:40]]
    assert [json.loads(line)["row"] for line in lines[2:]] == ["svm-title"]
    assert "there already" in capsys.readouterr().err
    written = (tmp_path / "table.md").read_text()
    assert f"| {ROWS['rules'].title} | 1.000 |" in written
    assert f"| {ROWS['svm-title'].title} | 1.000 |" in written
    assert ROWS["forest-text"].title not in written, "a row that has not run"


@pytest.mark.slow
def test_a_row_that_fails_does_not_stop_the_others(benchmark_folder, tmp_path, monkeypatch, capsys):
    command = [benchmark_folder, "--data", "open", "--work", tmp_path]
    assert run(monkeypatch, *command, "--only", "hybrid:no/such/model/at-all", "rules") == 1
    said = capsys.readouterr().err
    assert "no/such/model/at-all failed" in said
    assert [json.loads(line)["row"] for line in (tmp_path / "results.jsonl").read_text().splitlines()] == ["rules"]


def test_a_row_whose_settings_have_changed_is_measured_anew(benchmark_folder, tmp_path, monkeypatch):
    command = [benchmark_folder, "--data", "open", "--work", tmp_path, "--only", "svm-title"]
    assert run(monkeypatch, *command) == 0
    changed = dataclasses.replace(ROWS["svm-title"], settings={"field": "text"})
    monkeypatch.setitem(ROWS, "svm-title", changed)
    monkeypatch.setattr(baseline_table, "run_row", lambda name, *_: LINE | {"row": name, "settings": changed.settings})
    assert run(monkeypatch, *command) == 0
    assert [line["settings"]["field"] for line in baseline_table.read_results(tmp_path / "results.jsonl")] == [
        "reel_name", "text",
    ]  # fmt: skip


def test_a_stopped_run_leaves_no_program_behind(tmp_path):
    asleep = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    code = f"""
import signal, sys
sys.path.insert(0, {str(Path(baseline_table.__file__).parent)!r})
import measuring
signal.signal(signal.SIGTERM, signal.default_int_handler)
measuring.run_measured([sys.executable, "-c", {asleep!r}])
"""
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as caller:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert caller.poll() is None
            time.sleep(0.05)
        caller.terminate()
        assert caller.wait(30) != 0
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_trials_leave_the_results_and_the_document_alone(benchmark_folder, tmp_path, monkeypatch):
    command = [benchmark_folder, "--data", "open", "--work", tmp_path, "--output", tmp_path / "table.md"]
    assert run(monkeypatch, *command, "--only", "rules", "--sample", "12") == 0
    assert not (tmp_path / "table.md").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["results-sample12.jsonl"]


def test_without_the_benchmark_there_are_the_demo_columns_alone(tmp_path, monkeypatch, capsys):
    command = ["--demo", "0.01", "--work", tmp_path, "--output", tmp_path / "table.md", "--only", "rules"]
    assert run(monkeypatch, tmp_path / "nowhere", *command) == 0
    assert "nowhere has no reels-open.parquet: demo data alone" in capsys.readouterr().err
    written = (tmp_path / "table.md").read_text()
    assert "demo data: macro-F1" in written
    assert "open benchmark: macro-F1" not in written


@pytest.mark.parametrize("validate", [False, True])
def test_no_true_label_is_in_a_table_that_a_row_is_given(benchmark_folder, tmp_path, validate):
    tables.write_tables(tmp_path, benchmark=benchmark_folder, validate=validate)
    train, test = (pd.read_parquet(tmp_path / name) for name in (tables.TRAIN, tables.TEST))
    assert "cartoon_true" not in {*train.columns, *test.columns}
    assert "cartoon" not in test.columns
    assert not {*train["yt_reel_id"]} & {*test["yt_reel_id"]}
    assert train["yt_reel_id"].str.startswith("train").all()
    assert test["yt_reel_id"].str.startswith("train" if validate else "test").all()
    truth = pd.read_parquet(tmp_path / tables.TRUTH)
    assert {*truth["yt_reel_id"]} == {*test["yt_reel_id"]}


@pytest.mark.slow
def test_our_own_row_runs_the_command_line(benchmark_folder, tmp_path, monkeypatch):
    assert run(monkeypatch, benchmark_folder, "--data", "open", "--work", tmp_path, "--only", "ours") == 0
    (line,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert line["macro_f1"] > 0.9
    assert line["model_mb"] > 0.1
    assert line["peak_mb"] > 300, "that of the commands, which load libraries that the row itself does not"


def test_memory_is_that_of_the_program_and_of_what_it_starts():
    take = "import sys; x = bytearray(300_000_000)"
    alone = measuring.run_measured([sys.executable, "-c", take]).megabytes
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {take!r}], check=True)"
    started = measuring.run_measured([sys.executable, "-c", nested]).megabytes
    assert alone > 290
    assert started > 290
    assert measuring.in_a_process(eval, "len(bytearray(2_000_000_000))") == 2_000_000_000
    after = measuring.run_measured([sys.executable, "-c", take]).megabytes
    assert after < alone + 1_000, "what another process took before is not counted"
    with pytest.raises(measuring.ProgramFailed, match="ended with 3"):
        measuring.run_measured([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_document_says_what_was_sampled_and_what_is_missing():
    lines = [LINE, LINE | {"row": "hybrid-tiny", "sample": 20_000}, LINE | {"row": "ours", "data": "demo 0.1"}]
    text = document.as_markdown(lines)
    assert f"| {ROWS['rules'].title} | 0.512 | 1,234 | 20,000 | 150 | 0.0012 | — | — | — | — | — |" in text
    assert f"{ROWS['hybrid-tiny'].title} (learned from 20,000 clips of the open benchmark) |" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[0].startswith("| system | open benchmark: macro-F1")
    assert rows[-1].startswith("| **smf-embed** | — |")
    assert {line.count("|") for line in rows} == {12}
    assert "hybrid-tiny*" in document.as_text(lines)
