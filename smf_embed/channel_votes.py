"""What the labelled clips of a clip's own channel say, and those of channels like it.

A channel names its clips in its own way, and shows the same few projects at the same lengths. Where a title is the name
of an episode and nothing else, that is all there is: «Le club», ten minutes long, without a name before it, is Gumball
on one channel, and nothing at all on another. So the clips of the channel vote, each by how alike it is in length and
in form and meaning of its title; and those of the channels whose titles are nearest, by meaning alone.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from smf_embed.votes import summed

#: Who votes by what, in the order of what `ChannelVotes.ask` returns.
WHOSE_VOTES = {
    "channel_alike": "clips of the channel, by how alike they are in length and in form and meaning of the title",
    "sisters_alike": "clips of the channels most like it, by how alike they are in meaning of the title",
}
# by meaning a vote weighs exp(6 (cosine - 0.3)), by form exp(-cost). What differs costs so much: per unit of the
# logarithm of the number of words; another number of slashes, a separator or a digit that the other title has not; per
# unit of the logarithm of the seconds, at most 10; where one of the two has no duration
_PER_COSINE, _FAR = 6.0, 0.3
_WORDS_DIFFER, _SLASHES_DIFFER, _SEPARATOR_DIFFERS, _DIGITS_DIFFER = 1.0, 1.4, 0.9, 0.7
_SECONDS_DIFFER, _MOST_OF_SECONDS, _SECONDS_MISSING = 2.0, 10.0, 1.2
# a share of few votes says little: that much is added to their sum
_PRIOR = 1.0
# the channels whose mean title is nearest, and how near it must be; a vote of one of them counts exp(8 (its cosine -
# that of the nearest))
_SISTERS, _ALIKE, _PER_ALIKE = 8, 0.5, 8.0
# a mean of few titles says little: so many clips without any meaning are added
_MEAN_PRIOR, _FEWEST = 3.0, 3
# clips that vote of a channel, an even sample of more; clips that are asked about at once: both bound the memory
_MOST = 4_000
_TOGETHER = 512


class TitledClips(NamedTuple):
    """Some clips as their channels look at them, row by row.

    Attributes
    ----------
    channels : ndarray of object, shape (n,)
        Ids; empty where there is none.
    forms : ndarray, shape (n, 4), float32
        See `smf_embed.title_forms.title_forms`.
    seconds : ndarray, shape (n,), float32
        Logarithm of the duration; NaN where that is missing.
    vectors : ndarray, shape (n, dimension), float32
        Of the titles, centred, of unit length; zero where there is none.
    groups : ndarray of int, shape (n,)
        Near-duplicates share a number, and do not vote on each other; -1 is shared with nobody.
    """

    channels: np.ndarray
    forms: np.ndarray
    seconds: np.ndarray
    vectors: np.ndarray
    groups: np.ndarray

    def part(self, rows: np.ndarray | slice) -> TitledClips:
        """Return the clips of these rows."""
        return TitledClips(*(array[rows] for array in self))


class ChannelVotes:
    """The labelled clips of all channels that show a project, ready to be asked.

    Parameters
    ----------
    labelled : TitledClips
    projects : ndarray of int, shape (n,)
        0 is `none`.
    n_projects : int
        `none` included.
    """

    def __init__(self, labelled: TitledClips, projects: np.ndarray, n_projects: int) -> None:
        self._number = {name: number for number, name in enumerate(dict.fromkeys(labelled.channels))}
        channel = self._numbers(labelled.channels)
        count = np.bincount(channel, minlength=len(self._number))
        shows_projects = np.zeros(len(self._number), dtype=bool)
        shows_projects[channel[projects > 0]] = True
        if "" in self._number:
            shows_projects[self._number[""]] = False  # clips without a channel have nothing in common
        order = np.argsort(channel, kind="stable")
        order = order[shows_projects[channel[order]]]
        begin = np.searchsorted(channel[order], np.arange(len(self._number) + 1))
        voters = [_evenly(order[start:end]) for start, end in itertools.pairwise(begin)]
        rows = np.concatenate(voters) if voters else order
        self._begins = np.concatenate([[0], np.cumsum([len(some) for some in voters])]).astype(int)
        self._voters = labelled.part(rows)
        self._labels = np.zeros((len(rows), n_projects), dtype=np.float32)
        self._labels[np.arange(len(rows)), projects[rows]] = 1.0
        self._sisters, self._weights = _find_sisters(labelled.vectors, channel, count, shows_projects)

    def ask(self, clips: TitledClips) -> np.ndarray:
        """Let the channels vote.

        Returns
        -------
        ndarray, shape (len(WHOSE_VOTES), n, n_projects), float32
            Share of each project in the votes, 0 to 1; 0 where nobody votes, NaN for a clip without a channel and for
            one of a channel that no labelled clip has: of neither is anything known.
        """
        n = len(clips.channels)
        shares = np.zeros((len(WHOSE_VOTES), n, self._labels.shape[1]), dtype=np.float32)
        channel = np.where(clips.channels == "", -1, self._numbers(clips.channels))
        shares[:, channel < 0] = np.nan
        order = np.argsort(channel, kind="stable")
        order = order[channel[order] >= 0]
        begins = np.flatnonzero(np.diff(channel[order], prepend=-1))
        for begin, end in itertools.pairwise([*begins, len(order)]):
            number = channel[order[begin]]
            for start in range(begin, end, _TOGETHER):
                rows = order[start : min(start + _TOGETHER, end)]
                shares[:, rows] = self._say(number, clips.part(rows))
        return shares

    def _say(self, number: int, asked: TitledClips) -> np.ndarray:
        """Return what `ask` does, for clips of one channel."""
        votes = np.zeros((len(WHOSE_VOTES), len(asked.channels), self._labels.shape[1]), dtype=np.float32)
        own = self._voters_of(number)
        votes[0] = (_by_meaning(own, asked) * np.exp(-_differences(own, asked))) @ self._labels[self._rows_of(number)]
        for sister, says in zip(self._sisters[number].tolist(), self._weights[number].tolist(), strict=True):
            if says:
                weight = _by_meaning(self._voters_of(sister), asked)
                votes[1] += says * (weight @ self._labels[self._rows_of(sister)])
        return votes / (votes.sum(axis=2, keepdims=True) + _PRIOR)

    def _rows_of(self, number: int) -> slice:
        return slice(self._begins[number], self._begins[number + 1])

    def _voters_of(self, number: int) -> TitledClips:
        return self._voters.part(self._rows_of(number))

    def _numbers(self, channels: np.ndarray) -> np.ndarray:
        return np.array([self._number.get(name, -1) for name in channels], dtype=int)


def _by_meaning(voters: TitledClips, asked: TitledClips) -> np.ndarray:
    """Return what each vote weighs by meaning, shape (n asked, n voters): nothing on near-duplicates."""
    weight = asked.vectors @ voters.vectors.T
    weight -= _FAR
    weight *= _PER_COSINE
    np.exp(weight, out=weight)
    if (asked.groups >= 0).any():
        weight[(asked.groups[:, None] == voters.groups) & (asked.groups[:, None] >= 0)] = 0.0
    return weight


def _differences(voters: TitledClips, asked: TitledClips) -> np.ndarray:
    """Return what two clips differ by in form and length, shape (n asked, n voters)."""
    cost = _WORDS_DIFFER * np.abs(asked.forms[:, :1] - voters.forms[:, 0])
    for place, each in enumerate((_SLASHES_DIFFER, _SEPARATOR_DIFFERS, _DIGITS_DIFFER), start=1):
        cost += np.float32(each) * (asked.forms[:, place : place + 1] != voters.forms[:, place])
    apart = _SECONDS_DIFFER * np.abs(asked.seconds[:, None] - voters.seconds)
    return cost + np.where(np.isnan(apart), np.float32(_SECONDS_MISSING), np.minimum(apart, _MOST_OF_SECONDS))


def _find_sisters(
    vectors: np.ndarray, channel: np.ndarray, count: np.ndarray, shows_projects: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the channels nearest to each, and their weights, shape (n_channels, at most 8)."""
    means = summed(vectors, channel, len(count)) / (count[:, None] + _MEAN_PRIOR)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    asked, asking = np.flatnonzero(shows_projects & (count >= _FEWEST)), np.flatnonzero(count >= _FEWEST)
    most = min(_SISTERS, len(asked))
    sisters = np.zeros((len(count), most), dtype=int)
    weights = np.zeros((len(count), most), dtype=np.float32)
    if most:
        cosine = means[asking] @ means[asked].T
        cosine[asking[:, None] == asked] = -1.0
        nearest = np.argpartition(-cosine, most - 1, axis=1)[:, :most]
        cosine = np.take_along_axis(cosine, nearest, axis=1)
        sisters[asking] = asked[nearest]
        best = cosine.max(axis=1, keepdims=True)
        weights[asking] = np.where(cosine > _ALIKE, np.exp(_PER_ALIKE * (cosine - best)), 0.0)
    return sisters, weights


def _evenly(rows: np.ndarray) -> np.ndarray:
    return rows if len(rows) <= _MOST else rows[np.linspace(0, len(rows) - 1, _MOST).astype(int)]
