"""Many use a shared catalogue at once, and some of them are killed: nothing is lost, and nothing written twice."""

import json
import os
import signal
import threading
import time

import pandas as pd
import pytest
import test_catalogue
import test_concurrency
from postgres_server import PASSWORD, running_server
from shared_helpers import add, rows_of, start, table

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.errors import CatalogueError
from smf_embed.neighbours import Neighbours
from smf_embed.schema import CHECKED

# they talk to a server, or to a store that runs beside
pytestmark = pytest.mark.slow


@pytest.fixture
def catalogue(shared, encoded):
    with Catalogue(shared, create=True) as catalogue:
        yield catalogue


WRITER = (
    test_concurrency.PREPARE
    + """
slow = Encoder.encode
Encoder.encode = lambda self, texts, progress=None: (time.sleep(0.03), slow(self, texts))[1]
with Catalogue(sys.argv[2]) as catalogue:
    print("ready", flush=True)
    sys.stdin.readline()
    report = catalogue.add(iter_clips(sys.argv[3], batch_rows=20))
    print(json.dumps([report.added, report.updated, report.unchanged]))
"""
)


def test_two_writers_at_once_lose_nothing_and_write_nothing_twice(catalogue, tmp_path):
    tables = [table(0, 240), table(160, 240)]  # a third of each is in the other, too
    writers = []
    for number, frame in enumerate(tables):
        frame.to_csv(tmp_path / f"{number}.csv", index=False)
        writers.append(start(WRITER, catalogue.folder, tmp_path / f"{number}.csv", "-"))
    for writer in writers:
        assert writer.stdout.readline() == "ready\n", writer.stderr.read()
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    reports = []
    for writer in writers:
        out, err = writer.communicate(timeout=120)
        assert writer.returncode == 0, err
        reports.append(json.loads(out))
    print(reports)
    assert sum(added for added, _, _ in reports) == 400
    assert sum(unchanged for _, _, unchanged in reports) == 80
    with Catalogue(tmp_path / "file", create=True) as file:
        for frame in tables:
            add(file, frame, batch_rows=20)
        expected, found = rows_of(file), rows_of(catalogue)
    raw = slice(0, 12)
    ids = CHECKED["clips"].index("yt_reel_id")
    for rows in (expected, found):
        assert len({row[ids] for row in rows["clips"]}) == len(rows["clips"])
    assert {row[raw] for row in found["clips"]} == {row[raw] for row in expected["clips"]}
    # what is learned is counted once for each clip, whoever has added it
    assert found["words"] == expected["words"]
    assert found["boilerplate"] == expected["boilerplate"]
    assert len(found["labels"]) == len(found["label_log"]) == 400
    assert sorted(row[0] for row in found["generations"]) == list(range(1, len(found["generations"]) + 1))
    assert examine(catalogue.folder) == []


def test_readers_see_one_generation_while_a_writer_adds(catalogue, tmp_path, monkeypatch):
    add(catalogue, test_concurrency.table(0, 200))
    Neighbours(catalogue).save()
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    catalogue.folder.rename(tmp_path / "index")  # where the readers look
    facts = test_concurrency.read_while_written(tmp_path, readers=2, clips=1_000, batch_rows=50)
    print(facts)
    assert all(one["clips"] == 1_200 for one in facts)
    assert max(one["generations"] for one in facts) > 1
    assert examine(tmp_path / "index") == []


def test_a_writer_waits_for_the_one_before_it(catalogue, shared):
    done = []

    def label():
        with Catalogue(shared) as other:
            done.append(other.label(["id1"], "Лунтик"))

    add(catalogue, table(0, 3))
    thread = threading.Thread(target=label)
    with catalogue.writing("reindex"):
        thread.start()
        time.sleep(0.5)
        assert not done
        with Catalogue(shared) as reader:
            assert "smf-embed reindex, process" in reader.database.writer()
            assert reader.clips(["id1"])[0]["cartoon"] == "Буба"
    thread.join(30)
    assert done == [["id1"]]
    assert catalogue.database.writer() == ""


def test_who_waits_too_long_is_told_for_whom(catalogue, shared, monkeypatch):
    from smf_embed import shared_database

    add(catalogue, table(0, 1))
    monkeypatch.setattr(shared_database, "_LOCK_SECONDS", 1)
    with catalogue.writing("reindex"), Catalogue(shared) as other:
        for change in (lambda: other.label(["id0"], "none"), lambda: other.compact()):
            with pytest.raises(
                CatalogueError, match=f"is being written by smf-embed reindex, process {os.getpid()} on"
            ):
                change()
    catalogue.label(["id0"], "none")


def test_whoever_adds_lets_others_write_between_its_batches(catalogue, shared, encoded):
    def batches():
        for number, batch in enumerate(iter_clips(table(0, 40), batch_rows=10)):
            if number == 2:
                with Catalogue(shared) as other:
                    assert other.label(["id3"], "Лунтик") == ["id3"]
                    add(other, table(35, 10))
            yield batch

    with catalogue.adding("add"):
        catalogue.learn(iter_clips(table(0, 40), batch_rows=10))
        report = catalogue.add(batches())
    assert (report.added, report.unchanged) == (35, 5)
    assert test_catalogue.labels(catalogue)["id3"] == "Лунтик"
    assert dict(catalogue.database.sql.execute("SELECT word, texts FROM words").fetchall())["title"] == 45


