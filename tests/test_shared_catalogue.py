"""A shared catalogue in PostgreSQL holds and says what one in a file does, and all commands take its address."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import test_catalogue
from postgres_server import PASSWORD
from shared_helpers import add, rows_of, table

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.copying import copy_catalogue
from smf_embed.doctor import examine
from smf_embed.errors import CatalogueError
from smf_embed.exporting import export, export_labels
from smf_embed.neighbours import Neighbours, refresh_snapshots, similar
from smf_embed.reencoding import reencode
from smf_embed.schema import CHECKED
from smf_embed.snapshots import read_snapshot
from smf_embed.teaching import teach
from smf_embed.undoing import undo

# they talk to a server, or to a store that runs beside
pytestmark = pytest.mark.slow


@pytest.fixture
def catalogue(shared, encoded):
    with Catalogue(shared, create=True) as catalogue:
        yield catalogue


def test_the_tables_hold_what_those_of_a_file_hold(catalogue, tmp_path):
    with Catalogue(tmp_path / "file", create=True) as file:
        for one in (catalogue, file):
            one.learn(iter_clips(table(0, 60), batch_rows=25))
            add(one, table(0, 60), batch_rows=25)
            add(one, table(10, 5).assign(reel_name="another title 7"))
            add(one, table(0, 3, label="none"))
            one.label(["id1", "id2", "nowhere"], "Лунтик")
            one.label(["id2"], None)
            one.remove(["id7"])
            one.person = "someone"
            one.label(["id3"], "Пороро")
            assert undo(one, "someone") == (["id3"], [])
        ours, theirs = rows_of(catalogue, "meta", "generations"), rows_of(file, "meta", "generations")
        for rows in (ours, theirs):
            for name in ("labels", "label_log"):
                time_of = CHECKED[name].index("at")
                rows[name] = [row[:time_of] + row[time_of + 1 :] for row in rows[name]]
        assert ours == theirs
        commands = [[row[2] for row in rows_of(one)["generations"]] for one in (catalogue, file)]
        assert commands[0] == commands[1]
        assert catalogue.label_history("id2") != []
        assert catalogue.projects() == file.projects()
        assert catalogue.project_sizes() == file.project_sizes()


def test_adding_again_writes_nothing(catalogue, encoded):
    add(catalogue, table(0, 20))
    before = rows_of(catalogue)
    encoded.clear()
    assert add(catalogue, table(0, 20)).unchanged == 20
    assert encoded == []
    assert rows_of(catalogue) == before


def test_searches_find_what_comparing_with_all_vectors_finds(catalogue):
    add(catalogue, table(0, 300))
    refresh_snapshots(catalogue)
    add(catalogue, table(300, 50))
    catalogue.remove(["id5"])
    keys = catalogue.vector_keys("title")
    vectors = catalogue.vectors(keys)
    index = Neighbours(catalogue)
    assert index.keys.tolist() == keys.tolist()
    found, _ = index.search(vectors[:20], 5)
    assert found.tolist() == [keys[np.argsort(-(vectors @ one), kind="stable")[:5]].tolist() for one in vectors[:20]]
    assert [clip["yt_reel_id"] for clip in similar(catalogue, text="title 17", k=1)] == ["id17"]
    assert similar(catalogue, "id17", k=3, project="nobody") == []
    assert examine(catalogue.folder) == []


def test_texts_are_ordered_by_their_bytes_as_in_a_file(catalogue, tmp_path):
    names = ["б", "а", "Я", "z", "A", "a", "_", "é", "ё", "Z", "日本", "😀", "ﬀ", "none"]
    frame = pd.DataFrame([{"yt_reel_id": f"i{i}", "reel_name": f"t{i}", "cartoon": n} for i, n in enumerate(names)])
    with Catalogue(tmp_path / "file", create=True) as file:
        for one in (catalogue, file):
            add(one, frame)
        assert catalogue.projects() == file.projects() == sorted(names)


def test_decisions_are_those_of_a_file(fitted, shared, encoder, test_table, tmp_path, run):
    with Catalogue(fitted) as file:
        file.encoder = encoder
        clips, _ = file.encoded([clip for batch in iter_clips(test_table) for clip in batch.clips])
        expected = Classifier.load(fitted / MODEL_FOLDER, file).predict(clips)
        before = rows_of(file)
    counts = copy_catalogue(fitted, shared)
    assert counts["clips"] == len(before["clips"])
    with Catalogue(shared) as catalogue:
        catalogue.encoder = encoder
        assert rows_of(catalogue, "meta") == {name: rows for name, rows in before.items() if name != "meta"}
        clips, _ = catalogue.encoded([clip for batch in iter_clips(test_table) for clip in batch.clips])
        model = Classifier.load(catalogue.folder / MODEL_FOLDER, catalogue)
        pd.testing.assert_frame_equal(model.predict(clips), expected)
        assert model.explain(catalogue.stored([before["clips"][0][2]]))
        with catalogue.keeping("fit"):
            again = Classifier.fit(catalogue)
        pd.testing.assert_frame_equal(again.predict(clips), expected)
    with pytest.raises(CatalogueError, match="there is a catalogue already"):
        copy_catalogue(fitted, shared)
    copy_catalogue(shared, tmp_path / "back")
    with Catalogue(tmp_path / "back") as back:
        assert rows_of(back, "meta") == {name: rows for name, rows in before.items() if name != "meta"}
        assert back.database.sql.highest_key("clips") == len(before["clips"])
    assert examine(tmp_path / "back") == []


def test_a_copy_has_an_id_of_its_own_and_snapshots_that_are_of_use(encoded, tmp_path):
    with Catalogue(tmp_path / "file", create=True) as file:
        add(file, table(0, 10))
        refresh_snapshots(file)
        before = rows_of(file)
    copy_catalogue(tmp_path / "file", tmp_path / "copy")
    with Catalogue(tmp_path / "copy") as copied:
        # the original goes on, too, and neither may be taken for the other
        unlike = set(before["meta"]) ^ set(rows_of(copied)["meta"])
        assert [name for name, _ in unlike] == ["catalogue_id"] * 2
        assert read_snapshot(copied, "title") is not None
    assert examine(tmp_path / "copy") == []


def test_keys_of_a_copy_are_not_those_of_rows_that_are_gone(shared, encoded, tmp_path):
    with Catalogue(tmp_path / "file", create=True) as file:
        add(file, table(0, 10))
        file.remove(["id9"])
    copy_catalogue(tmp_path / "file", shared)
    copy_catalogue(shared, tmp_path / "back")
    for place in (shared, tmp_path / "back"):
        with Catalogue(place) as copied:
            assert copied.count_removed() == 1
            add(copied, table(20, 1))
            assert copied.clips(["id20"])[0]["clip_key"] == 11


def test_a_copy_that_does_not_come_out_alike_is_undone(shared, encoded, tmp_path, monkeypatch):
    from smf_embed import copying

    with Catalogue(tmp_path / "file", create=True) as file:
        add(file, table(0, 10))
    batches = copying._batches

    def broken(catalogue, name):
        for rows in batches(catalogue, name):
            # what the copy reads of itself has lost a word
            is_copy = catalogue.folder.name == "local" and name == "words"
            yield rows[1:] if is_copy else rows

    monkeypatch.setattr(copying, "_batches", broken)
    with pytest.raises(CatalogueError, match="rows of words came out unlike"):
        copy_catalogue(tmp_path / "file", shared)
    monkeypatch.undo()
    with Catalogue(shared) as catalogue:
        assert len(catalogue) == catalogue.generation == 0
    copy_catalogue(tmp_path / "file", shared)


def test_texts_that_cannot_be_copied_are_told_of_before_anything_is_made(shared, encoded, tmp_path, run):
    with Catalogue(tmp_path / "file", create=True) as file:
        add(file, table(0, 10))
        add(file, table(20, 1).assign(reel_name="nul \0 here"))
        add(file, table(21, 1, label="Ы" * 3_000))
    code, _, err = run("copy", tmp_path / "file", shared)
    assert (code, err.count("\n")) == (2, 1)
    assert "id20: reel_name has a NUL character" in err
    assert "id21: cartoon has more than 2,000 bytes" in err
    assert "smf-embed export clips.parquet" in err
    with pytest.raises(CatalogueError, match="holds no catalogue"):
        Catalogue(shared)
    with Catalogue(tmp_path / "file") as file:
        file.remove(["id20", "id21"])
        file.label(["id3"], "nul\0")
        file.label(["id3"], "Буба")
    with pytest.raises(CatalogueError, match="a row of labels has a NUL character"):
        copy_catalogue(tmp_path / "file", shared)
    with Catalogue(tmp_path / "file") as file:
        export(file, tmp_path / "clips.parquet")
    with Catalogue(shared, create=True) as catalogue:
        assert add(catalogue, pd.read_parquet(tmp_path / "clips.parquet")).added == 10


def test_another_encoder_takes_the_place_of_the_old_one(catalogue, tiny_model, monkeypatch):
    monkeypatch.undo()  # the encoders of this test are real
    add(catalogue, table(0, 8))
    before = catalogue.fingerprint
    report = reencode(catalogue, tiny_model)
    assert (report.clips, catalogue.fingerprint != before) == (8, True)
    assert catalogue.stored(["id1"]).vectors["title"].shape == (1, 32)
    with Catalogue(catalogue.folder) as again:
        assert again.fingerprint == catalogue.fingerprint


def test_hostile_texts_are_stored_as_they_are_or_rejected_with_a_reason(catalogue, tmp_path):
    texts = ["'; DROP TABLE clips; --", "100 % of $1 ? :name %s %(a)s", '\\x00 \\ "q"', "\u202e\ufeff\u2028", "😀" * 50]
    texts += ["п" * 9_000, "a\u0301" * 30, "\x01\x1f", "{1,2}", "NULL?", "ÿ\ufffd\uffff\U0010ffff"]
    good = pd.DataFrame(
        [{"yt_reel_id": f"g{i}", "reel_name": text, "cartoon": text[:40]} for i, text in enumerate(texts)]
    )
    bad = pd.DataFrame(
        [
            {"yt_reel_id": "n1", "reel_name": "nul \0 here", "cartoon": "Буба"},
            {"yt_reel_id": "n2", "reel_name": "fine", "yt_channel_id": "UC\0"},
            {"yt_reel_id": "n3", "reel_name": "fine", "cartoon": "Ы" * 3_000},
            {"yt_reel_id": "n4", "reel_name": "fine", "text": "[fine] \0"},
        ]
    )
    frame = pd.concat([good, bad])
    catalogue.learn(iter_clips(frame))
    report = add(catalogue, frame)
    assert [(row.id, row.reason.partition(",")[0].partition(";")[0]) for row in report.rejected] == [
        ("n1", "reel_name has a NUL character in it"),
        ("n2", "yt_channel_id has a NUL character in it"),
        ("n3", "cartoon has more than 2"),
        ("n4", "description has a NUL character in it"),
    ]
    assert report.added == len(texts)
    with Catalogue(tmp_path / "file", create=True) as file:
        add(file, good)
        wanted = [f"g{i}" for i in range(len(texts))]
        stored, expected = catalogue.clips(wanted), file.clips(wanted)
        assert [clip | {"clip_key": 0} for clip in stored] == [clip | {"clip_key": 0} for clip in expected]
        assert rows_of(catalogue)["words"] == rows_of(file)["words"]
    # a text with a NUL can be asked about, and is not there
    assert catalogue.clips(["a\0b"]) == []
    clips, _ = catalogue.encoded([clip for batch in iter_clips(bad) for clip in batch.clips])
    assert len(clips) == 4
    assert catalogue.label(["g0"], "'; DROP TABLE clips; --") == ["g0"]
    assert len(catalogue.label_log(yt_reel_id="g0")) == 2
    assert similar(catalogue, "g0", k=1, project="%", channel="?", language="\0") == []


def test_doctor_finds_what_the_server_cannot_know_and_mends_what_it_can(catalogue, encoded):
    add(catalogue, table(0, 10))
    refresh_snapshots(catalogue)
    assert examine(catalogue.folder) == []
    sql = catalogue.database.sql
    sql.execute("UPDATE clips SET project = 'Лунтик' WHERE yt_reel_id = 'id1'")
    sql.execute("UPDATE vectors SET vector = ? WHERE vector_key = (SELECT min(vector_key) FROM vectors)", (b"\0" * 32,))
    (catalogue.folder / "title.Flat.faiss").write_bytes(b"torn")
    problems = [finding.problem for finding in examine(catalogue.folder)]
    assert len(problems) == 3, problems
    assert all(finding.mended for finding in examine(catalogue.folder, repair=True))
    assert examine(catalogue.folder) == []
    assert test_catalogue.labels(catalogue)["id1"] == "Буба"


def test_vectors_of_removed_clips_go_when_it_is_compacted(catalogue):
    add(catalogue, table(0, 10))
    catalogue.remove([f"id{i}" for i in range(5)])
    before = catalogue.counts()["vectors"]
    assert catalogue.compact() == before - catalogue.counts()["vectors"] > 0
    assert catalogue.stored([f"id{i}" for i in range(5, 10)]).present("title").all()
    assert examine(catalogue.folder) == []


def test_clips_and_labels_are_exported_as_from_a_file(catalogue, tmp_path):
    with Catalogue(tmp_path / "file", create=True) as file:
        for number, one in enumerate((file, catalogue)):
            add(one, table(0, 20))
            export(one, tmp_path / f"{number}.parquet", vectors=True)
            assert export_labels(one, tmp_path / f"{number}.csv") == 20
    first, second = (pd.read_parquet(tmp_path / f"{number}.parquet") for number in (0, 1))
    pd.testing.assert_frame_equal(first.drop(columns="label_at"), second.drop(columns="label_at"))
    assert add(catalogue, second).unchanged == 20


def test_the_commands_take_an_address(shared, fitted, train, test_table, run, tmp_path):
    """All in one process, by the address, and by the local folder."""
    index, ids = ("--catalogue", shared), train["yt_reel_id"].tolist()
    code, out, err = run("copy", fitted, shared)
    assert code == 0, err
    assert f"{len(train):,} clips" in out
    train.head(30).to_csv(tmp_path / "train.csv", index=False)
    test_table.to_csv(tmp_path / "test.csv", index=False)
    for words, told in (
        (("add", tmp_path / "train.csv"), "unchanged 30"),
        (("label", ids[0], "Лунтик"), "labelled 1 clips Лунтик"),
        (("unlabel", ids[0]), "1 clips are unlabelled"),
        (("similar", ids[1], "-k", 2), "similarity"),
        (("teach", "Новый проект", ids[2], ids[3]), "is known now: 2 clips"),
        (("rename", "Новый проект", "Новее"), "Новее now"),
        (("forget", "Новее"), "is forgotten"),
        (("explain", ids[5]), "evidence"),
        (("lexicon", "add", "дядя федор", "Простоквашино"), "means Простоквашино"),
        (("lexicon", "list"), "Простоквашино"),
        (("lexicon", "remove", "дядя федор"), "no longer"),
        (("clean", "Фиксики"), "prepared"),
        (("remove", ids[7]), "removed 1 clips"),
        (("compact",), "dropped"),
        (("reindex", "--index", "Flat"), "kind Flat"),
        (("doctor",), "nothing is wrong"),
        (("export", tmp_path / "x.parquet"), "clips written"),
        (("export", "--labels", tmp_path / "x.csv"), "labels written"),
        (("info",), "page checksums on"),
        (("evaluate", "--json", "--resamples", 0), "macro_f1"),
        (("predict", "--ids", tmp_path / "ids.txt"), ids[9]),
    ):
        (tmp_path / "ids.txt").write_text(ids[9])
        code, out, err = run(*words, *index)
        assert (code, told in out) == (0, True), (words, out, err)
        assert PASSWORD not in out + err
    code, _, err = run("predict", tmp_path / "test.csv", "-o", tmp_path / "out.csv", *index)
    assert code == 0, err
    assert len(pd.read_csv(tmp_path / "out.csv")) == len(test_table)
    code, _, err = run("serve", *index)
    assert code == 2
    assert "a shared catalogue cannot be served" in err
    assert err.count("\n") == 1


def test_what_is_taught_while_a_fit_learns_is_kept(shared, fitted, train, run, monkeypatch):
    ids = train["yt_reel_id"].tolist()
    copy_catalogue(fitted, shared)
    fit = Classifier.fit.__func__

    def slow(cls, catalogue, **words):
        model = fit(cls, catalogue, **words)
        with Catalogue(shared) as other:
            teach(other, "Новый проект", ids[:3])
        return model

    monkeypatch.setattr(Classifier, "fit", classmethod(slow))
    code, _, err = run("fit", "--catalogue", shared)
    assert (code, err.count("\n")) == (2, 1)
    assert "taught or changed meanwhile (" in err
    assert "Новый проект" in err
    monkeypatch.undo()
    with Catalogue(shared) as catalogue:
        folder = catalogue.folder / MODEL_FOLDER
        assert Classifier.load(folder, catalogue).manifest["taught"] == ["Новый проект"]
    code, _, err = run("fit", "--catalogue", shared)
    assert code == 0, err


def test_a_missing_extra_is_named_with_its_command(tmp_path):
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from smf_embed import cli; sys.argv = ['smf-embed', 'info', '--catalogue', 'postgresql://h/db']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "smf-embed: a shared catalogue needs sqlalchemy: pip install 'smf-embed[sql]'\n"


def test_vectors_are_pulled_into_a_shared_catalogue_of_its_own_encoder(shared, run, tiny_model, tmp_path):
    pytest.importorskip("milvus_lite", reason="milvus-lite keeps a collection in a file; not on Windows")
    place = str(tmp_path / "vectors.db")
    table(0, 5).to_csv(tmp_path / "clips.csv", index=False)
    code, _, err = run("add", tmp_path / "clips.csv", "--encoder", tiny_model, "--catalogue", shared)
    assert code == 0, err
    assert run("index", "push", "--to", place, "--catalogue", shared)[0] == 0
    code, out, err = run("index", "pull", "--from", place, "--catalogue", shared)
    assert code == 0, err
    assert "0 of them new here" in out
