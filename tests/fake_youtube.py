"""A YouTube Data API on a socket of this machine: its documented answers and errors, and connections that fail."""

import datetime as dt
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.states import State
from smf_embed.enrichment.watched import Watched

KEY = "AIzaSyFakeKeyThatMustNeverBeSeen_0123456"

A, B = "UC" + "a" * 22, "UC" + "b" * 22
NOON = dt.datetime(2026, 3, 2, 20, 0, tzinfo=dt.UTC)  # 12:00 in Los Angeles

#: Name → status and the rest of the answer, as the reference of the API documents them.
ERRORS = {
    "keyInvalid": (400, "usageLimits"),
    "keyExpired": (400, "usageLimits"),
    "badRequest": (400, "global"),
    "invalidPageToken": (400, "youtube.parameter"),
    "forbidden": (403, "youtube.common"),
    "channelForbidden": (403, "youtube.channel"),
    "accessNotConfigured": (403, "usageLimits"),
    "quotaExceeded": (403, "youtube.quota"),
    "rateLimitExceeded": (403, "usageLimits"),
    "playlistItemsNotAccessible": (403, "youtube.playlistItem"),
    "playlistNotFound": (404, "youtube.playlistItem"),
    "notFound": (404, "global"),
    "tooManyRequests": (429, "global"),
    "backendError": (500, "global"),
    "unavailable": (503, "global"),
}


class FakeYouTube:
    """The service; `with FakeYouTube() as api` runs it in a thread.

    Attributes
    ----------
    videos : dict of id → item of `videos.list`
    uploads : dict of channel → ids, newest first
    in_list : dict of id → privacy status that the list of its channel tells
    refused : dict of channel or handle → name of an error
        What is answered whenever it is asked for, alone or among others.
    faults : list of str
        What becomes of the next requests: a name of `ERRORS`; `hang`, `close` or `break`; `slow`, an answer that
        comes late and in pieces; `redirect` to another place; `nonsense`; `not_its_own`, JSON that is no answer of the
        API.
    on_request : callable
        Told the number of each request before it is answered.
    """

    def __init__(self, page: int = 50) -> None:
        self.page = page
        self.videos: dict[str, dict] = {}
        self.uploads: dict[str, list[str]] = {}
        self.handles: dict[str, str] = {}
        self.in_list: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.faults: list[str] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answered: list[tuple[str, dict[str, str]]] = []
        self.problems: list[str] = []
        self.on_request: Callable[[int], None] = lambda number: None
        self.lock = threading.Lock()

    def __enter__(self) -> "FakeYouTube":
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert self.problems == []

    def add(self, identifier: str, channel: str = "UC" + "a" * 22, *, top: bool = True, **changes: object) -> str:
        """Put a clip onto a channel, as its newest."""
        title = str(changes.pop("title", f"Clip {identifier}"))
        self.videos[identifier] = video(identifier, channel, title, **changes)
        self.titles[identifier] = title
        ids = self.uploads.setdefault(channel, [])
        ids.insert(0 if top else len(ids), identifier)
        return identifier

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.requests)

    def asked(self) -> Counter[str]:
        """How often each clip was asked for."""
        return Counter(one for name, words in self.requests if name == "videos" for one in words["id"].split(","))

    # ------------------------------------------------------------------------------------------------------ answers

    def answer(self, method: str, words: dict[str, str]) -> dict | str:
        """Return the answer to a request, or the name of an error."""
        if method == "videos":
            ids = words["id"].split(",")
            if len(ids) > 50:
                return "badRequest"
            return {"items": [self.videos[one] for one in ids if one in self.videos]}
        if method == "channels":
            named = words.get("id") or words.get("forHandle") or words["forUsername"]
            if errors := [self.refused[one] for one in named.split(",") if one in self.refused]:
                return errors[0]
            wanted = words["id"].split(",") if "id" in words else [self.handles.get(words.get("forHandle", ""), "")]
            return {"items": [self._channel(one) for one in wanted if one in self.uploads]}
        assert method == "playlistItems", method
        channel = "UC" + words["playlistId"][2:]
        if channel in self.refused:
            return self.refused[channel]
        if channel not in self.uploads:
            return "playlistNotFound"
        ids = self.uploads[channel]
        first = int(words.get("pageToken", "0"))
        found: dict = {"items": [self._listed(one, channel) for one in ids[first : first + self.page]]}
        if first + self.page < len(ids):
            found["nextPageToken"] = str(first + self.page)
        return found

    def _channel(self, channel: str) -> dict:
        related = {"relatedPlaylists": {"uploads": f"UU{channel[2:]}"}}
        return {"id": channel, "snippet": {"title": "Channel"}, "contentDetails": related}

    def _listed(self, identifier: str, channel: str) -> dict:
        privacy = self.in_list.get(identifier, "public")
        title = {"private": "Private video", "privacyStatusUnspecified": "Deleted video"}.get(privacy)
        return {
            "snippet": {
                "title": title or self.titles.get(identifier, identifier),
                "description": "" if title else f"About {identifier}",
                "channelId": channel,
                "channelTitle": "Channel",
                "publishedAt": "2024-05-06T07:08:09Z",
                "resourceId": {"videoId": identifier},
            },
            "contentDetails": {"videoId": identifier},
            "status": {"privacyStatus": privacy},
        }


