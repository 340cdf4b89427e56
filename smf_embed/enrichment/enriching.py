"""Asking a source for clips, and keeping what it says: batch by batch, each stored before the next is asked for."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, SUBTITLES, ClipBatch, take_row
from smf_embed.enrichment.channel_columns import of_channels
from smf_embed.enrichment.quota import utc_now
from smf_embed.enrichment.states import Answer, QuotaUsedUpError, Source, SourceError, State, UnreachableError
from smf_embed.enrichment.watched import Watched, WatchedClip
from smf_embed.schema import STORED

# of a clip that was in such a state, "not found" means that it has gone
_WAS_THERE = frozenset((State.OK, State.LISTED, State.LIVE, State.UPCOMING))
_GONE = frozenset((State.DELETED, State.PRIVATE))


@dataclass
class Enriched:
    """What came of asking for some clips.

    Attributes
    ----------
    states : dict of str → State
        Id → the state that it is in now, of those that were answered.
    changes : Counter of (State, State)
        How often a clip went from one state to another; clips that were not known before are not in it.
    trouble : SourceError or None
        Why the rest was not asked for.
    stopped : bool
        It was asked to stop before the end.
    """

    states: dict[str, State] = field(default_factory=dict)
    changes: Counter[tuple[State, State]] = field(default_factory=Counter)
    trouble: SourceError | None = None
    stopped: bool = False


def enrich(
    catalogue: Catalogue,
    source: Source,
    ids: Sequence[str],
    *,
    named: bool = True,
    clock: Callable[[], dt.datetime] = utc_now,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Enriched:
    """Ask a source for clips; add those that it knows to the catalogue, and keep the states of all.

    Each batch is stored before the next is asked for, so a run that is killed asks again for one batch at most.

    Parameters
    ----------
    catalogue : Catalogue
    source : Source
    ids : sequence of str
    named : bool
        Somebody named the clips; one that was removed from the catalogue comes back only then.
    clock : callable
        Tells the time.
    progress : callable, optional
        Told after each batch how many clips were asked for by now.
    stop : callable, optional
        Asked before each batch.

    Raises
    ------
    SourceError
        The source will not answer before something is mended. That it cannot be reached now, or that its quota is used
        up, is told by `Enriched.trouble` instead.
    CatalogueError
        When another process writes.
    """
    result = Enriched()
    wanted = list(dict.fromkeys(ids))
    with catalogue.adding("enrich", alone=True), counted_quota(catalogue, source):
        for first in range(0, len(wanted), source.batch_size):
            if stop is not None and stop():
                result.stopped = True
                break
            chunk = wanted[first : first + source.batch_size]
            try:
                told = {clip[ID] for clip in catalogue.clips(chunk) if clip[SUBTITLES] is not None}
                answers = source.fetch(chunk, told)
            except (QuotaUsedUpError, UnreachableError) as error:
                result.trouble = error
                break
            if not named:
                known = Watched(catalogue).clips(answers)
                removed = {key for key, row in known.items() if row.state is State.REMOVED}
                answers = {key: answer for key, answer in answers.items() if key not in removed}
            _keep(catalogue, source, answers, clock(), result)
            if progress is not None:
                progress(first + len(chunk))
    return result


@contextmanager
def counted_quota(catalogue: Catalogue, source: Source) -> Iterator[None]:
    """Take the source's quota from the catalogue, and keep in the end what was used in the body; may be nested."""
    quota, watched = source.quota, Watched(catalogue)
    if quota is None:
        yield
        return
    quota.day, quota.units = watched.quota(source.name) or (quota.day, quota.units)
    try:
        yield
    finally:
        # what failed was counted, too
        if quota.units and watched.quota(source.name) != (quota.day, quota.units):
            with catalogue.transaction("quota"):
                watched.put_quota(quota, source.name)


def put_quota(catalogue: Catalogue, source: Source) -> None:
    """Keep what was used by now, within an open transaction."""
    if source.quota is not None:
        Watched(catalogue).put_quota(source.quota, source.name)


def add_cells(catalogue: Catalogue, source: Source, answers: dict[str, Answer]) -> tuple[dict[str, str], set[str]]:
    """Add the clips that have cells to the catalogue.

    What a source does not know clears nothing that is stored. Columns that clips of a channel share are copied from its
    newest stored clip where neither the source nor the stored clip tells them.

    Returns
    -------
    rejected : dict of id → why it cannot be added
    updated : set of str
        Ids of clips that were stored before, and are not as they were.
    """
    rows: dict[str, dict[str, Any]] = {
        identifier: {name: value for name, value in answer.cells.items() if value is not None}
        for identifier, answer in answers.items()
        if answer.cells is not None
    }
    stored = {clip[ID]: clip for clip in catalogue.clips(list(rows))}
    # what cannot be looked up as it is, is no channel, and its row is rejected below
    channels = {
        identifier: str(cells.get("yt_channel_id", "")).strip().encode("utf-8", "replace").decode()
        for identifier, cells in rows.items()
    }
    shared = of_channels(catalogue, filter(None, channels.values()))
    batch = ClipBatch(source.name)
    for number, (identifier, cells) in enumerate(rows.items(), start=1):
        own = stored.get(identifier, {})
        copied = {name: value for name, value in shared.get(channels[identifier], {}).items() if own.get(name) is None}
        take_row(batch, source.name, number, copied | cells | {ID: identifier})
    updated: set[str] = set()
    if batch.clips:
        catalogue.add([batch])
        now = {clip[ID]: clip for clip in catalogue.clips(list(stored))}
        updated = {key for key, clip in now.items() if any(clip[name] != stored[key][name] for name in STORED)}
    return {row.id: row.reason for row in batch.rejected}, updated


def _keep(catalogue: Catalogue, source: Source, answers: dict[str, Answer], now: dt.datetime, result: Enriched) -> None:
    watched = Watched(catalogue)
    known = watched.clips(answers)
    rejected, updated = add_cells(catalogue, source, answers)
    for identifier, reason in rejected.items():
        answers[identifier] = Answer(State.UNAVAILABLE, f"its fields cannot be used: {reason}")
        source.notes.append(f"{identifier}: {answers[identifier].reason}")
    rows = []
    for identifier, answer in answers.items():
        result.states[identifier] = answer.state
        if answer.state is State.WRONG:
            continue  # nothing can come of it, and nothing was asked for
        before = known.get(identifier) or WatchedClip(identifier, None, None, State.LISTED, "", 0, None, None)
        if source.knows_all and identifier in known:
            answer = _gone(before, answer)
            result.states[identifier] = answer.state
        row = before.after(answer, now)
        rows.append(replace(row, told=0) if identifier in updated else row)
        if identifier in known and answer.state is not before.state:
            result.changes[before.state, answer.state] += 1
    with catalogue.transaction("enrich"):
        watched.put_clips(rows)
        put_quota(catalogue, source)


def _gone(before: WatchedClip, answer: Answer) -> Answer:
    """Return what "not found" means of a clip that was known before."""
    if answer.state is not State.NOT_FOUND:
        return answer
    if before.state in _GONE:
        return Answer(before.state, before.reason)
    if before.state in _WAS_THERE:
        when = f" on {before.checked[:10]}" if before.checked else ""
        return Answer(State.DELETED, f"it was there{when}, and is deleted or private now")
    return answer
