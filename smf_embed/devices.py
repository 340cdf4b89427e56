"""Where a model runs, how many texts go through it at once, and what happens when memory runs out.

torch is imported when a function is called.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, TypeVar

from smf_embed.errors import EncoderError, InputError

DEVICES = ("auto", "cpu", "cuda", "mps")
_CPU_BATCH, _LARGEST_BATCH = 32, 1024
# memory of one token in one batch, in numbers per hidden unit: states, the wider feed-forward layer, attention
_NUMBERS_A_UNIT = 40
# what a library says of a batch that did not fit; torch has a class of its own for CUDA alone
_SIGNS = ("out of memory", "not enough memory", "can't allocate memory", "failed to allocate memory")
_T = TypeVar("_T")


def choose_devices(wanted: str) -> list[str]:
    """Return the devices to encode on: one, or all CUDA devices where there are several.

    Raises
    ------
    InputError
        When `wanted` is none of `DEVICES`.
    EncoderError
        When the device is not there.
    """
    if wanted not in DEVICES:
        raise InputError(f"device {wanted!r}: name one of {', '.join(DEVICES)}")
    import torch

    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        count = torch.cuda.device_count()
        return ["cuda"] if count == 1 else [f"cuda:{number}" for number in range(count)]
    if wanted in ("auto", "mps") and torch.backends.mps.is_available():
        return ["mps"]
    if wanted in ("auto", "cpu"):
        return ["cpu"]
    raise EncoderError(f"device {wanted!r}: torch {torch.__version__} finds none here; use --device auto or cpu")


def first_batch_size(model: Any, device: str, number_bytes: int) -> int:
    """Return how many of the longest texts a model should take at once: what fits into half of the free memory.

    Parameters
    ----------
    model : SentenceTransformer
    device : str
        On a CPU, small batches are as fast as large ones and need little.
    number_bytes : int
        Of one number: 2 in half precision, else 4.
    """
    if device == "cpu":
        return _CPU_BATCH
    tokens, units = model.max_seq_length, model.get_embedding_dimension()
    if not tokens or tokens == float("inf"):
        return _LARGEST_BATCH
    fitting = int(free_memory(device) / 2 / (tokens * units * _NUMBERS_A_UNIT * number_bytes))
    # a power of two: the next try after running out of memory is half of it
    return min(_LARGEST_BATCH, 1 << max(0, fitting.bit_length() - 1))


def free_memory(device: str) -> int:
    """Return the bytes that are free on a device."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


class BatchSize:
    """How many texts go through a model at once; halved for good whenever memory runs out.

    Parameters
    ----------
    size : int
        The first to try.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def run(self, encode: Callable[[int], _T]) -> _T:
        """Return what `encode` returns for the largest size that memory is enough for.

        Raises
        ------
        EncoderError
            When memory is not enough for a single text.
        """
        while True:
            try:
                return encode(self.size)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0]
            # after the handler, since the error holds on to the tensors of the batch that failed
            _release()
            if self.size == 1:
                raise EncoderError(
                    f"memory is not enough for one text: {reason[:200]}. Use --device cpu, or a smaller encoder"
                )
            self.size //= 2


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of torch, ONNX Runtime or OpenVINO means that a batch did not fit."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _SIGNS)


def _release() -> None:
    """Give back what the batch that failed had taken."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
