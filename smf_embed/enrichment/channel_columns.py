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
    statement = (
        f"SELECT {ID} FROM (SELECT {ID}, row_number() OVER "
        "(PARTITION BY yt_channel_id ORDER BY coalesce(date, '') DESC, clip_key) AS place FROM clips "
        f"WHERE yt_channel_id IN ({', '.join('?' * len(wanted))}) "
        f"AND ({' OR '.join(f'{name} IS NOT NULL' for name in CHANNEL_COLUMNS)})) AS newest WHERE place = 1"
    )
    newest = [row[0] for row in catalogue.database.sql.execute(statement, wanted)] if wanted else []
    return {
        clip["yt_channel_id"]: {name: clip[name] for name in CHANNEL_COLUMNS if clip[name] is not None}
        for clip in catalogue.clips(newest)
    }
