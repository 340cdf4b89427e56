"""The command line: results that machines can read, and for bad input one line, exit code 2, nothing changed."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from conftest import contents, run_process

from smf_embed import __version__, cli
from smf_embed.catalogue import Catalogue

COMMANDS = [command.callback.__name__ for command in cli.app.registered_commands]
DECISION = ["yt_reel_id", "cartoon", "confidence", "runner_up", "runner_up_confidence", "unsure", "why"]


@pytest.fixture
def csv(tmp_path, test_table):
    """The test table as a CSV file."""
    path = tmp_path / "test.csv"
    test_table.to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def _one_encoder(encoder, monkeypatch):
    """Load the built-in encoder once for all tests."""
    monkeypatch.setattr("smf_embed.encoder.Encoder._load", _loader(encoder))


def _loader(encoder):
    from smf_embed.encoder import Encoder

    load = Encoder._load
    return lambda self: encoder._model if self.name == encoder.name else load(self)


def assert_one_line(result: tuple[int, str, str], *words: str) -> None:
    """Exit code 2, nothing on standard output, one line on standard error that has all the words."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("smf-embed: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


# --------------------------------------------------------------------------------------------------------------- help


def test_commands_are_the_ones_that_were_promised():
    assert [
        *("add", "remove", "label", "unlabel", "similar", "info", "export", "compact", "reindex", "doctor"),
        *("fit", "predict", "evaluate", "demo", "copy", "sync", "teach", "forget", "rename", "merge", "explain"),
        *("report", "audit", "serve", "encoders", "clean"),
    ] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: smf-embed {command}" in re.sub(r"\s+", " ", out)
    assert "--catalogue" in out or command in ("demo", "copy")


def test_help_without_a_command_lists_all_commands(run):
    for words in (["--help"], []):
        out = "".join(run(*words)[1:])
        for command in COMMANDS:
            assert re.search(rf"\b{command}\b", out)


def test_version_is_printed(run):
    assert run("--version") == (0, f"{__version__}\n", "")


# ---------------------------------------------------------------------------------------------------------- bad tables


BAD_TABLES = {
    "no such file": (None, "no such file"),
    "empty file": ("", "the file is empty"),
    "header only": ("yt_reel_id,reel_name\n", "no rows"),
    "missing id column": ("id,reel_name\na,b\n", "no column yt_reel_id"),
    "no text column": ("yt_reel_id,title\na,b\n", "neither reel_name nor text"),
    "damaged Parquet": ("PAR1 and no more", "damaged"),
}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["add", "predict", "evaluate"])
@pytest.mark.parametrize("kind", BAD_TABLES)
def test_a_table_that_cannot_be_used_changes_nothing(run, fitted, tmp_path, command, kind):
    content, reason = BAD_TABLES[kind]
    if content is not None:
        (tmp_path / "bad.csv").write_text(content)
    before = contents(fitted)
    assert_one_line(run(command, tmp_path / "bad.csv", "--catalogue", fitted), "bad.csv", reason)
    assert contents(fitted) == before


def test_a_bad_table_beside_a_good_one_adds_neither_and_makes_no_catalogue(run, csv, tmp_path):
    assert_one_line(run("add", csv, tmp_path / "none.csv", "--catalogue", tmp_path / "new"), "no such file")
    assert not (tmp_path / "new").exists()


