"""A shared catalogue in PostgreSQL: it behaves as one in a file does, and many write to it at once."""

import inspect
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import test_catalogue
import test_concurrency
import test_faults
import test_sync
from postgres_server import PASSWORD, PostgresServer

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.copying import copy_catalogue
from smf_embed.doctor import examine
from smf_embed.errors import CatalogueError, InputError
from smf_embed.exporting import export, export_labels
from smf_embed.neighbours import Neighbours, refresh_snapshots, similar
from smf_embed.reencoding import reencode
from smf_embed.schema import CHECKED
from smf_embed.shared_address import FILE_NAME, is_address, local_folder, without_password
from smf_embed.snapshots import read_snapshot
from smf_embed.teaching import teach

# tests of one catalogue, whatever its database is; those of the file itself stay where they are
_OF_A_FILE = {"test_a_catalogue_with_states_is_verified_mended_and_of_this_format"}
for _module in (test_catalogue, test_sync, test_faults):
    for _name, _test in list(vars(_module).items()):
        if _name in _OF_A_FILE or not _name.startswith("test_"):
            continue
        if "catalogue" in inspect.signature(_test).parameters:
            globals()[_name] = _test


@pytest.fixture
def catalogue(shared, encoded):
    with Catalogue(shared, create=True) as catalogue:
        yield catalogue


def rows_of(catalogue: Catalogue, *but: str) -> dict[str, list[tuple]]:
    """All rows of all tables, in order."""
    return {
        table: sorted(catalogue.database.sql.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(), key=repr)
        for table, columns in CHECKED.items()
        if table not in but
    }


def table(first: int, count: int, channel: str = "UC1", label: str | None = "Буба") -> pd.DataFrame:
    rows = range(first, first + count)
    return pd.DataFrame(
        [
            {
                "yt_reel_id": f"id{i}",
                "reel_name": f"title {i}",
                "text": f"About number {i}. Subscribe to our channel!",
                "yt_channel_id": channel,
                "cartoon": label,
            }
            for i in rows
        ]
    )


def add(catalogue: Catalogue, frame: pd.DataFrame, batch_rows: int = 4096):
    return catalogue.add(iter_clips(frame, batch_rows=batch_rows))


# ------------------------------------------------------------------------------------------------- the same as a file


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
            assert one.undo("someone") == (["id3"], [])
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


# ----------------------------------------------------------------------------------------------------- many at once

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


def start(code: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, os.path.dirname(__file__), *map(str, words)]
    environment = os.environ | {"PGPASSWORD": PASSWORD}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


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


def test_a_text_that_another_encodes_meanwhile_is_stored_once(catalogue, shared, monkeypatch):
    prepare = type(catalogue).prepare_and_encode
    others = []

    def slow(self, *words, **more):
        made = prepare(self, *words, **more)
        if not others:
            others.append(True)
            with Catalogue(shared) as other:
                add(other, table(0, 5))
        return made

    monkeypatch.setattr(Catalogue, "prepare_and_encode", slow)
    report = add(catalogue, pd.concat([table(0, 5), table(100, 5).assign(reel_name="title 3")]))
    assert (report.added, report.unchanged) == (5, 5)
    assert catalogue.count_vectors("title") == 5
    assert examine(catalogue.folder) == []


def test_a_batch_all_of_whose_texts_another_encodes_meanwhile_is_added(catalogue, shared, monkeypatch):
    prepare = type(catalogue).prepare_and_encode
    others = []

    def slow(self, *words, **more):
        made = prepare(self, *words, **more)
        if not others:
            others.append(True)
            with Catalogue(shared) as other:
                add(other, table(0, 1))
        return made

    monkeypatch.setattr(Catalogue, "prepare_and_encode", slow)
    assert add(catalogue, table(0, 1).assign(yt_reel_id="another")).added == 1
    assert catalogue.count_vectors("title") == 1
    assert examine(catalogue.folder) == []


# ------------------------------------------------------------------------------------------------ kills and lost lines

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


