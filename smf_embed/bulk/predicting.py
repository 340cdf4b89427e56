"""Deciding all shards of a folder or glob: what is done already is not done again, and what is done is kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from smf_embed.bulk.deciding import Deciding, decide_here, decider_facts
from smf_embed.bulk.output import Manifest, OutputFolder, decision_files
from smf_embed.bulk.shards import Shard, file_system, find_shards
from smf_embed.clip_tables import check_mapping
from smf_embed.console import say
from smf_embed.errors import InputError

# what is summed up over the shards
COUNTS = ("clips", "of_projects", "unsure", "rejected", "mended", "texts_encoded")
_SHOWN = 5


def predict_shards(
    source: str,
    deciding: Deciding,
    engine: str = "local",
    workers: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Decide the clips of all shards of a folder or glob that are not decided yet.

    Parameters
    ----------
    source : str
        See `smf_embed.bulk.shards.find_shards`.
    deciding : Deciding
        Without facts.
    engine : str
        `local` is this process, `ray` the workers of Ray; what they decide is the same.
    workers : int, optional
        At most so many workers of Ray.
    progress : callable, optional
        Called after each shard with the share of bytes that is done, and a word on it.

    Returns
    -------
    dict
        Counts over all shards that are done: `shards`, `decided_now`, `done_before`, those of `COUNTS`, `seconds`;
        `unread`: name of a shard → why it could not be read.

    Raises
    ------
    InputError
        Nothing to decide, a column that there is none of, an output that cannot be used, Ray that is not there.
    CatalogueError, ModelError
        None there, or changed while the shards were decided; what was done by then is kept.
    """
    started = time.monotonic()
    check_mapping(deciding.columns)
    root, shards = find_shards(source)
    output = OutputFolder(deciding.output)
    _check_names(source, root, shards, output)
    # a worker has another working folder
    there = output.root if output.is_local else output.address
    deciding = replace(deciding, catalogue=str(Path(deciding.catalogue).absolute()), output=there)
    deciding = replace(deciding, facts=decider_facts(deciding))
    with ExitStack() as stack:
        stack.enter_context(output.writing())
        manifest = Manifest(output, deciding.facts or {}, root)
        reasons = {shard: manifest.reason_to_decide(shard) for shard in shards}
        todo = [shard for shard, reason in reasons.items() if reason]
        again = Counter(reason for reason in reasons.values() if reason not in ("", "new"))
        for reason, count in again.items():
            say(f"decided again: {count:,} of {len(shards):,} shards: {reason}")
        if gone := manifest.shards.keys() - {shard.name for shard in shards}:
            say(f"no longer in {source}, and left in {output.address}: {', '.join(_some(sorted(gone)))}")
        manifest.save()
        size = sum(shard.size for shard in shards) or 1
        done = size - sum(shard.size for shard in todo)
        results: Iterable[tuple[Shard, dict[str, Any]]] = ()
        if todo and engine == "ray":
            from smf_embed.bulk.on_ray import decide_on_ray, ray_pool

            results = decide_on_ray(deciding, todo, stack.enter_context(ray_pool(workers, len(todo))))
        elif todo:
            results = decide_here(deciding, todo)
        now = 0
        try:
            for shard, result in results:
                if "file" in result and output.size(result["file"]) != result["file_bytes"]:
                    raise InputError(
                        f"{output.address}: decisions that a worker wrote are not there; name a folder that all "
                        "machines share, or an address such as s3://BUCKET/FOLDER"
                    )
                manifest.note(shard, result)
                done, now = done + shard.size, now + ("unread" not in result)
                if progress:
                    progress(done / size, f"{len(shards) - len(todo) + now:,} of {len(shards):,} shards")
        finally:
            manifest.save()
    known = manifest.shards.keys() - manifest.unread.keys()  # earlier decisions of what cannot be read are not counted
    kept = [manifest.shards[shard.name] for shard in shards if shard.name in known]
    return {
        "shards": len(shards),
        "decided_now": now,
        "done_before": len(shards) - len(todo),
        **{name: sum(row[name] for row in kept) for name in COUNTS},
        "seconds": round(time.monotonic() - started, 1),
        "unread": manifest.unread,
    }


def _check_names(source: str, root: str, shards: list[Shard], output: OutputFolder) -> None:
    # a glob without ** finds nothing deeper than now, and decisions lie deeper than their shards
    system, path = file_system(source)
    is_deep = "**" in path or system.isdir(path)
    folders = {shard.address.rpartition("/")[0] for shard in shards}
    if (is_deep and output.is_in(root)) or any(map(output.has, folders)):
        raise InputError(
            f"{output.address}: lies in {source}, or that in it, and decisions would be read as tables; name another "
            "folder"
        )
    names = Counter(decision_files(shard.name)[0] for shard in shards)
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(f"{source}: has two tables whose decisions would both be {twice[0]}; rename one of them")


def _some(names: list[str]) -> list[str]:
    return names if len(names) <= _SHOWN else [*names[:_SHOWN], f"{len(names) - _SHOWN:,} more"]
