"""What is given to the workers of Ray and what they answer, tested without starting Ray."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from smf_embed.builtin_weights import BuiltinWeightsMissing
from smf_embed.bulk import on_ray
from smf_embed.bulk.deciding import Deciding
from smf_embed.bulk.shards import Shard
from smf_embed.checked_sql import FileError
from smf_embed.errors import CatalogueError, EncoderError, InputError, ModelError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelError("what is wrong"), ModelError),
        (FileError("what is wrong"), CatalogueError),
        (BuiltinWeightsMissing("what is wrong"), EncoderError),
        (OSError(28, "what is wrong", "/srv/decisions/a.parquet"), InputError),
        (ValueError("what is wrong"), RuntimeError),
    ],
)
def test_what_stops_a_worker_is_an_error_that_users_know(monkeypatch, error, kind):
    def failing(deciding):
        raise error

    monkeypatch.setattr(on_ray, "ShardDecider", failing)
    shard = Shard("a.parquet", "a.parquet", 1, "")
    batch = {"shard": np.array([json.dumps(asdict(shard))])}
    (told,) = on_ray._Worker(Deciding("index", "out", {}))(batch)["answer"]
    raised = on_ray._error_of(json.loads(told)["answer"])
    assert type(raised) is kind
    assert "what is wrong" in str(raised)
    if kind is InputError:
        assert str(raised) == "/srv/decisions/a.parquet: what is wrong"


@pytest.mark.parametrize("error", [OSError(13, "not allowed", "model.bin"), EncoderError("not allowed")])
def test_what_stops_an_encoder_is_an_error_that_users_know(monkeypatch, error):
    def failing(self, texts):
        raise error

    monkeypatch.setattr(on_ray.Encoder, "_encode_distinct", failing)
    answer = on_ray._EncoderActor({"name": "builtin"}).answer("_encode_distinct", ["a"])
    with pytest.raises((InputError, EncoderError), match="not allowed"):
        on_ray.RayEncoder(on_ray.Encoder(), on_ray.Pool(1, {}))._value(answer)


def test_workers_whose_encoders_differ_are_refused(monkeypatch):
    encoder = on_ray.RayEncoder(on_ray.Encoder("some/model"), on_ray.Pool(3, {}))
    parts = [{"weights": "a"}, {"weights": "a"}, {"weights": "b"}]
    monkeypatch.setattr(encoder, "_ask_all", lambda what: parts)
    with pytest.raises(EncoderError, match="is not the same on all machines"):
        _ = encoder.fingerprint
    parts.pop()
    assert encoder.fingerprint_parts == {"weights": "a"}


def test_workers_are_told_the_whole_path_of_a_folder(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    pool = on_ray.Pool(1, {})
    assert on_ray.RayEncoder(on_ray.Encoder("model"), pool).name == str(Path("model").resolve())
    assert on_ray.RayEncoder(on_ray.Encoder("builtin"), pool).name == "builtin"
    assert on_ray.RayEncoder(on_ray.Encoder("some/model"), pool).name == "some/model"


@pytest.mark.parametrize(
    ("cpus", "gpus", "threads", "workers"),
    [
        ([3], [0], 1, 2),
        ([5], [0], 2, 2),
        ([4], [0], 2, 1),
        ([1], [0], 1, 0),
        ([3, 3, 3], [0, 0, 0], 2, 3),  # nine CPUs would do for four workers, were they on one machine
        ([4, 4], [0, 0], 4, 1),
        ([4, 5], [0, 0], 4, 2),
        ([8, 2], [1, 1], 4, 1),
        ([8, 8], [2, 0], 1, 2),
        ([2, 8], [4, 1], 1, 3),
    ],
)
def test_workers_fit_on_each_machine(cpus, gpus, threads, workers):
    machines = [{"CPU": float(cpu), "GPU": float(gpu), "memory": 1.0} for cpu, gpu in zip(cpus, gpus, strict=True)]
    assert on_ray.workers_that_fit(machines, threads) == workers
    assert on_ray.workers_that_fit([*machines, {"memory": 1.0}], threads) == workers
