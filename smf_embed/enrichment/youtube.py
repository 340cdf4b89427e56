"""Clips from the YouTube Data API v3.

Google's own client builds the requests from the description of the API that comes with it. It is not left to repeat
them: what is repeated must be counted, and answers that break off are no reason to repeat for it. The key travels in a
header, so that it stands in no address, and with it in no error of the client.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from smf_embed.enrichment.quota import Quota, los_angeles
from smf_embed.enrichment.states import (
    Answer,
    ChannelAnswer,
    ChannelGoneError,
    Page,
    PageGoneError,
    SourceError,
    State,
    UnreachableError,
    extra_is_missing,
)
from smf_embed.enrichment.youtube_fields import clip_answer, listed_answer

KEY_VARIABLE = "YOUTUBE_API_KEY"
_ENDPOINT = "https://youtube.googleapis.com/"
_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_AT_ONCE = 50
_TRIES = 6
_LONGEST_WAIT = 60.0
_USED_UP = frozenset(("quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"))
_SLOW_DOWN = frozenset(("rateLimitExceeded", "userRateLimitExceeded", "backendError", "internalError"))


class YouTube:
    """The YouTube Data API.

    Parameters
    ----------
    key : str, optional
        The environment variable `YOUTUBE_API_KEY` where it is not given. It is sent, and never shown or stored.
    endpoint : str
        Where the API is.
    quota : Quota, optional
    timeout : float
        Seconds until a connection that says nothing counts as broken.
    sleep : callable
        Waits so many seconds between two tries.

    Raises
    ------
    SourceError
        There is no key.
    InputError
        The extra `youtube` is not installed, or there are no time zones.
    """

    name = "the YouTube Data API"
    batch_size = _AT_ONCE
    knows_all = True

    def __init__(
        self,
        key: str | None = None,
        *,
        endpoint: str = _ENDPOINT,
        quota: Quota | None = None,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        key = (os.environ.get(KEY_VARIABLE, "") if key is None else key).strip()
        if not key:
            raise SourceError(f"{self.name} needs a key; put it into the environment variable {KEY_VARIABLE}")
        if not re.fullmatch(r"[\x21-\x7e]+", key):  # what no header can hold
            raise SourceError(f"the key in {KEY_VARIABLE} is no key; it has white space or letters of other scripts")
        try:
            import httplib2
            import tenacity
            from googleapiclient import discovery
        except ImportError as error:
            raise extra_is_missing(self.name, error, "youtube") from error
        los_angeles()  # where there is no such zone, nothing should be asked for before that is told
        self._quota = quota or Quota()
        self.quota: Quota | None = self._quota
        self.notes: list[str] = []
        self._key = key
        connection = httplib2.Http(timeout=timeout)
        connection.follow_redirects = False  # the key goes to this place and to no other
        self._service = discovery.build(
            "youtube",
            "v3",
            http=connection,
            client_options={"api_endpoint": endpoint},
            static_discovery=True,
            cache_discovery=False,
        )
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(UnreachableError),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random_exponential(multiplier=1, max=_LONGEST_WAIT),
            sleep=sleep,
            reraise=True,
        )

    def fetch(self, ids: Sequence[str], with_subtitles: Collection[str] = ()) -> dict[str, Answer]:
        """Return the answer for each id; see `Source`."""
        answers: dict[str, Answer] = {}
        for identifier in dict.fromkeys(ids):
            if not _ID.fullmatch(identifier):
                answers[identifier] = Answer(
                    State.WRONG, "is no id of YouTube: those have 11 letters, digits, hyphens or underscores"
                )
        asked = [identifier for identifier in dict.fromkeys(ids) if identifier not in answers]
        for first in range(0, len(asked), _AT_ONCE):
            chunk = asked[first : first + _AT_ONCE]
            found = self._ask(
                self._service.videos().list(
                    part="snippet,contentDetails,status,player",
                    id=",".join(chunk),
                    maxResults=_AT_ONCE,
                    # with a box to fit into, the player tells whether the picture is upright
                    maxWidth=1280,
                    maxHeight=1280,
                )
            )
            here = {item["id"]: clip_answer(item) for item in _items(found)}
            missing = Answer(
                State.NOT_FOUND, "YouTube has no such clip for the public: deleted, private or never there"
            )
            answers |= {identifier: here.get(identifier, missing) for identifier in chunk}
        return answers

    def find_channels(self, given: Sequence[str]) -> dict[str, ChannelAnswer]:
        """Return the answer for each channel; see `Source`."""
        by_id = [one for one in given if not one.startswith(("@", "user/"))]
        answers: dict[str, ChannelAnswer] = {}
        for first in range(0, len(by_id), _AT_ONCE):
            chunk = by_id[first : first + _AT_ONCE]
            try:
                here = {item["id"]: item for item in self._find_channels(id=",".join(chunk), maxResults=_AT_ONCE)}
            except _Refused as refused:
                if not refused.is_of_a_channel:
                    raise
                answers |= {one: self._find_channel(id=one) for one in chunk}  # the others are not to blame
            else:
                answers |= {one: _channel_answer(here.get(one)) for one in chunk}
        for one in given:
            if one.startswith("@"):
                answers[one] = self._find_channel(forHandle=one)
            elif one.startswith("user/"):
                answers[one] = self._find_channel(forUsername=one.removeprefix("user/"))
        return answers

    def uploads(self, uploads: str, page: str | None) -> Page:
        """Return a page of an uploads playlist; see `Source`."""
        words = {"pageToken": page} if page else {}
        try:
            found = self._ask(
                self._service.playlistItems().list(
                    part="snippet,contentDetails,status", playlistId=uploads, maxResults=_AT_ONCE, **words
                )
            )
        except _Refused as refused:
            if refused.reason == "invalidPageToken" and page:
                raise PageGoneError("the page is not there any more") from None
            if refused.status == 404:
                raise ChannelGoneError("it has no list of clips any more: closed, or without a public clip") from None
            if refused.reason == "playlistItemsNotAccessible":
                raise ChannelGoneError("its list of clips is not public") from None
            if refused.is_of_a_channel:
                raise ChannelGoneError(str(refused)) from None
            raise
        clips = dict(listed_answer(item) for item in _dicts(found.get("items")))
        token = found.get("nextPageToken")
        # a list whose page names itself as the next would have no end
        is_next = isinstance(token, str) and token not in ("", page)
        known = {key: answer for key, answer in clips.items() if key and _ID.fullmatch(key)}
        return Page(known, token if is_next else None)

    def close(self) -> None:
        """Close its connections."""
        self._service.close()

    def _find_channel(self, **words: Any) -> ChannelAnswer:
        try:
            return _channel_answer(next(iter(self._find_channels(**words)), None))
        except _Refused as refused:
            if not refused.is_of_a_channel:
                raise
            return ChannelAnswer(None, reason=str(refused))

    def _find_channels(self, **words: Any) -> list[dict[str, Any]]:
        try:
            return _items(self._ask(self._service.channels().list(part="contentDetails,snippet", **words)))
        except _Refused as refused:
            if refused.status == 404:
                return []
            raise

    def _ask(self, request: Any) -> dict[str, Any]:
        """Send a request, again where that may help."""
        request.headers["x-goog-api-key"] = self._key
        return self._retrying(self._ask_once, request)

    def _ask_once(self, request: Any) -> dict[str, Any]:
        import httplib2
        from googleapiclient.errors import HttpError

        self._quota.spend()
        failure: SourceError
        try:
            found = request.execute(num_retries=0)
        except HttpError as error:
            failure = self._of(error)
        except (
            OSError, httplib2.HttpLib2Error, http.client.HTTPException, ValueError, RecursionError, AttributeError
        ) as error:  # fmt: skip
            # a connection that breaks off, a name that is not found, an answer that is no JSON or JSON without end, an
            # error whose message is no text
            what = str(error) or type(error).__name__
            failure = UnreachableError(f"{self.name} cannot be reached: {self._without_key(what)}")
        else:
            if isinstance(found, dict) and str(found.get("kind", "")).startswith("youtube#"):
                return found
            # what stands between must not mean that no clip is there any more
            failure = UnreachableError(f"{self.name} answered with something that is no answer of it")
        # out here no error of the client goes along, whose text may hold the key
        raise failure

    def _of(self, error: Any) -> SourceError:
        """Return our error for an answer that is none."""
        status = int(error.resp.status)
        try:
            told = json.loads(error.content)["error"]
            reasons = [str(one.get("reason", "")) for one in _dicts(told.get("errors"))]
            reasons += [str(one.get("reason", "")) for one in _dicts(told.get("details"))]
            message = " ".join(str(told.get("message", "")).split())
        except (ValueError, KeyError, TypeError, AttributeError):
            reasons, message = [], ""
        if _USED_UP & set(reasons):
            return self._quota.exhaust()
        said = self._without_key(f"{status}{f' {reasons[0]}' if reasons else ''}{f': {message}' if message else ''}")
        if status == 429 or status >= 500 or _SLOW_DOWN & set(reasons):
            return UnreachableError(f"{self.name} does not answer now: {said}")
        if {"keyInvalid", "API_KEY_INVALID", "keyExpired"} & set(reasons):
            return SourceError(f"{self.name} does not take the key in {KEY_VARIABLE}: {said}")
        return _Refused(f"{self.name} refuses: {said}", status, reasons[0] if reasons else "")

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "(the key)")


class _Refused(SourceError):
    """An error that the API gives for a request as it is."""

    def __init__(self, message: str, status: int, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @property
    def is_of_a_channel(self) -> bool:
        """Whether the channel that was asked for is the reason, and others may be answered."""
        return self.status == 400 or self.reason == "channelForbidden"


def _channel_answer(item: dict[str, Any] | None) -> ChannelAnswer:
    if item is None:
        return ChannelAnswer(None, reason="YouTube has no such channel: closed, or never there")
    try:
        uploads = item.get("contentDetails", {}).get("relatedPlaylists", {}).get("uploads")
    except AttributeError:
        uploads = None
    if not uploads or not isinstance(uploads, str):
        return ChannelAnswer(item["id"], reason="it has no list of clips")
    return ChannelAnswer(item["id"], uploads)


def _items(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of an answer that name what they are of."""
    return [item for item in _dicts(found.get("items")) if isinstance(item.get("id"), str)]


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
