"""The pages of search and of a clip, its label, and the clips near it."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from smf_embed.clips import ID, NONE, TITLE
from smf_embed.errors import InputError, ModelError
from smf_embed.service import page_views as views
from smf_embed.service.desk import Desk
from smf_embed.service.finding import id_in_link
from smf_embed.service.page_forms import Form, ids_of, project_in
from smf_embed.service.page_frame import PageRoute, clip_link, go, language_of, local_path, name_of, render, with_query
from smf_embed.service.page_texts import text

router = APIRouter(prefix="/desk", include_in_schema=False, route_class=PageRoute)

_FOUND, _NEIGHBOURS, _NEAR = 30, 10, 200
_MOST_WORDS = 2000
# what counts as near while nobody has said it, and the least that can be asked for
_LEAST, _LOWEST = 0.8, 0.4
# decisions that are less sure should be looked at, as `predict` has it
_SURE = 0.8


@router.get("")
def search(request: Request, q: str = "", project: str = "") -> Response:
    """Find clips by link, id, title or words; with nothing asked, the first page."""
    desk: Desk = request.app.state.desk
    q = q.strip()[:_MOST_WORDS]
    shown: dict[str, Any] = {"q": q, "project": project, "missing": "", "judged": None, "found": None, "counts": None}
    if not q:
        state = desk.state()
        shown["counts"] = {name: state[name] for name in ("clips", "labelled", "projects")} | {"f1": state["macro_f1"]}
        return render(request, "search.html", **shown)
    if not project:
        linked = id_in_link(q)
        for identifier in (linked, q):
            if identifier and desk.clip(identifier) is not None:
                return go(clip_link(identifier))
        shown["missing"] = linked or ""
        if not linked:
            shown["judged"] = judged(desk, language_of(request), {TITLE: q})
    shown["found"] = [] if shown["missing"] else found(desk, q, project)
    return render(request, "search.html", **shown)


def found(desk: Desk, words: str, project: str = "") -> list[dict[str, Any]]:
    """Return clips with what they look like where they have no label."""
    try:
        rows = desk.similar(title=words, n=_FOUND, project=project) if project else desk.search(words, _FOUND)
    except InputError:
        return []  # there is nothing readable in the words
    answers: dict[str | None, Any] = {}
    with contextlib.suppress(ModelError):
        unlabelled = [row[ID] for row in rows if row["project"] is None]
        answers = {one.yt_reel_id: one for one in desk.classify(unlabelled) if one.confidence is not None}
    return [
        {
            "clip": {"id": row[ID], "title": row["title"], "channel": row["channel"], "label": row["project"]},
            "similarity": row["similarity"],
            "decision": answers.get(row[ID]),
        }
        for row in rows
    ]


@router.get("/clip")
def clip(request: Request, id: str) -> Response:
    """Show a clip with its decision and the reasons."""
    desk: Desk = request.app.state.desk
    stored = desk.clip(id)
    if stored is None:
        raise HTTPException(404)
    language = language_of(request)
    told = judged(desk, language, id)
    nearest, similar = [], []
    with contextlib.suppress(InputError):  # it has no text to compare by
        nearest = [neighbour(row) for row in desk.similar(identifier=id, n=_NEIGHBOURS, labelled=True)]
        near = [neighbour(row) for row in desk.similar(identifier=id, n=_NEAR)]
        similar = [row for row in near if row["project"] is None][:_NEIGHBOURS]
    history = [label_row(language, row) for row in reversed(stored["history"])]
    shown = card(stored)
    if history and shown["label"]:
        who = history[0]["who"] or history[0]["source"]
        shown["labelled_by"] = text(language, "labelled_by", who=views.shown(who, 60), time=history[0]["at"])
    return render(
        request,
        "clip.html",
        clip=shown,
        decision=told["decision"] if told else None,
        evidence=told["evidence"] if told else None,
        nearest=nearest,
        similar=similar,
        history=history,
        projects=project_names(desk),
    )


@router.post("/label")
def label(request: Request, form: Form) -> Response:
    """Give a clip a project, or take its label away."""
    desk: Desk = request.app.state.desk
    ids, project = ids_of(form.getlist("id")), project_in(form)
    back = local_path(str(form.get("back", "")))
    if project and is_new(desk, project):
        return to_lesson(project, ids)
    desk.label(ids, project or None, name_of(request))
    return go(back, "label" if project else "unlabel")


@router.post("/undo")
def undo(request: Request, form: Form) -> Response:
    """Take back the reader's last labels."""
    desk: Desk = request.app.state.desk
    told = desk.undo(name_of(request))
    return go(local_path(str(form.get("back", ""))), undo_notice(told), n=len(told["undone"]))


