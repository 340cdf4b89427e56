"""Clips from a folder of the `.info.json` files that yt-dlp writes, with subtitle files beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from smf_embed.clips import ID, MAX_TEXT, SUBTITLES, TEXT, TITLE, ClipBatch, read_number, take_row
from smf_embed.enrichment.quota import Quota
from smf_embed.enrichment.states import Answer, ChannelAnswer, Page, State, state_of
from smf_embed.enrichment.youtube_fields import is_shorts, text_of
from smf_embed.errors import InputError
from smf_embed.subtitles import find_subtitles, read_best
from smf_embed.video_ids import clip_link

_SUFFIX = ".info.json"
_IN_BRACKETS = re.compile(r"\[([\w-]{11})\]$", re.ASCII)
_BROADCAST = {"is_live": "live", "is_upcoming": "upcoming"}
_NUMBERS = ("duration", "width", "height")
_NAMES = ("channel_id", "channel", "uploader_id", "uploader")
_TEXTS = (
    *("id", "title", "description", "upload_date", *_NAMES, "channel_url", "webpage_url"),
    *("live_status", "availability"),
)
_CLOSED = {
    "private": "it is private",
    "subscriber_only": "only members of the channel may see it",
    "premium_only": "only subscribers of YouTube may see it",
}


class InfoFolder:
    """A folder of yt-dlp's `.info.json` files; nothing is asked of the network.

    Parameters
    ----------
    folder : Path
    languages : sequence of str
        Of subtitles, the preferred first; see `smf_embed.subtitles.read_folder`.

    Raises
    ------
    InputError
        There is no such folder.
    """

    batch_size = 200
    knows_all = False
    quota: Quota | None = None

    def __init__(self, folder: Path, languages: Sequence[str] = ()) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of {_SUFFIX} files")
        self.name = f"the folder {folder}"
        self.notes: list[str] = []
        self._noted: set[str] = set()
        self._rejected: dict[Path, str] = {}
        self._folder = folder
        self._languages = languages

    def fetch(self, ids: Sequence[str], with_subtitles: Collection[str] = ()) -> dict[str, Answer]:
        """Return the answer for each id; see `Source`."""
        return {identifier: self._answer(identifier) for identifier in dict.fromkeys(ids)}

    def find_channels(self, given: Sequence[str]) -> dict[str, ChannelAnswer]:
        """Return the answer for each channel, named by its id, its handle or its name; see `Source`."""
        known = {name: channel for channel, names in self._channels.items() for name in names}
        missing = ChannelAnswer(None, reason=f"there is no clip of it in {self.name}")
        return {one: ChannelAnswer(known[one], known[one]) if one in known else missing for one in given}

    def uploads(self, uploads: str, page: str | None) -> Page:
        """Return all clips of a channel as one page; see `Source`."""
        return Page({identifier: Answer(State.LISTED) for identifier in self._clips_of.get(uploads, [])})

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _answer(self, identifier: str) -> Answer:
        path = self._paths.get(identifier)
        if path is None:
            return Answer(State.NOT_FOUND, f"there is no {_SUFFIX} file of it in {self.name}")
        info = self._read(path)
        if info is None:
            return Answer(State.UNAVAILABLE, f"{path.name}: {self._rejected.get(path, 'is of no clip')}")
        if info.get("availability") in _CLOSED and not info.get("title"):
            return Answer(State.PRIVATE, _CLOSED[info["availability"]])
        cells = _cells(identifier, info)
        for name in _NUMBERS:
            if not read_number(info.get(name))[1]:
                self._note(f"{path}: {name} is no number that can be used, and counts as missing")
        files = self._subtitles.get(identifier)
        if files:
            text, rejected = read_best(files, self._languages)
            for file, reason in rejected:
                self._note(f"{file}: {reason}")
            cells[SUBTITLES] = text and text[:MAX_TEXT]
        return state_of(cells)

    @cached_property
    def _paths(self) -> dict[str, Path]:
        """Id → its file. Those whose names tell no id are read for it."""
        paths = {}
        for path in sorted(self._folder.rglob(f"*{_SUFFIX}")):
            name = path.name.removesuffix(_SUFFIX)
            bracketed = _IN_BRACKETS.search(name)
            if bracketed:
                paths[bracketed[1]] = path
            else:
                info = self._read(path)
                if info is not None:
                    paths[info["id"]] = path
        return paths

    @cached_property
    def _subtitles(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for folder in dict.fromkeys([self._folder, *(path.parent for path in self._paths.values())]):
            for identifier, files in find_subtitles(folder).items():
                found.setdefault(identifier, []).extend(files)
        return found

    @cached_property
    def _listed(self) -> list[tuple[str, dict[str, Any]]]:
        """Id and channel of every clip, read once; the rest is not kept."""
        return [(key, {name: info.get(name) for name in (*_NAMES, "upload_date")}) for key, info in self._infos()]

    @cached_property
    def _channels(self) -> dict[str, set[str]]:
        """Channel → by what it may be named."""
        channels: dict[str, set[str]] = {}
        for _, info in self._listed:
            channel = info["channel_id"] or info["channel"]
            if channel:
                channels.setdefault(channel, set()).update(filter(None, map(info.get, _NAMES)))
        return channels

    @cached_property
    def _clips_of(self) -> dict[str, list[str]]:
        clips: dict[str, list[str]] = {}
        for identifier, info in sorted(self._listed, key=lambda pair: pair[1]["upload_date"] or "", reverse=True):
            clips.setdefault(info["channel_id"] or info["channel"] or "", []).append(identifier)
        return clips

    def _infos(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for identifier, path in self._paths.items():
            info = self._read(path)
            if info is not None:
                yield identifier, info

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return what a file says of a clip; None where it cannot be used, which is noted, or is of a playlist."""
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
        except (ValueError, RecursionError) as error:
            reason = f"is no JSON: {error}"
        else:
            if isinstance(info, dict) and info.get("_type", "video") != "video":
                return None
            reason = _reason_to_reject(info)
            if not reason:
                return info
        self._rejected[path] = reason
        self._note(f"{path}: {reason}")
        return None

    def _note(self, note: str) -> None:
        if note not in self._noted:  # a file is read more than once
            self._noted.add(note)
            self.notes.append(note)


