"""The pages that people look at."""

from __future__ import annotations

from fastapi import FastAPI

from smf_embed.service.desk import Desk
from smf_embed.service.settings import Settings


def add_pages(app: FastAPI, desk: Desk, settings: Settings) -> None:
    """Put the pages into the service."""
