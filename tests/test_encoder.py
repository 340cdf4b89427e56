"""Encoders: unit vectors, each text once, and a fingerprint that tells vectors apart which must not meet."""

import shutil
import socket

import numpy as np
import pytest
from conftest import make_tiny_model

from smf_embed.encoder import Encoder
from smf_embed.errors import EncoderError
from smf_embed.windows import MAX_CHARS, pool, windows

TEXTS = ["буба и велосипед", "лунтик и мёд", "буба и велосипед", "фиксики. магнит"]


def test_a_folder_gives_vectors_of_unit_length(tiny_model):
    vectors = Encoder(tiny_model).encode(TEXTS)
    assert vectors.shape == (4, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_vectors_are_those_of_sentence_transformers(tiny_model):
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(tiny_model).encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(Encoder(tiny_model).encode(TEXTS), expected, atol=1e-6)


def test_each_distinct_text_is_encoded_once(tiny_model, monkeypatch):
    encoder = Encoder(tiny_model)
    encode = encoder._load().encode
    seen = []
    monkeypatch.setattr(encoder._load(), "encode", lambda texts, **options: seen.extend(texts) or encode(texts))
    done = []
    vectors = encoder.encode(TEXTS, done.append)
    assert seen == [TEXTS[0], TEXTS[1], TEXTS[3]]
    assert sum(done) == 3
    assert (vectors[0] == vectors[2]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("text", "threads"), [("Маша и Медведь", 1), ("Маша и Медведь " * 80, 3)])
def test_little_is_encoded_by_one_thread_and_torch_has_its_threads_again(text, threads, monkeypatch):
    import torch

    monkeypatch.setattr("smf_embed.threads.thread_count", lambda: 3)
    before = torch.get_num_threads()
    encoder, seen = Encoder("builtin"), []
    encode = encoder._load().encode

    def counted(texts, **options):
        seen.append(torch.get_num_threads())
        return encode(texts, **options)

    monkeypatch.setattr(encoder._load(), "encode", counted)
    try:
        torch.set_num_threads(3)
        encoder.encode([text])
        assert (seen, torch.get_num_threads()) == ([threads], 3)
    finally:
        torch.set_num_threads(before)


def test_no_texts_give_no_vectors(tiny_model):
    assert Encoder(tiny_model).encode([]).shape == (0, 32)


def test_fingerprint_does_not_depend_on_where_the_folder_is(tiny_model, tmp_path):
    moved = shutil.copytree(tiny_model, tmp_path / "moved")
    assert Encoder(str(moved)).fingerprint == Encoder(tiny_model).fingerprint


def test_fingerprint_of_the_builtin_encoder_is_known_without_loading_it():
    encoder = Encoder()
    assert len(encoder.fingerprint) == 16
    assert "loaded" not in repr(encoder)


@pytest.mark.parametrize(
    "difference",
    [{"seed": 1}, {"pooling": "cls"}, {"lower": False}, {"prompt": "query: "}],
    ids=["weights", "pooling", "tokenizer", "prompt"],
)
def test_fingerprint_differs_where_vectors_do(tiny_model, tmp_path, difference):
    one, other = Encoder(tiny_model), Encoder(make_tiny_model(tmp_path, **difference))
    texts = ["Буба и велосипед"]
    assert np.abs(one.encode(texts) - other.encode(texts)).max() > 1e-3
    assert one.fingerprint != other.fingerprint


def test_fingerprint_differs_by_the_longest_text(tiny_model, tmp_path):
    shorter = Encoder(tiny_model)
    shorter._load().max_seq_length = 4
    assert shorter.fingerprint != Encoder(tiny_model).fingerprint


@pytest.mark.parametrize("name", ["no/such-model", "./no-such-folder", "no such folder", "/no/such/folder", ""])
def test_an_unknown_encoder_is_named_in_one_quiet_line(name, capfd):
    with pytest.raises(EncoderError) as caught:
        Encoder(name).encode(["a"])
    assert repr(name) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_holds_no_model_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="cannot be loaded"):
        Encoder(str(tmp_path)).encode(["a"])


def test_a_model_without_its_weights_is_refused(tiny_model, tmp_path):
    damaged = shutil.copytree(tiny_model, tmp_path / "damaged")
    for path in damaged.rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(EncoderError, match="cannot be loaded"):
        Encoder(str(damaged)).encode(["a"])


@pytest.mark.timeout(30)
def test_without_a_network_an_unknown_model_is_refused_at_once(monkeypatch, capfd):
    def no_network(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(EncoderError, match="no/such"):
        Encoder("no/such").encode(["a"])
    assert capfd.readouterr() == ("", "")


def test_a_long_text_is_encoded_in_windows_and_nothing_of_it_is_cut() -> None:
    encoder = Encoder("builtin")
    sentence = "маша варит кашу для медведя. "
    long = sentence * 100 + "а в самом конце приходит заяц и просит морковку."
    parts = windows(long, MAX_CHARS)
    assert len(parts) > 2
    expected = pool(encoder.encode(parts), [len(part) for part in parts])
    got = encoder.encode(["короткий текст", long])[1]
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert not np.allclose(got, encoder.encode([sentence * 100])[0], atol=1e-3)
