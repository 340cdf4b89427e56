"""What forms of the pages send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from smf_embed.clips import MAX_ID
from smf_embed.errors import InputError

# clips that a form may name
MOST_IDS = 500
_MOST_NAME = 200


async def read_form(request: Request) -> AsyncIterator[FormData]:
    """Yield the form of a request; the service has refused what another site sent."""
    async with request.form(max_files=1, max_fields=2 * MOST_IDS, max_part_size=1 << 20) as form:
        yield form


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
