"""Figures for Prometheus."""

from __future__ import annotations

import time

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smf_embed.service.desk import Desk

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Figures:
    """The figures of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("smf_embed_requests", "Requests.", labels, registry=self._registry)
        self.seconds = Histogram(
            "smf_embed_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self._registry
        )
        self.clips = Counter("smf_embed_clips", "Clips, by what was asked of them.", ("what",), registry=self._registry)
        self._catalogue = Gauge("smf_embed_catalogue", "What is stored.", ("what",), registry=self._registry)
        self._waiting = Gauge("smf_embed_waiting", "Calls that wait.", ("what",), registry=self._registry)
        self._loads = Gauge("smf_embed_model_loads", "How often a model was loaded.", registry=self._registry)
        self._memory = Gauge("smf_embed_memory_bytes", "Resident memory.", registry=self._registry)

    def text(self, desk: Desk) -> bytes:
        """Return all figures as Prometheus reads them."""
        state = desk.state()
        for what in ("clips", "labelled", "projects", "vectors", "generation"):
            self._catalogue.labels(what).set(state[what])
        for what, count in state["waiting"].items():
            self._waiting.labels(what).set(count)
        self._loads.set(state["model_loads"])
        self._memory.set(psutil.Process().memory_info().rss)
        return generate_latest(self._registry)


class Watch:
    """Counts the requests of an application."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            # by the route and not the path, of which there are as many as callers like; methods likewise
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if route != "other" else "any"
            self._figures.requests.labels(method, route, str(status)).inc()
            self._figures.seconds.labels(route).observe(time.perf_counter() - started)
