"""The evidence of each pair of a clip and a candidate project: the columns that LightGBM decides by.

The columns are the same for every project, so that a project with five clips profits from what is learned on all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from smf_embed.candidates import candidates_of
from smf_embed.channel_votes import WHOSE_VOTES, ChannelVotes, TitledClips
from smf_embed.clips import TEXT_FIELDS
from smf_embed.encoded_clips import NUMBERS, EncodedClips
from smf_embed.lexical import LexicalModel
from smf_embed.names import Names, NameSignals
from smf_embed.other_use import OtherUse
from smf_embed.threads import ONE_BLAS_THREAD, beside, thread_count
from smf_embed.title_parts import TitleParts
from smf_embed.votes import VOTES_AT, FieldVotes, OpenVoteSearch, Signals

# clips that are looked at together, these times projects, and these times labelled clips of projects: bounds the memory
# of the arrays by clip and project, and of the similarities
_CHUNK, _MOST_CELLS, _MOST_SIMILARITIES = 4096, 2**18, 2**26
# parts in the making at once: each holds some two hundred such arrays, and the words need the interpreter
_MOST_PARTS = 4
# a share of few clips says little: that many clips of no project are added to the channel's
_CHANNEL_PRIOR = 3.0
# fewer than this share of what trees learn from teaches them next to nothing
_RARE = 0.05

#: A project of so many labelled clips or fewer counts as small: its machines and votes say less than those of others.
FEW_CLIPS = 10

_COMPARED = "minus that of the best other candidate project"


def _describe_columns() -> dict[str, str]:
    columns = {}
    for field in TEXT_FIELDS:
        for count in VOTES_AT:
            columns[f"{field}_votes_{count}"] = (
                f"0 to 1: the project's share of the votes of {count} nearest {field} texts"
            )
        columns |= {
            f"{field}_best": f"-1 to 1: cosine with the project's most similar {field}",
            f"{field}_mean3": f"-1 to 1: mean of the cosines with the project's three most similar {field} texts",
            f"{field}_prototype": f"-1 to 1: cosine with the mean of the project's {field} texts",
            f"{field}_lexical": f"about -3 to 3: score of the project's machine on the wording of the {field}",
            f"{field}_best_gap": f"-2 to 2: {field}_best {_COMPARED}",
            f"{field}_prototype_gap": f"-2 to 2: {field}_prototype {_COMPARED}",
            f"{field}_lexical_gap": f"about -6 to 6: {field}_lexical {_COMPARED}",
            f"{field}_votes_20_gap": f"-1 to 1: {field}_votes_20 {_COMPARED}",
            f"{field}_votes_20_none": f"0 to 1: the share of the votes of 20 nearest {field} texts that none has",
            f"{field}_best_none": f"-1 to 1: cosine with the most similar {field} of none among the neighbours",
            f"{field}_best_over_none": f"-2 to 2: {field}_best minus {field}_best_none",
            f"{field}_alias": f"0 to 1: precision of the project's best mined phrase in the {field}, 0 for none",
            f"{field}_name_quality": f"0 to 1: how much of the project's name is in the {field}",
            f"{field}_name_kind": "0 not named, 1 transliterated, 2 misspelt, 3 inflected, 4 exact",
            f"{field}_name_position": f"0 to 1: where in the {field} the name begins",
            f"{field}_names": f"0 and more: number of different projects that the {field} names",
        }
    columns |= {
        "title_other_use": "log-odds that a title which names a project is of it, not of its toys, songs or mixes",
        "channel_share": "0 to 1: the project's share of the channel's labelled clips, 3 clips added",
        "channel_none": "0 to 1: the share of none, likewise",
        "channel_size": "0 and more: natural logarithm of 1 + the number of labelled clips of the channel; missing "
        "where the channel is",
    }
    for kind, meaning in WHOSE_VOTES.items():
        columns |= {
            kind: f"0 to 1: the project's share of the votes of {meaning}; missing where the channel is missing or new",
            f"{kind}_gap": f"-1 to 1: {kind} {_COMPARED}",
            f"{kind}_none": "0 to 1: the share of none, likewise",
        }
    columns |= {
        "title_part": "0 to 1: cosine, by letters, of a part of the title with the most similar one of the project",
        "title_part_gap": f"-1 to 1: title_part {_COMPARED}",
        "title_part_share": "0 to 1: the project's share of what is spelt like such a part, less where the two differ",
        "title_part_share_gap": f"-1 to 1: title_part_share {_COMPARED}",
        "project_small": f"1 for a project of {FEW_CLIPS} labelled clips or fewer, else 0",
    }
    return columns | NUMBERS


#: Column of the evidence → its range and meaning, in the order of `Evidence.values`. A missing value is NaN.
COLUMNS = _describe_columns()


@dataclass(frozen=True)
class Evidence:
    """The candidates of some clips with their evidence, a row a clip-project pair, sorted by clip.

    Attributes
    ----------
    clips, projects : ndarray of int, shape (n_pairs,)
        Row of the clip and number of the project; `none` is never a candidate.
    values : ndarray, shape (n_pairs, len(COLUMNS)), float32
    nearest : ndarray of int, shape (n_pairs,)
        Row of the project's most similar labelled clip by title, else by description, else by subtitles; -1 if none.
    """

    clips: np.ndarray
    projects: np.ndarray
    values: np.ndarray
    nearest: np.ndarray

    def of_rows(self, rows: np.ndarray) -> Evidence:
        """Return the same evidence, of clips that stand in these rows of a larger set."""
        return dataclasses.replace(self, clips=rows[self.clips])

    def pairs(self, chosen: np.ndarray) -> Evidence:
        """Return the evidence of some pairs: bool, shape (n_pairs,), or their rows."""
        return Evidence(self.clips[chosen], self.projects[chosen], self.values[chosen], self.nearest[chosen])


def unknown_channels(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return `missing` and `new` → the pairs of clips without a channel, and of a channel that has no labelled clip.

    Each is an array of bool, shape (n_pairs,).
    """
    size = evidence.values[:, list(COLUMNS).index("channel_size")]
    return {"missing": np.isnan(size), "new": size == 0}


