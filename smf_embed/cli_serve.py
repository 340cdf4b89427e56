"""The command that serves a catalogue over HTTP."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smf_embed.console import CatalogueOption, prepare_threads, say
from smf_embed.errors import InputError
from smf_embed.shared_address import address_of

if TYPE_CHECKING:
    from smf_embed.service.desk import Desk
    from smf_embed.service.settings import Settings

_VARIABLE = "SMF_EMBED_TOKEN"
_FEWEST_CHARACTERS = 16
_GRACE_SECONDS = 10
_WAITING = 256


def serve(
    catalogue: CatalogueOption = Path("index"),
    host: Annotated[
        str, typer.Option(help="Where to listen; anything but this machine itself needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")] = 8080,
    token: Annotated[
        str | None,
        typer.Option(envvar=_VARIABLE, help="What callers must show; others see it in the list of processes here."),
    ] = None,
    token_file: Annotated[Path | None, typer.Option("--token-file", help="A file that holds the token.")] = None,
) -> None:
    """Serve the catalogue to a browser and to other programs; http://127.0.0.1:8080/openapi.json describes it.

    Other commands may be used meanwhile: what they write is seen at once, and a new model decides as soon as fit is
    done. Ctrl-C finishes the writes that were begun, and ends it.
    """
    if address_of(catalogue) is not None:
        raise InputError(
            f"{catalogue}: a shared catalogue cannot be served; serve a copy: smf-embed copy {catalogue} FOLDER"
        )
    prepare_threads()
    try:
        import uvicorn

        from smf_embed.service.api import create_app
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("smf_embed"):
            raise
        raise InputError(f'serve needs {error.name}, which is not installed: pip install "smf-embed[serve]"') from error
    from smf_embed.service.desk import Desk
    from smf_embed.service.security import check_listening
    from smf_embed.service.settings import Settings

    settings = Settings(host=host, port=port, token=_token(token, token_file))
    check_listening(settings)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    with _listening(host, port) as listening, Desk(catalogue) as desk:
        desk.warm()
        config = uvicorn.Config(
            create_app(desk, settings),
            log_level="warning",
            server_header=False,
            backlog=_WAITING,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            lifespan="on",
        )
        _tell(desk, settings, listening.getsockname()[1])
        with suppress(KeyboardInterrupt):  # uvicorn has shut down, and sends it on
            uvicorn.Server(config).run(sockets=[listening])
        say("stopping after the writes that were begun")


def _token(token: str | None, token_file: Path | None) -> str:
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{token_file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
        if not token:
            raise InputError(f"{token_file}: is empty; write the token into it")
    if token is None:
        return ""
    if len(token) < _FEWEST_CHARACTERS or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"the token must have {_FEWEST_CHARACTERS} letters, digits and signs at least; make one: "
            "openssl rand -hex 32"
        )
    return token


def _listening(host: str, port: int) -> socket.socket:
    """Return the open socket, before anything is loaded that takes its time."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"--host {host}: is no address of this machine: {error.strerror or error}") from error
    try:
        if os.name == "posix":
            # a port of a service that has just ended may be taken again
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_WAITING)
    except OSError as error:
        opened.close()
        raise InputError(
            f"{host}:{port}: cannot be listened on: {error.strerror or error}; name another: --port 8081"
        ) from error
    return opened


def _tell(desk: Desk, settings: Settings, port: int) -> None:
    from smf_embed.errors import ModelError

    state = desk.state()
    try:
        model = desk.model.get()
        told = f"model of {model.manifest['created']}, {len(model.projects) - 1:,} projects"
    except ModelError:
        told = "no model yet, so there are searches and labels but no decisions; make one: smf-embed fit"
    name = f"[{settings.host}]" if ":" in settings.host else settings.host
    say(f"{state['clips']:,} clips, {state['labelled']:,} labelled; {told}")
    say(f"listening on http://{name}:{port}{' with a token' if settings.token else ''}; Ctrl-C to stop")


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "serve": (serve, "Example: smf-embed serve --port 8080   or: SMF_EMBED_TOKEN=... smf-embed serve --host 0.0.0.0"),
}
"""Command → its function and the example in its help."""
