"""Encoding in a process of its own: the same vectors, errors that come through, no process left behind."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import numpy as np
import psutil
import pytest

from smf_embed.encoder import Encoder
from smf_embed.errors import EncoderError
from smf_embed.isolation import IsolatedEncoder

TEXTS = ["буба и велосипед", "лунтик и мёд. " * 100, "буба и велосипед", ""]


@pytest.fixture
def isolated(tiny_model):
    isolated = IsolatedEncoder(tiny_model)
    yield isolated
    isolated.close()


@pytest.mark.slow
def test_vectors_and_fingerprint_are_those_of_the_same_process(tiny_model, isolated):
    here = Encoder(tiny_model)
    expected = here.encode(TEXTS)
    assert isolated.fingerprint == here.fingerprint
    done = []
    np.testing.assert_allclose(isolated.encode(TEXTS, done.append), expected, atol=1e-6)
    assert sum(done) == 3
    assert isolated.windowed_texts == here.windowed_texts == 1
    assert isolated.encode([]).shape == (0, 32)
    assert isolated._model is None
    assert 50 < isolated.memory()["megabytes"] < 10_000


@pytest.mark.slow
def test_the_process_ends_with_its_owner(tiny_model):
    isolated = IsolatedEncoder(tiny_model)
    isolated.encode(["a"])
    process = psutil.Process(isolated._process.pid)
    del isolated
    assert not process.is_running()


@pytest.mark.slow
def test_the_process_of_a_killed_owner_ends(tiny_model):
    code = (
        "import sys, time; from smf_embed.isolation import IsolatedEncoder;"
        "encoder = IsolatedEncoder(sys.argv[1]); encoder.encode(['a']);"
        "print(encoder._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tiny_model], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        process = psutil.Process(int(owner.stdout.readline()))
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    process.wait(timeout=20)


@pytest.mark.slow
def test_errors_come_through_as_they_are():
    isolated = IsolatedEncoder("no/such-model")
    with pytest.raises(EncoderError, match="no/such-model"):
        isolated.encode(["a"])
    isolated.close()


@pytest.mark.slow
def test_a_process_that_dies_is_told_and_the_next_text_starts_another(isolated):
    expected = isolated.encode(["лунтик"])
    os.kill(isolated._process.pid, signal.SIGKILL)
    with pytest.raises(EncoderError, match=r"its process ended with code -9"):
        isolated.encode(["буба"])
    np.testing.assert_allclose(isolated.encode(["лунтик"]), expected, atol=1e-6)


@pytest.mark.slow
def test_add_in_isolation_never_imports_torch(train, tmp_path):
    train.head(60).to_csv(tmp_path / "some.csv", index=False)
    code = """
import sys
from smf_embed import cli
sys.argv = ["smf-embed", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as done:
    assert not done.code, done.code
assert not {"torch", "sentence_transformers"} & set(sys.modules)
"""
    words = ["add", tmp_path / "some.csv", "--catalogue", tmp_path / "index", "--isolate"]
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "added 60" in done.stdout


# ------------------------------------------------------------------------------------------- interruptions


class Alarm(Exception):
    """What the handler of the alarm raises, as Ctrl-C raises KeyboardInterrupt."""


@pytest.fixture
def alarm():
    """Raise `Alarm` in the main thread after so many seconds."""

    def ring(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm on this system")
def test_an_answer_that_was_not_waited_for_is_never_that_of_the_next_request(isolated, alarm):
    isolated.encode(["лунтик"])
    first = psutil.Process(isolated._process.pid)
    first.suspend()  # so that the alarm comes after the request and before the answer
    alarm(0.3)
    with pytest.raises(Alarm):
        isolated.encode(["буба"])
    with suppress(psutil.NoSuchProcess):
        first.resume()
    expected = Encoder(isolated.name).encode(["лунтик и мёд"])
    np.testing.assert_allclose(isolated.encode(["лунтик и мёд"]), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm on this system")
def test_a_request_that_was_not_written_whole_leaves_nothing_behind(isolated, alarm):
    isolated.encode(["лунтик"])
    first = psutil.Process(isolated._process.pid)
    first.suspend()
    alarm(0.3)
    with pytest.raises(Alarm):
        isolated._ask("encode", texts=["буба " * 100_000])  # more than the pipe takes
    with suppress(psutil.NoSuchProcess):
        first.resume()
    np.testing.assert_allclose(isolated.encode(TEXTS), Encoder(isolated.name).encode(TEXTS), atol=1e-6)


@pytest.mark.slow
def test_an_answer_to_another_request_is_refused(isolated, monkeypatch):
    expected = isolated.encode(["лунтик"])
    assert isolated._process is not None
    # an answer of which nobody knows is in the pipe
    isolated._process.stdin.write(json.dumps({"what": "dimension", "number": -1}).encode() + b"\n")
    with pytest.raises(EncoderError, match="answered another request"):
        isolated.encode(["буба"])
    np.testing.assert_allclose(isolated.encode(["лунтик"]), expected, atol=1e-6)


def test_an_error_of_the_encoder_leaves_its_process_running(tmp_path):
    isolated = IsolatedEncoder(str(tmp_path))
    for _ in range(2):
        with pytest.raises(EncoderError, match="the folder is empty"):
            isolated.encode(["a"])
        assert isolated._process.poll() is None
    isolated.close()


@pytest.mark.slow
def test_the_end_of_an_owner_whose_process_died_is_silent(tiny_model):
    code = (
        "import os, signal, sys; from smf_embed.isolation import IsolatedEncoder;"
        "encoder = IsolatedEncoder(sys.argv[1]); encoder.encode(['a']);"
        "os.kill(encoder._process.pid, signal.SIGKILL); encoder._process.wait();"
        "encoder._process.stdin.write(b'a request that nobody reads')"
    )
    done = subprocess.run([sys.executable, "-c", code, tiny_model], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_files_of_the_working_folder_do_not_stand_in_for_libraries(tiny_model, tmp_path, monkeypatch):
    for name in ("numpy", "torch", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the working folder was imported')")
    monkeypatch.chdir(tmp_path)
    isolated = IsolatedEncoder(tiny_model)
    assert isolated.encode(["лунтик"]).shape == (1, 32)
    isolated.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems count each program alone")
def test_memory_is_that_of_the_process_and_not_of_its_owner():
    code = (
        "import subprocess, sys; held = b'x' * 600_000_000;"
        "child = 'from smf_embed.isolation import _peak_bytes; print(_peak_bytes())';"
        "subprocess.run([sys.executable, '-c', child], check=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert 10_000_000 < int(done.stdout) < 400_000_000
