"""One writer, many readers: everyone sees one generation, the second writer is told of the first."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import fake_vector

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.errors import CatalogueError
from smf_embed.neighbours import Neighbours, similar
from smf_embed.write_lock import FILE_NAME as LOCK_NAME
from smf_embed.write_lock import WriteLock, holder

PREPARE = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
folder, table, stop = map(Path, sys.argv[2:5])
import numpy as np
from conftest import fake_vector
from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder
from smf_embed.neighbours import Neighbours, refresh_snapshots

Encoder.encode = lambda self, texts, progress=None: np.array([fake_vector(text) for text in texts])
"""

WRITER = (
    PREPARE
    + """
with Catalogue(folder) as catalogue, catalogue.writing("add"):
    catalogue.add(iter_clips(table, batch_rows=int(sys.argv[5])), lambda *_: refresh_snapshots(catalogue))
stop.touch()
"""
)

READER = (
    PREPARE
    + """
rng = np.random.default_rng(os.getpid())
rounds, generations = 0, set()
with Catalogue(folder) as catalogue:
    index = Neighbours(catalogue)
    last = False
    while not last:
        last = stop.exists()  # one more time after the end
        if rounds % 3 == 2:  # as a new program would
            index = Neighbours(catalogue)
        with catalogue.reading() as generation:
            index.refresh()
            assert index.generation == generation
            keys = catalogue.vector_keys("title")
            assert len(keys) == len(catalogue), (len(keys), len(catalogue))
            vectors = catalogue.vectors(keys)
            probe = int(rng.integers(len(keys)))
            found, cosines = index.search(vectors[[probe]], 10)
            truth = vectors @ vectors[probe]
            nearest = np.argsort(-truth, kind="stable")[:10]
            assert found[0].tolist() == keys[nearest].tolist(), (found, keys[nearest])
            assert np.allclose(cosines[0], truth[nearest], atol=1e-5)
            clips = catalogue.clips_with_vectors("title", found[0])
            assert len(clips) == 10
            for clip in clips:
                vector = vectors[np.searchsorted(keys, clip["title_vector"])]
                assert np.allclose(vector, fake_vector(clip["title_text"]), atol=1e-3)
            sizes = catalogue.counts()
            assert sizes["clips"] == sizes["labelled"] == len(keys), sizes
        rounds += 1
        generations.add(generation)
print(json.dumps({"rounds": rounds, "generations": len(generations), "clips": len(keys)}))
"""
)


def table(first: int, count: int) -> pd.DataFrame:
    rows = range(first, first + count)
    return pd.DataFrame([{"yt_reel_id": f"id{i}", "reel_name": f"title {i}", "cartoon": "Буба"} for i in rows])


