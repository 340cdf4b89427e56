"""A catalogue's vectors in a store: pushed, proved to be the same, brought back; killed in between, and without it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from conftest import make_table, run_process

from smf_embed import shared_index
from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.errors import CatalogueError, InputError
from smf_embed.milvus import Milvus
from smf_embed.milvus_store import MilvusStore, store_of
from smf_embed.neighbours import similar
from smf_embed.shared_index import pull, push, verify

# they talk to a server, or to a store that runs beside
pytestmark = pytest.mark.slow

milvus_lite = pytest.importorskip("milvus_lite", reason="milvus-lite keeps a collection in a file; not on Windows")


def table(count: int = 300, first: int = 0) -> pd.DataFrame:
    numbers = range(first, first + count)
    return pd.DataFrame(
        {
            "yt_reel_id": [f"id{i}" for i in numbers],
            "reel_name": [f"title {i % 250}" for i in numbers],
            "text": [f"[title {i % 250}] description {i}" if i % 2 else None for i in numbers],
            "cartoon": ["Буба" if i % 3 else None for i in numbers],
            "yt_channel_id": [f"UC{i % 7}" for i in numbers],
        }
    )


@pytest.fixture
def catalogue(tmp_path, encoded) -> Iterator[Catalogue]:
    """300 clips with made-up vectors of 250 titles and 150 descriptions."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(table()))
        yield catalogue


@pytest.fixture
def milvus(tmp_path) -> Iterator[Milvus]:
    with Milvus(str(tmp_path / "vectors.db"), create=True) as milvus:
        yield milvus


def counts(report: shared_index.PushReport) -> tuple[int, int, int]:
    return report.moved, report.removed, report.unchanged


def differences(compared: shared_index.Comparison) -> tuple[int, int, int, int]:
    return compared.missing, compared.surplus, compared.other_facts, compared.other_vectors


def test_a_push_moves_all_and_another_nothing(catalogue, milvus):
    assert counts(push(catalogue, milvus)) == (400, 0, 0)
    assert counts(push(catalogue, milvus)) == (0, 0, 400)
    compared = verify(catalogue, milvus)
    assert [(one.field, one.here, one.there) for one in compared] == [("title", 250, 250), ("description", 150, 150)]
    assert all(one.agrees and one.searched == 100 and one.recall == one.order == 1 for one in compared)


def test_a_push_moves_what_has_changed_and_takes_out_what_is_gone(catalogue, milvus):
    push(catalogue, milvus)
    catalogue.label(["id1"], "Лунтик")  # a title, of id251 too, and a description
    catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["new"], "reel_name": ["new title"]})))
    catalogue.remove(["id60"])  # a title that no other clip has, and no description
    catalogue.remove(["id255"])  # its title is that of id5, whose channel is another; its description goes
    assert not all(one.agrees for one in verify(catalogue, milvus))
    assert counts(push(catalogue, milvus)) == (4, 2, 395)
    assert all(one.agrees for one in verify(catalogue, milvus))


def test_all_that_can_differ_is_found_told_and_mended(catalogue, milvus, run, tmp_path):
    push(catalogue, milvus)
    store = store_of(milvus, "title", catalogue)
    keys = store.keys
    facts = shared_index.facts_of(catalogue, "title", keys)
    vectors = catalogue.vectors(keys)
    place = str(tmp_path / "vectors.db")
    for spoil, words, expected in (
        (MilvusStore.delete, (keys[:3],), (3, 0, 0, 0)),
        (MilvusStore.upsert, (np.array([99_999]), vectors[:1], facts[:1]), (0, 1, 0, 0)),
        (MilvusStore.upsert, (keys[:2], vectors[:2], facts[5:7]), (0, 0, 2, 0)),
        (MilvusStore.upsert, (keys[:2], vectors[5:7], facts[:2]), (0, 0, 0, 2)),
    ):
        spoil(store_of(milvus, "title", catalogue), *words)
        assert differences(verify(catalogue, milvus)[0]) == expected
        code, out, err = run("index", "verify", "--to", place, "--catalogue", catalogue.folder)
        assert code == 3
        assert "description: 150 here, 150 there, all alike" in out
        assert f"differs from {catalogue.folder} in title; mend it: smf-embed index push" in err
        remedy = err.partition("smf-embed index ")[2].split()
        assert run("index", *remedy, "--catalogue", catalogue.folder)[0] == 0
        code, out, err = run("index", "verify", "--to", place, "--catalogue", catalogue.folder)
        assert (code, err) == (0, "")


