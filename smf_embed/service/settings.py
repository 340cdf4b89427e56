"""How a service listens, and its limits."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """Settings of a service.

    Attributes
    ----------
    host : str
        Where it listens.
    port : int
    token : str
        What callers must show; empty for none, which is for loopback alone.
    hosts : tuple of str
        Names by which it may be called when it listens on loopback.
    max_body : int
        Bytes of a request.
    max_upload : int
        Bytes of a request that brings a table: those of a path in `uploads`.
    uploads : tuple of str
    body_seconds : float
        How long a request may take to arrive.
    max_in_flight : int
        Requests that are served at a time; others are refused.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token: str = ""
    hosts: tuple[str, ...] = LOOPBACK
    max_body: int = 64 << 20
    max_upload: int = 1 << 30
    uploads: tuple[str, ...] = ("/desk/import",)
    body_seconds: float = 60.0
    max_in_flight: int = 128

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach it."""
        return self.host in LOOPBACK
