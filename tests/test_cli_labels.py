"""Labels from a file: only what differs is taken, and a file as it was written changes nothing."""

import json

import pandas as pd
import pytest
from conftest import contents
from test_cli_catalogue import csv, folder, history, labels, refused  # noqa: F401

from smf_embed.audit_table import COLUMNS
from smf_embed.catalogue import Catalogue
from smf_embed.tables import csv_lines


def write(path, rows, columns=("yt_reel_id", "cartoon")):
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
    return path


def test_rows_that_differ_are_taken_and_others_left(run, folder, tmp_path):  # noqa: F811
    rows = [("a", "Буба", "t"), ("b", "Буба", "t"), ("c", None, "t"), ("-d", " NONE ", "t"), ("gone", "Буба", "t")]
    file = write(tmp_path / "s.csv", rows, ["yt_reel_id", "cartoon", "reel_name"])
    code, out, err = run("label", "--from", file, "--catalogue", folder)
    assert (code, err) == (0, "gone: is not in the catalogue\n")
    assert out.startswith("labelled 2 clips anew (1 Буба, 1 none); 1 left as they are.")
    assert labels(folder) == {"a": "Буба", "b": "Буба", "c": None, "-d": "none", "e": None}
    assert history(folder, "b")[-1] == ("Буба", "person")
    assert history(folder, "a") == [("Буба", "table")]


def test_another_column_may_hold_the_label(run, folder, tmp_path):  # noqa: F811
    file = write(tmp_path / "s.csv", [("a", "Буба", "Лунтик")], ["yt_reel_id", "cartoon", "suggested"])
    run("label", "--from", file, "--column", "cartoon=suggested", "--catalogue", folder)
    assert labels(folder)["a"] == "Лунтик"


def test_a_clip_that_is_listed_twice_and_changed_once_is_changed(run, folder, tmp_path):  # noqa: F811
    file = write(tmp_path / "s.csv", [("a", "Лунтик"), ("a", "Буба")])
    assert run("label", "--from", file, "--catalogue", folder)[1].startswith("labelled 1 clips anew (1 Лунтик); 0 left")
    assert labels(folder)["a"] == "Лунтик"


def test_two_new_projects_for_one_clip_are_refused(run, folder, tmp_path):  # noqa: F811
    before = contents(folder)
    file = write(tmp_path / "s.csv", [("b", "Буба"), ("a", "Лунтик"), ("a", "Фиксики")])
    refused(run("label", "--from", file, "--catalogue", folder), "gives a two new projects", "line 4")
    assert contents(folder) == before


@pytest.mark.parametrize("by_the_page", [True, False])
def test_a_log_of_labels_gives_the_last_label_of_each_clip(run, folder, tmp_path, by_the_page):  # noqa: F811
    with Catalogue(folder) as catalogue:
        for project in ("Старый", "Ещё один", "+1 семья"):
            catalogue.label(["a"], project)
        catalogue.label(["-d"], "Старый")
        catalogue.label(["-d"], None)
        log = catalogue.label_log()
    file = tmp_path / "labels.csv"
    if by_the_page:
        rows = [{**row, "cartoon": row["project"]} for row in log]
        file.write_text("".join(csv_lines(("at", "person", "source", "yt_reel_id", "cartoon", "was"), rows)))
    else:
        assert run("export", "--labels", file, "--catalogue", folder)[0] == 0
    run("label", "a", "b", "Лунтик", "--catalogue", folder)
    assert run("label", "--from", file, "--catalogue", folder)[0] == 0
    assert labels(folder) == {"a": "+1 семья", "b": "none", "c": None, "-d": None, "e": None}


def test_labels_are_confirmed_on_request(run, folder, tmp_path):  # noqa: F811
    file = write(tmp_path / "s.csv", [("a", "Буба")])
    assert run("label", "--from", file, "--confirm", "--catalogue", folder)[1].startswith(
        "labelled 0 clips anew; 1 confirmed."
    )
    assert history(folder, "a") == [("Буба", "table"), ("Буба", "person")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["a", "Буба", "--from", "x.csv"], "not both"),
        (["a", "Буба", "--confirm"], "--from FILE"),
        (["--from", "nowhere.csv"], "nowhere.csv"),
        ([], "PROJECT"),
    ],
)
def test_what_cannot_be_meant_is_refused(run, folder, words, reason):  # noqa: F811
    before = contents(folder)
    refused(run("label", *words, "--catalogue", folder), reason)
    assert contents(folder) == before