def test_searches_that_find_other_texts_are_noticed(catalogue, milvus, monkeypatch):
    push(catalogue, milvus)
    found = MilvusStore.search

    def worse(self, vectors, k, where=None):
        keys, similarity = found(self, vectors, k + 1, where)
        return keys[:, 1:], similarity[:, 1:]

    monkeypatch.setattr(MilvusStore, "search", worse)
    compared = verify(catalogue, milvus)[0]
    assert compared.order == 0
    assert compared.recall < 1
    assert not compared.agrees


def test_a_store_of_nothing_lacks_all(catalogue, milvus, run, tmp_path):
    assert [differences(one)[0] for one in verify(catalogue, milvus)] == [250, 150]
    place = str(tmp_path / "vectors.db")
    assert run("index", "verify", "--to", place, "--catalogue", catalogue.folder)[0] == 3
    for words in (("similar", "id1", "--store"), ("index", "pull", "--from")):
        code, _, err = run(*words, place, "--catalogue", catalogue.folder)
        assert code == 2
        assert "smf-embed index push" in err


def test_a_stopped_push_is_finished_by_the_next(catalogue, milvus, monkeypatch):
    monkeypatch.setattr(shared_index, "_BATCH", 50)
    asked = iter([False, False, True])
    done = push(catalogue, milvus, stop=lambda: next(asked))
    assert done.stopped
    assert done.moved == 100
    assert not store_of(milvus, "title", catalogue).pushed
    assert counts(push(catalogue, milvus)) == (300, 0, 100)
    assert all(one.agrees for one in verify(catalogue, milvus))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_push_is_finished_by_the_next(catalogue, tmp_path, after):
    place = str(tmp_path / "vectors.db")
    code = f"""
import os, signal
from smf_embed import shared_index
from smf_embed.catalogue import Catalogue
from smf_embed.milvus import Milvus
from smf_embed.milvus_store import MilvusStore
shared_index._BATCH, upsert, done = 50, MilvusStore.upsert, []
def killed(self, *words):
    upsert(self, *words)
    done.append(1)
    if len(done) == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
MilvusStore.upsert = killed
with Catalogue({str(catalogue.folder)!r}) as catalogue, Milvus({place!r}, create=True) as milvus:
    shared_index.push(catalogue, milvus)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -signal.SIGKILL
    with Milvus(place) as milvus:
        assert not store_of(milvus, "title", catalogue).pushed
        assert counts(push(catalogue, milvus)) == (400 - 50 * after, 0, 50 * after)
        assert all(one.agrees for one in verify(catalogue, milvus))


def test_a_new_catalogue_encodes_nothing_that_was_pulled(catalogue, milvus, encoded, tmp_path):
    push(catalogue, milvus)
    with Catalogue(tmp_path / "other", create=True) as other:
        done = pull(other, milvus)
        assert (done.there, done.added, done.mended) == (400, 400, 0)
        del encoded[:]
        report = other.add(iter_clips(table()))
        assert report.encoded_texts == len(encoded) == 0
        assert [pull(other, milvus).added, len(encoded)] == [0, 0]
        for field in ("title", "description"):
            ours = catalogue.stored(["id1", "id77", "id299"]).vectors[field]
            np.testing.assert_array_equal(other.stored(["id1", "id77", "id299"]).vectors[field], ours)
        # its keys are others, so it can neither search there nor push
        with pytest.raises(CatalogueError, match=f"catalogue {catalogue.catalogue_id}, not of {other.catalogue_id}"):
            push(other, milvus)
        assert push(other, milvus, replace=True).moved == 400
        assert all(one.agrees for one in verify(other, milvus))


def test_clips_that_lost_their_vectors_get_them_back(catalogue, milvus, encoded):
    push(catalogue, milvus)
    before = similar(catalogue, "id7", k=20)
    with catalogue.transaction("test"):  # as a repair leaves a catalogue whose vectors were damaged
        catalogue.database.sql.execute("UPDATE clips SET title_vector = NULL, description_vector = NULL")
        catalogue.database.sql.execute("DELETE FROM vectors WHERE vector_key % 4 > 0")
    del encoded[:]
    done = pull(catalogue, milvus)
    assert done.added == 300
    assert done.mended == 450
    assert similar(catalogue, "id7", k=20) == before
    assert encoded == []


def test_what_is_no_vector_is_not_pulled(catalogue, milvus, tmp_path):
    push(catalogue, milvus)
    store = store_of(milvus, "title", catalogue)
    facts = shared_index.facts_of(catalogue, "title", store.keys[:1])
    for wrong in (np.zeros((1, 16)), np.full((1, 16), 9.0)):
        store.upsert(store.keys[:1], wrong.astype(np.float32), facts)
        with (
            Catalogue(tmp_path / "other", create=True) as other,
            pytest.raises(CatalogueError, match="nothing was taken"),
        ):
            pull(other, milvus)


def test_what_was_pulled_before_something_that_is_no_vector_is_kept(catalogue, milvus, tmp_path):
    push(catalogue, milvus)
    store = store_of(milvus, "description", catalogue)
    facts = shared_index.facts_of(catalogue, "description", store.keys[:1])
    store.upsert(store.keys[:1], np.zeros((1, 16), dtype=np.float32), facts)
    with Catalogue(tmp_path / "other", create=True) as other:
        with pytest.raises(CatalogueError, match="the 250 vectors that were taken before it are kept"):
            pull(other, milvus)
        assert other.counts()["vectors"] == 250


def test_vectors_of_another_encoder_are_not_pulled(catalogue, milvus):
    MilvusStore.create(milvus, "title", "f" * 16, 16, "one")
    with pytest.raises(CatalogueError, match=f"fingerprint {'f' * 16}, not of {catalogue.fingerprint}"):
        pull(catalogue, milvus)
    assert push(catalogue, milvus).moved == 400  # beside the other
    assert pull(catalogue, milvus).added == 0
    assert all(one.agrees for one in verify(catalogue, milvus))


def test_the_commands_move_compare_and_search(fitted, train, run, tmp_path):
    place = str(tmp_path / "vectors.db")
    code, out, _ = run("index", "push", "--to", place, "--catalogue", fitted, "--json")
    moved = json.loads(out)
    assert code == 0
    assert moved["moved"] > 0
    code, out, _ = run("index", "push", "--to", place, "--catalogue", fitted)
    assert (code, out.split(", ")[1:3]) == (0, ["0 taken out", f"{moved['moved']:,} were the same"])
    code, out, _ = run("index", "verify", "--to", place, "--catalogue", fitted, "--json")
    assert code == 0
    assert all(json.loads(line)["agrees"] for line in out.splitlines())

    known = train["yt_reel_id"].iloc[0]
    for words in (
        ["similar", known, "--json"],
        ["similar", "--text", "Буба", "--project", "Буба", "--json"],
        ["similar", "--text", "Буба", "--channel", "Канал Лунтик", "--labelled", "-k", "3", "--json"],
    ):
        code, expected, _ = run(*words, "--catalogue", fitted)
        assert code == 0
        code, out, err = run(*words, "--store", place, "--catalogue", fitted)
        assert (code, out) == (0, expected)
        assert "no copy" not in err
    make_table(per_title=2, first=50).to_csv(tmp_path / "new.csv", index=False)
    words = ["predict", tmp_path / "new.csv", "--json", "--catalogue", fitted]
    plain, through = (
        pd.DataFrame(map(json.loads, run(*words, *more)[1].splitlines())) for more in ([], ["--store", place])
    )
    # many clips have one description here, and which of those vote is left to chance: the reasons may differ by it
    assert (plain["cartoon"] == through["cartoon"]).all()
    np.testing.assert_allclose(plain["confidence"], through["confidence"], atol=0.02)
    with Catalogue(fitted) as catalogue:
        catalogue.label([known], None)
    code, _, err = run("similar", known, "--store", place, "--catalogue", fitted)
    assert code == 0
    assert f"smf-embed index push --to {place}" in err
    code, _, err = run("predict", "--ids", tmp_path / "ids.txt", "--store", place, "--catalogue", fitted)
    assert code == 2

    code, out, _ = run("index", "pull", "--from", place, "--catalogue", tmp_path / "new", "--json")
    assert code == 0
    assert json.loads(out)["added"] == moved["moved"]
    train.to_csv(tmp_path / "train.csv", index=False)
    code, out, _ = run("add", tmp_path / "train.csv", "--catalogue", tmp_path / "new", "--json")
    assert json.loads(out)["texts_encoded"] == 0


def test_a_new_catalogue_takes_the_vectors_of_an_encoder_with_a_prompt(run, tiny_model, tmp_path):
    place, clips = str(tmp_path / "vectors.db"), tmp_path / "clips.csv"
    make_table(1).to_csv(clips, index=False)
    encoder = ["--encoder", tiny_model, "--prompt", "query: "]
    assert run("add", clips, *encoder, "--catalogue", tmp_path / "index")[0] == 0
    assert run("index", "push", "--to", place, "--catalogue", tmp_path / "index")[0] == 0
    assert run("index", "pull", "--from", place, *encoder[:2], "--catalogue", tmp_path / "new")[0] == 2
    assert not (tmp_path / "new").exists()
    code, _, err = run("index", "pull", "--from", place, *encoder, "--catalogue", tmp_path / "new")
    assert code == 0, err
    code, out, _ = run("add", clips, "--catalogue", tmp_path / "new", "--json")
    assert json.loads(out)["texts_encoded"] == 0


def test_votes_of_a_stale_store_are_of_the_clips_that_it_knows(fitted, test_table, tmp_path):
    with Catalogue(fitted) as catalogue, Milvus(str(tmp_path / "vectors.db"), create=True) as milvus:
        push(catalogue, milvus)
        catalogue.label([clip["yt_reel_id"] for clip in catalogue.labelled().clips[::2]], None)
        clips, _ = catalogue.encoded([clip for batch in iter_clips(test_table) for clip in batch.clips])
        folder = fitted / MODEL_FOLDER
        expected = Classifier.load(folder, catalogue).predict(clips)
        through = Classifier.load(folder, catalogue, open_store=lambda field: store_of(milvus, field, catalogue))
        assert (through.predict(clips)["cartoon"] == expected["cartoon"]).mean() > 0.95


WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from smf_embed import cli
cli.main()
"""


