"""What an analyst types into a search: a link of any form, an id, words of a title."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL, TITLE

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{11}")
_HOSTS = ("youtube.com", "youtube-nocookie.com", "youtu.be")
# what stands before an id in the path of a link
_BEFORE_ID = ("shorts", "live", "embed", "v", "e", "watch", "vi")


def id_in_link(text: str) -> str | None:
    """Return the id of the clip that a link leads to; None where the text is no such link.

    Examples
    --------
    >>> id_in_link("https://youtu.be/dQw4w9WgXcQ?si=abc")
    'dQw4w9WgXcQ'
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if not any(host == one or host.endswith(f".{one}") for one in _HOSTS):
        return None
    query = parse_qs(parts.query)
    path = [part for part in parts.path.split("/") if part]
    found = [*query.get("v", []), *query.get("vi", [])]
    if host == "youtu.be" or (len(path) > 1 and path[0] in _BEFORE_ID):
        found.append(unquote(path[-1 if host == "youtu.be" else 1]) if path else "")
    for inner in [*query.get("u", []), *query.get("q", [])]:  # a link within a link, as in a mail of YouTube
        found.append(id_in_link(inner if "://" in inner else f"https://youtube.com{inner}") or "")
    return next((one for one in found if _IDENTIFIER.fullmatch(one)), None)


def titles_with(catalogue: Catalogue, text: str, most: int) -> list[dict[str, Any]]:
    """Return stored clips whose title contains a text, in any case; the newest first."""
    wanted = _folded(text)
    if not wanted:
        return []
    catalogue.database.sql.create_function("folded", 1, _folded, deterministic=True)
    statement = f"SELECT {ID} FROM clips WHERE instr(folded({TITLE}), ?) ORDER BY clip_key DESC LIMIT ?"
    ids = [row[0] for row in catalogue.database.sql.execute(statement, (wanted, most))]
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
