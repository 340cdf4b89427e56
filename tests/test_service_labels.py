"""Who gave which label when: the log, taking back, export, and catalogues of the format before."""

import csv
import sqlite3

import pandas as pd
import pytest

from smf_embed.catalogue import FILE_NAME, Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.schema import SCHEMA_VERSION
from smf_embed.tables import guarded
from smf_embed.undoing import undo


@pytest.fixture
def catalogue(tmp_path, encoded):
    table = pd.DataFrame(
        [{"yt_reel_id": f"id{n}", "reel_name": f"title {n}", "cartoon": "Буба" if n < 3 else None} for n in range(6)]
    )
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(table))
        yield catalogue


def label(catalogue, ids, project, person):
    catalogue.person = person
    return catalogue.label(ids, project)


def told(catalogue, *fields):
    return [tuple(row[name] for name in fields) for row in catalogue.label_log()]


def test_each_label_is_logged_with_what_was_before_and_who_gave_it(catalogue):
    label(catalogue, ["id0", "id4"], "Лунтик", "Оля")
    label(catalogue, ["id0"], None, "Егор")
    assert told(catalogue, "yt_reel_id", "project", "was", "source", "person") == [
        *((f"id{n}", "Буба", None, "table", None) for n in range(3)),
        ("id0", "Лунтик", "Буба", "person", "Оля"),
        ("id4", "Лунтик", None, "person", "Оля"),
        ("id0", None, "Лунтик", "person", "Егор"),
    ]
    last = catalogue.label_log()[-1]
    assert last["generation"] == catalogue.generation
    assert catalogue.label_log(person="Оля", most=1)[0]["yt_reel_id"] == "id4"
    assert catalogue.label_log("2999-01-01T00:00:00+00:00") == []


def test_the_log_outlives_the_clips(catalogue):
    label(catalogue, ["id4"], "Лунтик", "Оля")
    catalogue.remove(["id4"])
    assert ("id4", "Оля") in told(catalogue, "yt_reel_id", "person")


def test_what_was_labelled_anew_since_does_not_keep_older_labels_from_being_taken_back(catalogue):
    label(catalogue, ["id0"], "Лунтик", "Оля")
    label(catalogue, ["id1", "id2"], "Лунтик", "Оля")
    label(catalogue, ["id1", "id2"], "Фиксики", "Егор")
    assert undo(catalogue, "Оля") == (["id0"], ["id1", "id2"])
    generation = catalogue.generation
    assert undo(catalogue, "Оля") == ([], ["id1", "id2"])
    assert catalogue.generation == generation


def test_the_labels_of_a_table_that_a_person_brought_in_are_not_taken_back(catalogue):
    label(catalogue, ["id0"], "Лунтик", "Оля")
    catalogue.person = "Оля"
    catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["id5"], "reel_name": ["title 5"], "cartoon": ["Фиксики"]})))
    assert undo(catalogue, "Оля") == (["id0"], [])
    assert undo(catalogue, "Оля") == ([], [])
    assert catalogue.clips(["id5"])[0]["cartoon"] == "Фиксики"
    assert [row["yt_reel_id"] for row in catalogue.label_log(source="table")][-1] == "id5"


def test_the_last_labels_of_a_person_are_taken_back_one_go_after_the_other(catalogue):
    label(catalogue, ["id0", "id4"], "Лунтик", "Оля")
    label(catalogue, ["id5"], "Фиксики", "Егор")
    label(catalogue, ["id1"], "none", "Оля")
    assert undo(catalogue, "Оля") == (["id1"], [])
    assert undo(catalogue, "Оля") == (["id0", "id4"], [])
    assert undo(catalogue, "Оля") == ([], [])
    assert {clip["yt_reel_id"]: clip["cartoon"] for clip in catalogue.clips([f"id{n}" for n in range(6)])} == {
        **{"id0": "Буба", "id1": "Буба", "id2": "Буба"},
        **{"id3": None, "id4": None, "id5": "Фиксики"},
    }
    assert told(catalogue, "person", "undoes")[-3:] == [("Оля", 4), ("Оля", 2), ("Оля", 2)]


