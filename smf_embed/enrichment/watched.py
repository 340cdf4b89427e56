"""What a catalogue keeps of clips and channels that are looked up: their states, when to ask again, the quota."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

from smf_embed.checked_sql import checked_rows
from smf_embed.clips import ID
from smf_embed.enrichment.quota import Quota, utc_now
from smf_embed.enrichment.states import Answer, State
from smf_embed.schema import CHECKED
from smf_embed.stored_clips import StoredClips
from smf_embed.vector_store import rows_in

#: After how many hours a clip is asked for again that could not be had: an hour, 6 hours, 1, 3, 7 and 30 days.
SCHEDULE = (1, 6, 24, 3 * 24, 7 * 24, 30 * 24)
# these change by themselves sooner or later, so they are asked for again as long as it takes
_UNTIL_DONE = frozenset((State.LIVE, State.UPCOMING))
_NEVER_AGAIN = frozenset((State.OK, State.WRONG))
_CLIP, _CHANNEL = CHECKED["watched_clips"], CHECKED["watched_channels"]


@dataclass(frozen=True)
class WatchedClip:
    """A row of the table `watched_clips`, which tells what each column is."""

    yt_reel_id: str
    channel: str | None
    listing: int | None
    state: State
    reason: str
    tries: int
    checked: str | None
    next_try: str | None
    told: int = 0

    def after(self, answer: Answer, now: dt.datetime) -> WatchedClip:
        """Return the row after the clip was asked for."""
        tries = self.tries + 1 if answer.state is self.state else 1
        is_same = answer.state is self.state and answer.state not in _UNTIL_DONE
        return replace(
            self,
            state=answer.state,
            # what a source says may hold what is no text
            reason=answer.reason.encode("utf-8", "replace").decode(),
            tries=tries,
            checked=stamp(now),
            next_try=next_try(answer.state, tries, now),
            told=self.told if is_same else 0,
        )

    def is_due_if_named(self, now: dt.datetime, is_stored: bool) -> bool:
        """Tell whether a clip that cannot be judged yet is asked for where somebody names it.

        That is so by its schedule, once a month when that is over, and where it was removed from the catalogue.
        """
        if self.state in (State.OK, State.REMOVED):
            return not is_stored
        if self.next_try is not None:
            return self.next_try <= stamp(now)
        return (self.checked or "") <= stamp(now - dt.timedelta(hours=SCHEDULE[-1]))


@dataclass(frozen=True)
class WatchedChannel:
    """A row of the table `watched_channels`, which tells what each column is."""

    given: str
    channel: str | None
    uploads: str | None
    listing: int
    page: str | None
    reason: str
    tries: int
    checked: str
    next_try: str | None


class Watched:
    """The tables `watched_clips`, `watched_channels` and `quota` of an open catalogue.

    Parameters
    ----------
    catalogue : Catalogue
        Whoever writes opens the transaction.
    """

    def __init__(self, catalogue: StoredClips) -> None:
        self._sql = catalogue.database.sql
        self._path = catalogue.database.path

    def clips(self, ids: Iterable[str]) -> dict[str, WatchedClip]:
        """Return id → row, of those ids that have one."""
        statement = f"SELECT {', '.join(_CLIP)}, row_check FROM watched_clips WHERE {ID}"
        rows = checked_rows("watched_clips", iter(rows_in(self._sql, statement, list(dict.fromkeys(ids)))), self._path)
        clips = (WatchedClip(*row) for row in rows)
        return {clip.yt_reel_id: replace(clip, state=State(clip.state)) for clip in clips}

    def put_clips(self, clips: Iterable[WatchedClip]) -> None:
        """Insert or replace rows."""
        self._put("watched_clips", _CLIP, [astuple(clip) for clip in clips])

    def channels(self) -> dict[str, WatchedChannel]:
        """Return all channels, by what they were given as."""
        found = self._sql.execute(f"SELECT {', '.join(_CHANNEL)}, row_check FROM watched_channels")
        rows = checked_rows("watched_channels", iter(found), self._path)
        return {row[0]: WatchedChannel(*row) for row in rows}

    def put_channels(self, channels: Iterable[WatchedChannel]) -> None:
        """Insert or replace rows."""
        self._put("watched_channels", _CHANNEL, [astuple(channel) for channel in channels])

    def due(self, now: dt.datetime) -> list[str]:
        """Return the ids that are to be asked for by now: those that never were first, then those that wait longest."""
        statement = f"SELECT {ID} FROM watched_clips WHERE next_try <= ? ORDER BY checked IS NOT NULL, next_try, {ID}"
        return [row[0] for row in self._sql.execute(statement, (stamp(now),))]

    def unchecked_since(self, day: dt.datetime) -> list[str]:
        """Return the ids that were not asked for since and that no schedule asks for, longest ago first.

        These are whole clips, and those that could not be had until their schedule was over.
        """
        statement = (
            f"SELECT {ID} FROM watched_clips WHERE next_try IS NULL AND state <> ? AND checked <= ? "
            f"ORDER BY checked, {ID}"
        )
        return [row[0] for row in self._sql.execute(statement, (State.REMOVED, stamp(day)))]

    def untold(self) -> list[str]:
        """Return the ids of clips that have changed since their decisions were written last."""
        return [row[0] for row in self._sql.execute(f"SELECT {ID} FROM watched_clips WHERE told = 0 ORDER BY {ID}")]

    def set_told(self, ids: Sequence[str]) -> None:
        """Note that the decisions of clips were written."""
        self._sql.executemany(f"UPDATE watched_clips SET told = 1 WHERE {ID} = ?", [(one,) for one in ids])

    def set_removed(self, ids: Sequence[str]) -> None:
        """Note that clips were removed from the catalogue: they are asked for again only where somebody names them."""
        reason = f"it was removed from the catalogue on {stamp(utc_now())[:10]}"
        # a clip that no source was asked for has no row yet, and would come back as a new one of its channel
        self._sql.executemany(
            f"INSERT INTO watched_clips ({ID}, state, reason, tries, told) VALUES (?, ?, ?, 0, 1) "
            f"ON CONFLICT ({ID}) DO UPDATE SET state = excluded.state, reason = excluded.reason, tries = 0, "
            "next_try = NULL, told = 1",
            [(one, State.REMOVED, reason) for one in ids],
        )

    def states(self) -> Counter[str]:
        """Return state → number of clips."""
        rows = self._sql.execute("SELECT state, count(*) FROM watched_clips GROUP BY state").fetchall()
        return Counter(dict(rows))

    def next_try(self) -> str | None:
        """Return when the next clip is to be asked for; None where none is."""
        return self._sql.execute("SELECT min(next_try) FROM watched_clips").fetchone()[0]

    def quota(self, source: str) -> tuple[str, int] | None:
        """Return the day on which a source was asked last, and how many units were used then."""
        return self._sql.execute("SELECT day, units FROM quota WHERE source = ?", (source,)).fetchone()

    def put_quota(self, quota: Quota, source: str) -> None:
        """Keep what was used by now."""
        self._put("quota", CHECKED["quota"], [(source, quota.day, quota.units)])

    def _put(self, table: str, columns: Sequence[str], rows: list[tuple[object, ...]]) -> None:
        key, *others = columns
        updates = ", ".join(f"{name} = excluded.{name}" for name in others)
        self._sql.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
            f"ON CONFLICT ({key}) DO UPDATE SET {updates}",
            rows,
        )


def next_try(state: State, tries: int, now: dt.datetime) -> str | None:
    """Return when to ask again for a clip that is in this state and was asked for so often; None for not at all."""
    if state in _NEVER_AGAIN or (tries > len(SCHEDULE) and state not in _UNTIL_DONE):
        return None
    return stamp(now + dt.timedelta(hours=SCHEDULE[min(tries, len(SCHEDULE)) - 1]))


def stamp(time: dt.datetime) -> str:
    """Return a time as it is stored: UTC, ISO 8601, to the second, so that texts sort as times do."""
    return time.astimezone(dt.UTC).isoformat(timespec="seconds")