def _reason_to_reject(info: Any) -> str:
    """Say why the content of a file cannot be used; empty where it can."""
    if not isinstance(info, dict):
        return f"is of type {type(info).__name__}, where the fields of a clip belong"
    if not info.get("id"):
        return "holds no id"
    for name in _TEXTS:
        value = info.get(name)
        if value is not None and not isinstance(value, str):
            return f"{name} is of type {type(value).__name__}, where a text belongs"
    batch = ClipBatch()
    take_row(batch, "", 1, _cells(info["id"], info))
    return batch.rejected[0].reason if batch.rejected else ""


def _cells(identifier: str, info: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the table that yt-dlp's fields tell."""
    channel = info.get("channel_id")
    day = info.get("upload_date") or ""
    seconds, width, height = (read_number(info.get(name))[0] for name in _NUMBERS)
    return {
        ID: identifier,
        "date": f"{day[:4]}-{day[4:6]}-{day[6:]}" if re.fullmatch(r"\d{8}", day) else None,
        TITLE: info.get("title"),
        TEXT: text_of(info.get("title"), info.get("description")),
        "url": info.get("webpage_url") or clip_link(identifier),
        "yt_channel_id": channel,
        "yt_channel_name": info.get("channel") or info.get("uploader"),
        "yt_ch_url": info.get("channel_url"),
        "seconds": seconds or None,
        "is_shorts": is_shorts(seconds or None, width, height),
        "broadcast": _BROADCAST.get(info.get("live_status") or "", "none"),
    }
