"""Answers over HTTP: JSON that can always be written, and errors without paths of the server."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse

from smf_embed.errors import InputError, ModelError, SmfEmbedError
from smf_embed.service.desk import NotStored
from smf_embed.service.waiting import Busy, Late

logger = logging.getLogger("smf_embed.service")

_RETRY_SECONDS = 5


class Json(JSONResponse):
    """JSON, in which half of a pair of surrogates, which is no text, becomes a question mark."""

    def render(self, content: Any) -> bytes:
        """Return the bytes of the answer."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


def answer_to(error: SmfEmbedError, folder: Path) -> Json:
    """Return what a caller is told of an error."""
    headers = {}
    if isinstance(error, Busy):
        status, headers = 429, {"Retry-After": str(error.retry_after)}
    elif isinstance(error, Late):
        status, headers = 503, {"Retry-After": str(_RETRY_SECONDS)}
    elif isinstance(error, NotStored):
        status = 404
    elif isinstance(error, InputError):
        status = 422
    elif isinstance(error, ModelError):
        status = 409
    else:
        # of the catalogue or the encoder: what is wrong there is for whoever runs the service
        logger.error("%s", error)
        reason = "the catalogue cannot be used for this now; the log of the service says why"
        return Json({"detail": reason}, 503, {"Retry-After": str(_RETRY_SECONDS)})
    return Json({"detail": without_paths(str(error), folder)}, status, headers)


def without_paths(text: str, folder: Path) -> str:
    """Return a message without the folder of the catalogue and what lies in it."""
    for form in sorted({str(folder), str(folder.absolute()), str(folder.resolve())}, key=len, reverse=True):
        path = re.escape(form)
        alone = rf"(?<![\w./-]){path}(?![\w/-])"
        if not Path(form).is_absolute():
            # it may be a word like others, or a full stop
            alone = rf"(?:^|(?<=catalogue )){path}(?![\w/-]|\.\w)"
        text = re.sub(rf"(?<![\w./-]){path}/[\w./-]*\w|{alone}", "the catalogue", text)
    return text.replace(" --catalogue the catalogue", "").replace("the catalogue the catalogue", "the catalogue")
