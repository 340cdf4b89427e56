"""Batches that halve when memory runs out, devices that are there or not, several of them; all of it on a CPU."""

import numpy as np
import pytest
import torch

from smf_embed import devices
from smf_embed import encoder as encoders
from smf_embed.devices import BatchSize, choose_devices, first_batch_size, is_out_of_memory
from smf_embed.encoder import Encoder
from smf_embed.errors import EncoderError, InputError

TEXTS = [f"{title} {number}" for title in ("буба и велосипед", "лунтик и мёд", "the fixies") for number in range(20)]


class FakeModel:
    max_seq_length = 512

    def get_embedding_dimension(self):
        return 384


def out_of_memory(at_most: int, sizes: list[int], error: Exception):
    """An encode that has room for so many texts at once, and notes what was tried."""

    def encode(size):
        sizes.append(size)
        if size > at_most:
            raise error
        return "done"

    return encode


@pytest.mark.slow
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_batches_halve_until_they_fit_and_stay_so(error):
    batch, sizes = BatchSize(64), []
    assert batch.run(out_of_memory(20, sizes, error)) == "done"
    assert sizes == [64, 32, 16]
    sizes.clear()
    assert batch.run(out_of_memory(20, sizes, error)) == "done"
    assert sizes == [16]


@pytest.mark.slow
def test_a_single_text_that_does_not_fit_is_an_error_and_not_an_endless_loop():
    sizes = []
    with pytest.raises(EncoderError, match="memory is not enough for one text: CUDA out of memory"):
        BatchSize(4).run(out_of_memory(0, sizes, torch.OutOfMemoryError("CUDA out of memory.")))
    assert sizes == [4, 2, 1]


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    sizes = []
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        BatchSize(8).run(out_of_memory(0, sizes, RuntimeError("mat1 and mat2 shapes cannot be multiplied")))
    assert sizes == [8]
    assert not is_out_of_memory(ValueError("out of range"))


def test_an_encoder_that_runs_out_of_memory_gives_the_same_vectors(tiny_model, monkeypatch):
    expected = Encoder(tiny_model).encode(TEXTS)
    small = Encoder(tiny_model)
    forward = small._load().forward
    seen = []

    def short_of_memory(features, **options):
        seen.append(len(features["input_ids"]))
        if seen[-1] > 10:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(features, **options)

    monkeypatch.setattr(small._load(), "forward", short_of_memory)
    np.testing.assert_allclose(small.encode(TEXTS), expected, atol=1e-5)
    assert seen[:3] == [32, 16, 8]
    assert max(seen[2:]) == 8
    # what was learned about the memory is kept
    seen.clear()
    small.encode(TEXTS)
    assert max(seen) == 8


def test_same_texts_in_other_batches_and_orders_give_the_same_vectors(tiny_model):
    expected = Encoder(tiny_model).encode(TEXTS)
    for size in (1, 7, 64):
        other = Encoder(tiny_model)
        other._batch = BatchSize(size)
        np.testing.assert_allclose(other.encode(TEXTS[::-1])[::-1], expected, atol=1e-5)


def test_batches_grow_with_free_memory(monkeypatch):
    sizes = []
    for free in (10**6, 10**9, 3 * 10**9, 6 * 10**9, 10**12):
        monkeypatch.setattr(devices, "free_memory", lambda device, free=free: free)
        sizes.append(first_batch_size(FakeModel(), "cuda", 2))
    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    assert 32 <= sizes[2] <= 256
    assert sizes[-1] == 1024
    # numbers of double the width need double the room
    monkeypatch.setattr(devices, "free_memory", lambda device: 3 * 10**9)
    assert first_batch_size(FakeModel(), "cuda", 4) == sizes[2] // 2
    assert first_batch_size(FakeModel(), "cpu", 4) == 32


def test_devices_are_chosen_by_what_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_devices("auto") == choose_devices("cpu") == ["cpu"]
    with pytest.raises(EncoderError, match="--device auto or cpu"):
        choose_devices("cuda")
    with pytest.raises(InputError, match="name one of auto, cpu, cuda, mps"):
        choose_devices("gpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_devices("auto") == ["mps"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_devices("auto") == ["cuda"]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_devices("cuda") == ["cuda:0", "cuda:1"]
    assert choose_devices("cpu") == ["cpu"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["builtin", "tiny"])
def test_several_devices_give_the_vectors_of_one(name, tiny_model, monkeypatch):
    name = tiny_model if name == "tiny" else name
    expected = Encoder(name).encode(TEXTS)
    monkeypatch.setattr(encoders, "_CHUNK", 30)
    monkeypatch.setattr(encoders, "choose_devices", lambda wanted: ["cpu", "cpu"])
    several = Encoder(name)
    np.testing.assert_allclose(several.encode(TEXTS), expected, atol=1e-5)
    assert len(several._workers["processes"]) == 2
    processes = several._workers["processes"]
    del several
    assert all(process._closed for process in processes)


@pytest.fixture
def half_on_cpu(monkeypatch):
    """Have encoders believe that the CPU is a GPU, so that they take half precision.

    Two are named, of which the first is used, since on one CPU the built-in encoder is loaded without
    sentence-transformers.
    """
    load = encoders.load_model
    monkeypatch.setattr(encoders, "choose_devices", lambda wanted: ["mps"])
    monkeypatch.setattr(
        encoders, "load_model", lambda name, **options: load(name, **options | {"devices": ["cpu"] * 2})
    )


def test_a_gpu_takes_models_in_half_precision_and_the_fingerprint_stays(tiny_model, request):
    exact = Encoder(tiny_model)
    expected, fingerprint = exact.encode(TEXTS), exact.fingerprint
    request.getfixturevalue("half_on_cpu")
    half = Encoder(tiny_model)
    close = half.encode(TEXTS)
    assert half._load().dtype == torch.float16
    assert np.abs(close - expected).max() > 1e-6
    assert (close * expected).sum(axis=1).min() > 0.999
    assert half.fingerprint == fingerprint


def test_the_builtin_encoder_stays_exact_on_a_gpu(half_on_cpu, encoder):
    vectors = Encoder("builtin").encode(TEXTS[:5])
    np.testing.assert_allclose(vectors, encoder.encode(TEXTS[:5]), atol=1e-6)


def test_a_model_whose_numbers_do_not_fit_into_half_precision_runs_without(tiny_model, tmp_path, request):
    model = Encoder(tiny_model)._load()
    for name, weight in model.named_parameters():
        if name.endswith("intermediate.dense.weight"):
            weight.data *= 1e5
        elif name.endswith("output.dense.weight"):
            weight.data *= 1e3
    model.save(str(tmp_path / "large"), create_model_card=False)
    expected = Encoder(str(tmp_path / "large")).encode(TEXTS)
    assert np.isfinite(expected).all()
    request.getfixturevalue("half_on_cpu")
    large = Encoder(str(tmp_path / "large"))
    large._load()
    assert not np.isfinite(large._run(TEXTS, 8)).all()
    np.testing.assert_allclose(large.encode(TEXTS), expected, atol=1e-5)
    assert not large._half
