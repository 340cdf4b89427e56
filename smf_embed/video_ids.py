"""Ids of clips, as people write them down: bare, or in a link of any form."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

from smf_embed.clips import MAX_ID
from smf_embed.errors import InputError

# what follows the scheme, or begins with a host of YouTube's, is a link and not an id
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.I)
_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)*(?:youtube(?:-nocookie|kids|education)?\.(?:com|[a-z]{2}|com?\.[a-z]{2})|youtu\.be)", re.I
)
_NO_SCHEME = re.compile(rf"{_HOST.pattern}\.?(?::\d+)?(?:[/?#]|$)", re.I)
_ID = re.compile(r"[A-Za-z0-9_-]+")
# no id has white space in it, nor what is no text in UTF-8
_BAD = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")
_LENGTH = 11
# the part of a path before an id
_FORMS = frozenset(("shorts", "live", "embed", "v", "vi", "e", "watch", "video"))
# links that hold another, and the parameter that it is in
_WRAPPED = {"attribution_link": "u", "redirect": "q", "oembed": "url", "signin": "next", "url": "q"}
_SERIES = ["embed", "videoseries"]
_DEEPEST = 3  # links in links
_OTHERS = {
    "playlist": "a playlist",
    "channel": "a channel",
    "c": "a channel",
    "user": "a channel",
    "clip": "an excerpt, which does not tell the clip",
    "post": "a post",
    "hashtag": "a hashtag",
    "results": "a search",
    "feed": "a feed",
}


def video_id(text: str) -> str:
    """Return the id of the clip that a text names.

    Parameters
    ----------
    text : str
        A link to a clip on YouTube, with or without scheme, parameters and fragment: watch, youtu.be, shorts, live,
        embed, /v/, on the hosts www., m., music. and so on, youtube-nocookie.com; a playlist where it names a clip by
        `v`. What is no link is an id as it stands, whatever its length: not all clips are YouTube's.

    Returns
    -------
    str
        11 characters where it was a link; 1 to 128 else.

    Raises
    ------
    InputError
        There is no id in it; the message says why.

    Examples
    --------
    >>> video_id("https://youtu.be/dQw4w9WgXcQ?t=42"), video_id("0123456789a")
    ('dQw4w9WgXcQ', '0123456789a')
    """
    text = _bare(text)
    if not text:
        raise InputError("there is nothing in it")
    if not is_link(text):
        if len(text) > MAX_ID:
            raise InputError(f"{_quoted(text)}: has {len(text):,} characters; an id has {MAX_ID} at most")
        if _BAD.search(text):
            raise InputError(
                f"{_quoted(text)}: has white space or characters in it that are no text; write one id or link"
            )
        return text
    found, reason = _in_link(text, 0)
    if found is None:
        raise InputError(f"{_quoted(text)}: {reason}")
    return found


def is_link(text: str) -> bool:
    """Tell whether a text is a link, to a clip or to anything else, rather than an id or words."""
    text = _bare(text)
    return bool(_SCHEME.match(text) or _NO_SCHEME.match(text))


def is_youtube(host: str) -> bool:
    """Tell whether a host, without a port, is one of YouTube's."""
    return _HOST.fullmatch(host.rstrip(".")) is not None


def clip_link(yt_reel_id: str) -> str:
    """Return the link to a clip, as the column `url` has it."""
    return f"https://www.youtube.com/watch?v={yt_reel_id}"


def _in_link(text: str, depth: int) -> tuple[str | None, str]:
    """Return the id in a link, or None and why there is none."""
    if text.startswith("//"):
        text = f"https:{text}"
    elif not _SCHEME.match(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None, "is no link that can be read"
    query = parse_qs(parts.query.replace("&amp;", "&"))
    path = [unquote(part) for part in parts.path.split("/") if part]
    kind = path[0].lower() if path else ""
    if _WRAPPED.get(kind) in query and depth < _DEEPEST and (is_youtube(host) or "google." in f".{host}"):
        inner = query[_WRAPPED[kind]][0]
        return _in_link(f"https://www.youtube.com{inner}" if inner.startswith("/") else inner, depth + 1)
    if not is_youtube(host):
        return None, f"is a link to {host or 'no host'}, not to YouTube"
    if host.lower().endswith("youtu.be"):
        named = path[1] if kind in _FORMS and len(path) > 1 else path[0] if path else ""
    else:
        # the old form of links: watch#!v=ID
        old = parse_qs(parts.fragment.lstrip("!/?"))
        named = next((given[0] for given in (query.get("v"), query.get("vi"), old.get("v")) if given), "")
        # embed/videoseries is a player of a playlist
        if kind in _FORMS and len(path) > 1 and not (kind == "watch" and named) and path[:2] != _SERIES:
            named = path[1]
    if not named:
        other = "a channel" if kind.startswith("@") else _OTHERS.get(kind, "")
        if "list" in query and not other:
            other = _OTHERS["playlist"]
        return None, f"is a link to {other}, not to a clip" if other else "is a link without the id of a clip"
    match = _ID.match(named)
    if match is None or len(match[0]) != _LENGTH:
        given = match[0] if match else named
        return None, f"the id in the link, {_quoted(given)}, has {len(given)} characters instead of {_LENGTH}"
    return match[0], ""


def _bare(text: str) -> str:
    return text.strip().strip("<>\"'«»“”")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
