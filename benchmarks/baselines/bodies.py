"""Bodies of the hybrid model: what turns the texts of clips into states.

`BODIES` maps names to makers; any other name is a folder or the hub id of a model that transformers reads. To add a
body of your own: `BODIES["mine"] = make_mine`, a function of the training table that returns a `Body`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import pandas as pd
import torch
from torch import nn

from smf_embed.clips import TEXT

from .tables import texts
from .vectors import FIELDS, PackageVectors, side_by_side

_TOKENS = 64
_CHUNK = 4096

Inputs = dict[str, torch.Tensor]


class Body(nn.Module, ABC):
    """Texts to states.

    Attributes
    ----------
    width : int
        Dimensions of a state.
    """

    width: int

    @abstractmethod
    def prepare(self, clips: pd.DataFrame) -> Inputs:
        """Return what `forward` needs of each clip, once; tensors with a row for each."""

    @abstractmethod
    def forward(self, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states, shape (n, length, width), and 1 where there is one, else 0, shape (n, length)."""


class VectorBody(Body):
    """The package's own encoder, frozen: one state, the vectors of title and description side by side.

    Their mean, as of two states, is worse: macro-F1 0.58 where this gets 0.65, on a fifth of the training clips.
    """

    def __init__(self, train: pd.DataFrame) -> None:
        super().__init__()
        self.vectors = PackageVectors()
        self.vectors.learn(train)
        self.width = len(FIELDS) * (self.vectors.catalogue.dimension or 0)

    def prepare(self, clips: pd.DataFrame) -> Inputs:
        """Encode."""
        return {"vectors": torch.from_numpy(side_by_side(self.vectors.encode(clips)))}

    def forward(self, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the vectors."""
        vectors = inputs["vectors"]
        return vectors[:, None], vectors.new_ones((len(vectors), 1))


class TransformerBody(Body):
    """A transformer that learns with the rest.

    Parameters
    ----------
    tokenizer, model
        As transformers gives them.
    """

    def __init__(self, tokenizer: Any, model: Any) -> None:
        super().__init__()
        self.tokenizer, self.model = tokenizer, model
        self.width = model.config.hidden_size

    @classmethod
    def from_pretrained(cls, name: str) -> TransformerBody:
        """Load a model by its folder or hub id."""
        from transformers import AutoModel, AutoTokenizer

        return cls(AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name))

    def prepare(self, clips: pd.DataFrame) -> Inputs:
        """Split the column `text` into tokens, the first 64."""
        column = texts(clips, TEXT)
        parts = [
            self.tokenizer(
                column[start : start + _CHUNK],
                padding="max_length",
                truncation=True,
                max_length=_TOKENS,
                return_tensors="pt",
            )
            for start in range(0, len(column), _CHUNK)
        ]
        return {name: torch.cat([part[name] for part in parts]).int() for name in ("input_ids", "attention_mask")}

    def forward(self, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the transformer over no more tokens than the longest text has."""
        mask = inputs["attention_mask"]
        longest = max(int(mask.sum(dim=1).max()), 1)
        # which side is padded is the tokenizer's choice
        kept = slice(None, longest) if self.tokenizer.padding_side == "right" else slice(-longest, None)
        mask = mask[:, kept]
        states = self.model(input_ids=inputs["input_ids"][:, kept].long(), attention_mask=mask).last_hidden_state
        return states, mask.to(states.dtype)


def make_tiny(train: pd.DataFrame, vocabulary: int = 12_000) -> TransformerBody:
    """Make a BERT of two layers with random weights; its word pieces are learned from the training texts."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces = BertWordPieceTokenizer(lowercase=True, strip_accents=False)
    pieces.train_from_iterator(texts(train, TEXT), vocab_size=vocabulary, limit_alphabet=2_000, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces._tokenizer,
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
    )  # fmt: skip
    config = BertConfig(
        vocab_size=pieces.get_vocab_size(),
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=512,
        max_position_embeddings=_TOKENS,
    )
    return TransformerBody(tokenizer, BertModel(config, add_pooling_layer=False))


BODIES: dict[str, Callable[[pd.DataFrame], Body]] = {"builtin": VectorBody, "tiny": make_tiny}


def make_body(name: str, train: pd.DataFrame) -> Body:
    """Make a body of `BODIES`, or load the transformer of that name."""
    return BODIES[name](train) if name in BODIES else TransformerBody.from_pretrained(name)
