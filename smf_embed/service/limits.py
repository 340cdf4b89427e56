"""How much a caller may send, how long that may take, and how many are served at a time."""

from __future__ import annotations

import asyncio
import time

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smf_embed.service.answers import Json
from smf_embed.service.settings import Settings


class Limits:
    """Refuses a body that is too large or too slow while it comes in, and callers when there are too many."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._settings.max_in_flight and scope["path"] not in ("/health", "/metrics"):
            reason = "too many requests are being served; try again soon"
            await Json({"detail": reason}, 429, {"Retry-After": "1"})(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._settings
        is_upload = scope["path"].startswith(settings.uploads)
        most = settings.max_upload if is_upload else settings.max_body
        too_large = f"the request is larger than {most:,} bytes"
        length = Headers(scope=scope).get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > most:
            await _refusal(413, too_large)(scope, receive, send)
            return
        until = time.monotonic() + settings.body_seconds * (10 if is_upload else 1)
        seen, whole, answered = 0, False, False

        async def receive_limited() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()  # waits for the caller to go away
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.0))
            except TimeoutError:
                raise HTTPException(408, "the request took too long to arrive") from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if seen > most:
                    raise HTTPException(413, too_large)
            return message

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive_limited, send_noted)
        except HTTPException as refused:
            if not answered:
                await _refusal(refused.status_code, refused.detail)(scope, receive, send)


def _refusal(status: int, reason: str) -> Json:
    return Json({"detail": reason}, status, {"Connection": "close"})
