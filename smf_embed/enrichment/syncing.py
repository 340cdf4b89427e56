"""New clips of channels since last time, and what has become of those that could not be had.

First all channels are listed, each until a page shows a clip of an earlier listing; what the lists say of new clips is
added at once, so that they can be decided whatever comes next. Then all clips that are due are asked for, in whole
batches. Each page and each batch is stored before the next is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.enriching import Enriched, add_cells, counted_quota, enrich, put_quota
from smf_embed.enrichment.quota import utc_now
from smf_embed.enrichment.states import (
    Answer,
    ChannelAnswer,
    ChannelGoneError,
    Page,
    PageGoneError,
    QuotaUsedUpError,
    Source,
    SourceError,
    State,
    UnreachableError,
)
from smf_embed.enrichment.watched import Watched, WatchedChannel, WatchedClip, next_try, stamp

_CHANNELS_AT_ONCE = 50


@dataclass
class SyncReport:
    """What a sync did.

    Attributes
    ----------
    channels : int
        How many were listed.
    unlisted : dict of str → str
        Channel → why it could not be listed.
    new : int
        Clips that were seen for the first time.
    states : Counter of State
        State → how many of the clips that were asked for are in it now.
    changes : Counter of (State, State)
        How often a clip went from one state to another.
    units : int
        Units of the quota that were used.
    waiting : int
        Clips that are due and were not asked for.
    next_try : str or None
        When the next clip is due, ISO 8601 in UTC.
    trouble : SourceError or None
        Why the sync ended before its end.
    stopped : bool
        It was asked to stop before the end.
    """

    channels: int = 0
    unlisted: dict[str, str] = field(default_factory=dict)
    new: int = 0
    states: Counter[State] = field(default_factory=Counter)
    changes: Counter[tuple[State, State]] = field(default_factory=Counter)
    units: int = 0
    waiting: int = 0
    next_try: str | None = None
    trouble: SourceError | None = None
    stopped: bool = False


def sync(
    catalogue: Catalogue,
    source: Source,
    channels: Sequence[str],
    *,
    recheck_days: int | None = None,
    clock: Callable[[], dt.datetime] = utc_now,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> SyncReport:
    """Bring a catalogue up to date with channels.

    Parameters
    ----------
    catalogue : Catalogue
    source : Source
    channels : sequence of str
        As `smf_embed.enrichment.channels.read_channels` returns them.
    recheck_days : int, optional
        Also ask again for clips, and for channels that cannot be listed, that no schedule asks for and that were not
        asked for since so many days: to see which are gone, and which are there again.
    clock : callable
        Tells the time.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done.
    stop : callable, optional
        Asked before each page and batch.

    Raises
    ------
    SourceError
        The source will not answer before something is mended. That it cannot be reached now, or that its quota is used
        up, is told by `SyncReport.trouble` instead.
    CatalogueError
        When another process writes.
    """
    run = _Sync(catalogue, source, clock, progress or (lambda share, what: None), stop or (lambda: False))
    return run(channels, recheck_days)


class _Sync:
    def __init__(
        self,
        catalogue: Catalogue,
        source: Source,
        clock: Callable[[], dt.datetime],
        progress: Callable[[float, str], None],
        stop: Callable[[], bool],
    ) -> None:
        self._catalogue, self._source, self._clock = catalogue, source, clock
        self._progress, self._stop = progress, stop
        self._watched = Watched(catalogue)
        self._report = SyncReport()

    def __call__(self, channels: Sequence[str], recheck_days: int | None) -> SyncReport:
        report = self._report
        since = None if recheck_days is None else self._clock() - dt.timedelta(days=recheck_days)
        with self._catalogue.adding("sync", alone=True):
            with counted_quota(self._catalogue, self._source):
                before = self._units()
                try:
                    self._list(channels, since)
                    if not report.stopped:
                        self._enrich(since)
                except (QuotaUsedUpError, UnreachableError) as error:
                    report.trouble = error
                # a quota of another day began at nothing
                after = self._units()
                report.units = after[1] - (before[1] if before[0] == after[0] else 0)
            report.waiting = len(self._watched.due(self._clock()))
            report.next_try = self._watched.next_try()
        return report

    def _units(self) -> tuple[str, int]:
        quota = self._source.quota
        return ("", 0) if quota is None else (quota.day, quota.units)

    # ---------------------------------------------------------------------------------------------------- channels

    def _list(self, given: Sequence[str], since: dt.datetime | None) -> None:
        known = self._found(given, since)
        listed: set[str] = set()
        for number, one in enumerate(given):
            if self._stop():
                self._report.stopped = True
                return
            self._progress(0.5 * number / len(given), f"channel {number + 1:,} of {len(given):,}")
            channel = known.get(one)
            if channel is None or channel.uploads is None or channel.reason:
                self._report.unlisted[one] = channel.reason if channel else "it was not asked for yet"
            elif channel.uploads not in listed:  # a channel may be given by its id and by its handle
                listed.add(channel.uploads)
                self._list_channel(channel)

    def _found(self, given: Sequence[str], since: dt.datetime | None) -> dict[str, WatchedChannel]:
        """Return the rows of channels; those that are new, or were gone and are due, are asked for."""
        known = self._watched.channels()
        now = stamp(self._clock())

        def is_due(row: WatchedChannel) -> bool:
            if row.next_try is not None:
                return row.next_try <= now
            return since is not None and bool(row.reason) and row.checked <= stamp(since)

        wanted = [one for one in given if one not in known or is_due(known[one])]
        for first in range(0, len(wanted), _CHANNELS_AT_ONCE):
            if self._stop():
                break
            chunk = wanted[first : first + _CHANNELS_AT_ONCE]
            answers = self._source.find_channels(chunk)
            rows = [self._row(known.get(one), one, answers[one]) for one in chunk]
            self._put_channels(rows)
            known |= {row.given: row for row in rows}
        return known

    def _row(self, before: WatchedChannel | None, given: str, answer: ChannelAnswer) -> WatchedChannel:
        now = self._clock()
        before = before or WatchedChannel(given, None, None, 1, None, "", 0, "", None)
        tries = before.tries + 1 if answer.reason else 0
        return replace(
            before,
            channel=answer.channel or before.channel,
            uploads=answer.uploads or before.uploads,
            reason=answer.reason,
            tries=tries,
            checked=stamp(now),
            next_try=next_try(State.UNAVAILABLE, tries, now) if answer.reason else None,
        )

    def _list_channel(self, channel: WatchedChannel) -> None:
        self._report.channels += 1
        resumed = channel.page is not None
        while not self._stop():
            try:
                page = self._source.uploads(channel.uploads or "", channel.page)
            except PageGoneError:
                channel, resumed = replace(channel, page=None), False
                continue
            except ChannelGoneError as gone:
                answer = ChannelAnswer(channel.channel, reason=str(gone))
                self._put_channels([self._row(channel, channel.given, answer)])
                self._report.channels -= 1
                self._report.unlisted[channel.given] = str(gone)
                return
            channel = self._keep_page(channel, page)
            if channel.page is None:
                if not resumed:
                    return
                resumed = False  # a listing that was broken off is whole now; what is newer stands at the top
        self._report.stopped = True

    def _keep_page(self, channel: WatchedChannel, page: Page) -> WatchedChannel:
        """Store a page of a channel's list; return the channel as it stands then."""
        now = self._clock()
        known = self._watched.clips(page.clips)
        stored = {clip["yt_reel_id"]: clip for clip in self._catalogue.clips(list(page.clips))}
        # who removed a clip does not want it back, unless it was added again since
        seen = {key: row for key, row in known.items() if row.state is not State.REMOVED or key not in stored}
        back = {key for key, row in seen.items() if row.state is State.PRIVATE and _is_shown(page.clips[key])}
        fresh = {key: answer for key, answer in page.clips.items() if key not in seen or key in back}
        add_cells(self._catalogue, self._source, {key: answer for key, answer in fresh.items() if key not in stored})
        rows = []
        for key, answer in page.clips.items():
            row = seen.get(key)
            if row is None:
                row = WatchedClip(
                    key, channel.channel, channel.listing, State.LISTED, answer.reason, 0, None, stamp(now)
                )
                if key in stored and stored[key]["seconds"] is not None:
                    # a table told all of it
                    row = replace(row, state=State.OK, reason="", checked=stamp(now), next_try=None, told=1)
                elif answer.state is not State.LISTED:
                    row = row.after(answer, now)
                rows.append(row)
                self._report.new += 1
            elif key in back:
                self._report.changes[row.state, State.LISTED] += 1
                listed = replace(row, state=State.LISTED, reason=answer.reason, tries=0, next_try=stamp(now), told=0)
                rows.append(listed)
            elif row.state is State.REMOVED:
                continue
            elif answer.state is not State.LISTED and answer.state is not row.state:
                self._report.changes[row.state, answer.state] += 1
                rows.append(row.after(answer, now))
            elif row.listing is None:  # until now, only its id was asked for
                rows.append(replace(row, channel=channel.channel, listing=channel.listing))
        was_listed = any(row.listing is not None and row.listing < channel.listing for row in known.values())
        if was_listed or page.next_page is None:
            channel = replace(channel, listing=channel.listing + 1, page=None, checked=stamp(now))
        else:
            channel = replace(channel, page=page.next_page, checked=stamp(now))
        with self._catalogue.transaction("sync"):
            self._watched.put_clips(rows)
            self._watched.put_channels([channel])
            put_quota(self._catalogue, self._source)
        return channel

    def _put_channels(self, rows: list[WatchedChannel]) -> None:
        with self._catalogue.transaction("sync"):
            self._watched.put_channels(rows)
            put_quota(self._catalogue, self._source)

    # ------------------------------------------------------------------------------------------------------- clips

    def _enrich(self, since: dt.datetime | None) -> None:
        ids = self._watched.due(self._clock())
        if since is not None:
            ids += self._watched.unchecked_since(since)

        def show(done: int) -> None:
            self._progress(0.5 + 0.5 * done / len(ids), f"{done:,} of {len(ids):,} clips")

        came: Enriched = enrich(
            self._catalogue, self._source, ids, named=False, clock=self._clock, progress=show, stop=self._stop
        )
        self._report.states += Counter(came.states.values())
        self._report.changes += came.changes
        self._report.trouble, self._report.stopped = came.trouble, came.stopped


def _is_shown(answer: Answer) -> bool:
    """Tell whether a list shows a clip to all; one that tells nothing but ids says nothing of that."""
    return answer.state is State.LISTED and answer.cells is not None
