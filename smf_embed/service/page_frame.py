"""The frame of all pages: language, name of the reader, notices, headers, and templates that escape what they show."""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import urllib.parse
from collections.abc import Callable, Coroutine, Iterable, Sequence
from importlib import resources
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from smf_embed.errors import InputError, ModelError
from smf_embed.service import page_views as views
from smf_embed.service.page_texts import LANGUAGES, TEXTS, decimal, number, percent, text
from smf_embed.service.waiting import Busy, Late
from smf_embed.tables import csv_lines

logger = logging.getLogger("smf_embed.service")

LANGUAGE_COOKIE, NAME_COOKIE = "smf_embed_language", "smf_embed_name"
MOST_OF_A_NAME = 60
_YEAR = 365 * 24 * 3600
STATIC = {"desk.css": "text/css", "desk.js": "text/javascript", "icon.svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' https://i.ytimg.com; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    # browsers send no origin with forms of pages that say no-referrer
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def language_of(request: Request) -> str:
    """Return the language that a reader asked for, chose before, or reads by the settings of the browser."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    weights: dict[str, float] = {}
    for part in request.headers.get("accept-language", "")[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            weights.setdefault(name[:2].lower(), float(weight or 1))
        except ValueError:
            continue
    known = [language for language in LANGUAGES if weights.get(language, 0) > 0]
    return max(known, key=lambda language: weights[language], default=LANGUAGES[0])


def name_of(request: Request) -> str:
    """Return the name that the reader gave, empty while there is none."""
    name = urllib.parse.unquote(request.cookies.get(NAME_COOKIE, ""), errors="replace")
    return cleaned_name(name)


def cleaned_name(name: str) -> str:
    """Return a name without control characters and of a bounded length."""
    return " ".join(views.shown(name, MOST_OF_A_NAME).split())


def keep_name(response: Response, name: str, secure: bool) -> None:
    """Have the browser keep the reader's name."""
    quoted = urllib.parse.quote(name)
    response.set_cookie(NAME_COOKIE, quoted, max_age=_YEAR, path="/desk", samesite="lax", httponly=True, secure=secure)


class Elsewhere(Exception):
    """The reader has to go to another page first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class PageRoute(APIRoute):
    """A route whose errors are pages, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_in_any_case(request: Request) -> Response:
            try:
                return await answer(request)
            except Elsewhere as elsewhere:
                return RedirectResponse(elsewhere.path, 303)
            except Exception as error:
                return _error_page(request, error)

        return answer_in_any_case


def _error_page(request: Request, error: Exception) -> Response:
    """Tell what went wrong; paths of the server and other innards stay in its log."""
    language = language_of(request)
    if isinstance(error, Busy | Late):
        status, message = 503, text(language, "error_busy")
    elif isinstance(error, InputError):
        status, message = 422, str(error).replace(str(request.app.state.desk.folder), "…")
    elif isinstance(error, RequestValidationError):
        status, message = 404, text(language, "error_missing")
    elif isinstance(error, HTTPException):
        key = {403: "error_foreign", 404: "error_missing"}.get(error.status_code)
        status, message = error.status_code, text(language, key) if key else str(error.detail)
    elif isinstance(error, ModelError):
        status, message = 503, text(language, "no_model")
    else:
        logger.exception("a page could not be made")
        status, message = 500, text(language, "error_internal")
    return render(request, "error.html", status, message=message)


def with_query(path: str, **values: object) -> str:
    """Return an address with values in its query; lists give a value each."""
    return f"{path}?{urllib.parse.urlencode(values, doseq=True)}"


def local_path(wanted: str | None) -> str:
    """Return where to go next, a page of the desk in any case: a link must not lead elsewhere."""
    path = wanted or ""
    is_ours = path == "/desk" or path.startswith(("/desk/", "/desk?"))
    return path if is_ours and path.isprintable() and "\\" not in path else "/desk"


def clip_link(identifier: str) -> str:
    """Return the address of a clip's card."""
    return with_query("/desk/clip", id=identifier)


def go(path: str, done: str = "", **values: object) -> RedirectResponse:
    """Send the browser to a page of the desk, which tells what was done."""
    if done:
        parts = urllib.parse.urlsplit(path)
        kept = [pair for pair in urllib.parse.parse_qsl(parts.query) if pair[0] not in ("done", "n", "told")]
        query = urllib.parse.urlencode([*kept, ("done", done), *((key, str(value)) for key, value in values.items())])
        path = urllib.parse.urlunsplit(parts._replace(query=query))
    return RedirectResponse(path, status_code=303)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill in a template; the texts are those of the reader's language."""
    language = language_of(request)
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    # what a form was sent to is no page to come back to
    path = request.url.path if request.method == "GET" else "/desk"
    kept = [pair for pair in query if pair[0] not in ("done", "n", "told")] if request.method == "GET" else []
    page = _environment().get_template(template)
    body = page.render(
        t=functools.partial(text, language),
        number=functools.partial(number, language),
        decimal=functools.partial(decimal, language),
        percent=functools.partial(percent, language),
        lang=language,
        who=name_of(request),
        here=path,
        back=f"{path}?{urllib.parse.urlencode(kept)}" if kept else path,
        other_language=f"{path}?{urllib.parse.urlencode([*kept, ('lang', other)])}",
        notice=_notice(request, language),
        **values,
    )
    response = HTMLResponse(body, status, headers=HEADERS)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, path="/desk", samesite="lax", httponly=True)
    return response


def csv_file(columns: Sequence[str], rows: Iterable[dict[str, Any]], name: str) -> StreamingResponse:
    """Return a table as a download; without the mark at its begin spreadsheet programs take the letters for Latin."""
    lines = itertools.chain(["\N{BYTE ORDER MARK}"], csv_lines(columns, rows))
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def static_file(name: str) -> tuple[bytes, str]:
    """Return the bytes of a static file and its digest.

    Raises
    ------
    KeyError
        A name that is not one of `STATIC`.
    """
    if name not in STATIC:
        raise KeyError(name)
    return _static_file(name)


@functools.cache
def _static_file(name: str) -> tuple[bytes, str]:
    body = resources.files("smf_embed.service").joinpath("static", name).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]


def _notice(request: Request, language: str) -> dict[str, Any] | None:
    """Return what the page before has done; only texts of the table are told, whatever a link may say."""
    done = request.query_params.get("done", "")
    if f"done_{done}" not in TEXTS:
        return None
    count = request.query_params.get("n", "")
    n = int(count) if count.isascii() and count.isdigit() and len(count) < 9 else 0
    kind = "warn" if done == "new" else ""
    told = text(language, f"done_{done}", n=n, project=views.shown(request.query_params.get("told"), 80))
    return {"text": told, "kind": kind, "can_undo": done in ("label", "unlabel", "near")}


@functools.cache
def _environment() -> Environment:
    # titles are hostile input: everything that is filled in is escaped
    environment = Environment(
        loader=PackageLoader("smf_embed.service"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals.update(
        shown=views.shown,
        hue=views.hue,
        thumbnail=views.thumbnail,
        clip_link=clip_link,
        static=lambda name: f"/desk/static/{name}?v={static_file(name)[1]}",
    )
    return environment