def test_a_bad_table_on_standard_input_makes_no_catalogue(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert_one_line(run("add", "-", "--catalogue", tmp_path / "new"), "standard input", "empty")
    assert not (tmp_path / "new").exists()


def test_a_bad_column_mapping_is_refused(run, csv, fitted):
    assert_one_line(run("add", csv, "--catalogue", fitted, "--column", "title"), "OURS=THEIRS")
    assert_one_line(run("add", csv, "--catalogue", fitted, "--column", "reel_name=none"), "no column 'none'")
    assert_one_line(run("add", csv, "--catalogue", fitted, "--column", "name=reel_name"), "'name' is no column")


@pytest.mark.parametrize("command", ["add", "predict", "evaluate"])
def test_a_table_all_of_whose_rows_are_rejected_is_an_error_after_the_reasons(run, fitted, tmp_path, command):
    path, report = tmp_path / "bad.csv", tmp_path / "rejected.csv"
    path.write_text("yt_reel_id,reel_name,cartoon\n,one,none\na b,two,none\n")
    before = contents(fitted)
    code, _, err = run(command, path, "--catalogue", fitted, "--rejected", report)
    *reasons, last = err.splitlines()
    assert code == 2
    assert last.startswith("smf-embed: ")
    assert reasons == [
        f"rejected: {path} line 2: no yt_reel_id",
        f"rejected: {path} line 3 (a b): yt_reel_id has white space or control characters in it",
    ]
    assert pd.read_csv(report)["line"].tolist() == [2, 3]
    assert contents(fitted) == before


# ------------------------------------------------------------------------------------------------- encoders, catalogues


@pytest.mark.parametrize("name", ["no/such", "/no/such/folder", "no such thing"])
def test_an_unknown_encoder_makes_no_catalogue(run, csv, tmp_path, name):
    assert_one_line(run("add", csv, "--catalogue", tmp_path / "new", "--encoder", name), repr(name))
    assert not (tmp_path / "new").exists()


def test_an_unknown_or_another_encoder_changes_nothing(run, csv, fitted, tiny_model):
    before = contents(fitted)
    assert_one_line(run("add", csv, "--catalogue", fitted, "--encoder", "no/such"), "'no/such'")
    assert_one_line(
        run("add", csv, "--catalogue", fitted, "--encoder", tiny_model),
        "builtin",
        "fingerprint",
        "smf-embed reindex --encoder",
    )
    assert contents(fitted) == before


@pytest.mark.parametrize("words", [["fit"], ["predict", "CSV"], ["similar", "a"], ["evaluate", "CSV"], ["info"]])
def test_no_catalogue_is_an_error_and_makes_none(run, csv, tmp_path, words):
    words = [csv if word == "CSV" else word for word in words]
    assert_one_line(run(*words, "--catalogue", tmp_path / "none"), "holds no catalogue", "smf-embed add TABLE")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [["add", "CSV"], ["fit"], ["predict", "CSV"], ["similar", "a"], ["info"]])
def test_a_damaged_catalogue_is_an_error(run, csv, tmp_path, words):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "catalogue.sqlite").write_bytes(b"no database " * 1000)
    words = [csv if word == "CSV" else word for word in words]
    assert_one_line(run(*words, "--catalogue", tmp_path / "bad"), "damaged")


@pytest.mark.parametrize("words", [["fit"], ["predict", "CSV"], ["similar", "ID"], ["info"]])
def test_a_catalogue_that_is_damaged_inside_is_an_error(run, csv, fitted, train, words):
    path = fitted / "catalogue.sqlite"
    content = bytearray(path.read_bytes())
    content[12288:] = os.urandom(len(content) - 12288)
    path.write_bytes(content)
    words = [{"CSV": csv, "ID": train["yt_reel_id"].iloc[0]}.get(word, word) for word in words]
    assert_one_line(run(*words, "--catalogue", fitted), "damaged")


def test_a_file_in_place_of_a_folder_is_an_error(run, csv, tmp_path, fitted):
    (tmp_path / "file").write_text("")
    assert_one_line(run("add", csv, "--catalogue", tmp_path / "file"), "is a file")
    assert_one_line(run("predict", csv, "--catalogue", fitted, "-o", tmp_path / "file" / "out.csv"), "file")


# ------------------------------------------------------------------------------------------------ fit, predict, similar


@pytest.mark.parametrize(("label", "reason"), [(None, "no clip is labelled"), ("none", "at least two classes")])
def test_fit_needs_labels_of_two_classes(run, tmp_path, test_table, label, reason):
    folder = tmp_path / "index"
    test_table.head(5).assign(cartoon=label).to_parquet(tmp_path / "clips.parquet")
    assert run("add", tmp_path / "clips.parquet", "--catalogue", folder)[0] == 0
    before = contents(folder)
    assert_one_line(run("fit", "--catalogue", folder), reason, "smf-embed add")
    assert contents(folder) == before
    assert not (folder / "model").exists()


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_decision_before_fit_is_an_error(run, csv, fitted, command):
    shutil.rmtree(fitted / "model")
    before = contents(fitted)
    assert_one_line(run(command, csv, "--catalogue", fitted), "no model yet", "smf-embed fit")
    assert contents(fitted) == before


