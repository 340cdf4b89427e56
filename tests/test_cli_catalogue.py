"""The commands that keep the catalogue, through the command line: what they change, print and refuse."""

import io
import json
import os
import sys
import threading

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import contents

from smf_embed.catalogue import Catalogue

ROWS = [
    ("a", "Буба на кухне", "[Буба на кухне] Новая серия", "Буба", "UC1", "ru"),
    ("b", "Лунтик и мёд", None, "none", "UC1", "ru"),
    ("c", "Pororo snowman", "Funny video", None, "UC2", "en"),
    ("-d", None, None, "Буба", "UC2", None),
    ("e", "Буба спит", "[e] [4K] Про сон", None, "UC2", "ru"),
]
COLUMNS = ["yt_reel_id", "reel_name", "text", "cartoon", "yt_channel_id", "language"]
DATA = ["date", "reel_name", "yt_reel_id", "cartoon", "text", "yt_channel_id", "language", "seconds"]


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "clips.csv"
    pd.DataFrame(ROWS, columns=COLUMNS).to_csv(path, index=False)
    return path


@pytest.fixture
def folder(run, csv, tmp_path, encoded):
    """A catalogue of `ROWS` whose encoder takes no time."""
    assert run("add", csv, "--catalogue", tmp_path / "index")[0] == 0
    return tmp_path / "index"


def labels(folder):
    with Catalogue(folder) as catalogue:
        return {clip["yt_reel_id"]: clip["cartoon"] for batch in catalogue.clip_batches(9) for clip in batch}


def history(folder, identifier):
    with Catalogue(folder) as catalogue:
        return [(row["project"], row["source"]) for row in catalogue.label_history(identifier)]


def refused(result, *words):
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("smf-embed: ")
    for word in words:
        assert word in err


# ----------------------------------------------------------------------------------------------------------------- add


def test_a_changed_title_encodes_that_text_alone(run, csv, folder, encoded):
    encoded.clear()
    pd.DataFrame([("a", "Буба поёт", *ROWS[0][2:])], columns=COLUMNS).to_csv(csv, index=False)
    result = json.loads(run("add", csv, "--catalogue", folder, "--json")[1])
    assert (result["updated"], encoded) == (1, ["буба поёт"])
    pd.DataFrame([("a", "Буба спит", *ROWS[0][2:])], columns=COLUMNS).to_csv(csv, index=False)
    encoded.clear()
    assert json.loads(run("add", csv, "--catalogue", folder, "--json")[1])["texts_encoded"] == 0
    assert encoded == []


def test_a_table_without_labels_leaves_them_and_counts_as_unchanged(run, csv, folder):
    before = labels(folder)
    for left_out in (["cartoon"], ["language", "cartoon"]):
        pd.DataFrame(ROWS, columns=COLUMNS).drop(columns=left_out).to_csv(csv, index=False)
        result = json.loads(run("add", csv, "--catalogue", folder, "--json")[1])
        assert (result["unchanged"], result["updated"], result["labels"]) == (5, 0, 0)
    assert labels(folder) == before


def test_a_table_without_a_good_row_makes_no_catalogue(run, tmp_path):
    path, report = tmp_path / "bad.csv", tmp_path / "rejected.csv"
    path.write_text("yt_reel_id,reel_name\n,one\na b,two\n")
    refused(run("add", path, "--catalogue", tmp_path / "new", "--rejected", report), "line 2: no yt_reel_id", "not one")
    assert len(pd.read_csv(report)) == 2
    assert not (tmp_path / "new").exists()


def test_what_was_stored_before_a_damaged_table_is_told(run, csv, tmp_path, encoded):
    broken = tmp_path / "broken.parquet"
    pd.DataFrame([(f"x{i}", f"Буба {i}") for i in range(20_000)], columns=COLUMNS[:2]).to_parquet(
        broken, row_group_size=1000
    )
    content = bytearray(broken.read_bytes())
    content[len(content) // 3 : len(content) // 2] = b"\xff" * (len(content) // 2 - len(content) // 3)
    broken.write_bytes(content)
    refused(
        run("add", csv, broken, "--catalogue", tmp_path / "index"),
        "stored before the error: added 5, updated 0, unchanged 0",
        "broken.parquet: the Parquet file is damaged",
    )
    assert len(labels(tmp_path / "index")) == 5


def test_a_pipe_is_read_as_a_file_is(run, csv, tmp_path, encoded):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(csv.read_bytes()))
    writer.start()
    code, out, _ = run("add", tmp_path / "pipe", "--catalogue", tmp_path / "index", "--json")
    writer.join()
    assert (code, json.loads(out)["added"]) == (0, 5)


