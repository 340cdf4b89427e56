"""Which kind of index keeps a budget of memory and time: candidates are built and measured, not guessed."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from smf_embed.errors import InputError
from smf_embed.index_kinds import ALWAYS_EXACT, FLAT, bytes_needed, fitting_kind
from smf_embed.threads import thread_count
from smf_embed.vector_index import VectorIndex

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def measure(index: VectorIndex, vectors: np.ndarray) -> dict[str, Any]:
    """Measure an index that was just built.

    Parameters
    ----------
    index : VectorIndex
    vectors : ndarray, shape (n, dimension), float32
        A hundred of them are searched for.

    Returns
    -------
    dict
        `kind`; `built_as`; `recall_at_10`, 0 to 1, against an exact search for vectors that were not in the index;
        `milliseconds`, the median of one query asked alone for 10 neighbours on `threads` threads; `bytes` of memory.
    """
    seconds = []
    for row in np.random.default_rng(2).permutation(len(vectors))[:100]:
        started = time.perf_counter()
        index.search(vectors[row : row + 1], 10)
        seconds.append(time.perf_counter() - started)
    return {
        "kind": index.kind,
        "built_as": index.built_as,
        "recall_at_10": None if index.recall is None else round(index.recall, 4),
        "milliseconds": round(1000 * float(np.median(seconds)), 3),
        "threads": thread_count(),
        "bytes": index.nbytes,
    }


def choose(
    keys: np.ndarray,
    vectors: np.ndarray,
    *,
    max_memory: int | None = None,
    max_latency: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[VectorIndex, list[dict[str, Any]]]:
    """Build the kind of index with the highest recall within a budget.

    The candidates are built one after the other, the simplest first, and measured; those that would not fit the
    memory are not built. The first with a recall of 1 ends the search, so that a budget which an exact search keeps
    costs no training.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
    vectors : ndarray, shape (n, dimension), float32
        Unit length, one of them at least.
    max_memory : int, optional
        Bytes of memory that the index may take.
    max_latency : float, optional
        Seconds that the median query may take.
    progress : callable, optional
        Called with the kind that is built next.

    Returns
    -------
    index : VectorIndex
    measured : list of dict
        See `measure`, of every kind that was looked at; those that were not built have `kind` and `bytes` alone.

    Raises
    ------
    InputError
        None keeps the budget; says what each would need.
    """
    lists = 2 ** round(math.log2(2 * math.sqrt(len(keys))))
    kinds = [FLAT]
    if len(keys) >= ALWAYS_EXACT:
        kinds += [f"IVF{lists},Flat", f"IVF{lists},SQ8", "HNSW32"]
    measured: list[dict[str, Any]] = []
    best: tuple[float, VectorIndex] | None = None
    for kind in kinds:
        needed = bytes_needed(fitting_kind(kind, len(keys)), *vectors.shape)
        if max_memory is not None and needed > max_memory:
            measured.append({"kind": kind, "bytes": needed})
            continue
        if progress:
            progress(kind)
        index = VectorIndex.build(kind, keys, vectors)
        figures = measure(index, vectors)
        measured.append(figures)
        recall = figures["recall_at_10"]
        in_time = max_latency is None or figures["milliseconds"] <= 1000 * max_latency
        # a tie goes to the simpler one, which came first; the sample does not tell smaller differences
        if in_time and (best is None or recall > best[0] + 0.001):
            best = recall, index
        if best is not None and best[0] == 1:
            break
    if best is None:
        needs = "; ".join(
            f"{row['kind']} {math.ceil(row['bytes'] / 2**20):,}M"
            + (f" and {row['milliseconds']} ms" if "milliseconds" in row else "")
            for row in measured
        )
        raise InputError(f"no kind of index keeps this budget; needed here: {needs}. Allow what one of them needs")
    return best[1], measured


def parse_memory(text: str) -> int:
    """Return the bytes of an amount like 500M, 2G or 1.5GB (powers of 1024).

    Raises
    ------
    InputError
        It is no such amount.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([KMGT])(?:i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    amount = float(match[1]) * _UNITS[match[2].upper()] if match else 0
    if amount < 1:
        raise InputError(f"{text!r}: is no amount of memory; write for example 500M or 2G")
    return int(amount)


def parse_latency(text: str) -> float:
    """Return the seconds of a time like 10ms or 0.5s.

    Raises
    ------
    InputError
        It is no such time.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s)", text.strip(), re.IGNORECASE | re.ASCII)
    seconds = float(match[1]) / (1000 if match[2].lower() == "ms" else 1) if match else 0.0
    if not seconds:
        raise InputError(f"{text!r}: is no time; write for example 10ms or 0.5s")
    return seconds
