"""What a name means: folders that hold no model, the hub's cache without a network, revisions, prompts, backends."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from smf_embed.builtin import UniversalSentenceEncoder
from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder
from smf_embed.errors import CatalogueError, EncoderError, InputError
from smf_embed.model_loading import _resolve, check_folder, weights_files
from smf_embed.prompts import known_prompt
from smf_embed.windows import MAX_CHARS, fitting_windows, pool

TEXTS = ["буба и велосипед", "лунтик и мёд", "the fixies"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def copied(tiny_model, tmp_path):
    return Path(shutil.copytree(tiny_model, tmp_path / "copied"))


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(EncoderError) as caught:
        Encoder(str(folder)).encode(["a"])
    assert len(str(caught.value).splitlines()) == 1
    for word in (str(folder), *words):
        assert word in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path):
    refused(tmp_path, "the folder is empty")


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no model")
    refused(tmp_path, "neither modules.json nor config.json")


def test_a_half_copied_folder_is_refused(copied):
    weights = next(copied.rglob("*.safetensors"))
    whole = weights.read_bytes()
    weights.write_bytes(b"")
    refused(copied, "no weights", "copy it again")
    weights.unlink()
    refused(copied, "no weights", "copy it again")
    weights.write_bytes(whole[: len(whole) // 2])
    refused(copied, "cannot be loaded")
    weights.write_bytes(whole)
    shutil.rmtree(copied / "1_Pooling")
    refused(copied, "'1_Pooling' is missing", "copy it again")
    text = (copied / "modules.json").read_text()
    (copied / "modules.json").write_text(text[: len(text) // 2])
    refused(copied, "modules.json is no JSON", "copy it again")


def test_weights_that_are_not_all_there_are_never_made_up(copied):
    from safetensors.torch import load_file, save_file

    path = next(copied.rglob("*.safetensors"))
    tensors = load_file(path)
    pooler = {name: tensor for name, tensor in tensors.items() if not name.startswith("pooler.")}
    assert len(pooler) < len(tensors)
    save_file(pooler, path, metadata={"format": "pt"})
    assert np.isfinite(Encoder(str(copied)).encode(TEXTS)).all()
    rest = {name: tensor for name, tensor in pooler.items() if "layer.1." not in name}
    save_file(rest, path, metadata={"format": "pt"})
    refused(copied, "is not among its weights", "not copied whole")


def test_models_of_other_kinds_are_refused(copied, tmp_path):
    config = json.loads((copied / "config_sentence_transformers.json").read_text())
    (copied / "config_sentence_transformers.json").write_text(json.dumps(config | {"model_type": "SparseEncoder"}))
    refused(copied, "it is a SparseEncoder")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"architectures": ["BertForSequenceClassification"]}))
    (other / "model.safetensors").write_bytes(b"x")
    refused(other, "it is a BertForSequenceClassification")


@pytest.mark.parametrize(
    "text",
    [b"[]", b'[{"path": 5, "type": "x"}]', b'[{"path": "1_Pooling"}]', b"[3]", b"{}", b"5", b"null", b"\xff\xfe", b"["],
)
def test_odd_parts_of_a_model_are_one_clear_error(copied, text):
    (copied / "modules.json").write_bytes(text)
    with pytest.raises(EncoderError, match=r"modules\.json .*; copy it again$"):
        check_folder(copied, "torch")


@pytest.mark.parametrize("file", ["config.json", "config_sentence_transformers.json"])
@pytest.mark.parametrize("text", [b"[]", b"5", b"null", b"\xff\xfe", b"[" * 100_000])
def test_odd_settings_of_a_model_are_one_clear_error(copied, file, text):
    (copied / "modules.json").unlink()  # config.json is read where there are no parts
    (copied / file).write_bytes(text)
    with pytest.raises(EncoderError, match=rf"{file} .*; copy it again$"):
        check_folder(copied, "torch")


@pytest.mark.parametrize("architectures", [[3], "Bert", {"a": 1}, [None]])
def test_odd_architectures_are_one_clear_error(copied, architectures):
    (copied / "modules.json").unlink()
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"architectures": architectures}))
    with pytest.raises(EncoderError, match=r"config\.json has architectures that are no names"):
        check_folder(copied, "torch")


def test_folders_in_the_place_of_files_are_one_clear_error(copied):
    (copied / "config_sentence_transformers.json").unlink()
    (copied / "config_sentence_transformers.json").mkdir()
    with pytest.raises(EncoderError, match=r"config_sentence_transformers\.json cannot be read"):
        check_folder(copied, "torch")
    (copied / "config_sentence_transformers.json").rmdir()
    for file in ("modules.json", "config.json"):
        (copied / file).unlink()
        (copied / file).mkdir()
    with pytest.raises(EncoderError, match=r"neither modules\.json nor config\.json"):
        check_folder(copied, "torch")


@pytest.mark.parametrize("kind", [3, ["SparseEncoder"], {"a": 1}])
def test_an_odd_kind_of_model_is_one_clear_error(copied, kind):
    config = json.loads((copied / "config_sentence_transformers.json").read_text())
    (copied / "config_sentence_transformers.json").write_text(json.dumps(config | {"model_type": kind}))
    with pytest.raises(EncoderError, match="which does not turn a text into one vector"):
        check_folder(copied, "torch")


def test_a_kind_that_is_not_said_and_weights_that_point_nowhere(copied):
    config = json.loads((copied / "config_sentence_transformers.json").read_text())
    (copied / "config_sentence_transformers.json").write_text(json.dumps(config | {"model_type": None}))
    check_folder(copied, "torch")
    for path in weights_files(copied):
        path.unlink()
        path.symlink_to(copied / "a blob that was not copied")
    with pytest.raises(EncoderError, match="there are no weights in it"):
        check_folder(copied, "torch")


def test_the_command_line_says_it_in_one_line(run, tmp_path, train):
    train.head(5).to_csv(tmp_path / "some.csv", index=False)
    (tmp_path / "empty").mkdir()
    code, out, err = run(
        "add", tmp_path / "some.csv", "--encoder", tmp_path / "empty", "--catalogue", tmp_path / "index"
    )
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "the folder is empty" in err
    assert not (tmp_path / "index").exists()


@pytest.mark.slow
def test_a_saved_builtin_encoder_is_an_encoder(encoder, tmp_path):
    model = SentenceTransformer(modules=[UniversalSentenceEncoder()])
    model.save(str(tmp_path / "saved"), create_model_card=False)
    saved = Encoder(str(tmp_path / "saved"))
    np.testing.assert_allclose(saved.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    assert saved.fingerprint == Encoder(str(tmp_path / "saved")).fingerprint


# ------------------------------------------------------------------------------------------------------------- the hub


@pytest.fixture
def cache(tiny_model, tmp_path, monkeypatch):
    """A cache of the hub with one commit of intfloat/e5-small, which is the tiny model here; there is no network."""
    model = tmp_path / "hub" / "models--intfloat--e5-small"
    shutil.copytree(tiny_model, model / "snapshots" / COMMIT)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return model


def test_a_model_of_the_cache_is_used_without_a_network_and_its_commit_is_pinned(cache, tiny_model):
    encoder = Encoder("intfloat/e5-small")
    vectors = encoder.encode(TEXTS)
    assert encoder.fingerprint_parts["revision"] == COMMIT
    expected = SentenceTransformer(tiny_model).encode(TEXTS, prompt="query: ", normalize_embeddings=True)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert encoder.fingerprint_parts["prompt"] == "query: "
    named = Encoder(f"intfloat/e5-small@{COMMIT}")
    assert named.fingerprint == encoder.fingerprint
    with pytest.raises(EncoderError, match="does not have the model at revision other"):
        Encoder("intfloat/e5-small@other").encode(["a"])


def hub_answers(monkeypatch, answer: int | Exception) -> None:
    """Let the hub answer with an HTTP status, or the request for it fail."""
    if isinstance(answer, int):
        response = SimpleNamespace(status_code=answer, headers={}, request=None)
        kinds = {401: "RepositoryNotFoundError", 403: "GatedRepoError", 404: "RepositoryNotFoundError"}
        kind = getattr(huggingface_hub.errors, kinds.get(answer, "HfHubHTTPError"))
        answer = kind(f"{answer} from the hub\n\nand more", response=response)

    def model_info(*_, **__):
        raise answer

    monkeypatch.setattr("huggingface_hub.model_info", model_info)


@pytest.mark.parametrize("answer", [401, 403, 429, 500, 503, TimeoutError("no answer"), OSError("no network")])
def test_a_hub_that_does_not_serve_leaves_its_cache_which_is_told_in_one_line(cache, monkeypatch, capfd, answer):
    hub_answers(monkeypatch, answer)
    assert _resolve("intfloat/e5-small", None) == (False, COMMIT)
    told = capfd.readouterr().err
    assert told.count("\n") == 1
    for word in ("intfloat/e5-small", "its cache on this machine is used", COMMIT):
        assert word in told
    assert (str(answer) in told) == isinstance(answer, int)
    with pytest.raises(EncoderError) as caught:
        _resolve("intfloat/other", None)
    assert "its cache on this machine does not have the model" in str(caught.value)
    assert "\n" not in str(caught.value)
    if answer in (401, 403):
        assert "hf auth login" in str(caught.value)


def test_a_model_that_the_hub_does_not_have_is_not_taken_from_the_cache(cache, monkeypatch, capfd):
    hub_answers(monkeypatch, 404)
    with pytest.raises(EncoderError, match="404 from the hub") as caught:
        Encoder("intfloat/e5-small").encode(["a"])
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_busy_hub_does_not_keep_a_model_of_the_cache_from_encoding(cache, monkeypatch, capfd):
    hub_answers(monkeypatch, 429)
    assert Encoder("intfloat/e5-small").encode(TEXTS).shape == (3, 32)
    assert capfd.readouterr().err.count("\n") == 1


def test_a_catalogue_stays_with_the_commit_it_was_made_with(cache, tmp_path, train):
    with Catalogue(tmp_path / "index", create=True, encoder="intfloat/e5-small") as catalogue:
        catalogue.add(iter_clips(train.head(10)))
        before = catalogue.fingerprint
    # the hub moves on to other weights
    other = "f" * 40
    shutil.copytree(cache / "snapshots" / COMMIT, cache / "snapshots" / other)
    weights = cache / "snapshots" / other / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    (cache / "refs" / "main").write_text(other)
    assert Encoder("intfloat/e5-small").fingerprint != before
    with Catalogue(tmp_path / "index") as catalogue:
        catalogue.add(iter_clips(train.head(20)))
        assert catalogue.encoder.fingerprint == before
    (cache / "refs" / "main").write_text(COMMIT)
    shutil.rmtree(cache / "snapshots" / COMMIT)
    with Catalogue(tmp_path / "index") as catalogue, pytest.raises(EncoderError, match=f"at revision {COMMIT}"):
        catalogue.add(iter_clips(train.head(30)))


# ------------------------------------------------------------------------------------------------------------- prompts


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("intfloat/multilingual-e5-small", "query: "),
        ("intfloat/multilingual-e5-base@abc", "query: "),
        ("/models/e5-large-v2/", "query: "),
        ("intfloat/multilingual-e5-large-instruct", "Instruct: Identify the cartoon series that a video belongs to\n"),
        ("ai-forever/FRIDA", "categorize_topic: "),
        ("sentence-transformers/LaBSE", None),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", None),
        ("builtin", None),
    ],
)
def test_prompts_of_known_models(name, prompt):
    known = known_prompt(name)
    assert known is None if prompt is None else known.startswith(prompt)


def test_a_prompt_that_is_given_counts_before_the_models_own_and_the_table(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "e5-small")
    plain = SentenceTransformer(str(folder))
    for prompt, used in ((None, "query: "), ("", ""), ("буба ", "буба ")):
        vectors = Encoder(str(folder), prompt=prompt).encode(TEXTS)
        expected = plain.encode([used + text for text in TEXTS], normalize_embeddings=True)
        np.testing.assert_allclose(vectors, expected, atol=1e-6)
    fingerprints = {Encoder(str(folder), prompt=prompt).fingerprint for prompt in (None, "", "буба ")}
    assert len(fingerprints) == 3


def test_a_catalogue_keeps_its_prompt(run, tiny_model, tmp_path, train):
    train.head(20).to_csv(tmp_path / "some.csv", index=False)
    train.head(30).to_csv(tmp_path / "more.csv", index=False)
    index = ["--catalogue", tmp_path / "index"]
    named = ["--encoder", tiny_model]
    assert run("add", tmp_path / "some.csv", *index, *named, "--prompt", "буба ")[0] == 0
    code, out, _ = run("add", tmp_path / "more.csv", *index)
    assert (code, "added 10" in out) == (0, True)
    code, _, err = run("add", tmp_path / "more.csv", *index, *named, "--prompt", "лунтик ")
    assert code == 2
    assert '--prompt "лунтик "' in err
    assert run("add", tmp_path / "more.csv", *index, "--prompt", "x")[0] == 2
    with Catalogue(tmp_path / "index") as catalogue:
        assert catalogue.fingerprint == Encoder(tiny_model, prompt="буба ").fingerprint
        with pytest.raises(CatalogueError, match="vectors of two encoders"):
            Catalogue(tmp_path / "index", encoder=Encoder(tiny_model, prompt="лунтик "))


# ------------------------------------------------------------------------------------------------------------- windows


def test_windows_keep_every_word_and_none_has_too_many_tokens():
    text = "Маша варит кашу. " * 30 + "Слово" * 40 + " конец"
    count = lambda texts: [2 + len(text) // 3 for text in texts]  # noqa: E731
    (parts,) = fitting_windows([text], count, limit=20)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert max(count(parts)) <= 20
    assert len(parts) > len(text) / 60
    assert fitting_windows(["а" * 10, text[:20]], count, limit=20) == [["а" * 10], [text[:20]]]


def test_a_prompt_that_leaves_no_room_is_an_error():
    with pytest.raises(InputError, match="has 9 tokens with its prompt, and the model takes 8"):
        fitting_windows(["буба"], lambda texts: [9] * len(texts), limit=8)


def test_a_text_beyond_the_tokens_of_a_model_is_not_cut(tiny_model):
    encoder = Encoder(tiny_model)
    limit = encoder._load().max_seq_length
    text = "буба и велосипед лунтик ищет друга " * 20
    assert len(text) < MAX_CHARS
    assert encoder._count_tokens([text])[0] > 2 * limit
    changed = text + "фиксики"
    one, other = encoder.encode([text, changed])
    assert np.abs(one - other).max() > 1e-4
    assert encoder.windowed_texts == 2
    (parts,) = fitting_windows([text], encoder._count_tokens, limit)
    assert max(encoder._count_tokens(parts)) <= limit
    plain = SentenceTransformer(tiny_model).encode(parts, normalize_embeddings=True)
    np.testing.assert_allclose(one, pool(plain, [len(part) for part in parts]), atol=1e-5)
    # a prompt counts, too
    prompted = Encoder(tiny_model, prompt="буба " * 10)
    (shorter,) = fitting_windows([text], prompted._count_tokens, limit)
    assert len(shorter) > len(parts)


# ------------------------------------------------------------------------------------------------------------ backends


def test_backends_that_are_not_there_are_told_by_what_installs_them(tiny_model, monkeypatch):
    with pytest.raises(InputError, match="name one of torch, openvino, openvino-int8"):
        Encoder(tiny_model, backend="jax").encode(["a"])
    with pytest.raises(EncoderError, match=r"--backend openvino-int8 needs its file openvino/"):
        Encoder(tiny_model, backend="openvino-int8").encode(["a"])
    with pytest.raises(InputError, match="built-in encoder runs in torch alone"):
        Encoder("builtin", backend="openvino").encode(["a"])
    for module in ("optimum", "optimum.intel", "optimum.intel.openvino"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EncoderError, match=r'pip install "smf-embed\[openvino\]"'):
        Encoder(tiny_model, backend="openvino").encode(["a"])


@pytest.mark.slow
def test_openvino_gives_the_vectors_of_torch(tiny_model):
    pytest.importorskip("optimum.intel", reason='OpenVINO is not installed: pip install "smf-embed[openvino]"')
    expected = Encoder(tiny_model)
    other = Encoder(tiny_model, backend="openvino")
    texts = [*TEXTS, "буба и велосипед лунтик ищет друга " * 20]
    np.testing.assert_allclose(other.encode(texts), expected.encode(texts), atol=1e-4)
    assert other.windowed_texts == 1
    assert other.fingerprint != expected.fingerprint
    assert other.fingerprint == Encoder(tiny_model, backend="openvino").fingerprint


@pytest.mark.slow
def test_loading_is_quiet(tiny_model, tmp_path):
    code = "import sys; from smf_embed.encoder import Encoder; Encoder(sys.argv[1]).encode(['буба ' * 100])"
    done = subprocess.run(
        [sys.executable, "-c", code, tiny_model], capture_output=True, text=True, timeout=120, env=os.environ.copy()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
