"""Who may call: a token, the name the service is called by, and where a form was sent from.

On loopback a page of the web may still reach the service through the browser of whoever looks at it: under a name of
its own that it has lead here (DNS rebinding), or by a form. The first is refused by the header Host, the second by
Origin and Sec-Fetch-Site.
"""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smf_embed.errors import InputError
from smf_embed.service.answers import Json
from smf_embed.service.settings import Settings

TOKEN_COOKIE = "smf_embed_token"
ENTRY = "/desk/welcome"
# reached without a token: what says that the service is alive, and the page that asks for the token with its style
_OPEN = ("/", "/health", ENTRY)
_OPEN_BELOW = "/desk/static/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https://i.ytimg.com; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def check_listening(settings: Settings) -> None:
    """Refuse to be reached from other machines without a token.

    Raises
    ------
    InputError
    """
    if not settings.is_loopback and not settings.token:
        raise InputError(
            f"--host {settings.host} can be reached from other machines, so a token is needed: --token-file FILE, "
            "or the variable SMF_EMBED_TOKEN"
        )


def is_token(given: str, settings: Settings) -> bool:
    """Tell whether this is the token, in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), settings.token.encode())


def proof(token: str) -> str:
    """Return what a browser keeps instead of the token; the token cannot be told from it."""
    return hmac.new(token.encode(), b"smf-embed desk", hashlib.sha256).hexdigest()


class Guard:
    """Lets in who may call, and gives every answer the headers that keep browsers from harm."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope)
        await (refused or self._app)(scope, receive, send_with_headers)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._settings.is_loopback and _name_of(host) not in self._settings.hosts:
            return Json({"detail": "the service is not called by this name"}, 421)
        path = scope["path"]
        if self._settings.token and path not in _OPEN and not path.startswith(_OPEN_BELOW) and not self._knows(headers):
            if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                return RedirectResponse(f"{ENTRY}?{urlencode({'back': path})}", 303)
            reason = "show the token: Authorization: Bearer TOKEN"
            return Json({"detail": reason}, 401, {"WWW-Authenticate": "Bearer"})
        if scope["method"] not in _SAFE and _is_foreign(headers, host):
            return Json({"detail": "this was sent by a page of another site"}, 403)
        return None

    def _knows(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and is_token(given.strip(), self._settings):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(TOKEN_COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(
            cookie.value.encode("utf-8", "replace"), proof(self._settings.token).encode()
        )


def _name_of(host: str) -> str:
    """Return a host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_foreign(headers: Headers, host: str) -> bool:
    """Tell whether a browser says that a request comes from a page of another site; programs say nothing."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True
