"""The answers of the YouTube Data API as columns of the clip table."""

from __future__ import annotations

import re
from typing import Any

from smf_embed.clips import ID, TEXT, TITLE, read_number
from smf_embed.enrichment.states import Answer, State, state_of
from smf_embed.video_ids import clip_link

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_SHORT_SECONDS = 60


def seconds_of(duration: str | None) -> float | None:
    """Return the seconds of an ISO 8601 duration; None for one that is missing, unreadable or zero.

    Of a broadcast that has not ended the API says `P0D`; zero seconds mean a clip that is gone in the studio's table.

    Examples
    --------
    >>> seconds_of("PT1H2M3S"), seconds_of("P1DT1S"), seconds_of("P0D")
    (3723.0, 86401.0, None)
    """
    match = _DURATION.fullmatch(duration or "")
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds or None


def is_shorts(seconds: float | None, width: float | None, height: float | None) -> float | None:
    """Return 1 for an upright clip of a minute at most, 0 for any other, None where that cannot be told."""
    if seconds is None:
        return None
    if seconds > _SHORT_SECONDS:
        return 0.0
    return None if not width or not height else float(height > width)


def text_of(title: str | None, description: str | None) -> str | None:
    """Return the column `text`: the title in square brackets, then the description."""
    return f"[{title}] {description or ''}".strip() if title else description


def clip_answer(item: dict[str, Any]) -> Answer:
    """Return the answer of one item of `videos.list` with the parts snippet, contentDetails, status and player."""
    try:
        return _clip_answer(item)
    except (AttributeError, TypeError, ValueError):  # parts that are not what they should be
        return Answer(State.UNAVAILABLE, "what YouTube says of it cannot be read")


def _clip_answer(item: dict[str, Any]) -> Answer:
    status, player = item.get("status", {}), item.get("player", {})
    upload = status.get("uploadStatus")
    if upload == "deleted":
        return Answer(State.DELETED, "YouTube says that it was deleted")
    if upload in ("failed", "rejected"):
        why = status.get("failureReason") or status.get("rejectionReason")
        return Answer(State.UNAVAILABLE, f"its upload was {upload}{f' ({why})' if why else ''}")
    if status.get("privacyStatus") == "private":
        return Answer(State.PRIVATE, "it is private")
    snippet = item.get("snippet", {})
    seconds = seconds_of(item.get("contentDetails", {}).get("duration"))
    cells = _snippet_cells(item["id"], snippet) | {
        "seconds": seconds,
        "is_shorts": is_shorts(seconds, *(read_number(player.get(side))[0] for side in ("embedWidth", "embedHeight"))),
        "broadcast": snippet.get("liveBroadcastContent") or "none",
    }
    if upload == "uploaded" and seconds is None and cells["broadcast"] == "none":
        return Answer(State.UPCOMING, "YouTube is still processing it", cells)
    return state_of(cells)


def listed_answer(item: dict[str, Any]) -> tuple[str | None, Answer]:
    """Return id and answer of one item of `playlistItems.list` with the parts snippet, contentDetails and status.

    The id is None where it cannot be read.
    """
    try:
        identifier, answer = _listed_answer(item)
    except (AttributeError, TypeError):
        return None, Answer(State.UNAVAILABLE)
    return identifier if isinstance(identifier, str) else None, answer


def _listed_answer(item: dict[str, Any]) -> tuple[str | None, Answer]:
    snippet = item.get("snippet", {})
    identifier = item.get("contentDetails", {}).get("videoId") or snippet.get("resourceId", {}).get("videoId")
    privacy = item.get("status", {}).get("privacyStatus")
    if privacy == "private":
        return identifier, Answer(State.PRIVATE, "it is private")
    if privacy == "privacyStatusUnspecified":
        return identifier, Answer(State.DELETED, "it was deleted; the channel still lists it")
    published = item.get("contentDetails", {}).get("videoPublishedAt") or snippet.get("publishedAt")
    cells = _snippet_cells(identifier, snippet | {"publishedAt": published}) if identifier else None
    return identifier, Answer(State.LISTED, "only what its channel's list says is known yet", cells)


def _snippet_cells(identifier: str, snippet: dict[str, Any]) -> dict[str, Any]:
    title, channel = snippet.get("title"), snippet.get("channelId")
    return {
        ID: identifier,
        "date": (snippet.get("publishedAt") or "")[:10] or None,
        TITLE: title,
        TEXT: text_of(title, snippet.get("description")),
        "url": clip_link(identifier),
        "yt_channel_id": channel,
        "yt_channel_name": snippet.get("videoOwnerChannelTitle") or snippet.get("channelTitle"),
        "yt_ch_url": f"https://www.youtube.com/channel/{channel}" if channel else None,
    }
