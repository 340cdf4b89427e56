"""The hybrid neural model: a transformer's states and the numbers of a clip, each by a dense layer, then joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from smf_embed.clips import LABEL
from smf_embed.threads import thread_count

from .bodies import Body, Inputs, make_body
from .tables import class_weights, labelled, number_columns, objects


class Batch(NamedTuple):
    """Some clips as tensors, row by row."""

    inputs: Inputs
    numbers: torch.Tensor
    labels: torch.Tensor

    def part(self, rows: torch.Tensor, device: torch.device) -> Batch:
        """Return these rows on a device."""
        inputs = {name: tensor[rows].to(device) for name, tensor in self.inputs.items()}
        return Batch(inputs, self.numbers[rows].to(device), self.labels[rows].to(device))


class HybridModel(nn.Module):
    """The network.

    Parameters
    ----------
    body : Body
    n_numbers, n_classes : int
    hidden : int
        Width of the dense layer for the mean of the body's states.
    hidden_numbers : int
        Width of the dense layer for the numbers.
    dropout : float
    """

    def __init__(
        self,
        body: Body,
        n_numbers: int,
        n_classes: int,
        hidden: int = 256,
        hidden_numbers: int = 32,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.body = body
        self.text = nn.Sequential(nn.Linear(body.width, hidden), nn.GELU(), nn.Dropout(dropout))
        self.numbers = nn.Sequential(nn.Linear(n_numbers, hidden_numbers), nn.GELU(), nn.Dropout(dropout))
        self.joined = nn.Linear(hidden + hidden_numbers, n_classes)

    def forward(self, inputs: Inputs, numbers: torch.Tensor) -> torch.Tensor:
        """Return a score for each clip and class, shape (n, n_classes)."""
        states, mask = self.body(inputs)
        mean = (states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        return self.joined(torch.cat([self.text(mean), self.numbers(numbers)], dim=1))

    def dense_parameters(self) -> list[nn.Parameter]:
        """Return all weights but the body's."""
        return [weight for layer in (self.text, self.numbers, self.joined) for weight in layer.parameters()]


class Hybrid:
    """The model, trained.

    Parameters
    ----------
    body : str
        A name of `bodies.BODIES`, a folder, or a hub id.
    epochs, batch, accumulate : int
        Gradients of `accumulate` batches of `batch` clips are added up before a step.
    rate, body_rate : float
        Learning rates of the dense layers and of the body.
    balance : float
        Exponent of the class weights: 0 weighs all clips alike, 1 all classes.
    dropout : float
        Of the dense layers.

    Notes
    -----
    Runs on a GPU where torch finds one. The same seed gives the same model on one machine and number of threads.
    """

    def __init__(
        self,
        body: str = "builtin",
        *,
        epochs: int = 4,
        batch: int = 32,
        accumulate: int = 4,
        rate: float = 2e-3,
        body_rate: float = 3e-5,
        balance: float = 0.25,
        dropout: float = 0.2,
    ) -> None:
        self.body, self.epochs, self.batch, self.accumulate = body, epochs, batch, accumulate
        self.rate, self.body_rate, self.balance, self.dropout = rate, body_rate, balance, dropout
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def fit(self, train: pd.DataFrame) -> None:
        """Train end to end; a body without weights of its own stays as it is."""
        torch.set_num_threads(thread_count())
        torch.manual_seed(0)
        train = labelled(train)
        self.classes, labels = np.unique(train[LABEL].to_numpy(object), return_inverse=True)
        self.columns = number_columns()
        numbers = self.columns.fit_transform(train).astype(np.float32)
        body = make_body(self.body, train)
        clips = Batch(body.prepare(train), torch.from_numpy(numbers), torch.from_numpy(labels))
        self.model = HybridModel(body, numbers.shape[1], len(self.classes), dropout=self.dropout).to(self.device)
        weights = torch.from_numpy(class_weights(labels, self.balance)).to(self.device)
        groups = [{"params": self.model.dense_parameters(), "lr": self.rate}]
        if own := list(body.parameters()):
            groups.append({"params": own, "lr": self.body_rate})
        optimiser = torch.optim.AdamW(groups)
        steps = -(-len(labels) // (self.batch * self.accumulate))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, [group["lr"] for group in groups], total_steps=self.epochs * steps, pct_start=0.1
        )
        self.model.train()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(labels)).split(self.batch * self.accumulate):
                parts = [clips.part(some, self.device) for some in rows.split(self.batch)]
                add_up_gradients(self.model, parts, weights)
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                optimiser.step()
                optimiser.zero_grad()
                schedule.step()

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the class of the highest score."""
        return objects(self.classes)[np.concatenate([*self._scores(clips)])]

    @torch.inference_mode()
    def _scores(self, clips: pd.DataFrame) -> Iterator[np.ndarray]:
        self.model.eval()
        numbers = torch.from_numpy(self.columns.transform(clips).astype(np.float32))
        rows = torch.arange(len(clips))
        asked = Batch(self.model.body.prepare(clips), numbers, rows)
        for some in rows.split(256):
            part = asked.part(some, self.device)
            yield self.model(part.inputs, part.numbers).argmax(dim=1).cpu().numpy()

    def size_in_bytes(self) -> int:
        """Return all weights that learned."""
        return sum(weight.nbytes for weight in self.model.parameters())


def add_up_gradients(model: nn.Module, parts: Sequence[Batch], weights: torch.Tensor) -> None:
    """Add the gradients of some batches to those of the model, as one batch of all their clips would.

    Cross entropy, each clip by the weight of its class. It is summed and divided by the weights of all batches: the
    mean of each batch's own means would count clips of light batches for more.
    """
    total = sum(weights[part.labels].sum() for part in parts)
    for part in parts:
        scores = model(part.inputs, part.numbers)
        loss = nn.functional.cross_entropy(scores, part.labels, weight=weights, reduction="sum") / total
        loss.backward()