def test_standard_input_is_learned_from_and_added(run, csv, tmp_path, encoded, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(csv.read_bytes())))
    assert json.loads(run("add", "-", "--catalogue", tmp_path / "index", "--json")[1])["added"] == 5


# -------------------------------------------------------------------------------------------------------------- remove


def test_remove_takes_clips_away_and_names_those_that_are_not_there(run, folder):
    code, out, err = run("remove", "a", "nowhere", "--catalogue", folder)
    assert (code, err) == (0, "nowhere: is not in the catalogue\n")
    assert out == "removed 1 clips. The catalogue holds 4 clips.\n"
    assert "a" not in labels(folder)


def test_remove_of_unknown_ids_alone_is_an_error_and_changes_nothing(run, folder):
    before = contents(folder)
    refused(run("remove", "x", "y", "--catalogue", folder), "x, y: not in the catalogue", "nothing was changed")
    assert contents(folder) == before


def test_ids_that_begin_with_a_hyphen_stand_after_two_hyphens(run, folder):
    assert run("remove", "--catalogue", folder, "--", "-d")[0] == 0
    assert "-d" not in labels(folder)


def test_a_removed_clip_that_comes_again_is_not_encoded_again(run, csv, folder, encoded):
    run("remove", "a", "--catalogue", folder)
    encoded.clear()
    result = json.loads(run("add", csv, "--catalogue", folder, "--json")[1])
    assert (result["added"], result["unchanged"], result["texts_encoded"]) == (1, 4, 0)
    assert encoded == []


# -------------------------------------------------------------------------------------------------------------- labels


def test_label_gives_all_ids_the_project_that_stands_last(run, folder):
    code, out, err = run("label", "b", "c", "Буба", "--catalogue", folder)
    assert (code, err) == (0, "")
    assert out.startswith("labelled 2 clips Буба.")
    assert labels(folder) == {"a": "Буба", "b": "Буба", "c": "Буба", "-d": "Буба", "e": None}


def test_label_without_a_project_changes_nothing(run, folder):
    before = contents(folder)
    refused(
        run("label", "a", "b", "--catalogue", folder), "b: is the id of a clip", "the last word must be the project"
    )
    code, out, err = run("label", "a", "--catalogue", folder)
    assert (code, out) == (2, "")
    assert "PROJECT" in err
    refused(run("label", "a", " ", "--catalogue", folder), "must have a name")
    refused(run("label", "nowhere", "Буба", "--catalogue", folder), "nothing was changed")
    assert contents(folder) == before


def test_a_project_that_is_new_is_told(run, folder):
    code, _, err = run("label", "a", "Фиксики", "--catalogue", folder)
    assert (code, err) == (0, "Фиксики: no clip had this project before\n")
    assert run("label", "b", "Фиксики", "--catalogue", folder)[2] == ""


@pytest.mark.parametrize("written", ["none", "NONE", " None "])
def test_none_is_the_same_in_any_case(run, folder, written):
    code, out, err = run("label", "a", written, "--catalogue", folder)
    assert (code, err) == (0, "")
    assert "clips none" in out
    assert labels(folder)["a"] == "none"


def test_unlabel_takes_labels_away_and_their_history_keeps_them(run, folder):
    run("label", "a", "Лунтик", "--catalogue", folder)
    assert run("unlabel", "a", "--catalogue", folder)[1].startswith("1 clips are unlabelled now.")
    assert labels(folder)["a"] is None
    assert history(folder, "a") == [("Буба", "table"), ("Лунтик", "person"), (None, "person")]


def test_the_label_of_a_person_stands_when_the_same_table_is_added_again(run, csv, folder):
    run("label", "a", "Лунтик", "--catalogue", folder)
    run("unlabel", "b", "--catalogue", folder)
    result = json.loads(run("add", csv, "--catalogue", folder, "--json")[1])
    assert (result["unchanged"], result["labels"]) == (5, 0)
    assert (labels(folder)["a"], labels(folder)["b"]) == ("Лунтик", None)


