"""The clips that a person should label next: uncertain, unlike each other, and of rare projects as of common ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: Decisions of less doubt are not worth a look.
LEAST_DOUBT = 0.1


def doubt(confidence: np.ndarray, runner_up: np.ndarray) -> np.ndarray:
    """Return how near the best and the second decision are, shape (n,), 0 to 1; 1 where neither is more probable.

    Parameters
    ----------
    confidence, runner_up : ndarray, shape (n,)
        Of the decision and of what came second, 0 to 1.
    """
    return np.clip(1.0 - (confidence - runner_up), 0.0, 1.0)


def review_queue(
    doubts: np.ndarray, candidates: np.ndarray, vectors: np.ndarray, sizes: Mapping[str, int], most: int
) -> list[int]:
    """Choose clips, the most useful first.

    The candidate projects take turns, the one with the fewest labelled clips first. A turn takes the clip whose doubt,
    times how unlike it is to all that were taken, is highest.

    Parameters
    ----------
    doubts : ndarray, shape (n,)
        See `doubt`; clips that are decided surely are left out.
    candidates : ndarray of str, shape (n,)
        Best candidate project of each clip; empty where there is none.
    vectors : ndarray, shape (n, dimension)
        Unit length, or zero for clips without a text, which are taken to be like no other.
    sizes : mapping
        Project → labelled clips.
    most : int

    Returns
    -------
    list of int
        Rows, at most `most`.

    References
    ----------
    Settles (2009), Active learning literature survey; sections 3.1 and 5.1, uncertainty and density.
    """
    waiting = {
        project: np.flatnonzero((candidates == project) & (doubts >= LEAST_DOUBT))
        for project in sorted(set(candidates.tolist()) - {""}, key=lambda name: (sizes.get(name, 0), name))
    }
    unlike = np.ones(len(doubts))
    chosen: list[int] = []
    while len(chosen) < most and any(len(rows) for rows in waiting.values()):
        for project, rows in waiting.items():
            # what is like a chosen clip has nothing to add
            rows = rows[unlike[rows] > 1e-3]
            if len(rows) and len(chosen) < most:
                worth = doubts[rows] * unlike[rows]
                row = int(rows[worth.argmax()])
                chosen.append(row)
                unlike = np.minimum(unlike, 1.0 - np.clip(vectors @ vectors[row], 0.0, 1.0))
                unlike[row] = 0.0
                rows = rows[rows != row]
            waiting[project] = rows
    return chosen
