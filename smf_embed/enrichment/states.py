"""What a source of clips answers, and what all sources are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from smf_embed.errors import InputError, SmfEmbedError

if TYPE_CHECKING:
    from smf_embed.enrichment.quota import Quota


class State(StrEnum):
    """What is known of a clip; all of them are described in docs/enrichment.md."""

    OK = "ok"
    LISTED = "listed"
    LIVE = "live"
    UPCOMING = "upcoming"
    DELETED = "deleted"
    PRIVATE = "private"
    NOT_FOUND = "not found"
    UNAVAILABLE = "unavailable"
    QUOTA = "quota"
    WRONG = "wrong"
    REMOVED = "removed"


@dataclass(frozen=True)
class Answer:
    """What a source says of one id.

    Attributes
    ----------
    state : State
    reason : str
        In words; empty where the state says it all.
    cells : dict of str → value, or None
        Columns of the table that the source knows; None where it knows of no such clip.
    """

    state: State
    reason: str = ""
    cells: dict[str, Any] | None = None


@dataclass(frozen=True)
class ChannelAnswer:
    """What a source says of one channel.

    Attributes
    ----------
    channel : str or None
        Its id; None where the source knows of no such channel.
    uploads : str
        What `Source.uploads` is to be asked for.
    reason : str
        Why it cannot be listed; empty where it can.
    """

    channel: str | None
    uploads: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Page:
    """Some clips of a channel, newest first.

    Attributes
    ----------
    clips : dict of str → Answer
        Id → what the list itself tells: `listed` with what cells it has, or `private`.
    next_page : str or None
        What to ask for next; None at the end.
    """

    clips: dict[str, Answer] = field(default_factory=dict)
    next_page: str | None = None


class Source(Protocol):
    """Where the fields of clips come from.

    Attributes
    ----------
    name : str
        In words, for messages.
    batch_size : int
        How many ids are best asked for at once.
    knows_all : bool
        A clip that it does not find is not there any more.
    quota : Quota or None
        What may be asked for in a day.
    notes : list of str
        What its user should be told, such as files that could not be read.
    """

    name: str
    batch_size: int
    knows_all: bool
    quota: Quota | None
    notes: list[str]

    def fetch(self, ids: Sequence[str], with_subtitles: Collection[str] = ()) -> dict[str, Answer]:
        """Return the answer for each id.

        Parameters
        ----------
        ids : sequence of str
        with_subtitles : collection of str
            Those whose subtitles are stored; where these cost a request of their own, they are not asked for again.

        Raises
        ------
        QuotaUsedUpError
            Nothing more can be asked for before a time.
        UnreachableError
            It did not answer, however often it was tried.
        SourceError
            It will not answer before something is mended.
        """

    def find_channels(self, given: Sequence[str]) -> dict[str, ChannelAnswer]:
        """Return the answer for each channel, as `smf_embed.enrichment.channels.read_channels` names it."""

    def uploads(self, uploads: str, page: str | None) -> Page:
        """Return a page of the clips of a channel, newest first; the first page where `page` is None.

        Raises
        ------
        ChannelGoneError
            There is no such list any more.
        PageGoneError
            There is no such page any more; begin again at the first.
        """

    def close(self) -> None:
        """Close its connections."""


class SourceError(SmfEmbedError):
    """A source that will not answer before something is mended, such as a key."""


class UnreachableError(SourceError):
    """A source that did not answer now."""


class QuotaUsedUpError(SourceError):
    """Nothing more can be asked for before `resets`."""

    def __init__(self, message: str, resets: dt.datetime) -> None:
        super().__init__(message)
        self.resets = resets


class ChannelGoneError(SourceError):
    """A channel without a list of clips: closed, or its list is not public."""


class PageGoneError(SourceError):
    """A page of a list that cannot be asked for any more."""


def state_of(cells: dict[str, Any]) -> Answer:
    """Return the answer for a clip whose fields are known, by the column `broadcast`."""
    broadcast = cells.get("broadcast")
    if broadcast == "live":
        return Answer(State.LIVE, "it is live; how long it will be is not known yet", cells)
    if broadcast == "upcoming":
        return Answer(State.UPCOMING, "it has not begun yet", cells)
    return Answer(State.OK, "", cells)


def extra_is_missing(what: str, error: ImportError, extra: str) -> InputError:
    """Return the error of a package that belongs to an extra and is not installed."""
    return InputError(f"{what} needs {error.name}: pip install 'smf-embed[{extra}]'")
