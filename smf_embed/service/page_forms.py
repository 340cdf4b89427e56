"""What forms of the pages send: read only when a page of this service has sent it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from smf_embed.clips import MAX_ID
from smf_embed.errors import InputError

# clips that a form may name
MOST_IDS = 500
_MOST_NAME = 200


async def read_form(request: Request) -> FormData:
    """Return the form of a request.

    Raises
    ------
    HTTPException
        403 for a form that another site has sent, or that no browser has.
    """
    if not is_same_origin(request):
        raise HTTPException(403)
    return await request.form(max_files=1, max_fields=2 * MOST_IDS, max_part_size=1 << 20)


def is_same_origin(request: Request) -> bool:
    """Tell whether a page of this service has sent a request; browsers tell where one comes from."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")


def ids_of(values: list[Any]) -> list[str]:
    """Return the ids that a form or an address names, each once.

    Raises
    ------
    InputError
        Too many.
    """
    ids = list(dict.fromkeys(str(value) for value in values if value and len(str(value)) <= MAX_ID))
    if len(ids) > MOST_IDS:
        raise InputError(f"{len(ids):,} clips are too many at once; at most {MOST_IDS} are taken")
    return ids


def project_in(form: FormData) -> str:
    """Return the project that a form names, empty where it names none."""
    return " ".join(str(form.get("project", "")).split())[:_MOST_NAME]


Form = Annotated[FormData, Depends(read_form)]
