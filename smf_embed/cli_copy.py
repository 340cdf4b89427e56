"""The command that copies a catalogue to another place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smf_embed.console import place, prepare_threads, progress

EXAMPLE = "Example: smf-embed copy index postgresql://me@db.example.org/clips"


def copy(
    source: Annotated[
        Path, typer.Argument(metavar="FROM", parser=place, help="A catalogue's folder, or postgresql://USER@HOST/DB.")
    ],
    target: Annotated[Path, typer.Argument(metavar="TO", parser=place, help="The same, where there is none yet.")],
) -> None:
    """Copy a catalogue with its model, from a folder to a shared database or back; nothing is encoded again.

    Both are compared row by row before the copy is there. Others may go on writing to the catalogue that is copied.
    """
    from smf_embed.copying import copy_catalogue

    prepare_threads()
    with progress("copying") as update:
        rows = copy_catalogue(source, target, update)
    print(
        f"{rows['clips']:,} clips, {rows['vectors']:,} vectors and {rows['label_log']:,} labels copied and compared: "
        f"smf-embed info --catalogue {target}"
    )
