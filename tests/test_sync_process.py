"""The commands that look clips up in processes of their own: kills, Ctrl-C, exit codes, what is seen of the key."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from fake_youtube import KEY, A, B, fill, states

from smf_embed.catalogue import Catalogue
from smf_embed.doctor import examine
from smf_embed.enrichment.states import State

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")

DRIVER = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from conftest import fake_vector
from smf_embed import cli
from smf_embed.encoder import Encoder
from smf_embed.enrichment.youtube import YouTube
Encoder.encode = lambda self, texts, progress=None: np.array(
    [fake_vector(text) for text in texts], dtype=np.float32
).reshape(len(texts), 16)
YouTube.__init__.__kwdefaults__ |= dict(endpoint={url!r}, sleep=lambda seconds: None, timeout=1.0)
sys.argv = ["smf-embed", *sys.argv[1:]]
cli.main()
"""


@pytest.fixture
def start(api, tmp_path):
    """Start the command line against the fake in a process of its own."""
    with Catalogue(tmp_path / "index", create=True):
        pass
    (tmp_path / "channels.txt").write_text(f"# ours\n{A}\n\nhttps://www.youtube.com/channel/{B}  # theirs\n")
    started = []

    def start(*words: object, key: str = KEY) -> subprocess.Popen:
        code = DRIVER.format(tests=str(Path(__file__).parent), url=api.url)
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *map(str, words), "--catalogue", tmp_path / "index"],
                env={**os.environ, "YOUTUBE_API_KEY": key},
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


SYNC = ("sync", "--channels", "channels.txt", "--json")


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.slow
def test_kills_in_the_middle_lose_one_request_each_and_the_end_is_the_same(api, start, tmp_path):
    ids = fill(api, 130, A) + fill(api, 90, B, 1000)
    deaths = [1, 3, 5, 8, 9]
    process = start(*SYNC)

    def kill(number: int) -> None:
        if deaths and number == deaths[0]:
            deaths.pop(0)
            process.kill()

    api.on_request = kill
    while deaths:
        assert finished(process)[0] == -signal.SIGKILL
        process = start(*SYNC)
    code, _out, err = finished(process)
    assert code == 0, err
    with Catalogue(tmp_path / "index") as catalogue:
        assert set(states(catalogue, ids).values()) == {State.OK}
        assert len(catalogue) == 220
    assert examine(tmp_path / "index") == []
    # what an undisturbed run asks for, and once more what was in flight at each of the five kills; a listing that was
    # broken off is looked at from the top once more, for each of both channels
    whole = 1 + 3 + 2 + 5
    assert whole + 5 <= len(api.requests) <= whole + 5 + 2
    assert sum(count - 1 for count in api.asked().values()) <= 50 * 5


@pytest.mark.slow
def test_a_kill_while_ids_are_looked_up_loses_one_request_and_the_rest_is_not_asked_for_again(api, start, tmp_path):
    ids = fill(api, 130, A)
    api.videos.clear()  # so that they need no model to be answered
    (tmp_path / "ids.txt").write_text("\n".join([*ids, *ids[::-1]]))
    words = ("predict", "--ids", "ids.txt", "--source", "youtube", "--json")
    process = start(*words)
    api.on_request = lambda number: process.kill() if number == 2 else None
    assert finished(process)[0] == -signal.SIGKILL
    code, out, err = finished(start(*words))
    assert code == 0, err
    assert [json.loads(line)["state"] for line in out.splitlines()] == ["not found"] * 260
    assert len(api.requests) == 4  # three batches, and the one in flight at the kill once more
    assert Counter(api.asked().values()) == {1: 80, 2: 50}


@pytest.mark.slow
def test_ctrl_c_finishes_the_request_in_flight_and_nothing_is_asked_for_twice(api, start):
    ids = fill(api, 130, A)
    process = start(*SYNC)
    api.on_request = lambda number: process.send_signal(signal.SIGINT) if number == 6 else None
    code, out, err = finished(process)
    assert code == 130
    assert "same command does the rest" in err
    assert json.loads(out)["stopped"]
    code, out, err = finished(start(*SYNC))
    assert code == 0, err
    assert api.asked() == Counter(ids)


@pytest.mark.slow
def test_exit_codes_and_a_key_that_is_seen_nowhere(api, start, tmp_path):
    fill(api, 3, A)
    said = []
    code, *texts = finished(start(*SYNC, key=""))
    assert code == 2
    assert "YOUTUBE_API_KEY" in texts[1]
    assert "Traceback" not in texts[1]
    for faults, expected in ((["keyInvalid"], 2), (["forbidden"], 2), (["unavailable"] * 6, 4), (["quotaExceeded"], 4)):
        api.faults = list(faults)
        code, *texts = finished(start(*SYNC))
        assert code == expected, texts
        assert texts[1].count("\n") == 1
        assert texts[1].startswith("smf-embed: ")
        said += texts
    with Catalogue(tmp_path / "index") as catalogue, catalogue.transaction("quota"):
        catalogue.database.sql.execute("DELETE FROM quota")
    code, *texts = finished(start(*SYNC))
    assert code == 0, texts
    assert json.loads(texts[0])["new"] == 3
    assert json.loads(texts[0])["unlisted"] == {B: "YouTube has no such channel: closed, or never there"}
    said += texts
    code, *texts = finished(start("predict", "--ids", "channels.txt", "--source", "youtube", "--json", key="wrong key"))
    assert code == 2
    assert not [text for text in [*said, *texts] if KEY in text or "wrong key" in text]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