def add_meanwhile(monkeypatch, shared, frame):
    """Have another add a table, once, between the preparation of a batch and its writing."""
    prepare = Catalogue.prepare_and_encode
    others = []

    def slow(self, *words, **more):
        made = prepare(self, *words, **more)
        if not others:
            others.append(True)
            with Catalogue(shared) as other:
                add(other, frame)
        return made

    monkeypatch.setattr(Catalogue, "prepare_and_encode", slow)


def test_a_text_that_another_encodes_meanwhile_is_stored_once(catalogue, shared, monkeypatch):
    add_meanwhile(monkeypatch, shared, table(0, 5))
    report = add(catalogue, pd.concat([table(0, 5), table(100, 5).assign(reel_name="title 3")]))
    assert (report.added, report.unchanged) == (5, 5)
    assert catalogue.count_vectors("title") == 5
    assert examine(catalogue.folder) == []


def test_a_batch_all_of_whose_texts_another_encodes_meanwhile_is_added(catalogue, shared, monkeypatch):
    add_meanwhile(monkeypatch, shared, table(0, 1))
    assert add(catalogue, table(0, 1).assign(yt_reel_id="another")).added == 1
    assert catalogue.count_vectors("title") == 1
    assert examine(catalogue.folder) == []


def test_two_that_make_the_same_catalogue_at_once_make_one(shared, encoded):
    ids = []

    def make():
        with Catalogue(shared, create=True) as catalogue:
            ids.append(catalogue.catalogue_id)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 4
    assert len(set(ids)) == 1


KILLED = (
    test_concurrency.PREPARE
    + """
from smf_embed.stored_clips import StoredClips

put, calls = StoredClips.put_label, []

def stop_there(self, *words, **more):
    put(self, *words, **more)
    calls.append(words)
    if len(calls) == 25:
        self.database.sql.sync()  # all of it is with the server
        print("written", flush=True)
        time.sleep(60)

StoredClips.put_label = stop_there
with Catalogue(sys.argv[2]) as catalogue:
    catalogue.add(iter_clips(sys.argv[3], batch_rows=10))
"""
)


def test_a_writer_that_is_killed_in_a_transaction_leaves_nothing_of_it(catalogue, tmp_path):
    table(0, 50).to_csv(tmp_path / "clips.csv", index=False)
    writer = start(KILLED, catalogue.folder, tmp_path / "clips.csv", "-")
    assert writer.stdout.readline() == "written\n", writer.stderr.read()
    assert len(catalogue) == catalogue.generation * 10 == 20
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    report = add(catalogue, table(0, 50), batch_rows=10)
    assert (report.added, report.unchanged) == (30, 20)
    assert len(rows_of(catalogue)["labels"]) == 50
    assert dict(catalogue.database.sql.execute("SELECT word, texts FROM words").fetchall())["title"] == 50
    assert examine(catalogue.folder) == []


def test_a_server_that_stops_in_the_middle_is_one_line_and_the_same_command_does_the_rest(tmp_path, encoded, run):
    table(0, 60).to_csv(tmp_path / "clips.csv", index=False)
    with running_server() as server:
        address = f"{server.address()}&cache={tmp_path / 'local'}"
        put, calls = Catalogue.put_label, []

        def stops(self, *words, **more):
            calls.append(words)
            if len(calls) == 25:
                server.stop()
            put(self, *words, **more)

        with pytest.MonkeyPatch.context() as patch, Catalogue(address, create=True) as catalogue:
            patch.setattr(Catalogue, "put_label", stops)
            with pytest.raises(CatalogueError) as error:
                add(catalogue, table(0, 60), batch_rows=10)
        assert "the connection was lost" in str(error.value)
        assert "the same command does the rest" in str(error.value)
        assert PASSWORD not in str(error.value)
        code, _, err = run("add", tmp_path / "clips.csv", "--catalogue", address)
        assert code == 2
        assert err.count("\n") == 1
        assert "cannot be opened" in err
        assert PASSWORD not in err
        server.start()
        code, out, _ = run("add", tmp_path / "clips.csv", "--catalogue", address)
        assert code == 0
        assert "added 40, updated 0, unchanged 20" in out


def test_a_connection_that_the_server_ends_is_told_of_in_one_line(catalogue):
    add(catalogue, table(0, 3))
    catalogue.database.sql.execute("SELECT set_config('application_name', 'victim', false)")
    with Catalogue(catalogue.folder) as other:
        other.database.sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"
        )
    with pytest.raises(CatalogueError, match="the connection was lost"), catalogue.writing("label"):
        catalogue.label(["id1"], "none")
    with Catalogue(catalogue.folder) as again:
        assert test_catalogue.labels(again)["id1"] == "Буба"