def undo_notice(told: dict[str, Any]) -> str:
    """Return the notice that tells what an undo did."""
    if not told["undone"]:
        return "undo_nothing"
    return "undo_kept" if told["kept"] else "undo"


@router.get("/near")
def near(request: Request, id: str, project: str = "", least: float | None = None) -> Response:
    """List the clips near one, those ticked that would be labelled like it."""
    desk: Desk = request.app.state.desk
    stored = desk.clip(id)
    if stored is None:
        raise HTTPException(404)
    rows = [neighbour(row) for row in desk.similar(identifier=id, n=_NEAR) if row["similarity"] >= _LOWEST]
    if least is None or least != least:
        # a page without a clip would tell nothing, so the nearest few are shown in any case
        fifth = rows[min(len(rows), 5) - 1]["similarity"] if rows else _LEAST
        least = min(_LEAST, math.floor(20 * fifth) / 20)
    least = min(max(least, _LOWEST), 1.0)
    for row in rows:
        row["ticked"] = row["similarity"] >= least and row["project"] in (None, project)
    return render(
        request,
        "near.html",
        clip=card(stored),
        project=project,
        least=least,
        lowest=_LOWEST,
        near=rows,
        ticked=1 + sum(row["ticked"] for row in rows),  # and the clip itself
        projects=project_names(desk),
    )


@router.post("/near")
def label_near(request: Request, form: Form) -> Response:
    """Label the ticked clips, and the one that they are near to."""
    desk: Desk = request.app.state.desk
    identifier, project = str(form.get("id", "")), project_in(form)
    ids = ids_of([*([identifier] if form.get("itself") else []), *form.getlist("ids")])
    if not project or not ids:
        return go(local_path(str(form.get("back", ""))))
    if is_new(desk, project):
        return to_lesson(project, ids)
    done = desk.label(ids, project, name_of(request))["labelled"]
    return go(clip_link(identifier), "near", n=len(done))


def project_names(desk: Desk) -> list[str]:
    """Return the projects that a field proposes, in the order of their names; `none` has buttons of its own."""
    return sorted((row["project"] for row in desk.projects() if row["project"] != NONE), key=str.casefold)


def is_new(desk: Desk, project: str) -> bool:
    """Tell whether no clip has this project yet; it must be taught then, and may be a typo."""
    return project.casefold() != NONE and project not in project_names(desk)


def to_lesson(project: str, ids: list[str]) -> Response:
    """Send the reader to where a new project is taught, with the clips at hand."""
    return go(with_query("/desk/teach", project=project, ids=ids), "new", told=project)


def card(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a stored clip as templates show it."""
    date = stored["date"] or ""
    return {
        "id": stored[ID],
        "title": stored[TITLE],
        "label": stored["project"],
        "labelled_by": "",
        "channel": stored["yt_channel_name"],
        "date": date[:10],
        "length": views.length(stored["seconds"]),
        "language": stored["language"],
        "description": stored["description"],
        "subtitles": stored["subtitles"],
        "link": views.link(stored[ID]),
    }


def judged(desk: Desk, language: str, asked: str | dict[str, Any]) -> dict[str, Any] | None:
    """Return decision and evidence; None where there is no model, or nothing to judge by."""
    try:
        told = desk.explain(asked)
    except (ModelError, InputError):
        return None
    thresholds = {row["project"]: row["threshold"] for row in desk.projects()}
    decision = {name: told[name] for name in ("project", "confidence", "runner_up", "runner_up_confidence")}
    return {
        "decision": decision | {"threshold": thresholds.get(told["project"]), "unsure": told["confidence"] < _SURE},
        "evidence": views.evidence(language, told),
    }


def label_row(language: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the history of labels as templates show it."""
    return {
        "at": row["at"][:16].replace("T", " "),
        "project": row["project"],
        "source": text(language, f"source_{row['source']}"),
        "who": row.get("person") or "",
    }


def neighbour(row: dict[str, Any]) -> dict[str, Any]:
    """Return a clip that is near another as templates show it."""
    return {"id": row[ID], **{key: row[key] for key in ("title", "project", "similarity", "channel")}}
