"""Encoding in a process of its own: the same vectors, errors that come through, no process left behind."""

import os
import signal
import subprocess
import sys

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


def test_the_process_ends_with_its_owner(tiny_model):
    isolated = IsolatedEncoder(tiny_model)
    isolated.encode(["a"])
    process = psutil.Process(isolated._process.pid)
    del isolated
    assert not process.is_running()


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


def test_errors_come_through_as_they_are():
    isolated = IsolatedEncoder("no/such-model")
    with pytest.raises(EncoderError, match="no/such-model"):
        isolated.encode(["a"])
    isolated.close()


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
