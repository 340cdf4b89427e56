"""Which database a catalogue has: the SQLite file in its folder, or the PostgreSQL one whose local folder it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from smf_embed.database import FILE_NAME, Database, create_database
from smf_embed.shared_address import address_of

if TYPE_CHECKING:
    from smf_embed.shared_database import SharedDatabase

    AnyDatabase: TypeAlias = Database | SharedDatabase


def open_database(folder: Path) -> AnyDatabase:
    """Open the database of the catalogue in a folder.

    Raises
    ------
    CatalogueError
        No catalogue, one that is damaged or of a newer program, or a server that cannot be reached.
    InputError
        The extra `sql` is not installed.
    """
    address = address_of(folder)
    if address is None:
        return Database(folder)
    from smf_embed.shared_database import SharedDatabase

    return SharedDatabase(folder, address)


def has_database(folder: Path) -> bool:
    """Tell whether there is a catalogue in a folder, sound or not."""
    address = address_of(folder)
    if address is None:
        return (folder / FILE_NAME).exists()
    from smf_embed.shared_database import has_tables

    return has_tables(address)


def make_database(folder: Path, meta: dict[str, str]) -> None:
    """Make an empty database for a folder, in one step; nothing where there is one already."""
    address = address_of(folder)
    if address is None:
        create_database(folder, meta)
        return
    from smf_embed.shared_database import create_tables

    create_tables(address, meta)