def start(code: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, os.path.dirname(__file__), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_while_written(folder: Path, readers: int, clips: int, batch_rows: int) -> list[dict[str, int]]:
    path, stop = folder / "clips.csv", folder / "stop"
    table(1_000, clips).to_csv(path, index=False)
    at = (folder / "index", path, stop)
    processes = [start(READER, *at) for _ in range(readers)]
    time.sleep(1.0)
    writer = start(WRITER, *at, batch_rows)
    _, told = writer.communicate(timeout=1_200)
    stop.touch()
    facts = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        facts.append(json.loads(out))
    assert writer.returncode == 0, told
    return facts


@pytest.fixture
def index(tmp_path, encoded) -> Path:
    """A catalogue of 200 clips."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(table(0, 200)))
        Neighbours(catalogue).save()
    return tmp_path / "index"


@pytest.mark.parametrize(
    ("readers", "clips", "batch_rows"), [(2, 1_500, 50), pytest.param(8, 4_000, 500, marks=pytest.mark.slow)]
)
def test_readers_see_one_generation_while_a_writer_adds(index, tmp_path, readers, clips, batch_rows):
    facts = read_while_written(tmp_path, readers, clips, batch_rows)
    print(facts)
    assert all(one["clips"] == clips + 200 for one in facts)
    assert max(one["generations"] for one in facts) > 1
    assert examine(index) == []


HOLDER = (
    PREPARE
    + """
with Catalogue(folder) as catalogue, catalogue.writing("reindex"):
    print("held", flush=True)
    time.sleep(60)
"""
)


@pytest.fixture
def writing(index, tmp_path):
    """Another process that writes, and does not end."""
    process = start(HOLDER, index, "-", "-")
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_writes_and_since_when(index, writing, run, tmp_path):
    table(0, 1).assign(reel_name="another").to_csv(tmp_path / "clips.csv", index=False)
    for words in (("add", tmp_path / "clips.csv"), ("remove", "id1"), ("compact",), ("label", "id1", "none")):
        code, _, err = run(*words, "--catalogue", index)
        assert code == 2
        assert f"is being written by process {writing.pid} (smf-embed reindex, since 20" in err
    code, out, _ = run("info", "--json", "--catalogue", index)
    assert code == 0
    assert str(writing.pid) in json.loads(out)["written by"]


def test_the_lock_of_a_writer_that_was_killed_is_taken_over(index, writing):
    writing.send_signal(signal.SIGKILL)
    writing.wait()
    assert (index / LOCK_NAME).read_text(encoding="utf-8")
    assert holder(index) is None
    with Catalogue(index) as catalogue:
        assert catalogue.remove(["id1"]) == ["id1"]


def test_a_writer_whose_lock_file_was_removed_stops_before_it_writes(index):
    with Catalogue(index) as catalogue, catalogue.writing("add"):
        catalogue.remove(["id1"])
        (index / LOCK_NAME).unlink()
        other = WriteLock(index)
        other.acquire("add")
        with pytest.raises(CatalogueError, match="was removed"):
            catalogue.remove(["id2"])
    assert holder(index) is not None  # the note of the other is left alone
    other.release()
    with Catalogue(index) as catalogue:
        assert len(catalogue) == 199
        assert catalogue.remove(["id2"]) == ["id2"]


def test_the_lock_file_may_be_removed_between_writers(index):
    (index / LOCK_NAME).unlink(missing_ok=True)
    with Catalogue(index) as catalogue:
        assert catalogue.remove(["id1"]) == ["id1"]


def test_an_open_reader_follows_a_writer(index):
    with Catalogue(index) as reader:
        found = Neighbours(reader)
        with Catalogue(index) as writer:
            writer.add(iter_clips(table(200, 5)))
            writer.remove(["id7"])
        with reader.reading():
            found.refresh()
            assert len(found) == 204
            (nearest,), _ = found.search(fake_vector("title 202")[None], 1)
            assert reader.clips_with_vectors("title", nearest)[0]["yt_reel_id"] == "id202"
        assert similar(reader, "id202", k=1)


def test_after_the_last_reader_has_closed_the_file_is_known_as_it_is(index, monkeypatch):
    from smf_embed import database

    reader = Catalogue(index)
    with reader.reading():
        with Catalogue(index) as writer:
            writer.remove(["id1"])  # stays in the log, which the reader needs
        assert len(reader) == 200
    reader.close()
    monkeypatch.setattr(database, "verify", lambda sql: pytest.fail("verified again"))
    with Catalogue(index) as catalogue:
        assert len(catalogue) == 199


def test_a_file_that_a_killed_writer_left_is_verified_once(index, writing, monkeypatch):
    from smf_embed import database

    writing.kill()
    writing.wait()
    os.utime(index / "catalogue.sqlite")
    verify, calls = database.verify, []
    monkeypatch.setattr(database, "verify", lambda sql: calls.append(1) or verify(sql))
    for _ in range(3):
        with Catalogue(index) as catalogue:
            assert np.isfinite(catalogue.vectors(catalogue.vector_keys("title"))).all()
    assert calls == [1]
