"""The address of a shared catalogue, postgresql://USER@HOST/DB, and the local folder that goes with it.

The database holds the truth; FAISS snapshots and the model are files, and each machine has its own. The folder notes
which database it is of, so that the folder names the catalogue, too: `--catalogue index/HOST-DB`. A password is kept
in the memory of the process alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from smf_embed.errors import CatalogueError, InputError
from smf_embed.files import read_sealed_json, write_sealed_json

#: What the address of a shared catalogue begins with.
SCHEMES = ("postgresql", "postgres")
#: The file in a local folder that says which database it is of.
FILE_NAME = "shared.json"
_PARENT = Path("index")
# the local folder may be named in the address; the server is not told
_CACHE = "cache"
_SECRETS = ("password", "sslpassword")
# a scheme of one letter is a drive of Windows
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+://")
# folder → address with its password, of those that were named in this process
_named: dict[Path, str] = {}


def is_address(text: str) -> bool:
    """Tell whether a text is an address, of whatever kind, and not the path of a folder."""
    return _ADDRESS.match(text.strip()) is not None


def local_folder(place: str | Path) -> Path:
    """Return the folder of a catalogue; that of a shared one is named by its address, or else by host and database.

    Parameters
    ----------
    place : path or str
        A folder, or `postgresql://USER[:PASSWORD]@HOST[:PORT]/DB`, with libpq's settings such as
        `?sslmode=verify-full` behind it and `cache=DIR` for another local folder than `index/HOST-DB`. A driver
        (`postgresql+psycopg://`) may be named; there is only one.

    Raises
    ------
    InputError
        An address that cannot be read, or is of no PostgreSQL; it is not shown, since there may be a password in it.

    Examples
    --------
    >>> local_folder("postgresql://me@db.example.org/clips").as_posix()
    'index/db.example.org-clips'
    """
    if isinstance(place, Path) or not is_address(place):
        return Path(place)
    scheme, _, rest = place.strip().partition("://")
    if scheme.lower().partition("+")[0] not in SCHEMES:
        raise InputError("a shared catalogue is in PostgreSQL alone; write its address as postgresql://USER@HOST/DB")
    try:
        parts = urlsplit(f"{SCHEMES[0]}://{rest}")
        settings = dict(parse_qsl(parts.query, keep_blank_values=True))
        host, port = parts.hostname or settings.get("host", ""), parts.port
    except ValueError:
        host, port, settings, parts = "", None, {}, None
    name = parts.path.strip("/") if parts else ""
    if parts is None or not name or _is_torn(parts, settings):
        raise InputError(
            "the address of a shared catalogue cannot be read; write it as postgresql://USER@HOST/DB, and a password "
            "with / ? # @ in it into PGPASSWORD, or these as %2F %3F %23 %40"
        )
    words = [host or "localhost", *([str(port)] if port and port != 5432 else []), name]
    default = _PARENT / re.sub(r"[^\w.]+", "-", "-".join(words)).strip("-.")
    folder = Path(settings.pop(_CACHE, "") or default)
    _named[folder.absolute()] = _written(parts.netloc, parts.path, settings)
    return folder


def address_of(folder: Path) -> str | None:
    """Return the address of the database that a local folder is of; None for a catalogue that is a folder itself.

    Raises
    ------
    CatalogueError
        The folder notes no address that can be read, or is of another database or a catalogue of its own.
    """
    given = _named.get(folder.absolute())
    path = folder / FILE_NAME
    if path.exists():
        noted = (read_sealed_json(path) or {}).get("address")
        if not isinstance(noted, str):
            raise CatalogueError(f"{path}: cannot be read; remove it, and name the catalogue by its address again")
        if given is None:
            return noted
        if _database(given) != _database(noted):
            raise CatalogueError(f"{folder}: is the local folder of {noted}; name another: ?cache=DIR in the address")
    if given is not None and (folder / "catalogue.sqlite").exists():
        raise CatalogueError(f"{folder}: holds a catalogue of its own; name another folder: ?cache=DIR in the address")
    return given


def note_address(folder: Path, address: str) -> None:
    """Write into a local folder which database it is of, without the password."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / FILE_NAME).exists():
            write_sealed_json(folder / FILE_NAME, {"address": without_password(address)})
    except OSError as error:
        raise CatalogueError(f"{folder}: cannot be made: {error.strerror or error}") from error


def without_password(address: str) -> str:
    """Return an address as it may be shown and stored."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    settings = {name: value for name, value in parse_qsl(parts.query) if name not in _SECRETS}
    return _written(user.partition(":")[0] + at + host, parts.path, settings)


def _is_torn(parts: SplitResult, settings: dict[str, str]) -> bool:
    """Tell whether a password with a character that ends the part of an address goes on in the next one."""
    parts_without = (parts.path, parts.fragment, *settings)
    return parts.netloc.count("@") > 1 or any("@" in part for part in parts_without)


def _written(netloc: str, path: str, settings: dict[str, str]) -> str:
    return f"{SCHEMES[0]}://{netloc}{path}" + (f"?{urlencode(settings, safe='/')}" if settings else "")


def _database(address: str) -> tuple[str | None, int | None, str, str]:
    parts = urlsplit(address)
    return parts.hostname, parts.port or 5432, parts.path, dict(parse_qsl(parts.query)).get("host", "")
