"""Channels, as a file lists them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from smf_embed.errors import InputError
from smf_embed.video_ids import is_youtube

_LINK = re.compile(r"(?:https?:)?//|(?:[\w-]+\.)*youtube\.com/", re.I)


def channel_name(text: str) -> str:
    """Return a channel as sources are asked for it: an id, `@handle`, or `user/NAME`.

    Parameters
    ----------
    text : str
        One of these, or a link to the channel's page, or a channel's id in a source that is not YouTube.

    Raises
    ------
    InputError
        A link that is to no channel of YouTube, or one of the form /c/NAME, which the YouTube Data API does not know.

    Examples
    --------
    >>> channel_name("https://www.youtube.com/@smeshariki/videos")
    '@smeshariki'
    """
    text = text.strip()
    if not _LINK.match(text):
        if not text or re.search(r"\s", text):
            raise InputError(f"{text[:80]!r}: is no channel; write its id, its @handle or its link")
        return text
    try:
        link = urlsplit(text if "//" in text else f"//{text}")
        path = [unquote(part) for part in link.path.split("/") if part] if is_youtube(link.hostname or "") else []
    except ValueError:
        path = []
    if path and path[0].startswith("@") and len(path[0]) > 1:
        return path[0]
    if len(path) > 1 and path[0] == "channel":
        return path[1]
    if len(path) > 1 and path[0] == "user":
        return f"user/{path[1]}"
    if len(path) > 1 and path[0] == "c":
        raise InputError(f"{text[:120]}: links of this form name no channel to the API; open it and take its @handle")
    raise InputError(f"{text[:120]!r}: is a link to no channel")


def read_channels(path: Path) -> list[str]:
    """Read a file with a channel a line; `#` begins a remark.

    Raises
    ------
    InputError
        No such file, none in it, or a line that is no channel.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no text in UTF-8; write a channel a line") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    channels: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        # a handle has no # in it, and neither has a link to a channel
        text = line.partition("#")[0].strip()
        if text:
            try:
                channels[channel_name(text)] = None
            except InputError as error:
                raise InputError(f"{path} line {number}: {error}") from None
    if not channels:
        raise InputError(f"{path}: there is no channel in it; write one a line: an id, an @handle or a link")
    return list(channels)
