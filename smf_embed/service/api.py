"""The service over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI

from smf_embed import __version__
from smf_embed.service.desk import Desk
from smf_embed.service.pages import add_pages
from smf_embed.service.settings import Settings


def create_app(desk: Desk, settings: Settings | None = None) -> FastAPI:
    """Return the service of a desk."""
    settings = settings or Settings()
    app = FastAPI(title="smf-embed", version=__version__)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "model": desk.model.model is not None}

    @app.post("/classify")
    def classify(body: dict[str, Any]) -> dict[str, Any]:
        return {"answers": [asdict(answer) for answer in desk.classify(body.get("ids") or body.get("clips"))]}

    add_pages(app, desk, settings)
    return app
