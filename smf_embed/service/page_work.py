"""The pages of work: the review, the projects, the lesson of a new one, and who labelled what."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from smf_embed.clips import ID, LABEL, NONE
from smf_embed.errors import InputError
from smf_embed.service.desk import Desk
from smf_embed.service.page_clips import (
    card,
    found,
    is_new,
    judged,
    label_row,
    neighbour,
    project_names,
    to_lesson,
    undo_notice,
)
from smf_embed.service.page_forms import Form, ids_of, project_in
from smf_embed.service.page_frame import PageRoute, csv_file, go, language_of, name_of, render, with_query
from smf_embed.service.page_texts import text

router = APIRouter(prefix="/desk", include_in_schema=False, route_class=PageRoute)

# clips of one round of the review
_ROUND = 20
# clips of the review that are counted by project; the queue keeps about as many
_DOUBTFUL = 300
# labels that are listed
_LISTED = 50
# `smf-embed label --from` reads these
_EXPORTED = ("at", "person", "source", ID, LABEL, "was")
_SORTS = ("project", "clips", "f1", "threshold", "doubtful")

Ids = Annotated[list[str], Query()]


# -------------------------------------------------------------------------------------------------------------- review


@router.get("/review")
def review(request: Request, ids: Ids = [], at: int = 0, project: str = "") -> Response:  # noqa: B006
    """Show one clip of a round; a round is in the address, so going back and loading again are harmless."""
    desk: Desk = request.app.state.desk
    page: dict[str, Any] = {"waiting": False, "clip": None, "at": 0, "ids": [], "nearest": []}
    if not ids:
        chosen = [row[ID] for row in desk.review(_ROUND, project or None)]
        if chosen:
            return go(with_query("/desk/review", ids=chosen))
        return render(request, "review.html", **page | {"waiting": not desk.review_ready})
    ids = ids_of(ids)
    at = max(at, 0)
    stored = None
    while at < len(ids) and (stored := desk.clip(ids[at])) is None:
        at += 1  # it was removed meanwhile
    page |= {"ids": ids, "at": at}
    if stored is None:
        return render(request, "review.html", **page)
    told = judged(desk, language_of(request), ids[at]) or {"decision": None, "evidence": None}
    with contextlib.suppress(InputError):
        page["nearest"] = [neighbour(row) for row in desk.similar(identifier=ids[at], n=4, labelled=True)]
    page |= told | {"clip": card(stored), "projects": project_names(desk), "proposed": _proposed(told["decision"])}
    return render(request, "review.html", **page)


def _proposed(decision: dict[str, Any] | None) -> str:
    """Return the project that a clip is most likely of, even where `none` is likelier; empty where there is none."""
    if decision is None:
        return ""
    named = (decision["project"], decision["runner_up"])
    return next((project for project in named if project and project != NONE), "")


@router.post("/review")
def answer(request: Request, form: Form) -> Response:
    """Take an answer to the clip at hand, and go on."""
    desk: Desk = request.app.state.desk
    ids, who = ids_of(form.getlist("ids")), name_of(request)
    written = str(form.get("at", ""))
    at = int(written) if written.isascii() and written.isdigit() and len(written) < 6 else 0
    if form.get("do") == "undo":
        told = desk.undo(who)
        at = next((ids.index(one) for one in told["undone"] if one in ids), at)
        return go(with_query("/desk/review", at=at, ids=ids), undo_notice(told), n=len(told["undone"]))
    project = project_in(form)
    if project and at < len(ids):
        if is_new(desk, project):
            return to_lesson(project, [ids[at]])
        desk.label([ids[at]], project, who)
    return go(with_query("/desk/review", at=at + 1, ids=ids))


# ------------------------------------------------------------------------------------------------------------ projects


@router.get("/projects")
def projects(request: Request, sort: str = "clips") -> Response:
    """List the projects and how they do."""
    desk: Desk = request.app.state.desk
    rows = [row for row in desk.projects() if row["project"] != NONE]
    doubtful = Counter(row["candidate"] for row in desk.review(_DOUBTFUL)) if desk.model.model else Counter()
    is_counted = desk.model.model is not None and desk.review_ready
    for row in rows:
        row["doubtful"] = doubtful[row["project"]] if is_counted else None
    sort = sort if sort in _SORTS else "clips"
    rows.sort(key=lambda row: row["project"].casefold())
    if sort != "project":
        # the worst scores first, but the largest numbers; what has none comes last
        sign = 1 if sort == "f1" else -1
        rows.sort(key=lambda row: (row[sort] is None, sign * (row[sort] or 0)))
    return render(request, "projects.html", projects=rows, sort=sort)


# -------------------------------------------------------------------------------------------------------------- lesson


@router.get("/teach")
def lesson(request: Request, project: str = "", q: str = "", ids: Ids = []) -> Response:  # noqa: B006
    """Find and pick clips of a new project."""
    desk: Desk = request.app.state.desk
    return _lesson(request, desk, project, q, ids_of(ids))


@router.post("/teach")
def teach(request: Request, form: Form) -> Response:
    """Teach a project from the clips that were picked."""
    desk: Desk = request.app.state.desk
    language = language_of(request)
    project, ids = project_in(form), ids_of(form.getlist("ids"))
    if not project or not ids:
        wrong = text(language, "teach_no_clips" if project else "teach_no_name")
        return _lesson(request, desk, project, str(form.get("q", "")), ids, wrong, 422)
    try:
        taught = desk.teach(project, ids, name_of(request))
    except InputError as error:
        return _lesson(request, desk, project, str(form.get("q", "")), ids, str(error), 422)
    return go(with_query("/desk", q=taught["project"]), "teach", n=taught["clips"], told=taught["project"])


def _lesson(
    request: Request, desk: Desk, project: str, q: str, ids: list[str], wrong: str = "", status: int = 200
) -> Response:
    picked = [card(stored) for one in ids if (stored := desk.clip(one)) is not None]
    there = {clip["id"] for clip in picked}
    rows = [row for row in found(desk, q.strip()) if row["clip"]["id"] not in there] if q.strip() else None
    return render(request, "teach.html", status, project=project, q=q, picked=picked, found=rows, wrong=wrong)


# -------------------------------------------------------------------------------------------------------------- labels


@router.get("/labels")
def labels(request: Request) -> Response:
    """List the newest labels that people gave."""
    desk: Desk = request.app.state.desk
    language = language_of(request)
    log = desk.labels_log(source="person", most=_LISTED)[::-1]
    titles = {one: (desk.clip(one) or {}).get("reel_name") for one in {row[ID] for row in log}}
    shown = [label_row(language, row) | {"id": row[ID], "title": titles[row[ID]] or row[ID]} for row in log]
    return render(request, "labels.html", log=shown)


@router.get("/labels.csv")
def export(request: Request, since: str | None = None) -> StreamingResponse:
    """Return all labels as a table: who gave which when, and what was there before."""
    desk: Desk = request.app.state.desk
    return csv_file(_EXPORTED, ({**row, LABEL: row["project"]} for row in desk.labels_log(since)), "labels.csv")
