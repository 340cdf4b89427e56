"""What the threads of the service share: one that works for many callers, workers, an encoder."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from smf_embed.encoder import Encoder
from smf_embed.service.opening import SharedEncoder
from smf_embed.service.waiting import Batcher, Late, Workers, wait_for


def test_the_fault_of_one_item_is_not_that_of_the_others():
    gate = threading.Event()

    def work(items):
        gate.wait(10)
        return [10 // item for item in items]

    batcher = Batcher("test", work, most=100, depth=10)
    futures = [batcher.submit(item) for item in (1, 2, 0, 5)]
    gate.set()
    assert [futures[place].result(10) for place in (0, 1, 3)] == [10, 5, 2]
    with pytest.raises(ZeroDivisionError):
        futures[2].result(10)
    batcher.close()


def test_a_batch_is_no_heavier_than_allowed_and_nothing_is_lost_at_the_end():
    gate, sizes = threading.Event(), []

    def work(items):
        gate.wait(10)
        sizes.append(sum(items))
        return items

    batcher = Batcher("test", work, most=10, depth=100)
    futures = [batcher.submit(4, 4) for _ in range(20)]
    gate.set()
    batcher.close()
    assert [future.result(0) for future in futures] == [4] * 20
    assert max(sizes) <= 10


def test_what_has_not_begun_in_time_is_not_done():
    done, gate = [], threading.Event()

    class Own:
        def close(self):
            done.append("closed")

    workers = Workers("test", 1, Own, 10)
    first = workers.submit(lambda _: gate.wait(10))
    second = workers.submit(lambda _: done.append("second"))
    with pytest.raises(Late):
        wait_for(second, 0.05, "waiting")
    gate.set()
    assert first.result(10)
    workers.close()
    assert done == ["closed"]


def test_the_shared_encoder_loads_its_model_once_whoever_asks_first(monkeypatch):
    loads = []

    def load(name, **_):
        loads.append(threading.current_thread().name)
        time.sleep(0.1)
        return SimpleNamespace(model=object(), revision=None)

    monkeypatch.setattr("smf_embed.encoder.load_model", load)
    encoder = SharedEncoder("some/model", device="cpu")
    threads = [threading.Thread(target=encoder._load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    encoder.close()
    assert len(loads) == 1


def test_a_caller_with_long_texts_lets_others_in_between(monkeypatch):
    batches = []
    monkeypatch.setattr(
        Encoder, "encode", lambda self, texts, progress=None: batches.append(len(texts)) or np.zeros((len(texts), 2))
    )
    encoder = SharedEncoder("test")
    assert encoder.encode(["word " * 10_000] * 8).shape == (8, 2)
    assert encoder.encode(["a"] * 300).shape == (300, 2)
    encoder.close()
    assert batches == [2, 2, 2, 2, 128, 128, 44]
