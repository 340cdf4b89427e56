"""A place where Milvus keeps vectors: a file, or a server that many share.

Everything that is said to Milvus goes through here, so that its errors are one line of ours, and its log, which prints
tracebacks, is silent. The client is that of servers in both cases: for a file, milvus-lite answers in this process on a
free port of 127.0.0.1, and on no other address.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from smf_embed.errors import CatalogueError, InputError

#: The environment variable with the token of a server: a key, or user:password.
TOKEN = "SMF_EMBED_MILVUS_TOKEN"

_ENDING = ".db"
_INSTALL = "pip install 'smf-embed[milvus]'"
# a search of a large collection may wait for it to be loaded; what takes longer has failed
_SECONDS, _SECONDS_TO_CONNECT = 600, 30
# the client asks every ten seconds whether the server is there, and milvus-lite hangs up on who does so while it works
_NO_PINGS = {"grpc.keepalive_time_ms": 2**31 - 1}


class Milvus:
    """An open place; close it, or use it in a `with`.

    Parameters
    ----------
    place : str
        A file that ends in .db (milvus-lite makes a folder of it), or the URI of a server, `http(s)://HOST:PORT`, and
        after a slash the name of a database where it is not the default one.
    create : bool
        Make the file where there is none.

    Raises
    ------
    InputError
        No such place can be, or the extra is not installed.
    CatalogueError
        The server does not answer or refuses the token, or another program has the file open.
    """

    def __init__(self, place: str, *, create: bool = False) -> None:
        self.place = place
        self._file: str | None = None
        client = _client()
        if "://" in place:
            uri, token = _checked_uri(place), os.environ.get(TOKEN, "")
        else:
            uri, token = self._serve_file(place, create), ""
        options = {"grpc_options": _NO_PINGS} if self.is_file else {}
        try:
            self.client: Any = self.call(client, uri=uri, token=token, timeout=_SECONDS_TO_CONNECT, **options)
        except BaseException:
            self._release_file()
            raise

    def __enter__(self) -> Milvus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and what serves the file."""
        self.client.close()
        self._release_file()

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self._file is not None

    def call(self, ask: Callable[..., Any], *words: Any, **options: Any) -> Any:
        """Return what Milvus answers, and see that it answers.

        Raises
        ------
        CatalogueError
            It does not, or with an error.
        """
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            return ask(*words, **{"timeout": _SECONDS} | options)
        except MilvusException as error:
            raise CatalogueError(f"{self.place}: {_one_line(error.message)}") from None
        except grpc.RpcError as error:
            reason = error.details() if isinstance(error, grpc.Call) else str(error)
            raise CatalogueError(f"{self.place}: {_one_line(reason)}") from None

    def _serve_file(self, place: str, create: bool) -> str:
        path = Path(place)
        if path.suffix != _ENDING:
            raise InputError(f"{place}: name a file that ends in {_ENDING}, or a server as http://HOST:19530")
        if importlib.util.find_spec("milvus_lite") is None:
            raise InputError(
                f"{place}: a file needs milvus-lite, which is not installed (it is not made for Windows; a server is "
                f"reached from there, too): {_INSTALL}"
            )
        if not create and not path.exists():
            raise InputError(f"{place}: there is nothing; fill it: smf-embed index push --to {place}")
        if not path.absolute().parent.is_dir():
            raise InputError(f"{place}: there is no folder {path.absolute().parent}")
        uri = _FILES.open(str(path.absolute()))
        if uri is None:
            raise CatalogueError(f"{place}: cannot be opened; another program has it open, or it is no file of Milvus")
        self._file = str(path.absolute())
        return uri

    def _release_file(self) -> None:
        if self._file is not None:
            _FILES.close(self._file)
            self._file = None


class _Files:
    """The files that are served from this process, and how often each is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}

    def open(self, path: str) -> str | None:
        from milvus_lite.server_manager import server_manager_instance

        with self._lock:
            # it binds 127.0.0.1 whatever it is told; milvus-lite's own command line would bind every address
            uri = server_manager_instance.start_and_get_uri(path)
            if uri is not None:
                self._open[path] = self._open.get(path, 0) + 1
            return uri

    def close(self, path: str) -> None:
        from milvus_lite.server_manager import server_manager_instance

        with self._lock:
            self._open[path] -= 1
            if not self._open[path]:
                del self._open[path]
                server_manager_instance.release_server(path)


_FILES = _Files()


def _client() -> Callable[..., Any]:
    try:
        from pymilvus import MilvusClient
    except ModuleNotFoundError as error:
        raise InputError(f"Milvus needs {error.name}, which is not installed: {_INSTALL}") from error
    # that of grpc is of milvus-lite, which does not know all that the client asks
    for name in ("pymilvus", "milvus_lite", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return MilvusClient


def _checked_uri(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise InputError("the address of the server cannot be read; write it as http://HOST:19530") from None
    if parts.username or parts.password:
        # neither is repeated: it may be in a log that others read
        raise InputError(f"leave user and password out of the address of the server; put them in {TOKEN}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{uri}: is no address of a server; write http://HOST:19530, or a file that ends in {_ENDING}")
    return uri


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:500]
