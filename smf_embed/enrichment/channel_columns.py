"""Columns that are the studio's own: no source tells them, but clips of one channel share them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID

CHANNEL_COLUMNS = ("yt_channel_type", "flag_closed", "international", "language")


def of_channels(catalogue: Catalogue, channels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return channel → those of the columns that its newest stored clip tells which tells any.

    Parameters
    ----------
    catalogue : Catalogue
    channels : iterable of str
        Ids of channels, as the column `yt_channel_id` has them.
    """
    wanted = list(dict.fromkeys(channels))
    # with max() alone, SQLite takes the other columns from the row that has it
    statement = (
        f"SELECT {ID}, max(coalesce(date, '')) FROM clips "
        f"WHERE yt_channel_id IN ({', '.join('?' * len(wanted))}) "
        f"AND coalesce({', '.join(CHANNEL_COLUMNS)}) IS NOT NULL GROUP BY yt_channel_id"
    )
    newest = [row[0] for row in catalogue.database.sql.execute(statement, wanted)] if wanted else []
    return {
        clip["yt_channel_id"]: {name: clip[name] for name in CHANNEL_COLUMNS if clip[name] is not None}
        for clip in catalogue.clips(newest)
    }
