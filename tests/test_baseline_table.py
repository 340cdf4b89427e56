"""The table of baselines: a process for each row, results that outlive a stopped run, no true label in sight."""

import dataclasses
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import baseline_results
import baseline_table
import measuring
from baselines import ROWS, document, splits

LINE = {
    "row": "rules", "data": "open 5", "sample": None, "date": "2026-01-02T03:04:05+00:00", "commit": "abc1234",
    "macro_f1": 0.51234, "clips": 9, "seconds": 1300.0, "processor_seconds": 2500.0, "fit_seconds": 1234.5,
    "per_second": 20_000, "peak_mb": 150, "model_mb": 0.0012, "threads": 2,
}  # fmt: skip
FIGURES = {key: LINE[key] for key in LINE if key not in ("row", "data", "sample", "date", "commit")}


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


@pytest.mark.slow
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
    monkeypatch.setattr(baseline_table, "run_row", lambda *_: FIGURES)
    assert run(monkeypatch, *command) == 0
    assert [line["settings"]["field"] for line in baseline_results.read_results(tmp_path / "results.jsonl")] == [
        "reel_name", "text",
    ]  # fmt: skip


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the rows that are measured, in place of measuring them."""
    names: list[str] = []
    monkeypatch.setattr(baseline_table, "run_row", lambda name, *_: names.append(name) or FIGURES)
    return names


def test_our_own_row_is_measured_anew_at_another_commit_and_a_baseline_is_not(
    benchmark_folder, tmp_path, monkeypatch, measured
):
    command = [benchmark_folder, "--data", "open", "--work", tmp_path, "--only", "svm-title", "ours"]
    for commit in ("abc1234", "abc1234", "def5678", "def5678+changes", None, None):
        monkeypatch.setattr(baseline_results, "commit", lambda commit=commit: commit)
        assert run(monkeypatch, *command) == 0
    assert measured == ["svm-title", "ours", "ours", "ours", "ours"]
    lines = baseline_results.read_results(tmp_path / "results.jsonl")
    assert [line["commit"] for line in lines] == ["abc1234", "abc1234", "def5678", "def5678+changes", None]
    assert all(line["date"].startswith("20") for line in lines)


def test_a_baseline_whose_sources_have_changed_is_measured_anew(benchmark_folder, tmp_path, monkeypatch, measured):
    sources = tmp_path / "baselines"
    shutil.copytree(baseline_results._BASELINES, sources)
    monkeypatch.setattr(baseline_results, "_BASELINES", sources)
    command = [benchmark_folder, "--data", "open", "--work", tmp_path, "--only", "svm-title", "fasttext"]
    assert run(monkeypatch, *command) == 0
    with open(sources / "words.py", "a") as file:
        file.write("# changed\n")
    assert run(monkeypatch, *command) == 0
    assert measured == ["svm-title", "fasttext", "svm-title"]


def test_the_sources_of_a_row_are_all_that_it_imports():
    names = {path.name for path in baseline_results.sources(ROWS["hybrid"])}
    assert names == {"hybrid.py", "bodies.py", "vectors.py", "tables.py"}
    assert {"ours.py", "classifier.py", "trees.py"} <= {path.name for path in baseline_results.sources(ROWS["ours"])}


def test_another_rule_table_is_measured_anew_by_the_row_that_takes_one(
    benchmark_folder, tmp_path, monkeypatch, measured, capsys
):
    rules = tmp_path / "rules.csv"
    rules.write_text("key;project;channel\n")
    command = [benchmark_folder, "--data", "open", "--work", tmp_path, "--only", "rules", "rules-table"]
    assert run(monkeypatch, *command) == 2
    assert "rules-table needs a rule table: --rules RULES.csv" in capsys.readouterr().err
    assert run(monkeypatch, *command, "--rules", tmp_path / "nowhere.csv") == 2
    monkeypatch.setenv("SMF_EMBED_VOCABULARY", str(rules))
    assert run(monkeypatch, *command) == 0
    rules.write_text("key;project;channel\nбуба;Буба;any\n")
    assert run(monkeypatch, *command) == 0
    assert measured == ["rules", "rules-table", "rules-table"]


def test_results_on_other_tables_do_not_count(benchmark_folder, tmp_path, monkeypatch, measured, capsys):
    command = ["--data", "open", "--work", tmp_path, "--only", "svm-title", "--output", tmp_path / "table.md"]
    assert run(monkeypatch, benchmark_folder, *command) == 0
    table = pd.read_parquet(benchmark_folder / "reels-open.parquet")
    (tmp_path / "changed").mkdir()
    table.assign(reel_name=table["reel_name"].str.upper()).to_parquet(tmp_path / "changed" / "reels-open.parquet")
    assert run(monkeypatch, tmp_path / "changed", *command) == 0
    assert measured == ["svm-title", "svm-title"]


def test_the_commit_says_where_code_differs_from_it(tmp_path):
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    assert baseline_results.commit(tmp_path) is None, "outside git"
    git("init")
    (tmp_path / "smf_embed").mkdir()
    (tmp_path / "smf_embed" / "module.py").write_text("1")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "first")
    clean = baseline_results.commit(tmp_path)
    assert len(clean) >= 7
    (tmp_path / "README.md").write_text("a document")
    assert baseline_results.commit(tmp_path) == clean
    (tmp_path / "smf_embed" / "module.py").write_text("2")
    assert baseline_results.commit(tmp_path) == clean + "+changes"


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
    assert "| demo data | macro-F1 |" in written
    assert "| open benchmark |" not in written


@pytest.mark.parametrize("validate", [False, True])
def test_no_true_label_is_in_a_table_that_a_row_is_given(benchmark_folder, tmp_path, validate):
    splits.write_tables(tmp_path, benchmark=benchmark_folder, validate=validate)
    train, test = (pd.read_parquet(tmp_path / name) for name in (splits.TRAIN, splits.TEST))
    assert "cartoon_true" not in {*train.columns, *test.columns}
    assert "cartoon" not in test.columns
    assert not {*train["yt_reel_id"]} & {*test["yt_reel_id"]}
    assert train["yt_reel_id"].str.startswith("train").all()
    assert test["yt_reel_id"].str.startswith("train" if validate else "test").all()
    truth = pd.read_parquet(tmp_path / splits.TRUTH)
    assert {*truth["yt_reel_id"]} == {*test["yt_reel_id"]}


def test_near_duplicates_are_validated_together(benchmark_folder, tmp_path):
    table = pd.read_parquet(benchmark_folder / "reels-open.parquet")
    train = table[table["split"] == "train"]
    copies = train.assign(
        yt_reel_id="copy-" + train["yt_reel_id"],
        reel_name=train["reel_name"].str.upper() + " !!!",
        text="[" + train["reel_name"] + "]",
    )
    pd.concat([table, copies]).to_parquet(tmp_path / "reels-open.parquet")
    sizes = splits.write_tables(tmp_path / "tables", benchmark=tmp_path, validate=True)
    held_out = {*pd.read_parquet(tmp_path / "tables" / splits.TEST)["yt_reel_id"]}
    alike = [(name in held_out) == (f"copy-{name}" in held_out) for name in train["yt_reel_id"]]
    assert all(alike)
    assert sizes[1] == pytest.approx(len(train) * 2 / 5, abs=4)
    truth = pd.read_parquet(tmp_path / "tables" / splits.TRUTH)["cartoon_true"].value_counts()
    assert truth.max() - truth.min() <= 4, "of each class a fifth"


@pytest.mark.slow
def test_our_own_row_runs_the_command_line(benchmark_folder, tmp_path, monkeypatch):
    assert run(monkeypatch, benchmark_folder, "--data", "open", "--work", tmp_path, "--only", "ours") == 0
    (line,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert line["macro_f1"] > 0.9
    assert line["model_mb"] > 0.1
    assert line["peak_mb"] > 300, "that of the commands, which load libraries that the row itself does not"


@pytest.mark.slow
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
    assert f"| {ROWS['rules'].title} | 0.512 | 1,234 | 20,000 | 1,300 | 2,500 | 150 | 0.0012 |" in text
    assert f"{ROWS['hybrid-tiny'].title} (learned from 20,000 clips) |" in text
    of_open, of_demo = (
        [line for line in part.splitlines() if line.startswith("| ")] for part in text.split("| demo data |")
    )
    assert of_open[0].startswith("| open benchmark | macro-F1")
    assert of_open[-1].startswith("| **smf-embed** | — |")
    assert {line.count("|") for line in of_open + of_demo[1:]} == {9}
    assert "hybrid-tiny*" in document.as_text(lines)
    assert "took 65 minutes, 43 of them on the open benchmark, 125 of processor time" in text


def test_the_document_says_when_and_at_which_commit_rows_were_measured():
    other = LINE | {"row": "lexicon"}
    assert "All rows were measured on 2026-01-02 at abc1234." in document.as_markdown([LINE, other])
    text = document.as_markdown([LINE, other | {"date": "2026-02-03T00:00:00+00:00", "commit": "def5678+changes"}])
    assert "| 0.0012 | 2026-01-02 at abc1234 |" in text
    assert "| 0.0012 | 2026-02-03 at def5678+changes |" in text
    assert "All rows were measured" not in text
    assert "All rows were measured on 2026-01-02." in document.as_markdown([LINE | {"commit": None}])