# -------------------------------------------------------------------------------------------------------------- export


def test_an_exported_catalogue_can_be_added_to_a_new_one(run, folder, tmp_path):
    run("label", "e", "Новый проект", "--catalogue", folder)
    run("unlabel", "b", "--catalogue", folder)
    code, out, _ = run("export", tmp_path / "out.parquet", "--catalogue", folder)
    assert (code, out) == (0, f"5 clips written to {tmp_path / 'out.parquet'}\n")
    assert run("add", tmp_path / "out.parquet", "--catalogue", tmp_path / "copy")[0] == 0
    with Catalogue(folder) as one, Catalogue(tmp_path / "copy") as other:
        raw = [*DATA, "yt_channel_name", "subtitles"]
        raw[raw.index("text")] = "description"
        for before, after in zip(
            *(catalogue.clips(["a", "b", "c", "-d", "e"]) for catalogue in (one, other)), strict=True
        ):
            assert {name: before[name] for name in raw} == {name: after[name] for name in raw}


def test_an_export_reads_in_pandas_and_pyarrow(run, folder, tmp_path):
    run("label", "c", "Лунтик", "--catalogue", folder)
    assert run("export", tmp_path / "out.parquet", "--vectors", "--catalogue", folder)[0] == 0
    frame = pd.read_parquet(tmp_path / "out.parquet").set_index("yt_reel_id")
    assert frame["cartoon"].fillna("").tolist() == ["Буба", "none", "Лунтик", "Буба", ""]
    assert frame["label_source"].fillna("").tolist() == ["table", "table", "person", "table", ""]
    assert frame.loc["b", "title_text"] == "лунтик и мёд"
    table = pq.read_table(tmp_path / "out.parquet")
    assert {"title_vector", "description_vector", "subtitles_vector", "corrections"} <= set(table.column_names)
    with Catalogue(folder) as catalogue:
        stored = catalogue.stored(["a"]).vectors["title"][0]
    np.testing.assert_array_equal(frame.loc["a", "title_vector"], stored)
    assert len(frame.loc["-d", "title_vector"]) == 0


def test_an_empty_catalogue_gives_an_empty_table(run, folder, tmp_path):
    run("remove", "--catalogue", folder, "--", "a", "b", "c", "-d", "e")
    code, out, _ = run("export", tmp_path / "out.parquet", "--vectors", "--catalogue", folder)
    assert (code, out.startswith("0 clips")) == (0, True)
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 0


def test_an_export_of_another_kind_is_refused(run, folder, tmp_path):
    refused(run("export", tmp_path / "out.csv", "--catalogue", folder), ".parquet")
    assert not (tmp_path / "out.csv").exists()


# ------------------------------------------------------------------------------------------------------------- compact


def test_compact_gives_the_room_of_removed_clips_back(run, tmp_path, encoded):
    table = pd.DataFrame([(f"id{i}", f"Серия номер {i} " * 20) for i in range(1500)], columns=COLUMNS[:2])
    table.to_csv(tmp_path / "many.csv", index=False)
    folder = tmp_path / "index"
    run("add", tmp_path / "many.csv", "--catalogue", folder)
    run("remove", *table["yt_reel_id"][100:], "--catalogue", folder)
    before = (folder / "catalogue.sqlite").stat().st_size
    code, out, _ = run("compact", "--catalogue", folder)
    assert (code, out.startswith("dropped 1,400 vectors; ")) == (0, True)
    assert (folder / "catalogue.sqlite").stat().st_size < before / 2
    assert run("compact", "--catalogue", folder)[1].startswith("dropped 0 vectors; ")
    found = run("similar", "id7", "-k", "200", "--json", "--catalogue", folder)[1].splitlines()
    assert len(found) == 99
    assert run("doctor", "--catalogue", folder)[0] == 0


# ------------------------------------------------------------------------------------------------------------- reindex