@contextmanager
def own_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_a_server_that_stops_in_the_middle_is_one_line_and_the_same_command_does_the_rest(tmp_path, encoded, run):
    table(0, 60).to_csv(tmp_path / "clips.csv", index=False)
    with own_server() as server:
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


# --------------------------------------------------------------------------------------------------- hostile texts


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


# ------------------------------------------------------------------------------------------------- opening and closing


def test_no_catalogue_is_an_error_that_names_the_command_and_makes_none(shared, tmp_path):
    with pytest.raises(
        CatalogueError, match=r"holds no catalogue; make one: smf-embed add TABLE --catalogue postgresql:"
    ):
        Catalogue(shared)
    assert not (tmp_path / "local").exists()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someuser:s3cretword@[::1/db",
        "postgresql://someuser:s3cretword@host:port/db",
        "postgresql://host",
        "mysql://someuser:s3cretword@host/db",
        " mysql+pymysql://someuser:s3cretword@host/db",
        "my_sql://someuser:s3cretword@host/db",
        # a password whose characters should have been escaped
        "postgresql://someuser:12/s3cretword@host/db",
        "postgresql://someuser:12?s3cretword@host/db",
        "postgresql://someuser:12/3?s3cretword@host/db",
        "postgresql://someuser:12/3#s3cretword@host/db",
        "postgresql://someuser:12@s3cretword@host/db",
    ],
)
def test_an_address_that_cannot_be_read_is_not_shown(address, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="postgresql://USER@HOST/DB") as error:
        Catalogue(address, create=True)
    assert "s3cret" not in str(error.value)
    code, out, err = run("info", "--catalogue", address)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "s3cret" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_password_is_told_of_and_never_shown(shared, run, tmp_path):
    for words in (("info",), ("add", tmp_path / "clips.csv")):
        table(0, 1).to_csv(tmp_path / "clips.csv", index=False)
        code, out, err = run(*words, "--catalogue", shared.replace(PASSWORD, "wr0ngword"))
        assert (code, out) == (2, "")
        assert "password authentication failed" in err
        assert "wr0ngword" not in err


def test_the_password_is_stored_nowhere(catalogue, shared):
    assert PASSWORD not in repr(catalogue) + catalogue.database.path
    for path in catalogue.folder.rglob("*"):
        assert PASSWORD.encode() not in path.read_bytes()
    assert (
        without_password("postgresql://a:b@h:1/d?password=c&sslmode=require") == "postgresql://a@h:1/d?sslmode=require"
    )


def test_the_local_folder_names_the_catalogue_and_no_other_one(
    catalogue, shared, postgres_server, monkeypatch, tmp_path
):
    add(catalogue, table(0, 2))
    from smf_embed import shared_address

    monkeypatch.setattr(shared_address, "_named", {})  # as in another process
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with Catalogue(catalogue.folder) as again:
        assert len(again) == 2
    with pytest.raises(CatalogueError, match="is the local folder of postgresql://someuser@/clips_"):
        Catalogue(f"{postgres_server.address()}&cache={catalogue.folder}")
    shared_address._named.clear()
    (catalogue.folder / FILE_NAME).write_text("{}")
    with pytest.raises(CatalogueError, match="cannot be read"):
        Catalogue(catalogue.folder)
    with Catalogue(tmp_path / "own", create=True):
        pass
    with pytest.raises(CatalogueError, match="holds a catalogue of its own"):
        Catalogue(f"{postgres_server.address()}&cache={tmp_path / 'own'}")


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("postgresql://me@db.example.org/clips", "index/db.example.org-clips"),
        ("postgres://me:secret@db.example.org:5433/clips?sslmode=verify-full", "index/db.example.org-5433-clips"),
        ("postgresql+psycopg://me:secret@db.example.org/clips", "index/db.example.org-clips"),
        ("PostgreSQL://me:secret@db.example.org/clips", "index/db.example.org-clips"),
        (" postgres+psycopg2://me:secret@db.example.org/clips\n", "index/db.example.org-clips"),
        ("postgresql:///clips", "index/localhost-clips"),
        ("postgresql:///clips?host=/var/run/postgresql", "index/var-run-postgresql-clips"),
        ("postgresql://h/clips?cache=elsewhere/here", "elsewhere/here"),
        ("postgresql://h/a%2F..%2Fb", "index/h-a-2F..-2Fb"),
        ("index", "index"),
        ("C:/index", "C:/index"),
        ("C://index", "C:/index"),
    ],
)
def test_each_database_has_its_folder(address, folder):
    assert local_folder(address).as_posix() == folder
    assert is_address(address) == (address.strip().lower().startswith("postgres"))


