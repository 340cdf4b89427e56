"""Many tables at once, in this process: the decisions of one table, what is done stays, what cannot be read is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import fsspec
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet
import pytest
from conftest import contents, make_table

from smf_embed import cli_bulk
from smf_embed.bulk import deciding as deciding_module
from smf_embed.bulk.shards import find_shards
from smf_embed.catalogue import Catalogue
from smf_embed.errors import ModelError
from smf_embed.files import read_sealed_json


@pytest.fixture
def shards(train, tmp_path):
    """A folder of four shards with clips that the fitted catalogue holds, so that no text has to be encoded."""
    folder = tmp_path / "clips"
    (folder / "more").mkdir(parents=True)
    parts = [train.iloc[start : start + 50] for start in range(0, 200, 50)]
    parts[0].to_parquet(folder / "a.parquet", index=False)
    parts[1].to_parquet(folder / "b.parquet", index=False)
    parts[2].to_csv(folder / "c.csv", index=False)
    parts[3].to_parquet(folder / "more" / "d.parquet", index=False)
    return folder


def manifest(folder):
    found = read_sealed_json(folder / "_manifest.json")
    assert found is not None
    return found


def written(folder):
    """Return path below the folder → time of the last change, of all files but the manifest."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.name != "_manifest.json"
    }


def test_shards_are_decided_as_each_table_is_alone(run, fitted_folder, shards, tmp_path):
    code, out, err = run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder)
    assert (code, out) == (0, "")
    assert "200 clips of 4 shards, 0 of them done before" in err
    for shard in ("a.parquet", "b.parquet", "c.csv", "more/d.parquet"):
        code, _, err = run("predict", shards / shard, "-o", tmp_path / "one.parquet", "--catalogue", fitted_folder)
        assert code == 0, err
        many = (tmp_path / "out" / shard).with_suffix(".parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(many), pd.read_parquet(tmp_path / "one.parquet"))
    rows = manifest(tmp_path / "out")["shards"]
    assert [*rows] == ["a.parquet", "b.parquet", "c.csv", "more/d.parquet"]
    assert {row["clips"] for row in rows.values()} == {50}


def test_the_second_run_decides_only_what_is_new_changed_or_gone(run, fitted_folder, shards, train, tmp_path):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder, "--json"]
    assert run(*words)[0] == 0
    before = written(tmp_path / "out")
    os.utime(shards / "a.parquet")  # touched, and the same to the byte
    code, out, err = run(*words)
    assert code == 0
    assert json.loads(out) | {"seconds": 0} == {
        **{"shards": 4, "decided_now": 0, "done_before": 4, "clips": 200, "of_projects": 160, "unsure": 0},
        **{"rejected": 0, "mended": 0, "texts_encoded": 0, "seconds": 0, "unread": {}},
    }
    assert written(tmp_path / "out") == before
    train.iloc[:60].to_parquet(shards / "b.parquet", index=False)
    train.iloc[:10].to_parquet(shards / "e.parquet", index=False)
    (tmp_path / "out" / "c.parquet").unlink()
    code, out, err = run(*words)
    assert (json.loads(out)["decided_now"], json.loads(out)["clips"]) == (3, 50 + 60 + 50 + 50 + 10)
    assert "1 of 5 shards: changed" in err
    assert "1 of 5 shards: its decisions are gone" in err
    after = written(tmp_path / "out")
    assert {name for name in before if after[name] != before[name]} == {"b.parquet", "c.parquet"}


@pytest.mark.slow
@pytest.mark.parametrize("change", ["label", "option"])
def test_another_catalogue_or_option_decides_all_again_and_says_so(run, fitted, shards, train, tmp_path, change):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted]
    assert run(*words)[0] == 0
    if change == "label":
        with Catalogue(fitted) as catalogue:
            catalogue.label([train["yt_reel_id"].iloc[0]], "none")
    else:
        words += ["--min-precision", "0.9"]
    code, _, err = run(*words)
    assert code == 0
    assert "decided again: 4 of 4 shards: decided by another model or catalogue, or with other options" in err
    facts = manifest(tmp_path / "out")["deciders"]
    assert len(facts) == 1
    assert {row["decided_by"] for row in manifest(tmp_path / "out")["shards"].values()} == {*facts}