def test_what_somebody_labelled_anew_since_is_not_taken_back(catalogue):
    label(catalogue, ["id0", "id4"], "Лунтик", "Оля")
    label(catalogue, ["id4"], "Фиксики", "Егор")
    assert undo(catalogue, "Оля") == (["id0"], ["id4"])
    assert catalogue.clips(["id4"])[0]["cartoon"] == "Фиксики"


def test_a_label_and_its_log_are_written_together_or_not_at_all(catalogue, monkeypatch):
    before = catalogue.label_log()
    put_label = Catalogue.put_label

    def fails(self, *words):
        put_label(self, *words)
        raise RuntimeError

    monkeypatch.setattr(Catalogue, "put_label", fails)
    with pytest.raises(RuntimeError):
        catalogue.label(["id0"], "Лунтик")
    assert catalogue.label_log() == before
    assert catalogue.clips(["id0"])[0]["cartoon"] == "Буба"


def test_a_catalogue_of_the_format_before_gets_the_log_of_its_labels(catalogue, tmp_path):
    label(catalogue, ["id0"], "Лунтик", "Оля")
    label(catalogue, ["id0"], None, "Оля")
    expected = told(catalogue, "yt_reel_id", "project", "was", "source", "at", "generation")
    catalogue.close()
    with sqlite3.connect(tmp_path / "index" / FILE_NAME) as sql:
        from smf_embed.schema import prepare_connection

        prepare_connection(sql)
        for table in ("label_log", "watched_clips", "watched_channels", "quota"):
            sql.execute(f"DROP TABLE {table}")
        sql.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    sql.close()
    with Catalogue(tmp_path / "index") as again:
        assert again.database.meta()["schema_version"] == str(SCHEMA_VERSION)
        assert told(again, "yt_reel_id", "project", "was", "source", "at", "generation") == expected
        assert {row["person"] for row in again.label_log()} == {None}
    assert examine(tmp_path / "index") == []


def test_a_damaged_row_of_the_log_is_found(catalogue, tmp_path):
    catalogue.close()
    path = tmp_path / "index" / FILE_NAME
    whole = path.read_bytes()
    place = whole.rindex(b"table2") if b"table2" in whole else whole.rindex(b"table")
    path.write_bytes(whole[:place] + b"tAble" + whole[place + 5 :])
    assert examine(tmp_path / "index")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+7", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r@x", "＝1", '=HYPERLINK("http://x")']
)
def test_cells_that_a_spreadsheet_would_run_are_texts(cell):
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Буба", "", None, -1, 2.5, "a=b", "-abcdefghij"])
def test_other_cells_stay_as_they_are(cell):
    assert guarded(cell) == cell


def test_the_log_is_exported_as_csv_without_formulas(catalogue, tmp_path, run):
    label(catalogue, ["id4"], "=cmd|' /C calc'!A0", "@Оля")
    code, out, _ = run("export", "--labels", tmp_path / "labels.csv", "--catalogue", tmp_path / "index")
    assert code == 0
    assert "4 labels" in out
    with open(tmp_path / "labels.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["yt_reel_id"] for row in rows] == ["id0", "id1", "id2", "id4"]
    assert rows[-1]["project"] == "'=cmd|' /C calc'!A0"
    assert rows[-1]["person"] == "'@Оля"
    code, _, err = run("export", "--labels", tmp_path / "labels.txt", "--catalogue", tmp_path / "index")
    assert (code, "ends in .csv" in err) == (2, True)


def test_labels_of_the_command_line_are_logged_by_the_name_of_the_user(catalogue, tmp_path, run, monkeypatch):
    monkeypatch.setenv("LOGNAME", "olga")
    assert run("label", "id4", "Буба", "--catalogue", tmp_path / "index")[0] == 0
    assert told(catalogue, "yt_reel_id", "person")[-1] == ("id4", "olga")