def rare_channels(evidence: Evidence) -> list[str]:
    """Return the kinds of `unknown_channels` that are rare among pairs: fewer than one in twenty.

    Parameters
    ----------
    evidence : Evidence
        Of training clips, out of fold. Trees that learn from it alone know what is not rare.
    """
    return [kind for kind, pairs in unknown_channels(evidence).items() if pairs.sum() < _RARE * len(pairs)]


def little_known(evidence: Evidence, is_new: np.ndarray, rare: Sequence[str]) -> np.ndarray:
    """Tell the pairs of which little is known.

    Those are the pairs with a project that came after the fit, and those of clips of an unknown channel, where the fit
    has hardly seen such clips: so look clips that could not be enriched. Clips without a duration are not among them
    (docs/decisions.md).

    Parameters
    ----------
    evidence : Evidence
    is_new : ndarray of bool, shape (n_projects,)
        Projects that the last fit did not know.
    rare : sequence of str
        See `rare_channels`; of the training clips, not of these.

    Returns
    -------
    ndarray of bool, shape (n_pairs,)
    """
    found = is_new[evidence.projects]
    unknown = unknown_channels(evidence)
    for kind in rare:
        found = found | unknown[kind]
    return found


class EvidenceBuilder:
    """Labelled clips and lexical models, ready to give evidence on clips.

    Parameters
    ----------
    labelled : EncodedClips
    projects : ndarray of int, shape (len(labelled),)
        0 is `none`.
    groups : ndarray of int, shape (len(labelled),)
        Near-duplicates share a number.
    n_projects : int
        `none` included.
    lexical : dict of field → LexicalModel
    names : Names
    other_use : OtherUse
    centres, temperatures : dict by field, optional
        See `smf_embed.votes.FieldVotes`; those of the time of fitting.
    open_searches : dict by field, optional
        What finds the nearest labelled clips of a field, where it is not FAISS in this process.
    like : EvidenceBuilder, optional
        Its votes have the centres and temperatures that are taken, see `smf_embed.votes.FieldVotes`.
    """

    def __init__(
        self,
        labelled: EncodedClips,
        projects: np.ndarray,
        groups: np.ndarray,
        n_projects: int,
        lexical: dict[str, LexicalModel],
        names: Names,
        other_use: OtherUse,
        centres: dict[str, np.ndarray] | None = None,
        temperatures: dict[str, float] | None = None,
        open_searches: dict[str, OpenVoteSearch] | None = None,
        like: EvidenceBuilder | None = None,
    ) -> None:
        self.n_projects = n_projects
        self.lexical = lexical
        self.names = names
        self.other_use = other_use
        with beside() as start:
            parts = start(TitleParts, labelled.title_parts, projects, groups, n_projects)
            self.votes: dict[str, FieldVotes] = {
                field: FieldVotes(
                    labelled.vectors[field],
                    projects,
                    groups,
                    n_projects,
                    centres[field] if centres else None,
                    temperatures[field] if temperatures else None,
                    open_searches[field] if open_searches else None,
                    like.votes[field] if like else None,
                )
                for field in TEXT_FIELDS
            }
            titles = self.votes["title"]
            self._channel_votes = ChannelVotes(
                _titled(labelled, titles.rows, titles.vectors, groups[titles.rows]), projects[titles.rows], n_projects
            )
        self._title_parts = parts.result()
        self._is_small = np.bincount(projects, minlength=n_projects) <= FEW_CLIPS
        self._n_of_projects = int(np.count_nonzero(projects))
        self._channel_number: dict[str, int] = {}
        for name in labelled.channels:
            self._channel_number.setdefault(name, len(self._channel_number))
        # the last row is that of channels which no labelled clip has
        self._channel_counts = np.zeros((len(self._channel_number) + 1, n_projects), dtype=np.float32)
        np.add.at(self._channel_counts, (self._channel_numbers(labelled.channels), projects), 1.0)
        if "" in self._channel_number:
            self._channel_counts[self._channel_number[""]] = 0.0  # clips without a channel have nothing in common

    def build(self, clips: EncodedClips, groups: np.ndarray | None = None) -> Evidence:
        """Choose the candidates of clips and gather their evidence.

        Parameters
        ----------
        clips : EncodedClips
        groups : ndarray of int, shape (len(clips),), optional
            Labelled clips of the same number are not looked at; -1, and no groups at all, looks at everything.
        """
        groups = np.full(len(clips), -1) if groups is None else groups

        together = min(_CHUNK, _MOST_CELLS // self.n_projects, _MOST_SIMILARITIES // max(1, self._n_of_projects))
        together = max(1, together)
        if len(clips) <= together:
            return self._build_part(clips, groups)
        # clips of a channel go together: what its clips have to say is looked up once for all of them
        by_channel = np.argsort(clips.channels, kind="stable")

        def part(start: int) -> Evidence:
            rows = by_channel[start : start + together]
            return self._build_part(clips.part(rows), groups[rows]).of_rows(rows)

        # while one part is searched, which needs no interpreter, the words of another are read
        workers = min(thread_count(), _MOST_PARTS)
        with ONE_BLAS_THREAD, ThreadPoolExecutor(workers, initializer=_search_by_one_thread) as pool:
            found = concatenated(list(pool.map(part, range(0, len(clips), together))))
        return found.pairs(np.argsort(found.clips, kind="stable"))

    def _build_part(self, clips: EncodedClips, groups: np.ndarray) -> Evidence:
        signals = {field: self._ask(field, clips, groups) for field in TEXT_FIELDS}
        scores = {field: self.lexical[field].scores(clips.n_grams[field]) for field in TEXT_FIELDS}
        names = {field: self._name_signals(field, clips) for field in TEXT_FIELDS}
        share, channel_size = self._channel_shares(clips.channels)
        channels_say = self._channel_votes.ask(_titled(clips, slice(None), self._centred_titles(clips), groups))
        parts_say = self._title_parts.ask(clips.title_parts, groups)
        row, project = np.nonzero(candidates_of(signals, scores, names, share, channels_say))
        # for one clip the calls take longer than the work: what is alike goes together
        compared = [
            array
            for field, signal in signals.items()
            for array in (signal.best, signal.prototype, scores[field], signal.votes[20])
        ]
        gaps = _gaps_to_best_other([*compared, *channels_say, *parts_say])[:, row, project]
        field_gaps, channel_gaps, part_gaps = np.split(gaps, [len(compared), len(compared) + len(channels_say)])
        columns: list[np.ndarray] = []
        for place, field in enumerate(TEXT_FIELDS):
            signal, named = signals[field], names[field]
            by_project = [*(signal.votes[count] for count in VOTES_AT), signal.best, signal.mean3, signal.prototype]
            columns += list(np.stack([*by_project, scores[field]])[:, row, project])
            columns += list(field_gaps[4 * place : 4 * (place + 1)])
            best_none = signal.best[row, 0]
            columns += [signal.votes[20][row, 0], best_none, signal.best[row, project] - best_none]
            columns += list(np.stack([named.alias, named.quality, named.kind, named.position])[:, row, project])
            columns.append(named.named[row])
        columns.append(self.other_use.scores(self.names.around(clips.texts["title"]))[row])
        size = np.where(clips.channels == "", np.nan, np.log1p(channel_size))
        columns += [share[row, project], share[row, 0], size[row]]
        for said, gap in zip(channels_say, channel_gaps, strict=True):
            columns += [said[row, project], gap, said[row, 0]]
        for said, gap in zip(parts_say, part_gaps, strict=True):
            columns += [said[row, project], gap]
        columns.append(self._is_small[project])
        values = np.column_stack([*columns, clips.numbers[row]]).astype(np.float32)
        nearest = np.full(len(row), -1)
        for field in TEXT_FIELDS:
            nearest = np.where(nearest >= 0, nearest, signals[field].nearest[row, project])
        return Evidence(row, project, values, nearest)

    def _name_signals(self, field: str, clips: EncodedClips) -> NameSignals:
        return self.names.signals(field, clips.texts[field], list(clips.channels), list(clips.channel_names))

    def _centred_titles(self, clips: EncodedClips) -> np.ndarray:
        """Return the vectors of titles as the votes compare them; zero where there is no title."""
        return self.votes["title"].centred(clips.vectors["title"]) * clips.present("title")[:, None]

    def _ask(self, field: str, clips: EncodedClips, groups: np.ndarray) -> Signals:
        """Ask the field's votes about the clips that have a text there; the others get NaN."""
        there = np.flatnonzero(clips.present(field))
        if not len(there):
            unknown = np.full((len(clips), self.n_projects), np.nan, dtype=np.float32)
            return Signals(dict.fromkeys(VOTES_AT, unknown), unknown, unknown, unknown, np.full(unknown.shape, -1))
        found = self.votes[field].ask(clips.vectors[field][there], groups[there])
        if len(there) == len(clips):
            return found

        def spread(values: np.ndarray, fill: float) -> np.ndarray:
            result = np.full((len(clips), self.n_projects), fill, dtype=values.dtype)
            result[there] = values
            return result

        return Signals(
            {count: spread(values, np.nan) for count, values in found.votes.items()},
            best=spread(found.best, np.nan),
            mean3=spread(found.mean3, np.nan),
            prototype=spread(found.prototype, np.nan),
            nearest=spread(found.nearest, -1),
        )

    def _channel_numbers(self, channels: np.ndarray) -> np.ndarray:
        unknown = len(self._channel_number)
        return np.array([self._channel_number.get(name, unknown) for name in channels], dtype=int)

    def _channel_shares(self, channels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of each project on the clips' channels, and how many clips were counted there."""
        counted = self._channel_counts[self._channel_numbers(channels)]
        size = counted.sum(axis=1)
        return counted / (size[:, None] + _CHANNEL_PRIOR), size


def concatenated(parts: list[Evidence]) -> Evidence:
    """Return the evidence of all parts, one after the other."""
    if not parts:
        nothing = np.empty(0, dtype=int)
        return Evidence(nothing, nothing, np.empty((0, len(COLUMNS)), dtype=np.float32), nothing)
    return Evidence(
        np.concatenate([part.clips for part in parts]),
        np.concatenate([part.projects for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.nearest for part in parts]),
    )


def _titled(clips: EncodedClips, rows: np.ndarray | slice, vectors: np.ndarray, groups: np.ndarray) -> TitledClips:
    """Return the clips of these rows as channels look at them; vectors and groups are of the rows alone."""
    seconds = clips.numbers[rows, list(NUMBERS).index("log_seconds")]
    return TitledClips(clips.channels[rows], clips.title_forms[rows], seconds, vectors, groups)


def _search_by_one_thread() -> None:
    import faiss

    faiss.omp_set_num_threads(1)


def _gaps_to_best_other(arrays: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Return each value less the highest of the other projects of its row; NaN where the value or all others are.

    Of arrays of one shape (n, n_projects), all at once: for one clip the calls take longer than the work.
    """
    values = np.concatenate(arrays)
    ranked = np.where(np.isnan(values), -np.inf, values)
    ranked[:, 0] = -np.inf
    at = ranked.argmax(axis=1)
    rows = np.arange(len(ranked))
    highest = ranked[rows, at].copy()
    ranked[rows, at] = -np.inf
    second = ranked.max(axis=1)
    other = np.broadcast_to(highest[:, None], values.shape).copy()
    other[rows, at] = second
    gaps = values - np.where(np.isinf(other), np.nan, other)
    return gaps.reshape(len(arrays), *arrays[0].shape)
