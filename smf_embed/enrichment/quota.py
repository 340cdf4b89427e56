"""The quota of the YouTube Data API: units a day, from midnight to midnight in Los Angeles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smf_embed.enrichment.states import QuotaUsedUpError
from smf_embed.errors import InputError

#: What Google gives a project that has not asked for more.
UNITS_A_DAY = 10_000


def utc_now() -> dt.datetime:
    """Return the time in UTC."""
    return dt.datetime.now(dt.UTC)


def los_angeles() -> ZoneInfo:
    """Return the time zone whose midnight ends a day of the quota.

    Raises
    ------
    InputError
        Neither the system has time zones nor is the package tzdata installed.
    """
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        raise InputError(
            "the quota of the YouTube Data API needs tzdata, since this system has no time zones: "
            "pip install 'smf-embed[youtube]'"
        ) from None


@dataclass
class Quota:
    """How much was used on a day.

    Attributes
    ----------
    limit : int
        Units a day.
    day : str
        ISO 8601, of Los Angeles; empty before the first use.
    units : int
        Used on that day.
    clock : callable
        Tells the time, with its zone.
    """

    limit: int = UNITS_A_DAY
    day: str = ""
    units: int = 0
    clock: Callable[[], dt.datetime] = field(default=utc_now, repr=False)

    def spend(self, units: int = 1) -> None:
        """Count what is about to be asked for; a request that fails costs as much.

        Raises
        ------
        QuotaUsedUpError
            It would be more than the limit.
        """
        self._begin_day()
        if self.units + units > self.limit:
            raise self.used_up()
        self.units += units

    def exhaust(self) -> QuotaUsedUpError:
        """Note that the service says that nothing is left, whatever was counted here; return the error to raise."""
        self._begin_day()
        self.units = max(self.units, self.limit)
        return self.used_up()

    def used_up(self) -> QuotaUsedUpError:
        """Return the error of a quota without a unit left."""
        resets = self.resets()
        return QuotaUsedUpError(
            f"the quota of the YouTube Data API is used up for today; it is full again at "
            f"{resets.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, and the same command does the rest then",
            resets,
        )

    def resets(self) -> dt.datetime:
        """Return when the day ends."""
        zone = los_angeles()
        here = self.clock().astimezone(zone)
        return dt.datetime.combine(here.date() + dt.timedelta(days=1), dt.time(), tzinfo=zone)

    def _begin_day(self) -> None:
        today = self.clock().astimezone(los_angeles()).date().isoformat()
        if self.day != today:
            self.day, self.units = today, 0