@pytest.mark.parametrize("missing", ["pymilvus", "milvus_lite"])
def test_without_the_extra_the_line_that_installs_it_is_told(fitted_folder, tmp_path, missing):
    for words in (
        ["index", "push", "--to", "vectors.db"],
        ["index", "verify", "--to", "vectors.db"],
        ["similar", "--text", "Буба", "--store", "vectors.db"],
    ):
        command = [sys.executable, "-c", WITHOUT, missing, *words, "--catalogue", str(fitted_folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.rstrip().endswith("pip install 'smf-embed[milvus]'")
        assert len(done.stderr.splitlines()) == 1


def test_nothing_of_milvus_is_imported_where_no_store_is_named(fitted_folder, train, tmp_path):
    from test_imports import RUN, imported_by

    train.to_csv(tmp_path / "train.csv", index=False)
    for words in (
        ["similar", "--text", "Буба и велосипед 0"],
        ["predict", tmp_path / "train.csv"],
        ["index", "--help"],
    ):
        more = [] if "--help" in words else ["--catalogue", fitted_folder]
        modules = imported_by(RUN, *words, *more)
        assert not {"pymilvus", "milvus_lite", "grpc"} & modules


def test_a_token_is_not_told(fitted_folder, monkeypatch):
    monkeypatch.setenv("SMF_EMBED_MILVUS_TOKEN", "root:very-secret")
    done = run_process("index", "push", "--to", "http://127.0.0.1:9", "--catalogue", fitted_folder)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "very-secret" not in done.stdout + done.stderr


def test_pushing_needs_no_other_field_than_there_is(tmp_path, encoded, milvus):
    with Catalogue(tmp_path / "empty", create=True) as catalogue:
        assert counts(push(catalogue, milvus)) == (0, 0, 0)
        assert verify(catalogue, milvus) == []
        with pytest.raises(InputError, match="holds no vectors"):
            pull(catalogue, milvus)
