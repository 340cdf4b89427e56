"""Ctrl-C and SIGTERM: the batch in flight is finished, the second stops at once, and the next command does the rest."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.doctor import examine
from smf_embed.interrupts import stop_after_batch

CLIPS, BATCH = 600, 20

PROGRAM = """
import functools, os, sys, time
sys.path.insert(0, sys.argv.pop(1))
import numpy as np
from conftest import fake_vector
from smf_embed import cli, clip_tables, reencoding
from smf_embed.encoder import Encoder

def encode(self, texts, progress=None):
    print("encoding", file=sys.stderr, flush=True)
    time.sleep(float(os.environ.get("SECONDS", 0.1)))
    return np.array([fake_vector(text) for text in texts])

Encoder.encode = encode
reencoding._BATCH = 20
clip_tables.iter_clips = functools.partial(clip_tables.iter_clips, batch_rows=20)
cli.main()
"""


@pytest.fixture
def started(tmp_path):
    """Start a command in a process of its own; batches of 20 clips take 0.1 s each."""
    rows = [{"yt_reel_id": f"id{i}", "reel_name": f"title {i}", "cartoon": "Буба"} for i in range(CLIPS)]
    pd.DataFrame(rows).to_csv(tmp_path / "clips.csv", index=False)
    processes = []

    def start(*words: object, seconds: float = 0.1) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, os.path.dirname(__file__), *map(str, words)]
        command += ["--catalogue", str(tmp_path / "index")]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        options["env"] = os.environ | {"SECONDS": str(seconds)}
        processes.append(subprocess.Popen(command, **options))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(folder, statement: str, least: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (folder / "catalogue.sqlite").exists():
            with Catalogue(folder) as catalogue:
                if catalogue.database.sql.execute(statement).fetchone()[0] >= least:
                    return
        time.sleep(0.02)
    pytest.fail("nothing was written")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_the_batch_and_the_next_add_does_the_rest(started, tmp_path, number):
    add = started("add", tmp_path / "clips.csv")
    wait_for(tmp_path / "index", "SELECT count(*) FROM clips", 40)
    add.send_signal(number)
    out, err = add.communicate(timeout=60)
    assert add.returncode == 130
    assert "stopping after the batch in flight" in err
    assert "the same command does the rest" in err
    assert "Traceback" not in err
    with Catalogue(tmp_path / "index") as catalogue:
        kept = len(catalogue)
    assert 40 <= kept < CLIPS
    assert kept % BATCH == 0
    assert f"The catalogue holds {kept} clips" in out
    rest = started("add", tmp_path / "clips.csv")
    out, _ = rest.communicate(timeout=60)
    assert rest.returncode == 0
    assert f"added {CLIPS - kept}, updated 0, unchanged {kept}" in out
    with Catalogue(tmp_path / "index") as catalogue:
        counts = catalogue.counts()
        assert (counts["clips"], counts["labelled"], counts["vectors"]) == (CLIPS, CLIPS, CLIPS)
        assert catalogue.database.sql.execute("SELECT count(*) FROM labels").fetchone() == (CLIPS,)
    assert examine(tmp_path / "index") == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_stops_at_once_and_leaves_nothing_torn(started, tmp_path, number):
    add = started("add", tmp_path / "clips.csv")
    wait_for(tmp_path / "index", "SELECT count(*) FROM clips", 40)
    add.send_signal(number)
    time.sleep(0.02)
    add.send_signal(number)
    _, err = add.communicate(timeout=60)
    assert add.returncode == 130
    assert "Traceback" not in err
    assert examine(tmp_path / "index") == []
    with Catalogue(tmp_path / "index") as catalogue:
        assert len(catalogue) % BATCH == 0
        assert len(catalogue) < CLIPS


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_without_batches_stops_at_once(started, tmp_path, number):
    pd.DataFrame([{"yt_reel_id": "id", "reel_name": "title"}]).to_csv(tmp_path / "clips.csv", index=False)
    assert started("add", tmp_path / "clips.csv").wait(60) == 0
    similar = started("similar", "--text", "encoded slowly", seconds=300)
    assert "encoding\n" in iter(similar.stderr.readline, "")
    similar.send_signal(number)
    assert similar.wait(60) == 130
    assert "Traceback" not in similar.stderr.read()


@pytest.mark.slow  # loads a real model four times
def test_a_signal_while_reindex_encodes_leaves_the_old_vectors_in_use(started, tmp_path, tiny_model):
    assert started("add", tmp_path / "clips.csv").wait(60) == 0
    with Catalogue(tmp_path / "index") as catalogue:
        before = catalogue.fingerprint
    reindex = started("reindex", "--encoder", tiny_model)
    wait_for(tmp_path / "index", "SELECT count(DISTINCT fingerprint) FROM vectors", 2)
    reindex.send_signal(signal.SIGINT)
    _, err = reindex.communicate(timeout=60)
    assert reindex.returncode == 130
    assert "the same command does the rest" in " ".join(err.split())
    with Catalogue(tmp_path / "index") as catalogue:
        assert catalogue.fingerprint == before
    assert examine(tmp_path / "index") == []
    assert started("reindex", "--encoder", tiny_model).wait(60) == 0
    with Catalogue(tmp_path / "index") as catalogue:
        assert catalogue.fingerprint != before
        assert catalogue.counts()["vectors"] == CLIPS
    assert examine(tmp_path / "index") == []


def test_a_signal_that_the_shell_has_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_after_batch("the batch") as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