def video(identifier: str, channel: str, title: str, **changes: object) -> dict:
    """Return an item of `videos.list`."""
    return {
        "id": identifier,
        "snippet": {
            "title": title,
            "description": f"About {identifier}",
            "channelId": channel,
            "channelTitle": "Channel",
            "publishedAt": "2024-05-06T07:08:09Z",
            "liveBroadcastContent": changes.get("broadcast", "none"),
        },
        "contentDetails": {"duration": changes.get("duration", "PT3M20S")},
        "status": {"uploadStatus": changes.get("upload", "processed"), "privacyStatus": "public"},
        "player": {"embedWidth": changes.get("width", "1280"), "embedHeight": changes.get("height", "720")},
    }


class _Handler(BaseHTTPRequestHandler):
    api: FakeYouTube
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        method = parts.path.rpartition("/")[2]
        words = {name: values[0] for name, values in parse_qs(parts.query).items()}
        api = self.api
        with api.lock:
            api.requests.append((method, words))
            number, fault = len(api.requests), api.faults.pop(0) if api.faults else ""
        api.on_request(number)
        if "key" in words or KEY in self.path:
            api.problems.append(f"the key stands in the address {self.path}")
        if fault == "hang":
            time.sleep(2)
        if fault in ("hang", "close"):
            self.close_connection = True
            return
        if fault == "redirect":
            self._send(302, "", Location=f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere/videos?id=x")
            return
        if self.headers.get("x-goog-api-key") != KEY:
            self._fail("keyInvalid")
        elif fault in ERRORS:
            self._fail(fault)
        else:
            found = api.answer(method, words)
            if isinstance(found, str):
                self._fail(found)
            else:
                found = {"kind": f"youtube#{method.removesuffix('s')}ListResponse"} | found
                body = {"nonsense": "<html>", "not_its_own": '{"login": "needed"}'}.get(fault) or json.dumps(found)
                self._send(200, body, fault)
                api.answered.append((method, words))

    def _fail(self, reason: str) -> None:
        status, domain = ERRORS[reason]
        # a service that repeats what it was sent
        message = f"It says {reason} for {self.headers.get('x-goog-api-key')}"
        error = {"message": message, "domain": domain, "reason": reason}
        self._send(status, json.dumps({"error": {"code": status, "message": message, "errors": [error]}}))

    def _send(self, status: int, body: str, fault: str = "", **headers: str) -> None:
        data = body.encode()
        if fault == "slow":
            time.sleep(0.2)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault == "slow":
            for first in range(0, len(data), len(data) // 4 or 1):
                self.wfile.write(data[first : first + (len(data) // 4 or 1)])
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.wfile.write(data[: len(data) // 2] if fault == "break" else data)
        if fault == "break":
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, **words: float) -> None:
        self.now += dt.timedelta(**words)


def name(number: int) -> str:
    return f"clip{number:07d}"


def fill(api: FakeYouTube, count: int, channel: str = A, first: int = 0) -> list[str]:
    return [api.add(name(number), channel) for number in range(first, first + count)]


def states(catalogue: Catalogue, ids: Iterable[str]) -> dict[str, State]:
    return {key: row.state for key, row in Watched(catalogue).clips(ids).items()}
