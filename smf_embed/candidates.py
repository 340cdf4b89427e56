"""The candidates of a clip: the few projects that its neighbours, its wording, its names or its channel speak for."""

from __future__ import annotations

import numpy as np

from smf_embed.names import NameSignals
from smf_embed.votes import Signals

# fields that may speak of much besides the clip's own project
_LONG_FIELDS = ("description", "subtitles")
# no reason to judge a pair: a long text that the project's machine clearly denies, a cosine that any two long texts
# have, the share of one clip among fifty of the channel and more
_LEAST_LEXICAL, _LEAST_COSINE, _LEAST_SHARE, _LEAST_VOTES = -0.9, 0.3, 0.02, 0.01


def candidates_of(
    signals: dict[str, Signals],
    scores: dict[str, np.ndarray],
    names: dict[str, NameSignals],
    share: np.ndarray,
    channels_say: np.ndarray,
) -> np.ndarray:
    """Choose the projects that are worth judging for each clip: those that come out highest in any kind of evidence.

    Parameters
    ----------
    signals : dict of field → Signals
        Votes and similarities of the fields, for n clips.
    scores : dict of field → ndarray, shape (n, n_projects), float32
        Of the lexical machines.
    names : dict of field → NameSignals
    share : ndarray, shape (n, n_projects), float32
        Of the projects on the clip's channel.
    channels_say : ndarray, shape (n_kinds, n, n_projects), float32
        See `smf_embed.channel_votes.ChannelVotes.ask`; the first kind counts.

    Returns
    -------
    ndarray of bool, shape (n, n_projects)
        `none` is never one.
    """
    title = signals["title"]
    # (signal, how many of its highest projects, one or two, and only above)
    asked = (
        (title.best, 2, -np.inf),
        (scores["title"], 2, -np.inf),
        (title.votes[50], 2, 0.0),
        *((scores[field], 1, _LEAST_LEXICAL) for field in _LONG_FIELDS),
        *((signals[field].best, 1, _LEAST_COSINE) for field in _LONG_FIELDS),
        *((signals[field].votes[50], 2, 0.0) for field in _LONG_FIELDS),
        (share, 1, _LEAST_SHARE),
        (channels_say[0], 2, _LEAST_VOTES),
        *((named.quality, 2, 0.0) for named in names.values()),
        *((named.alias, 1, 0.0) for named in names.values()),
    )
    chosen = np.zeros(share.shape, dtype=bool)
    ranked = np.stack([values for values, _, _ in asked])
    ranked[np.isnan(ranked)] = -np.inf
    ranked[..., 0] = -np.inf
    counts = np.array([count for _, count, _ in asked])
    least = np.array([above for *_, above in asked], dtype=ranked.dtype)
    signal, row = np.ogrid[: len(asked), : len(share)]
    for place in range(2):
        highest = ranked.argmax(axis=2)
        passed = (ranked[signal, row, highest] > least[:, None]) & (counts > place)[:, None]
        chosen[np.nonzero(passed)[1], highest[passed]] = True
        ranked[signal, row, highest] = -np.inf
    return chosen
