"""The service over HTTP: what the desk does, as JSON."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response, StreamingResponse

from smf_embed import __version__
from smf_embed.errors import SmfEmbedError
from smf_embed.exporting import LOG_COLUMNS
from smf_embed.service import shapes
from smf_embed.service.answers import Json, answer_to
from smf_embed.service.desk import Desk
from smf_embed.service.limits import Limits
from smf_embed.service.pages import add_pages
from smf_embed.service.security import Guard, check_listening
from smf_embed.service.settings import Settings
from smf_embed.service.watching import Figures, Watch
from smf_embed.tables import csv_lines

logger = logging.getLogger("smf_embed.service")

_ABOUT = (
    "Which project does a video belong to? Texts are those of a table of clips; times are UTC. Errors are JSON with "
    "`detail`: 401 without the token, 409 while there is no model, 413 and 422 for what is too large or has another "
    "form, 429 with Retry-After when too much is waiting or another program writes, 503 when it takes too long."
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": shapes.Problem, "description": reason}
    for status, reason in {
        400: "Not JSON in UTF-8",
        409: "There is no model yet",
        413: "Too large",
        422: "It has another form, or cannot be done",
        429: "Too much is waiting, or another program writes; see Retry-After",
        503: "It took too long, or the catalogue cannot be used now",
    }.items()
}
_NOT_STORED: dict[int | str, dict[str, Any]] = {404: {"model": shapes.Problem, "description": "Not in the catalogue"}}
_SPARE_THREADS = 4
_Identifier = Annotated[str, Query(min_length=1, max_length=128, examples=["dQw4w9WgXcQ"])]
_Text = Annotated[str, Query(max_length=1_000)]
_Name = Annotated[str, Query(max_length=200)]


def create_app(desk: Desk, settings: Settings | None = None) -> FastAPI:
    """Return the service of a desk, which whoever calls opens and closes.

    Raises
    ------
    InputError
        When it would listen to other machines without a token.
    """
    settings = settings or Settings()
    check_listening(settings)

    @asynccontextmanager
    async def with_threads(_: FastAPI) -> AsyncIterator[None]:
        # a thread for each request that is let in, so that none waits where nobody counts, and some for /metrics
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.max_in_flight + _SPARE_THREADS
        yield

    app = FastAPI(
        title="smf-embed",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # they load scripts of other sites
        redoc_url=None,
        default_response_class=Json,
        responses=_PROBLEMS,
        lifespan=with_threads,
    )
    figures = Figures()
    _add_errors(app, desk)
    _add_decisions(app, desk, figures)
    _add_searches(app, desk)
    _add_changes(app, desk, figures)
    _add_state(app, desk, figures)
    add_pages(app, desk, settings)
    # the last is the first to see a request
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Watch, figures=figures)
    return app


def _add_errors(app: FastAPI, desk: Desk) -> None:
    @app.exception_handler(SmfEmbedError)
    def of_ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, SmfEmbedError)
        return answer_to(error, desk.folder)

    @app.exception_handler(RequestValidationError)
    def of_form(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # without what was sent: it may be large, and no JSON at all
        places = [
            {"loc": [str(part)[:100] for part in one["loc"]], "msg": one["msg"][:500], "type": one["type"]}
            for one in error.errors()[:20]
        ]
        return Json({"detail": places}, 422)

    @app.exception_handler(Exception)
    def of_nobody(_: Request, __: Exception) -> Response:
        return Json({"detail": "an error of the service; its log says more"}, 500)


def _add_decisions(app: FastAPI, desk: Desk, figures: Figures) -> None:
    @app.post("/classify", response_model=shapes.ClassifyAnswer, tags=["decisions"])
    def classify(body: shapes.ClassifyRequest) -> Response:
        """Tell the projects of up to 10,000 clips, in the order asked.

        A stored clip is asked for by its id, and answered by its label where it has one.
        """
        asked: list[Any] = [clip.told() for clip in body.clips] if body.clips is not None else list(body.ids or ())
        answers = desk.classify(asked)
        figures.clips.labels("classified").inc(len(answers))
        return Json({"answers": [asdict(answer) for answer in answers]})

    @app.get("/explain", tags=["decisions"], responses=_NOT_STORED)
    def explain(id: _Identifier) -> Response:
        """Tell why a stored clip is decided as it is: evidence in words, nearest labelled clips, names found."""
        return Json(desk.explain(id))

    @app.post("/explain", tags=["decisions"])
    def explain_clip(body: shapes.ExplainRequest) -> Response:
        """Tell why a clip would be decided as it would."""
        told = body.clip.told()
        if not told.keys() - {"yt_reel_id"}:
            raise HTTPException(422, "send a title or a text; for a stored clip: GET /explain?id=")
        return Json(desk.explain(told))


def _add_searches(app: FastAPI, desk: Desk) -> None:
    @app.get("/similar", response_model=list[shapes.FoundRow], tags=["searches"], responses=_NOT_STORED)
    def similar(
        id: _Identifier | None = None,
        title: _Text | None = None,
        n: Annotated[int, Query(ge=1, le=200)] = 10,
        project: _Name | None = None,
        channel: _Text | None = None,
        labelled: bool = False,
    ) -> Response:
        """List the clips nearest to a stored one, or to a title."""
        return Json(desk.similar(id, title, n, project, channel, labelled))

    @app.get("/search", response_model=list[shapes.SearchRow], tags=["searches"])
    def search(text: _Text, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
        """Find stored clips by a link of any form, an id, words of the title, or what is nearest to a text."""
        return Json(desk.search(text, limit))

    @app.get("/clips/{yt_reel_id}", tags=["searches"], responses=_NOT_STORED)
    def clip(yt_reel_id: str) -> Response:
        """Return a stored clip with the history of its labels."""
        found = desk.clip(yt_reel_id)
        if found is None:
            raise HTTPException(404, "the catalogue does not hold this id")
        return Json(found)


def _add_changes(app: FastAPI, desk: Desk, figures: Figures) -> None:
    @app.post("/clips", response_model=shapes.AddAnswer, tags=["changes"])
    def add(body: shapes.AddRequest) -> Response:
        """Store new clips and update known ones; a column that is missing leaves what is stored."""
        report = desk.add([clip.told() for clip in body.clips], body.who)
        figures.clips.labels("added").inc(report["added"])
        return Json(report)

    @app.post("/labels", response_model=shapes.LabelAnswer, tags=["changes"])
    def label(body: shapes.LabelRequest) -> Response:
        """Give clips a project or `none`, or take their label away; it is on the disk when this is answered."""
        done = desk.label(body.ids, body.project, body.who)
        figures.clips.labels("labelled").inc(len(done["labelled"]))
        return Json(done)

    @app.post("/labels/undo", response_model=shapes.UndoAnswer, tags=["changes"])
    def undo(body: shapes.UndoRequest) -> Response:
        """Take back the last labels that a person gave in one go; those before where all were labelled anew since."""
        return Json(desk.undo(body.who))

    @app.get("/labels", response_model=list[shapes.LogRow], tags=["changes"])
    def labels(
        since: dt.datetime | None = None,
        person: _Name | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000_000)] = 10_000,
        format: Literal["json", "csv"] = "json",
    ) -> Response:
        """List who gave which label when, oldest first; of more than `limit` the newest."""
        rows = desk.labels_log(None if since is None else _in_utc(since), person, limit)
        if format == "csv":
            headers = {"Content-Disposition": 'attachment; filename="labels.csv"'}
            return StreamingResponse(csv_lines(LOG_COLUMNS, rows), 200, headers, "text/csv; charset=utf-8")
        return Json(rows)

    @app.post("/projects", response_model=shapes.TeachAnswer, tags=["changes"])
    def teach(body: shapes.TeachRequest) -> Response:
        """Teach a project by clips of it; decisions know it when this is answered."""
        return Json(desk.teach(body.project, body.ids, body.who))


def _add_state(app: FastAPI, desk: Desk, figures: Figures) -> None:
    @app.get("/projects", response_model=list[shapes.ProjectRow], tags=["state"])
    def projects() -> Response:
        """List the projects with their clips, F1 out of fold and thresholds."""
        return Json(desk.projects())

    @app.get("/review", response_model=shapes.ReviewAnswer, tags=["state"])
    def review(n: Annotated[int, Query(ge=1, le=200)] = 20, project: _Name | None = None) -> Response:
        """List unlabelled clips that a person should look at; what is labelled leaves the list."""
        return Json({"clips": desk.review(n, project), "ready": desk.review_ready})

    @app.get("/health", tags=["state"])
    async def health() -> Response:
        """Say that the service answers, and whether it has a model; asks for no token."""
        return Json({"status": "ok", "model": desk.model.model is not None})

    @app.get("/metrics", tags=["state"], response_class=Response)
    def metrics() -> Response:
        """Return figures for Prometheus."""
        return Response(figures.text(desk), media_type=CONTENT_TYPE_LATEST)


def _in_utc(time: dt.datetime) -> str:
    if time.tzinfo is None:
        time = time.replace(tzinfo=dt.UTC)
    try:
        return time.astimezone(dt.UTC).isoformat(timespec="seconds")
    except OverflowError:
        raise HTTPException(422, "since: is no time in UTC") from None
