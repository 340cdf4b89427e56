"""fastText's supervised classifier."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from smf_embed.clips import LABEL, NONE, TEXT
from smf_embed.text import clean

from .tables import labelled, objects, texts

_LABEL = "__label__"


class FastText:
    """Mean of the learned vectors of words and word pairs, and a softmax.

    Parameters
    ----------
    rate : float
    epochs : int
    buckets : int
        Rows for word pairs; fastText's own two million would take 800 MB.
    """

    def __init__(self, rate: float = 1.0, epochs: int = 50, buckets: int = 200_000) -> None:
        self.rate, self.epochs, self.buckets = rate, epochs, buckets

    def fit(self, train: pd.DataFrame) -> None:
        """Learn; one thread, since several write over each other in an order of their own."""
        try:
            import fasttext
        except ImportError as error:
            raise SystemExit("fastText is missing; to install it: pip install 'smf-embed[benchmarks]'") from error

        train = labelled(train)
        self.labels = sorted(set(train[LABEL]))
        number = {label: row for row, label in enumerate(self.labels)}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "train.txt"
            # labels by number, since fastText splits at spaces
            lines = (
                f"{_LABEL}{number[label]} {text}\n" for label, text in zip(train[LABEL], _lines(train), strict=True)
            )
            file.write_text("".join(lines), encoding="utf-8")
            self.model = fasttext.train_supervised(
                str(file),
                lr=self.rate,
                epoch=self.epochs,
                wordNgrams=2,
                dim=100,
                bucket=self.buckets,
                thread=1,
                seed=0,
                verbose=0,
            )
            saved = Path(folder) / "model.bin"
            self.model.save_model(str(saved))
            self.bytes = saved.stat().st_size

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the likeliest label; none for a clip without words."""
        found, _ = self.model.predict(_lines(clips))
        said = [self.labels[int(labels[0].removeprefix(_LABEL))] if labels else NONE for labels in found]
        return objects(said)

    def size_in_bytes(self) -> int:
        """Return the size of the model's file."""
        return self.bytes


def _lines(clips: pd.DataFrame) -> list[str]:
    # a line break would end the clip, a label in the text would be one to learn
    return [" ".join(clean(text).replace(_LABEL, " ").split()) for text in texts(clips, TEXT)]
