"""The pages of the desk: what an analyst does in a browser. They are made on the server and work without scripts."""

from __future__ import annotations

import hmac
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from smf_embed.service import page_clips, page_frame, page_tables, page_work
from smf_embed.service.desk import Desk
from smf_embed.service.page_forms import read_form
from smf_embed.service.page_frame import PageRoute, local_path, render
from smf_embed.service.page_jobs import Jobs
from smf_embed.service.page_texts import text
from smf_embed.service.security import ENTRY, TOKEN_COOKIE, is_token, proof
from smf_embed.service.settings import Settings

_MONTH = 30 * 24 * 3600


def add_pages(app: FastAPI, desk: Desk, settings: Settings) -> None:
    """Put the pages into the service, at /desk.

    Whoever looks at them has told a name, and the token where the service has one.
    """
    app.state.desk, app.state.settings, app.state.jobs = desk, settings, Jobs()
    # uploaded tables and the report, until the service ends
    app.state.page_files = Path(tempfile.mkdtemp(prefix="smf-embed-"))
    weakref.finalize(app, shutil.rmtree, app.state.page_files, ignore_errors=True)
    open_to_all = APIRouter(prefix="/desk", include_in_schema=False, route_class=PageRoute)
    open_to_all.add_api_route("/welcome", welcome, methods=["GET"])
    open_to_all.add_api_route("/welcome", enter, methods=["POST"])
    open_to_all.add_api_route("/static/{name}", static, methods=["GET"])
    app.include_router(open_to_all)
    for router in (page_clips.router, page_work.router, page_tables.router):
        app.include_router(router, dependencies=[Depends(admit)])
    app.add_api_route("/", to_desk, include_in_schema=False)


def is_open(request: Request, settings: Settings) -> bool:
    """Tell whether a browser has shown the token of the service, or none is needed."""
    shown = request.cookies.get(TOKEN_COOKIE, "")
    return not settings.token or hmac.compare_digest(shown.encode(), proof(settings.token).encode())


def admit(request: Request) -> None:
    """Send readers to the entry who have not told their name, or the token."""
    if not is_open(request, request.app.state.settings) or not page_frame.name_of(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        # the language that a link asks for is that of the entry, too
        asked = {"lang": request.query_params["lang"]} if "lang" in request.query_params else {}
        back = wanted if request.method == "GET" else "/desk"
        raise page_frame.Elsewhere(page_frame.with_query(ENTRY, back=back, **asked))


def to_desk() -> RedirectResponse:
    """The root of the service is no page of its own."""
    return RedirectResponse("/desk", 303)


def welcome(request: Request) -> Response:
    """Ask for the name, and the token."""
    return _entry(request, request.query_params.get("back"), "")


def enter(request: Request, form: Annotated[FormData, Depends(read_form)]) -> Response:
    """Let a reader in."""
    settings: Settings = request.app.state.settings
    language, back = page_frame.language_of(request), local_path(str(form.get("back", "")))
    name = page_frame.cleaned_name(str(form.get("who", "")))
    is_known = is_open(request, settings)
    if not is_known and not is_token(str(form.get("token", "")), settings):
        return _entry(request, back, text(language, "token_wrong"), 403)
    if not name:
        return _entry(request, back, text(language, "name_missing"), 422)
    answer = RedirectResponse(back, 303)
    is_secure = request.url.scheme == "https"
    page_frame.keep_name(answer, name, is_secure)
    if settings.token and not is_known:
        answer.set_cookie(
            *(TOKEN_COOKIE, proof(settings.token)),
            max_age=_MONTH, path="/desk", httponly=True, samesite="lax", secure=is_secure,
        )  # fmt: skip
    return answer


def _entry(request: Request, back: str | None, wrong: str, status: int = 200) -> Response:
    ask = not is_open(request, request.app.state.settings)
    return render(request, "welcome.html", status, ask_token=ask, return_to=local_path(back), wrong=wrong)


def static(name: str) -> Response:
    """Return a file that all pages load; its address changes with it, so browsers may keep it."""
    try:
        body, _ = page_frame.static_file(name)
    except KeyError:
        raise HTTPException(404) from None
    headers = page_frame.HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(body, media_type=page_frame.STATIC[name], headers=headers)
