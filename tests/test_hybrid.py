"""The hybrid model: gradients that add up, bodies by name, a body that learns."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import make_table
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from baselines import bodies, find_row, make_baseline
from baselines.hybrid import Batch, Hybrid, HybridModel, add_up_gradients

CPU = torch.device("cpu")


class WordBody(bodies.Body):
    """A body of one's own: each word has a learned vector, drawn by its letters."""

    width = 8

    def __init__(self, train: pd.DataFrame) -> None:
        super().__init__()
        self.vectors = nn.Embedding(1000, self.width)

    def prepare(self, clips: pd.DataFrame) -> bodies.Inputs:
        words = [[sum(map(ord, word)) % 999 + 1 for word in title.split()][:6] for title in clips["reel_name"]]
        padded = [row + [0] * (6 - len(row)) for row in words]
        return {"words": torch.tensor(padded).reshape(-1, 6)}

    def forward(self, inputs: bodies.Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        return self.vectors(inputs["words"]), (inputs["words"] > 0).float()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return make_table(4).assign(yt_channel_type="Блогеры", flag_closed=0.0, international=0.0)


@pytest.fixture
def clips(table: pd.DataFrame) -> Batch:
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(3, size=len(table)) % 5)
    numbers = torch.from_numpy(rng.normal(size=(len(table), 4))).float()
    return Batch(WordBody(table).prepare(table), numbers, labels)


def gradients(table: pd.DataFrame, clips: Batch, sizes: list[int]) -> list[torch.Tensor]:
    torch.manual_seed(0)
    model = HybridModel(WordBody(table), 4, 3, dropout=0.0)
    weights = torch.tensor([0.1, 1.0, 5.0])
    parts = [clips.part(rows, CPU) for rows in torch.arange(len(clips.labels)).split(sizes)]
    add_up_gradients(model, parts, weights)
    return [weight.grad for weight in model.parameters()]


@pytest.mark.parametrize("sizes", [[50, 50], [7, 90, 3], [1] * 100])
def test_gradients_of_batches_add_up_to_those_of_all_clips(table, clips, sizes):
    whole = gradients(table, clips, [100])
    assert all(grad.abs().max() > 0 for grad in whole)
    for one, added in zip(whole, gradients(table, clips, sizes), strict=True):
        torch.testing.assert_close(added, one, rtol=1e-4, atol=1e-6)


def test_training_with_accumulated_batches_is_training_with_large_ones(table, monkeypatch):
    monkeypatch.setitem(bodies.BODIES, "words", WordBody)

    def weights(batch: int, accumulate: int) -> list[torch.Tensor]:
        hybrid = Hybrid("words", epochs=2, batch=batch, accumulate=accumulate, body_rate=1e-2, dropout=0.0)
        hybrid.fit(table)
        return [weight.detach() for weight in hybrid.model.parameters()]

    for one, added in zip(weights(40, 1), weights(10, 4), strict=True):
        torch.testing.assert_close(added, one, rtol=1e-2, atol=1e-4)


def test_a_body_of_ones_own_is_trained_by_its_name(table, monkeypatch):
    monkeypatch.setitem(bodies.BODIES, "words", WordBody)
    hybrid = make_baseline(find_row("hybrid:words"), epochs=20, batch=10, rate=1e-2, body_rate=1e-2)
    hybrid.fit(table)
    assert (hybrid.predict(table) == table["cartoon"].to_numpy(object)).mean() > 0.95


def test_any_folder_with_a_transformer_is_a_body_and_learns_with_the_rest(table, tiny_model):
    before = bodies.make_body(tiny_model, table).model.state_dict()
    hybrid = make_baseline(find_row(f"hybrid:{tiny_model}"), epochs=1, batch=20)
    hybrid.fit(table)
    after = hybrid.model.body.model.state_dict()
    assert before.keys() == after.keys()
    assert not torch.equal(before["embeddings.word_embeddings.weight"], after["embeddings.word_embeddings.weight"])


def test_what_is_padded_does_not_count(table):
    torch.manual_seed(0)
    body = bodies.make_tiny(table).eval()
    short, long = "буба", "буба и велосипед едут на кухню чинить кран и смотреть часы"
    model = HybridModel(body, 1, 2).eval()
    numbers = torch.zeros(2, 1)
    frame = pd.DataFrame({"text": [short, long]})
    both, alone = body.prepare(frame), body.prepare(frame[:1])
    with torch.no_grad():
        torch.testing.assert_close(model(both, numbers)[0], model(alone, numbers[:1])[0], rtol=1e-4, atol=1e-5)
        assert not torch.allclose(model(both, numbers)[0], model(both, numbers)[1])


def test_numbers_decide_where_texts_say_nothing(monkeypatch):
    count = 60
    labels = np.array(["короткие", "длинные"] * (count // 2))
    table = pd.DataFrame({
        "yt_reel_id": [str(row) for row in range(count)], "reel_name": "клип", "text": None, "cartoon": labels,
        "seconds": np.where(labels == "короткие", 30.0, 3000.0), "is_shorts": 0.0, "broadcast": "none",
        "yt_channel_type": "Детские", "flag_closed": 0.0, "international": 0.0,
    })  # fmt: skip
    monkeypatch.setitem(bodies.BODIES, "words", WordBody)
    hybrid = Hybrid("words", epochs=20, batch=10, accumulate=1, rate=1e-2)
    hybrid.fit(table)
    assert hybrid.predict(table).tolist() == labels.tolist()