def test_reindex_with_another_encoder_gives_vectors_of_it_and_refuses_the_model(run, fitted, tiny_model):
    code, out, err = run("reindex", "--encoder", tiny_model, "--json", "--catalogue", fitted)
    assert code == 0
    assert json.loads(out)["clips"] == 200
    assert "smf-embed fit" in err
    facts = json.loads(run("info", "--json", "--catalogue", fitted)[1])
    assert tiny_model in facts["encoder"]
    with Catalogue(fitted) as catalogue:
        assert catalogue.dimension == 32
    (fitted.parent / "new.csv").write_text("yt_reel_id,reel_name\nnew,Буба\n")
    refused(run("predict", fitted.parent / "new.csv", "--catalogue", fitted), "fingerprint", "smf-embed fit")
    assert run("similar", "--text", "Буба", "--catalogue", fitted)[0] == 0


@pytest.mark.parametrize("kind", ["HNSW8", "IVF4,SQ8", "Flat"])
def test_reindex_with_another_kind_of_index_is_told_by_info(run, folder, kind):
    assert run("reindex", "--index", kind, "--catalogue", folder)[0] == 0
    assert json.loads(run("info", "--json", "--catalogue", folder)[1])["index"]["kind"] == kind
    assert f"kind {kind}" in run("info", "--catalogue", folder)[1]
    assert len(run("similar", "a", "--json", "--catalogue", folder)[1].splitlines()) == 3


def test_reindex_does_both_at_once(run, folder, tiny_model):
    done = json.loads(run("reindex", "--encoder", tiny_model, "--index", "HNSW8", "--json", "--catalogue", folder)[1])
    assert (done["clips"], done["kind"]) == (5, "HNSW8")
    facts = json.loads(run("info", "--json", "--catalogue", folder)[1])
    assert facts["index"]["kind"] == "HNSW8"
    assert tiny_model in facts["encoder"]


def test_reindex_by_a_budget_notes_what_it_measured(run, folder):
    done = json.loads(run("reindex", "--max-memory", "1G", "--max-latency", "1s", "--json", "--catalogue", folder)[1])
    assert done["kind"] == "Flat"
    assert json.loads(run("info", "--json", "--catalogue", folder)[1])["index"]["max_memory"] == 2**30


@pytest.mark.parametrize(
    "words",
    [
        ["--index", "Nonsense"],
        ["--index", "Flat", "--max-memory", "1G"],
        ["--max-memory", "much"],
        ["--max-latency", "soon"],
        ["--max-memory", "1"],
        ["--encoder", "no/such"],
    ],
)
def test_reindex_refuses_what_it_cannot_do_and_changes_nothing(run, folder, words):
    before = contents(folder)
    refused(run("reindex", *words, "--catalogue", folder))
    assert contents(folder) == before


# -------------------------------------------------------------------------------------------------------------- doctor


def test_doctor_of_a_sound_catalogue_ends_with_0(run, folder):
    assert run("doctor", "--catalogue", folder) == (0, f"{folder}: nothing is wrong\n", "")
    assert run("doctor", "--json", "--catalogue", folder) == (0, "", "")


def test_doctor_tells_what_is_wrong_with_the_command_that_mends_it(run, folder):
    with Catalogue(folder) as catalogue:
        catalogue.database.sql.execute("UPDATE clips SET project = 'Лунтик' WHERE yt_reel_id = 'a'")
    before = contents(folder)
    code, out, _ = run("doctor", "--catalogue", folder)
    assert code == 3
    assert "1 clips have another label than their history says" in " ".join(out.split())
    assert f"mend it: smf-embed doctor --repair --catalogue {folder}" in out
    code, out, _ = run("doctor", "--json", "--catalogue", folder)
    [finding] = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert not finding["mended"]
    assert contents(folder) == before
    assert run("doctor", "--repair", "--catalogue", folder)[0] == 0
    assert run("doctor", "--catalogue", folder)[0] == 0
    assert labels(folder)["a"] == "Буба"


# ------------------------------------------------------------------------------------------------------------- similar


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {"b", "c", "e"}),
        (["--project", "none"], {"b"}),
        (["--channel", "UC2"], {"c", "e"}),
        (["--labelled"], {"b"}),
        (["--language", "ru"], {"b", "e"}),
        (["--language", "ru", "--channel", "UC2"], {"e"}),
        (["--project", "Фиксики"], set()),
    ],
)
def test_similar_lists_only_the_clips_that_are_asked_for(run, folder, words, expected):
    code, out, _ = run("similar", "a", *words, "--json", "--catalogue", folder)
    assert code == 0
    assert {json.loads(line)["yt_reel_id"] for line in out.splitlines()} == expected