def test_copies_of_a_catalogue_that_went_their_own_ways_decide_anew(run, fitted, shards, train, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(fitted, other)
    for folder, project in ((fitted, "none"), (other, train["cartoon"].iloc[-1])):
        with Catalogue(folder) as catalogue:
            catalogue.label([train["yt_reel_id"].iloc[0]], project)
    assert run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted)[0] == 0
    code, _, err = run("predict", shards, "-o", tmp_path / "out", "--catalogue", other)
    assert code == 0
    assert "decided again: 4 of 4 shards" in err


def test_bad_rows_are_reported_beside_their_shard_alone(run, fitted_folder, shards, train, tmp_path):
    bad = train.iloc[:4].assign(yt_reel_id=["", "two words", *train["yt_reel_id"].iloc[2:4]])
    bad.to_parquet(shards / "b.parquet", index=False)
    train.iloc[:2].assign(yt_reel_id="").to_csv(shards / "c.csv", index=False)
    code, _, err = run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder)
    assert code == 0
    assert "4 rows rejected" in err
    report = pd.read_csv(tmp_path / "out" / "_b.rejected.csv")
    assert report["line"].tolist() == [1, 2]
    assert report["reason"].str.contains("yt_reel_id").all()
    assert set(report["source"]) == {str(shards / "b.parquet")}
    # not one good row: a table of the same columns, so that all can be read as one
    assert pd.read_parquet(tmp_path / "out" / "c.parquet").empty
    assert {path.name for path in (tmp_path / "out").rglob("*.csv")} == {"_b.rejected.csv", "_c.rejected.csv"}
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    assert len({str(pyarrow.parquet.read_schema(file).remove_metadata()) for file in files}) == 1
    # whichever is the first to be read, and with the reports and the manifest beside them
    assert len(pyarrow.dataset.dataset(files[::-1]).to_table()) == 50 + 2 + 0 + 50
    whole = pd.read_parquet(tmp_path / "out")
    pd.testing.assert_frame_equal(whole, pd.concat(map(pd.read_parquet, files), ignore_index=True), check_dtype=False)
    pd.testing.assert_series_equal(whole.dtypes, pd.read_parquet(files[0]).dtypes)
    train.iloc[:4].to_parquet(shards / "b.parquet", index=False)
    assert run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder)[0] == 0
    assert not (tmp_path / "out" / "_b.rejected.csv").exists()


def test_a_shard_without_rows_is_done(run, fitted_folder, shards, train, tmp_path):
    train.iloc[:0].to_parquet(shards / "b.parquet", index=False)
    code, _, err = run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder)
    assert code == 0, err
    assert manifest(tmp_path / "out")["shards"]["b.parquet"]["clips"] == 0