def test_a_stale_file_undoes_no_label(run, folder, tmp_path):  # noqa: F811
    rows = [
        ("a", "Лунтик", "Буба"),
        ("b", "Буба", "none"),
        ("c", "Лунтик", ""),
        ("-d", "Лунтик", ""),
        ("e", "none", " "),
    ]
    before = labels(folder)
    file = write(tmp_path / "s.csv", rows, ["yt_reel_id", "cartoon", "label_was"])
    code, out, err = run("label", "--from", file, "--catalogue", folder)
    changed = {one for one, _, was in rows if (was.strip() or None) == before[one]}
    after = labels(folder)
    assert code == 0
    for one, new, _ in rows:
        assert after[one] == (new if one in changed else before[one])
    assert 0 < len(changed) < len(rows)
    assert out.startswith(f"labelled {len(changed)} clips anew")
    assert f"; {len(rows) - len(changed)} skipped." in out
    assert err.endswith("s.csv was written: -d (Буба)\n")
    # the same file again: what it gave stands, what was skipped is skipped
    assert run("label", "--from", file, "--catalogue", folder)[1].startswith("labelled 0 clips anew")
    assert labels(folder) == after


def test_a_file_of_unknown_clips_alone_is_refused(run, folder, tmp_path):  # noqa: F811
    before = contents(folder)
    file = write(tmp_path / "s.csv", [("gone", "Буба"), ("gone2", "Буба")])
    refused(run("label", "--from", file, "--catalogue", folder), "none of its 2 ids is in the catalogue")
    assert contents(folder) == before


def test_a_file_without_labels_is_refused(run, folder, tmp_path):  # noqa: F811
    file = write(tmp_path / "s.csv", [("a", "t")], ["yt_reel_id", "reel_name"])
    refused(run("label", "--from", file, "--catalogue", folder), "no usable row with a column cartoon")


@pytest.mark.slow
def test_an_audit_given_back_as_it_is_changes_no_label_and_its_proposals_do(run, fitted, tmp_path, train):
    wrong = train.loc[train["cartoon"] == "Буба", "yt_reel_id"].iloc[:2].tolist()
    run("label", *wrong, "Фиксики", "--catalogue", fitted)
    assert run("fit", "--catalogue", fitted)[0] == 0
    before, file = labels(fitted), tmp_path / "s.csv"
    code, out, _ = run("audit", "--again", "-o", file, "--catalogue", fitted)
    assert code == 0
    assert "labels that the other folds deny" in out
    table = pd.read_csv(file)
    assert set(wrong) & set(table.loc[table["kind"] == "label", "yt_reel_id"])
    assert run("label", "--from", file, "--catalogue", fitted)[0] == 0
    assert labels(fitted) == before
    assert run("label", "--from", file, "--column", "cartoon=suggested", "--catalogue", fitted)[0] == 0
    assert any(labels(fitted)[one] == "Буба" for one in wrong)
    lines = [json.loads(line) for line in run("audit", "--again", "--catalogue", fitted, "--json")[1].splitlines()]
    assert all({"kind", "yt_reel_id", "suggested", "reason"} <= line.keys() for line in lines)


def test_an_audit_without_a_model_or_to_another_kind_of_file_is_refused(run, folder, tmp_path):  # noqa: F811
    refused(run("audit", "--catalogue", folder), "smf-embed fit")
    refused(run("audit", "-o", tmp_path / "s.xlsx", "--catalogue", folder), ".csv")


def test_no_cell_of_an_audit_is_a_formula_and_labels_come_back_as_they_were(run, fitted, tmp_path, monkeypatch, train):
    clip = train.iloc[0]
    row = dict.fromkeys(COLUMNS, "") | {"kind": "label", "yt_reel_id": clip["yt_reel_id"], "reel_name": "=1+1"}
    row |= {"label_was": clip["cartoon"], "cartoon": "+1 семья", "suggested": "+1 семья", "score": 0.9}
    monkeypatch.setattr("smf_embed.audit.audit", lambda *_, **__: pd.DataFrame([row], columns=COLUMNS))
    file = tmp_path / "s.csv"
    assert run("audit", "-o", file, "--catalogue", fitted)[0] == 0
    written = pd.read_csv(file).iloc[0]
    assert (written["reel_name"], written["suggested"]) == ("'=1+1", "'+1 семья")
    assert run("label", "--from", file, "--catalogue", fitted)[0] == 0
    assert labels(fitted)[clip["yt_reel_id"]] == "+1 семья"
