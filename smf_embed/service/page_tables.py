"""The pages of what takes long: the import of a table, and the report."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from smf_embed.errors import InputError, SmfEmbedError
from smf_embed.service.answers import without_paths
from smf_embed.service.desk import Desk
from smf_embed.service.page_forms import Form
from smf_embed.service.page_frame import HEADERS, PageRoute, csv_file, go, language_of, name_of, render, with_query
from smf_embed.service.page_jobs import Job, Jobs
from smf_embed.service.page_texts import number, percent, text
from smf_embed.service.waiting import Busy

router = APIRouter(prefix="/desk", include_in_schema=False, route_class=PageRoute)

_KINDS = (".csv", ".parquet")
_REPORT = "report.html"
_REPORT_SECONDS = 3600
# the report holds all that it shows, and no script
_REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; sandbox"
)


# -------------------------------------------------------------------------------------------------------------- import


@router.get("/import")
def import_page(request: Request, job: str = "") -> Response:
    """Ask for a table, or tell how far one is."""
    jobs: Jobs = request.app.state.jobs
    at_hand = jobs.get(job) if job else _running(jobs, "import")
    return render(request, "import.html", job=_shown(request, at_hand) if at_hand else None, wrong="")


@router.post("/import")
def import_table(request: Request, form: Form) -> Response:
    """Take a table, and add its clips in the background."""
    desk: Desk = request.app.state.desk
    language = language_of(request)
    upload = form.get("file")
    name = Path(upload.filename or "").name if isinstance(upload, UploadFile) else ""
    kind = Path(name).suffix.lower()
    if not isinstance(upload, UploadFile) or kind not in _KINDS:
        return render(request, "import.html", 422, job=None, wrong=text(language, "import_kind"))
    path = request.app.state.page_files / f"{secrets.token_hex(8)}{kind}"
    with path.open("wb") as copy:
        shutil.copyfileobj(upload.file, copy)
    job, who = Job("import", name), name_of(request)

    def work(job: Job) -> dict[str, Any]:
        def progress(share: float, report: dict[str, Any]) -> None:
            job.share, job.result = share, report

        try:
            return desk.add_table(path, progress, who)
        except SmfEmbedError as error:
            # what the file is called here is nobody's business
            raise InputError(without_paths(str(error).replace(str(path), name), desk.folder)) from None
        finally:
            path.unlink(missing_ok=True)

    try:
        request.app.state.jobs.begin(job, work)
    except Busy:
        path.unlink(missing_ok=True)
        return render(request, "import.html", 429, job=None, wrong=text(language, "job_busy"))
    return go(with_query("/desk/import", job=job.key))


@router.get("/jobs/{key}")
def job_state(request: Request, key: str) -> JSONResponse:
    """Tell how far a job is."""
    job = _known(request, key)
    shown = _shown(request, job)
    return JSONResponse({"running": job.running, "share": job.share, "told": shown["told"]}, headers=HEADERS)


@router.get("/jobs/{key}/rejected.csv")
def rejected(request: Request, key: str) -> Response:
    """Return the rows of a table that were left out, with the reasons."""
    columns = ("line", "yt_reel_id", "reason")
    return csv_file(columns, _known(request, key).result.get("rejected_rows", []), "rejected.csv")


def _known(request: Request, key: str) -> Job:
    job = request.app.state.jobs.get(key)
    if job is None:
        raise HTTPException(404)
    return job


def _running(jobs: Jobs, kind: str) -> Job | None:
    job = jobs.newest(kind)
    return job if job and job.running else None


def _shown(request: Request, job: Job) -> dict[str, Any]:
    """Return a job as templates show it."""
    language = language_of(request)
    told = text(language, "report_running" if job.kind == "report" else "import_running")
    if job.kind == "import" and job.share is not None:
        told = text(language, "import_at", share=percent(language, job.share))
        counts = ((key, job.result.get(key, 0)) for key in ("added", "updated", "unchanged", "rejected"))
        told += ": " + ", ".join(f"{text(language, f'import_{key}')} {number(language, n)}" for key, n in counts if n)
    error = text(language, "error_internal") if job.error == "internal" else job.error
    return {
        "key": job.key, "name": job.name, "running": job.running, "share": job.share or 0.0, "told": told,
        "error": error, "result": job.result,
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- report


@router.get("/report")
def report_page(request: Request) -> Response:
    """Show the report that was made last."""
    path = _report_path(request)
    made = f"{dt.datetime.fromtimestamp(path.stat().st_mtime):%Y-%m-%d %H:%M}" if path.exists() else ""
    job = request.app.state.jobs.newest("report")
    return render(request, "report.html", job=_shown(request, job) if job else None, made=made)


@router.post("/report")
def make_report(request: Request, form: Form) -> Response:
    """Make the report in the background."""
    desk: Desk = request.app.state.desk
    language, path = language_of(request), _report_path(request)

    def work(job: Job) -> dict[str, Any]:
        # in a process of its own: it takes a minute of one core, which others should not wait for
        words = ["report", "-o", str(path), "--catalogue", str(desk.folder)]
        done = subprocess.run(
            [sys.executable, "-m", "smf_embed.cli", *words],
            *(),
            capture_output=True, text=True, timeout=_REPORT_SECONDS, env=os.environ | {"NO_COLOR": "1"},
        )  # fmt: skip
        if done.returncode:
            reason = without_paths((done.stderr.strip().splitlines() or [""])[-1], desk.folder)
            raise InputError(text(language, "report_failed", reason=reason))
        return {}

    try:
        request.app.state.jobs.begin(Job("report", "report"), work)
    except Busy:
        raise InputError(text(language, "job_busy")) from None
    return go("/desk/report")


@router.get("/report.html")
def report(request: Request) -> Response:
    """Return the report itself, which loads nothing and runs nothing."""
    path = _report_path(request)
    if not path.exists():
        raise HTTPException(404)
    headers = HEADERS | {"Content-Security-Policy": _REPORT_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return FileResponse(path, media_type="text/html", headers=headers)


def _report_path(request: Request) -> Path:
    return request.app.state.page_files / _REPORT