def test_similar_of_an_unknown_clip_is_an_error(run, fitted):
    assert_one_line(run("similar", "unknown", "--catalogue", fitted), "unknown", "not in the catalogue")


@pytest.mark.parametrize("words", [[], ["a", "--text", "b"]])
def test_similar_wants_either_a_clip_or_a_text(run, fitted, words):
    assert_one_line(run("similar", *words, "--catalogue", fitted), "either")


def test_an_output_of_an_unknown_kind_is_refused_before_anything_is_read(run, csv, tmp_path):
    for name in ("out.xlsx", "out"):
        assert_one_line(run("predict", csv, "-o", tmp_path / name, "--catalogue", tmp_path / "none"), name, ".parquet")
        assert not (tmp_path / name).exists()


def test_evaluate_of_a_table_without_labels_is_an_error(run, fitted, tmp_path, test_table):
    test_table.assign(cartoon=None).to_csv(tmp_path / "clips.csv", index=False)
    assert_one_line(run("evaluate", tmp_path / "clips.csv", "--catalogue", fitted), "has a label in column cartoon")


def test_an_unknown_option_is_an_error_of_usage(run):
    code, _, err = run("add", "--no-such-option", "x")
    assert code == 2
    assert "--no-such-option" in err
    assert "Traceback" not in err


# ------------------------------------------------------------------------------------------------------------- results


def test_add_reports_what_it_did_as_words_and_as_json(run, csv, tmp_path, test_table):
    folder = tmp_path / "index"
    code, out, err = run("add", csv, "--catalogue", folder)
    size = len(test_table)
    assert (code, err) == (0, "")
    assert out.startswith(f"added {size}, updated 0, unchanged 0, rejected 0; {size} labels, ")
    code, out, _ = run("add", csv, "--catalogue", folder, "--json")
    assert code == 0
    result = json.loads(out)
    assert result.pop("seconds") >= 0
    assert result == {
        **{"added": 0, "updated": 0, "unchanged": size, "rejected": 0},
        **{"labels": 0, "texts_encoded": 0, "texts_in_windows": 0, "clips": size, "stopped": False},
    }


