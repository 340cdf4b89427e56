"""What an analyst types into a search: a link of any form, an id, words of a title."""

from __future__ import annotations

import sqlite3
from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL, TITLE
from smf_embed.errors import InputError
from smf_embed.video_ids import is_link, video_id


def id_in_link(text: str) -> str | None:
    """Return the id of the clip that a link leads to; None where the text is no such link.

    Examples
    --------
    >>> id_in_link("https://youtu.be/dQw4w9WgXcQ?si=abc")
    'dQw4w9WgXcQ'
    """
    try:
        return video_id(text) if is_link(text) else None
    except InputError:
        return None


def titles_with(catalogue: Catalogue, text: str, most: int) -> list[dict[str, Any]]:
    """Return stored clips whose title contains a text, in any case; the newest first."""
    wanted = _folded(text)
    if not wanted:
        return []
    sql = catalogue.database.sql
    assert isinstance(sql, sqlite3.Connection)  # a shared catalogue is not served
    sql.create_function("folded", 1, _folded, deterministic=True)
    statement = f"SELECT {ID} FROM clips WHERE instr(folded({TITLE}), ?) ORDER BY clip_key DESC LIMIT ?"
    ids = [row[0] for row in sql.execute(statement, (wanted, most))]
    return catalogue.clips(ids)


def shown(clip: dict[str, Any], found: str, similarity: float | None = None) -> dict[str, Any]:
    """Return a clip as searches list it."""
    return {
        ID: clip[ID],
        "title": clip[TITLE],
        "project": clip[LABEL],
        "channel": clip["yt_channel_name"],
        "similarity": similarity,
        "found": found,
    }


def _folded(text: str | None) -> str:
    return " ".join((text or "").casefold().replace("ё", "е").split())
