"""What commands do with many tables at once: options, and the decisions of all shards of a folder or glob."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smf_embed.console import parse_columns, progress, say
from smf_embed.errors import InputError

if TYPE_CHECKING:
    from smf_embed.bulk.shards import Shard
    from smf_embed.clip_tables import TableFile

ENGINES = ("local", "ray")
_SHOWN = 5
# what names of tables end in that a single table is decided into
_TABLES = (".csv", ".parquet", ".jsonl")

EngineOption = Annotated[
    str,
    typer.Option(help="What works on a folder or glob of tables: local is this process, ray the workers of Ray."),
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="At most so many workers of Ray; without it, as many as there are cores.")
]


def is_many(table: str) -> bool:
    """Tell whether a table that was named is a folder, a glob or an address, and not one file, pipe or `-`."""
    return "://" in table or Path(table).is_dir() or (not Path(table).exists() and any(c in table for c in "*?["))


def many(table: str) -> list[TableFile | Shard]:
    """List the tables of a folder or glob, those elsewhere as shards that have to be fetched; none of a single file."""
    if not is_many(table):
        return []
    from smf_embed.bulk.shards import find_shards
    from smf_embed.clip_tables import TableFile

    return [
        shard if "://" in shard.address else TableFile(Path(shard.address), shard.address)
        for shard in find_shards(table)[1]
    ]


def reading(file: TableFile | Shard) -> AbstractContextManager[TableFile]:
    """Yield a table as a file on the disk while it is read."""
    from smf_embed.bulk.shards import Shard, readable

    return readable(file) if isinstance(file, Shard) else nullcontext(file)


def prepare_engine(engine: str, workers: int | None) -> None:
    """Check the engine, and set thread counts before any library that reads them is imported.

    All engines use one thread a worker, where SMF_EMBED_THREADS does not say another number: how many share a product
    of matrices may change its last bit, and an engine must not change a decision.
    """
    from smf_embed.threads import use_threads

    if engine not in ENGINES:
        raise InputError(f"--engine {engine}: name one of {', '.join(ENGINES)}")
    if workers is not None and engine != "ray":
        raise InputError("--workers is for --engine ray")
    use_threads(1)


def decide_many(
    source: str,
    output: str | None,
    catalogue: Path,
    column: list[str] | None,
    min_precision: float | None,
    as_json: bool,
    *,
    engine: str,
    workers: int | None,
    device: str,
    isolate: bool,
) -> None:
    """Decide all shards of a folder, glob or address into the folder `output`; options are those of `predict`."""
    from smf_embed.bulk.deciding import Deciding
    from smf_embed.bulk.predicting import predict_shards

    if output is None:
        raise InputError(f"{source}: is many tables; name a folder for the decisions: -o FOLDER")
    if output.lower().endswith(_TABLES) and not Path(output).is_dir():
        raise InputError(f"{output}: would be a folder, since {source} is many tables; name it without that suffix")
    deciding = Deciding(str(catalogue), output, parse_columns(column), min_precision, device, isolate)
    with progress(f"deciding {source}") as update:
        done = predict_shards(source, deciding, engine, workers, update)
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
    else:
        say(
            f"{done['clips']:,} clips of {done['shards'] - len(done['unread']):,} shards, "
            f"{done['done_before']:,} of them done before: {done['of_projects']:,} of projects, "
            f"{done['clips'] - done['of_projects']:,} none, {done['unsure']:,} unsure; {done['rejected']:,} rows "
            f"rejected, {done['mended']:,} cells taken as missing; {done['seconds']:.1f} s. Written to {output}"
        )
    if done["unread"]:
        reasons = list(done["unread"].values())
        more = f"; {len(reasons) - _SHOWN:,} more in _manifest.json" if len(reasons) > _SHOWN else ""
        raise InputError(
            f"{len(reasons):,} of {done['shards']:,} shards could not be read: {'; '.join(reasons[:_SHOWN])}{more}. "
            "The others are done; the same command does what is left"
        )