def test_add_takes_several_tables_and_standard_input(run, tmp_path, test_table, monkeypatch):
    test_table[:10].to_csv(tmp_path / "a.csv", index=False)
    test_table[10:20].to_parquet(tmp_path / "b.parquet")
    stdin = io.TextIOWrapper(io.BytesIO(test_table[20:30].to_csv(index=False).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    words = ["add", tmp_path / "a.csv", tmp_path / "b.parquet", "-", "--catalogue", tmp_path / "index", "--json"]
    _, out, _ = run(*words)
    assert json.loads(out)["added"] == 30


def test_rejected_rows_are_shown_and_written_with_their_lines(run, fitted, tmp_path):
    rows = ["a,Буба,1", ",no id,1", "b,Кот,many", "a,Буба снова,1", *(f"c {i},x,1" for i in range(9))]
    path, report = tmp_path / "clips.csv", tmp_path / "rejected.csv"
    path.write_text("yt_reel_id,reel_name,seconds\n" + "\n".join(rows) + "\n")
    for command in ("add", "predict"):
        code, out, err = run(command, path, "--catalogue", fitted, "--rejected", report)
        assert code == 0
        assert f"rejected: 6 more rows; all are in {report}" in err
        assert "taken as missing, since they are no numbers: cells 1 in seconds" in err
        written = pd.read_csv(report)
        assert list(written.columns) == ["source", "line", "yt_reel_id", "reason"]
        assert set(written["source"]) == {str(path)}
        assert sorted(written["line"]) == [2, 3, *range(6, 15)]
    assert len(pd.read_csv(io.StringIO(out))) == 2


def test_columns_of_other_names_are_mapped(run, fitted, tmp_path):
    (tmp_path / "clips.csv").write_text("id;title\na;Буба на кухне\n")
    words = ["--column", "yt_reel_id=id", "--column", "reel_name=title", "--catalogue", fitted, "--json"]
    _, out, _ = run("predict", tmp_path / "clips.csv", *words)
    assert json.loads(out)["yt_reel_id"] == "a"


@pytest.mark.slow
def test_fit_and_evaluate_print_scores_as_words_and_as_json(run, fitted, csv):
    code, out, _ = run("fit", "--catalogue", fitted)
    assert code == 0
    assert out.startswith("macro-F1 ")
    assert 0.5 < json.loads(run("fit", "--catalogue", fitted, "--json")[1])["macro_f1"] <= 1
    code, out, _ = run("evaluate", csv, "--catalogue", fitted)
    assert code == 0
    assert out.startswith("macro-F1 ")
    scores = json.loads(run("evaluate", csv, "--catalogue", fitted, "--json")[1])
    assert scores["clips"] == 50
    assert 0.5 < scores["macro_f1"] <= 1


def test_predict_writes_the_same_decisions_in_every_format(run, fitted, csv, tmp_path, test_table, monkeypatch):
    before = contents(fitted)
    outputs = {kind: tmp_path / f"out.{kind}" for kind in ("csv", "parquet", "jsonl")}
    for path in outputs.values():
        code, out, err = run("predict", csv, "-o", path, "--catalogue", fitted)
        assert (code, out) == (0, "")
        assert err.count("\n") == 1
        assert "50 clips decided in" in err
    shown = pd.read_csv(io.StringIO(run("predict", csv, "--catalogue", fitted)[1]), keep_default_na=False)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(csv.read_bytes())))
    lines = run("predict", "-", "--catalogue", fitted, "--json")[1].splitlines()
    printed = pd.DataFrame([json.loads(line) for line in lines])
    assert list(shown.columns) == DECISION
    assert shown["yt_reel_id"].tolist() == test_table["yt_reel_id"].tolist()
    assert (shown["cartoon"] == test_table["cartoon"]).mean() > 0.7
    assert shown["confidence"].between(0, 1).all()
    for other in (
        pd.read_csv(outputs["csv"], keep_default_na=False),
        pd.read_parquet(outputs["parquet"]),
        pd.read_json(outputs["jsonl"], lines=True),
        printed,
    ):
        pd.testing.assert_frame_equal(shown, other, check_dtype=False)
    assert contents(fitted) == before


def test_predict_does_not_look_at_the_label_of_the_table(run, fitted, csv, tmp_path, test_table):
    test_table.assign(cartoon="Лунтик").to_csv(tmp_path / "lies.csv", index=False)
    decided, expected = (run("predict", path, "--catalogue", fitted)[1] for path in (tmp_path / "lies.csv", csv))
    assert decided == expected


def test_json_of_a_clip_without_any_evidence_is_json(run, fitted, tmp_path):
    (tmp_path / "clips.csv").write_text("yt_reel_id,reel_name\nblank,\nemoji,😂\n")
    code, out, _ = run("predict", tmp_path / "clips.csv", "--catalogue", fitted, "--json")
    assert code == 0

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    decisions = [json.loads(line, parse_constant=refuse) for line in out.splitlines()]
    assert [decision["yt_reel_id"] for decision in decisions] == ["blank", "emoji"]


def test_similar_lists_clips_as_a_table_and_as_json(run, fitted, train):
    code, out, err = run("similar", "--text", "Буба [на] кухне", "-k", "3", "--catalogue", fitted)
    assert (code, err) == (0, "")
    header, *lines = out.splitlines()
    assert set(header.split()) == {"similarity", "id", "project", "title", "channel"}
    assert len(lines) == 3
    clip = train["yt_reel_id"].iloc[0]
    code, out, _ = run("similar", clip, "-k", "4", "--json", "--catalogue", fitted)
    found = [json.loads(line) for line in out.splitlines()]
    assert len(found) == 4
    assert {"yt_reel_id", "similarity", "title", "project", "channel"} == set(found[0])
    assert clip not in {line["yt_reel_id"] for line in found}