def test_a_shard_that_cannot_be_read_is_told_and_the_others_are_done(run, fitted_folder, shards, train, tmp_path):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    whole = (shards / "b.parquet").read_bytes()
    (shards / "b.parquet").write_bytes(whole[: len(whole) // 2])
    train.drop(columns="yt_reel_id").to_csv(shards / "c.csv", index=False)
    code, _, err = run(*words)
    assert code == 2
    assert "2 of 4 shards could not be read" in err.splitlines()[-1]
    assert f"{shards / 'b.parquet'}: the Parquet file is damaged" in err
    assert f"{shards / 'c.csv'}: has no column yt_reel_id" in err
    assert {*manifest(tmp_path / "out")["unread"]} == {"b.parquet", "c.csv"}
    assert {*written(tmp_path / "out")} == {".writer.lock", "a.parquet", "more/d.parquet"}
    (shards / "b.parquet").write_bytes(whole)
    (shards / "c.csv").unlink()
    code, _, err = run(*words)
    assert code == 0
    assert "2 of them done before" in err
    assert not manifest(tmp_path / "out")["unread"]


def test_a_shard_that_became_unreadable_keeps_no_decisions_of_what_it_was(run, fitted_folder, shards, train, tmp_path):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    train.iloc[:4].assign(yt_reel_id=["", *train["yt_reel_id"].iloc[1:4]]).to_parquet(shards / "a.parquet", index=False)
    assert run(*words)[0] == 0
    assert (tmp_path / "out" / "_a.rejected.csv").exists()
    (shards / "a.parquet").write_bytes(b"PAR1 and no more")
    assert run(*words)[0] == 2
    assert not (tmp_path / "out" / "a.parquet").exists()
    assert not (tmp_path / "out" / "_a.rejected.csv").exists()
    assert "a.parquet" not in manifest(tmp_path / "out")["shards"]


@pytest.mark.parametrize("column", ["reel_nme=title", "reel_name=titel"])
def test_a_wrong_name_of_a_column_costs_no_decisions(run, fitted_folder, shards, tmp_path, column):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert run(*words)[0] == 0
    before = written(tmp_path / "out")
    code, _, err = run(*words, "--column", column)
    assert code == 2
    assert "no column" in err
    assert written(tmp_path / "out") == before
    assert "4 of them done before" in run(*words)[2]


def test_decisions_of_a_shard_that_cannot_be_read_just_now_stay(
    run, fitted_folder, shards, train, tmp_path, monkeypatch
):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert run(*words)[0] == 0
    before = written(tmp_path / "out")
    train.iloc[:60].to_parquet(shards / "b.parquet", index=False)

    def failing(shard):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(deciding_module, "readable", failing)
    code, _, err = run(*words)
    assert code == 2
    assert "150 clips of 3 shards, 3 of them done before" in err
    assert f"{shards / 'b.parquet'}: cannot be read: Input/output error" in err
    assert {*manifest(tmp_path / "out")["unread"]} == {"b.parquet"}
    assert written(tmp_path / "out") == before
    monkeypatch.undo()
    assert "210 clips of 4 shards, 3 of them done before" in run(*words)[2]


def test_tables_that_are_no_longer_there_are_told_and_their_decisions_stay(run, fitted_folder, shards, tmp_path):
    words = ["-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert run("predict", shards, *words)[0] == 0
    code, _, err = run("predict", shards / "[ab].parquet", *words)
    assert code == 0
    assert "left in" in err
    assert "c.csv, more/d.parquet" in err
    assert len(manifest(tmp_path / "out")["shards"]) == 4


def test_an_output_belongs_to_one_source(run, fitted_folder, shards, train, tmp_path, monkeypatch):
    words = ["-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert run("predict", shards, *words)[0] == 0
    before = written(tmp_path / "out")
    other = tmp_path / "other"
    other.mkdir()
    train.iloc[:5].to_parquet(other / "a.parquet", index=False)
    for source in (other, other / "*.parquet", shards / "more" / "*"):
        code, _, err = run("predict", source, *words)
        assert code == 2
        assert f"holds decisions of the tables in {shards}" in err
        assert len(err.splitlines()) == 1
    assert written(tmp_path / "out") == before
    # the same source by another name
    monkeypatch.chdir(other)
    (tmp_path / "link").symlink_to(shards)
    for source in ("../clips", "../clips/*.parquet", "../other/../clips", tmp_path / "link"):
        assert "of them done before" in run("predict", source, *words)[2]


def test_decisions_may_lie_beside_the_tables_of_a_glob_and_never_among_them(
    run, fitted_folder, shards, tmp_path, monkeypatch
):
    monkeypatch.chdir(shards)
    for _ in range(2):
        code, _, err = run("predict", "*.parquet", "-o", "decisions", "--catalogue", fitted_folder)
        assert code == 0
        assert "100 clips of 2 shards" in err
        code, _, err = run("predict", "mor?/*.parquet", "-o", "decisions-of-more", "--catalogue", fitted_folder)
        assert code == 0
        assert "50 clips of 1 shards" in err
    (shards / "more" / "back").symlink_to(shards / "decisions")
    for source, output in (
        ("../clips", "out"),
        (".", "out"),
        ("**/*.parquet", "out"),
        ("*.parquet", "."),
        ("*.parquet", "../clips"),
        ("more/*.parquet", "."),
        ("decisions/*.parquet", "decisions"),
        ("more/back/*.parquet", "decisions"),
    ):
        code, _, err = run("predict", source, "-o", output, "--catalogue", fitted_folder)
        assert code == 2
        assert "lies in" in err
        assert len(err.splitlines()) == 1
    assert not (shards / "out").exists()


def test_what_cannot_be_done_is_one_line(run, fitted_folder, shards, tmp_path):
    def refused(*words):
        code, out, err = run("predict", *words, "--catalogue", fitted_folder)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        return err

    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    out = tmp_path / "out"
    assert "there is no .parquet or .csv file" in refused(tmp_path / "empty", "-o", out)
    assert "there is no .parquet or .csv file" in refused(shards / "*.json", "-o", out)
    assert "lies in" in refused(shards, "-o", shards / "decisions")
    assert "lies in" in refused(shards, "-o", shards)
    assert "holds files, but no _manifest.json" in refused(shards, "-o", tmp_path / "full")
    assert "name a folder" in refused(shards)
    assert "would be a folder" in refused(shards, "-o", tmp_path / "new.csv")
    assert "--subtitles is not for many tables" in refused(shards, "-o", out, "--subtitles", tmp_path)
    assert "name one of local, ray" in refused(shards, "-o", out, "--engine", "spark")
    assert "--workers is for --engine ray" in refused(shards, "-o", out, "--workers", "2")
    assert "for a folder or glob" in refused(shards / "a.parquet", "-o", "x.csv", "--engine", "ray")
    assert "nothing://here" in refused("nothing://here", "-o", out)
    (shards / "a.csv").write_bytes((shards / "c.csv").read_bytes())
    assert "decisions would both be a.parquet" in refused(shards, "-o", out)
    assert not out.exists()


def test_a_damaged_manifest_is_told_and_not_written_over(run, fitted_folder, shards, tmp_path):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert run(*words)[0] == 0
    path = tmp_path / "out" / "_manifest.json"
    path.write_text(path.read_text().replace('"clips": 50', '"clips": 51', 1))
    damaged = path.read_bytes()
    code, _, err = run(*words)
    assert code == 2
    assert f"{path}: is damaged; name another folder, or remove this one" in err
    assert path.read_bytes() == damaged
    # what the message advises works
    other = ["predict", shards, "-o", tmp_path / "other", "--catalogue", fitted_folder]
    assert "0 of them done before" in run(*other)[2]
    shutil.rmtree(tmp_path / "out")
    code, _, err = run(*words)
    assert code == 0
    assert "200 clips of 4 shards, 0 of them done before" in err


def test_decisions_of_an_earlier_version_are_told_and_not_mixed(run, fitted_folder, shards, tmp_path):
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert run(*words)[0] == 0
    (tmp_path / "out" / "_manifest.json").rename(tmp_path / "out" / "manifest.json")
    code, _, err = run(*words)
    assert code == 2
    assert "earlier version of smf-embed; name another folder" in err


def test_a_catalogue_that_is_changed_meanwhile_stops_the_run(run, fitted, shards, train, tmp_path, monkeypatch):
    decide = deciding_module.decide_here

    def disturbed(deciding, todo):
        for place, result in enumerate(decide(deciding, todo)):
            yield result
            if place == 1:
                with Catalogue(fitted) as catalogue:
                    catalogue.label([train["yt_reel_id"].iloc[0]], "none")

    monkeypatch.setattr("smf_embed.bulk.predicting.decide_here", disturbed)
    code, _, err = run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted)
    assert code == 2
    assert "not the one that the run began with" in err
    assert [*manifest(tmp_path / "out")["shards"]] == ["a.parquet", "b.parquet"]
    assert {*written(tmp_path / "out")} == {".writer.lock", "a.parquet", "b.parquet"}


@pytest.mark.slow
def test_shards_and_decisions_may_be_anywhere_that_fsspec_knows(run, fitted_folder, shards, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.put(str(shards), "/clips", recursive=True)
    words = ["predict", "memory://clips", "-o", "memory://decisions", "--catalogue", fitted_folder]
    try:
        code, _, err = run(*words)
        assert code == 0, err
        assert "200 clips of 4 shards, 0 of them done before" in err
        assert run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder)[0] == 0
        for name in ("a.parquet", "c.parquet", "more/d.parquet"):
            assert memory.cat(f"/decisions/{name}") == (tmp_path / "out" / name).read_bytes()
        assert "4 of them done before" in run(*words)[2]
        assert "lies in" in run(*words[:2], "-o", "memory://clips/out", "--catalogue", fitted_folder)[2]
        code, out, err = run("add", "memory://clips", "--catalogue", tmp_path / "index")
        assert (code, out[:9]) == (0, "added 200"), err
    finally:
        memory.rm("/", recursive=True)


def test_adding_a_folder_is_adding_its_tables(run, encoded, shards, train, tmp_path):
    train.iloc[:0].to_parquet(shards / "none.parquet", index=False)
    code, out, err = run("add", shards, "--catalogue", tmp_path / "many")
    assert code == 0, err
    assert out.startswith("added 200, updated 0, unchanged 0, rejected 0; 200 labels")
    tables = [shards / name for name in ("a.parquet", "b.parquet", "c.csv", "more/d.parquet")]
    assert run("add", *tables, "--catalogue", tmp_path / "one")[0] == 0
    with Catalogue(tmp_path / "many") as many, Catalogue(tmp_path / "one") as one:
        columns = "SELECT yt_reel_id, reel_name, title_text, project FROM clips ORDER BY 1"
        assert many.database.sql.execute(columns).fetchall() == one.database.sql.execute(columns).fetchall()
    before = contents(tmp_path / "many")
    assert run("add", shards / "*.parquet", "--catalogue", tmp_path / "many")[1].startswith("added 0, updated 0")
    assert contents(tmp_path / "many") == before


def test_names_of_shards_leave_hidden_files_out(shards):
    for name in ("_SUCCESS.csv", ".a.parquet.crc.parquet", "more/.x.csv"):
        (shards / name).touch()
    (shards / "_temporary").mkdir()
    (shards / "_temporary" / "e.parquet").touch()
    root, found = find_shards(str(shards))
    assert root == str(shards)
    assert [shard.name for shard in found] == ["a.parquet", "b.parquet", "c.csv", "more/d.parquet"]
    assert [shard.name for shard in find_shards(str(shards / "mo*" / "*"))[1]] == ["more/d.parquet"]
    assert [shard.name for shard in find_shards(str(shards / "**" / "*.parquet"))[1]][-1] == "more/d.parquet"


def test_only_what_a_table_ends_in_is_taken_off_its_name(run, fitted_folder, train, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("2024.01", "2024.02", "2024.03.parquet", "2024.04.PARQUET"):
        train.iloc[:5].to_parquet(folder / name, index=False)
    code, _, err = run("predict", folder / "*", "-o", tmp_path / "out", "--catalogue", fitted_folder)
    assert code == 0, err
    names = {path.name for path in (tmp_path / "out").glob("*.parquet")}
    assert names == {f"2024.0{number}.parquet" for number in (1, 2, 3, 4)}


def test_a_model_that_cannot_be_loaded_leaves_no_catalogue_open(fitted, tmp_path, monkeypatch):
    closed = []
    monkeypatch.setattr(Catalogue, "close", lambda self, close=Catalogue.close: (closed.append(self), close(self)))
    next((fitted / "model").glob("trees*")).write_text("damaged")
    with pytest.raises(ModelError):
        deciding_module.ShardDecider(deciding_module.Deciding(str(fitted), str(tmp_path / "out"), {}))
    assert len(closed) == 1


def test_links_are_followed_and_one_that_leads_nowhere_is_told(run, fitted_folder, shards, train, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "2024").mkdir(parents=True)
    train.iloc[:20].to_parquet(elsewhere / "2024" / "x.parquet", index=False)
    train.iloc[:30].to_parquet(elsewhere / "y.parquet", index=False)
    (shards / "e.parquet").symlink_to(elsewhere / "y.parquet")
    (shards / "linked").symlink_to(elsewhere / "2024")
    _, found = find_shards(str(shards))
    names = ["a.parquet", "b.parquet", "c.csv", "e.parquet", "linked/x.parquet", "more/d.parquet"]
    assert [shard.name for shard in found] == names
    assert found[3].size == (elsewhere / "y.parquet").stat().st_size
    assert [shard.name for shard in find_shards(str(shards / "*.parquet"))[1]][-1] == "e.parquet"
    assert find_shards(str(shards / "*" / "*.parquet"))[1][0].name == "linked/x.parquet"
    words = ["predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder]
    assert "250 clips of 6 shards" in run(*words)[2]
    train.iloc[:40].to_parquet(elsewhere / "y.parquet", index=False)
    code, _, err = run(*words)
    assert "1 of 6 shards: changed" in err
    (shards / "gone.csv").symlink_to(tmp_path / "nothing.csv")
    code, _, err = run(*words)
    assert code == 2
    assert f"{shards / 'gone.csv'}: cannot be read" in err
    (shards / "more" / "up").symlink_to(shards)
    code, _, err = run(*words)
    assert code == 2
    assert f"{shards / 'more' / 'up'}: is a link to a folder that it lies in" in err


def test_addresses_that_cannot_be_used_are_refused_in_one_line(run, fitted_folder, shards, tmp_path):
    archive = tmp_path / "clips.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(shards / "a.parquet", "a.parquet")
    sources = {
        f"zip://*.parquet::file://{archive}": "cannot be named one by one",
        f"zip://*.parquet::file://{tmp_path / 'none.zip'}": "cannot be opened",
        "webhdfs:///clips": "cannot be opened",
    }
    for source, reason in sources.items():
        code, out, err = run("predict", source, "-o", tmp_path / "out", "--catalogue", fitted_folder)
        assert (code, out) == (2, "")
        assert reason in err
        assert len(err.splitlines()) == 1


def test_a_file_whose_name_looks_like_a_glob_is_one_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips[1].csv").touch()
    assert not cli_bulk.is_many("clips[1].csv")
    assert cli_bulk.is_many("clips*.csv")
    assert not cli_bulk.is_many("clips.csv")
    assert not cli_bulk.is_many("-")


@pytest.mark.slow
def test_a_run_that_was_killed_is_finished_by_the_next(run, fitted_folder, train, tmp_path):
    folder, out = tmp_path / "clips", tmp_path / "out"
    folder.mkdir()
    # many clips of known texts: no encoder is needed, and a shard still takes a while
    for number in range(12):
        part = pd.concat([train.assign(yt_reel_id=train["yt_reel_id"] + f"{number}{copy}") for copy in range(4)])
        part.to_parquet(folder / f"{number:02}.parquet", index=False)
    words = ["predict", str(folder), "-o", str(out), "--catalogue", str(fitted_folder)]
    with subprocess.Popen([sys.executable, "-m", "smf_embed.cli", *words], stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (out / "02.parquet").exists():
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    done = {name for name, row in manifest(out)["shards"].items() if row}
    assert 0 < len(done) < 12
    before = written(out)
    (out / ".03.deadbeef.parquet").touch()  # as a kill in the middle of a write leaves it
    code, _, err = run(*words)
    assert code == 0
    assert f"9,600 clips of 12 shards, {len(done)} of them done before" in err
    assert all(written(out)[name] == before[name] for name in done)
    assert not [name for name in written(out) if name.startswith(".") and name != ".writer.lock"]


def test_two_runs_do_not_write_to_one_folder(run, fitted_folder, shards, tmp_path):
    from smf_embed.bulk.output import OutputFolder

    with OutputFolder(str(tmp_path / "out")).writing():
        code, _, err = run("predict", shards, "-o", tmp_path / "out", "--catalogue", fitted_folder)
    assert code == 2
    assert "another run writes there" in err


def test_clips_that_are_new_are_encoded(run, fitted_folder, tmp_path):
    (tmp_path / "clips").mkdir()
    make_table(per_title=1, first=90).to_csv(tmp_path / "clips" / "new.csv", index=False)
    code, out, _ = run("predict", tmp_path / "clips", "-o", tmp_path / "out", "--catalogue", fitted_folder, "--json")
    assert code == 0
    assert json.loads(out)["texts_encoded"] > 20


@pytest.mark.parametrize("command", ["predict", "add"])
def test_without_the_extra_the_exact_line_is_told(run, fitted, shards, tmp_path, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["-o", tmp_path / "out"] if command == "predict" else []
    code, _, err = run(command, shards, *words, "--catalogue", fitted, "--engine", "ray")
    assert code == 2
    assert err.splitlines()[-1] == "smf-embed: --engine ray needs ray: pip install 'smf-embed[ray]'"
