"""What several tests need: a small labelled table, a fitted catalogue of it, encoders that are quick."""

import hashlib
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# before any library reads them: one thread, since the tests share the machine, and no request to the hub
os.environ["SMF_EMBED_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import pandas as pd
import pytest
from fake_youtube import KEY, Clock, FakeYouTube
from postgres_server import running_server

from smf_embed import cli
from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder
from smf_embed.enrichment.quota import Quota

# a shell that runs the suite in the background has it ignore Ctrl-C, and so would the programs that the tests start
signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECTS = {
    "Буба": ["Буба и велосипед", "Буба на кухне", "Буба: день рождения", "Буба чинит кран", "Booba and the kite"],
    "Лунтик": [
        "Лунтик и Кузя ловят дождь",
        "Лунтик. Первый снег",
        "Лунтик и мёд",
        "Лунтик ищет друга",
        "Moonzy picnic",
    ],
    "Фиксики": [
        "Фиксики. Магнит",
        "Фиксики и пылесос",
        "Фиксики: часы",
        "Симка и Нолик. Фиксики",
        "The Fixies compass",
    ],
    "Пороро": ["Пороро катается с горки", "Пороро и Крон", "Пороро: большая рыба", "Пороро в лесу", "Pororo snowman"],
    "none": [
        "Как испечь пирог с яблоками",
        "Обзор телефона, часть",
        "Unboxing toys, day",
        "Футбол: лучшие голы, тур",
        "Песня про алфавит, выпуск",
    ],
}


def make_table(per_title: int = 8, first: int = 0) -> pd.DataFrame:
    """Rows of four projects and none in the studio's columns, `per_title` for each title above."""
    rows = []
    for project, titles in PROJECTS.items():
        for number in range(first, first + per_title):
            for title in titles:
                rows.append(
                    {
                        "yt_reel_id": f"id{hashlib.md5(f'{title}{number}'.encode()).hexdigest()[:9]}",
                        "reel_name": f"{title} {number}",
                        "text": f"[{title} {number}] Смотрите серию {number}. Подписывайтесь на канал!",
                        "cartoon": project,
                        "seconds": 60.0 + number,
                        "is_shorts": number % 2,
                        "broadcast": "none",
                        "yt_channel_id": f"UC{project}{number % 2}",
                        "yt_channel_name": f"Канал {project}",
                    }
                )
    return pd.DataFrame(rows)


# these take five minutes and more each: begun last, one side would wait for the other
_LONGEST = ("test_notebooks.py", "test_ray.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


@pytest.fixture(scope="session")
def train() -> pd.DataFrame:
    return make_table()


@pytest.fixture(scope="session")
def test_table() -> pd.DataFrame:
    return make_table(per_title=2, first=50)


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The built-in encoder, loaded once."""
    encoder = Encoder()
    encoder.encode(["a"])
    return encoder


@pytest.fixture(scope="session")
def fitted_folder(train: pd.DataFrame, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a catalogue with vectors of the built-in encoder and a fitted model; not to be changed."""
    folder = tmp_path_factory.mktemp("fitted") / "index"
    with Catalogue(folder, create=True) as catalogue:
        catalogue.encoder = encoder
        catalogue.add(iter_clips(train))
        Classifier.fit(catalogue).save(folder / MODEL_FOLDER)
    return folder


@pytest.fixture
def fitted(fitted_folder: Path, tmp_path: Path) -> Path:
    """A copy of `fitted_folder` that may be changed."""
    return Path(shutil.copytree(fitted_folder, tmp_path / "index"))


class EncoderCalls(list[str]):
    """Every text that was handed to an encoder, in order."""


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> EncoderCalls:
    """Replace the encoder by vectors drawn from the text, in no time; the fixture lists the texts that were encoded."""
    calls = EncoderCalls()

    def encode(self, texts, progress=None):
        calls.extend(texts)
        return np.array([fake_vector(text) for text in texts], dtype=np.float32).reshape(len(texts), 16)

    monkeypatch.setattr(Encoder, "encode", encode)
    return calls


def fake_vector(text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    vector = np.random.default_rng(seed).normal(size=16)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def make_tiny_model(folder: Path, *, seed: int = 0, pooling: str = "mean", lower: bool = True, prompt: str = "") -> str:
    """Save a sentence-transformers model of two layers with random weights; return its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    if lower:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordLevelTrainer(special_tokens=special)
    tokenizer.train_from_iterator([title.lower() for titles in PROJECTS.values() for title in titles], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    plain = folder / "plain"
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(plain)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(plain)
    model = SentenceTransformer(
        modules=[Transformer(str(plain), max_seq_length=32), Pooling(32, pooling_mode=pooling)],
        prompts={"query": prompt} if prompt else None,
        default_prompt_name="query" if prompt else None,
    )
    model.save(str(folder / "model"), create_model_card=False)
    return str(folder / "model")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a tiny sentence-transformers model."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def contents(folder: Path) -> str:
    """Digest of all that the catalogue in `folder` holds, empty where there is none."""
    path = folder / "catalogue.sqlite"
    if not path.exists():
        return ""
    sql = sqlite3.connect(path)
    digest = hashlib.sha256("\n".join(sql.iterdump()).encode())
    sql.close()
    return digest.hexdigest()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Run the command line in this process; returns exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["smf-embed", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            cli.main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return int(done.value.code or 0), out, err

    return run


def run_process(*words: object, **options) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "smf_embed.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def catalogue(tmp_path: Path, encoded: EncoderCalls) -> Iterator[Catalogue]:
    """An empty catalogue, whose encoder takes no time."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        yield catalogue


@pytest.fixture
def clock() -> Clock:
    """A time that stands still until it is moved."""
    return Clock()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYouTube]:
    """A fake of the YouTube Data API on a socket, which the command line asks, too."""
    from smf_embed.enrichment.youtube import YouTube

    with FakeYouTube() as api:
        for name, value in {"endpoint": api.url, "sleep": lambda seconds: None, "timeout": 1.0}.items():
            monkeypatch.setitem(YouTube.__init__.__kwdefaults__, name, value)
        monkeypatch.setenv("YOUTUBE_API_KEY", KEY)
        yield api


@pytest.fixture
def youtube(api: FakeYouTube, clock: Clock):
    """Makes the source of the fake, as a new process would; by its limit of units."""
    from smf_embed.enrichment.youtube import YouTube

    made = []

    def youtube(limit: int = 10_000) -> YouTube:
        made.append(YouTube(quota=Quota(limit, clock=clock)))
        return made[-1]

    yield youtube
    for source in made:
        source.close()


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server that goes with the tests; without one they are skipped."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgresql(postgres_server) -> str:
    """The address of a database on that server, with its password."""
    return postgres_server.address()


@pytest.fixture
def shared(postgres_server, tmp_path) -> Iterator[str]:
    """The address of an empty database, whose local folder is in `tmp_path`."""
    import psycopg

    name = f"clips_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server.address(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{postgres_server.address(name)}&cache={tmp_path / 'local'}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