def test_titles_with_brackets_backslashes_and_line_breaks_are_printed_as_they_are(run, fitted, tmp_path):
    titles = ["[bold]Буба[/bold] сон", "Буба сон [/]", "Буба сон \\[x]", "Буба сон\nвторая строка"]
    table = pd.DataFrame({"yt_reel_id": ["a1", "b2", "c3", "d4"], "reel_name": titles})
    table.to_parquet(tmp_path / "clips.parquet")
    run("add", tmp_path / "clips.parquet", "--catalogue", fitted)
    _, out, _ = run("similar", "--text", "Буба сон", "-k", "10", "--catalogue", fitted)
    for title in titles[:3]:
        assert title in out
    assert len(out.splitlines()) == 11


def test_info_tells_what_there_is_as_words_and_as_json(run, fitted):
    code, out, _ = run("info", "--catalogue", fitted)
    assert code == 0
    assert "stored 200, labelled 200" in out
    facts = json.loads(run("info", "--catalogue", fitted, "--json")[1])
    assert facts["clips"] == {"stored": 200, "labelled": 200, "unlabelled": 0}
    assert facts["projects"] == {"none": 40, "Буба": 40, "Лунтик": 40, "Пороро": 40, "Фиксики": 40}
    assert facts["model"]["projects"] == 4


def test_info_does_without_a_model_and_with_a_damaged_one(run, fitted):
    (fitted / "model" / "manifest.json").write_text("{")
    assert "damaged" in run("info", "--catalogue", fitted)[1]
    shutil.rmtree(fitted / "model")
    assert "none yet" in run("info", "--catalogue", fitted)[1]


def test_folder_of_the_catalogue_may_be_set_in_the_environment(run, fitted, monkeypatch):
    monkeypatch.setenv("SMF_EMBED_CATALOGUE", str(fitted))
    assert run("info")[0] == 0


# ----------------------------------------------------------------------------------------------------------- processes


def test_an_error_ends_the_process_with_code_2_and_one_line(tmp_path):
    done = run_process("info", "--catalogue", tmp_path)
    assert_one_line((done.returncode, done.stdout, done.stderr), "holds no catalogue")


def test_a_reader_that_goes_away_is_no_traceback(fitted_folder):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "smf_embed.cli", "info", "--catalogue", str(fitted_folder)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_ctrl_c_ends_with_one_line_and_code_130(tmp_path):
    command = [sys.executable, "-m", "smf_embed.cli", "add", "-", "--catalogue", str(tmp_path / "index")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # more than a pipe holds, and no end: when this is written, the command is reading and soon waits for the rest
        process.stdin.write("yt_reel_id,reel_name\n" + "a,b\n" * 100_000)
        process.stdin.flush()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        process.wait(30)
        assert process.stderr.read().splitlines() == [
            "smf-embed: stopped. What was reported as done is kept; the same command does the rest"
        ]
    assert process.returncode == 130
    assert not (tmp_path / "index").exists()


@pytest.mark.slow
def test_the_demo_runs_all_commands(tmp_path):
    done = run_process("demo", "--scale", "0.005", "--folder", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    for words in ("smf-embed add", "smf-embed fit", "smf-embed predict", "smf-embed evaluate", "smf-embed similar"):
        assert words in done.stdout
    assert "The whole demo took" in done.stdout
    with Catalogue(tmp_path / "demo" / "index") as catalogue:
        assert len(catalogue) > 400


def test_the_demo_replaces_no_files_of_others(tmp_path):
    (tmp_path / "train.csv").write_text("mine", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "smf_embed.cli", "demo", "--folder", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("smf-embed: ")
    assert (tmp_path / "train.csv").read_text(encoding="utf-8") == "mine"


def test_a_terminal_that_knows_no_cyrillic_stops_no_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "smf_embed.cli", "clean", "Лунтик " * 60, "--catalogue", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_evaluate_says_when_it_scores_clips_that_were_learned_from(fitted_folder, train, tmp_path):
    train.to_csv(tmp_path / "train.csv", index=False)
    command = [sys.executable, "-m", "smf_embed.cli", "evaluate", str(tmp_path / "train.csv")]
    done = subprocess.run([*command, "--catalogue", str(fitted_folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{len(train):,} of these clips are labelled" in done.stderr
