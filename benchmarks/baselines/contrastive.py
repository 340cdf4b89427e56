"""SetFit's idea with a frozen encoder: pairs teach a linear map of the vectors, a logistic regression decides on it.

Tunstall et al. (2022), Efficient few-shot learning without prompts, fine-tune the encoder itself. The built-in
encoder's weights do not learn, so the map stands in for it: what the frozen vectors do not hold, it cannot bring back.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from smf_embed.clips import LABEL
from smf_embed.threads import thread_count

from .tables import class_weights, labelled, objects
from .vectors import PackageVectors, side_by_side


class ContrastiveHead:
    """A linear map learned from pairs, and logistic regression.

    Parameters
    ----------
    width : int
        Dimensions after the map.
    steps, pairs : int
        Steps of the optimiser, and pairs of each, half of them of one class.
    strength, balance : float
        Of the logistic regression; see `vectors.Logistic`.
    """

    def __init__(
        self, width: int = 256, steps: int = 1500, pairs: int = 256, strength: float = 300.0, balance: float = 0.5
    ) -> None:
        self.width, self.steps, self.pairs, self.balance = width, steps, pairs, balance
        self.head = LogisticRegression(C=strength, max_iter=300)

    def fit(self, train: pd.DataFrame) -> None:
        """Encode, learn the map from pairs, then the head."""
        torch.set_num_threads(thread_count())
        torch.manual_seed(0)
        self.vectors = PackageVectors()
        vectors = torch.from_numpy(side_by_side(self.vectors.learn(train)))
        classes, labels = np.unique(labelled(train)[LABEL].to_numpy(object), return_inverse=True)
        self.map = nn.Linear(vectors.shape[1], self.width, bias=False)
        nn.init.orthogonal_(self.map.weight)
        optimiser = torch.optim.AdamW(self.map.parameters(), lr=1e-3)
        rng = np.random.default_rng(0)
        members = [np.flatnonzero(labels == number) for number in range(len(classes))]
        for _ in range(self.steps):
            first, second, same = draw_pairs(members, self.pairs, rng)
            cosine = nn.functional.cosine_similarity(self.map(vectors[first]), self.map(vectors[second]))
            loss = nn.functional.mse_loss(cosine, torch.from_numpy(same))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        weights = class_weights(labels, self.balance)[labels]
        self.head.fit(self._mapped(vectors), classes[labels], sample_weight=weights)

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the likeliest class."""
        return objects(self.head.predict(self._mapped(torch.from_numpy(side_by_side(self.vectors.encode(clips))))))

    def size_in_bytes(self) -> int:
        """Return the weights of the map and the head."""
        return self.map.weight.nbytes + self.head.coef_.nbytes

    @torch.inference_mode()
    def _mapped(self, vectors: torch.Tensor) -> np.ndarray:
        return nn.functional.normalize(self.map(vectors)).numpy()


def draw_pairs(
    members: list[np.ndarray], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw pairs, half of one class and half of two; every class as often as any other.

    Parameters
    ----------
    members : list of ndarray of int
        Rows of each class, two classes at least.
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    first, second : ndarray of int, shape (count,)
    same : ndarray of float32, shape (count,)
        1 for pairs of one class, 0 for others.
    """
    same = np.arange(count) < count // 2
    ours = rng.integers(len(members), size=count)
    theirs = np.where(same, ours, (ours + rng.integers(1, len(members), size=count)) % len(members))
    rows, sizes = np.concatenate(members), np.array([len(part) for part in members])
    begins = np.cumsum(sizes) - sizes
    first, second = (rows[begins[side] + rng.integers(sizes[side])] for side in (ours, theirs))
    return first, second, same.astype(np.float32)