@pytest.mark.parametrize(("version", "words"), [("999", "update smf-embed"), ("3", "smf-embed copy postgresql:")])
def test_a_catalogue_of_another_format_is_an_error_that_says_what_to_do(catalogue, version, words):
    catalogue.database.sql.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
    with pytest.raises(CatalogueError, match=words):
        Catalogue(catalogue.folder)


def test_tables_of_other_programs_in_the_database_are_left_alone(postgres_server, shared, encoded):
    import psycopg

    with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
        other.execute("CREATE TABLE clips (theirs integer)")
        with Catalogue(shared, create=True) as catalogue:
            add(catalogue, table(0, 2))
        assert other.execute("SELECT count(*) FROM clips").fetchone() == (0,)
        assert other.execute("SELECT count(*) FROM smf_embed.clips").fetchone() == (2,)


def test_limits_of_time_that_an_administrator_has_set_end_no_command(catalogue, shared):
    import psycopg

    limits = ["statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"]
    with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
        if other.info.server_version >= 170_000:
            limits.append("transaction_timeout")
        for limit in limits:
            other.execute(f"ALTER DATABASE {other.info.dbname} SET {limit} = '200ms'")
    with Catalogue(shared) as again, again.reading():
        for limit in limits:
            assert again.database.sql.execute(f"SELECT current_setting('{limit}')").fetchone() == ("0",)
        again.database.sql.execute("SELECT pg_sleep(0.3)")
        time.sleep(0.3)
        assert again.counts()["clips"] == 0


def test_roles_may_be_given_what_they_need(catalogue, shared, postgres_server, tmp_path):
    """What docs/shared-catalogue.md grants."""
    import psycopg

    add(catalogue, table(0, 3))
    reader, writer = f"reader_{os.getpid()}", f"anna_{os.getpid()}"
    with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
        for name in (reader, writer):
            other.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'their0wn'")
        other.execute(f"GRANT USAGE ON SCHEMA smf_embed TO {reader}")
        other.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA smf_embed TO {reader}")
        other.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA smf_embed TO {reader}")
        other.execute("CREATE ROLE team")
        for kind in ("TABLES", "SEQUENCES"):
            other.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA smf_embed TO team")
        other.execute("GRANT USAGE ON SCHEMA smf_embed TO team")
        other.execute(f"GRANT team TO {writer}")
        other.execute(f"ALTER ROLE {writer} SET role team")
    try:
        as_reader = shared.replace(f"someuser:{PASSWORD}", f"{reader}:their0wn").replace("local", "reader")
        with Catalogue(as_reader) as read:
            assert similar(read, "id1", k=1)
            export(read, tmp_path / "x.parquet")
            with catalogue.writing("fit"):
                assert "smf-embed fit" in read.database.writer()
            with pytest.raises(CatalogueError, match="permission denied"):
                read.label(["id1"], "none")
        copy_catalogue(as_reader, tmp_path / "back")
        as_writer = shared.replace(f"someuser:{PASSWORD}", f"{writer}:their0wn").replace("local", "writer")
        with Catalogue(as_writer) as write:
            assert write.label(["id1"], "none") == ["id1"]
            assert add(write, table(3, 2)).added == 2
    finally:
        with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
            for name in (reader, writer, "team"):
                other.execute(f"DROP OWNED BY {name}")
                other.execute(f"DROP ROLE {name}")


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


# --------------------------------------------------------------------------------------------------------- commands


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
