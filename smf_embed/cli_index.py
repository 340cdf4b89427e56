"""The commands that move vectors between a catalogue and a store that many share."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smf_embed.console import (
    BackendOption,
    CatalogueOption,
    JsonOption,
    PromptOption,
    named_encoder,
    prepare_threads,
    progress,
    say,
)

if TYPE_CHECKING:
    from smf_embed.catalogue import Catalogue
    from smf_embed.neighbour_stores import NeighbourStore

_STOPPED, _DIFFERS = 130, 3
_PLACE = "URI|FILE.db"
_TOLD = (
    "A server, http(s)://HOST:PORT[/DATABASE], or a file; the token of a server is read from SMF_EMBED_MILVUS_TOKEN."
)

StoreOption = Annotated[
    str | None, typer.Option("--store", metavar=_PLACE, help="Look up neighbours there; see smf-embed index push.")
]

index = typer.Typer(
    help="Keep the vectors of the catalogue in Milvus, too: on a server that many share, or in a file.",
    epilog="Example: smf-embed index push --to http://127.0.0.1:19530",
    no_args_is_help=True,
)


@index.command("push", epilog="Example: smf-embed index push --to vectors.db")
def push(
    to: Annotated[str, typer.Option("--to", metavar=_PLACE, help=_TOLD)],
    replace: Annotated[
        bool, typer.Option("--replace", help="First drop all vectors there, of whatever encoder and catalogue.")
    ] = False,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Move vectors that are new or whose clips have changed there, and take out those that no clip has any more.

    What is there already is not moved again. Ctrl-C finishes the batch in flight; stopped or killed, the same command
    does the rest.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.interrupts import stop_after_batch
    from smf_embed.milvus import Milvus
    from smf_embed.shared_index import push as move

    prepare_threads()
    started = time.monotonic()
    with (
        Catalogue(catalogue) as opened,
        Milvus(to, create=True) as milvus,
        stop_after_batch("the batch in flight") as stop,
        progress("pushing") as update,
    ):
        done = move(opened, milvus, replace=replace, progress=update, stop=stop)
    if as_json:
        print(json.dumps(vars(done) | {"seconds": round(time.monotonic() - started, 1)}))
    else:
        print(
            f"{done.moved:,} vectors moved to {to}, {done.removed:,} taken out, {done.unchanged:,} were the same, "
            f"{time.monotonic() - started:.1f} s"
        )
    _end_if(done.stopped)


@index.command("pull", epilog="Example: smf-embed index pull --from vectors.db --catalogue new-index")
def pull(
    source: Annotated[str, typer.Option("--from", metavar=_PLACE, help=_TOLD)],
    encoder: Annotated[
        str | None, typer.Option(help="Encoder of a new catalogue, the one of the vectors; the built-in one without.")
    ] = None,
    prompt: PromptOption = None,
    backend: BackendOption = "torch",
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Bring vectors back that the catalogue lacks, so that their texts are not encoded again.

    Into a catalogue that lost some, or into a new one, before the clips are added to it: smf-embed add TABLE. Vectors
    go by their texts, whichever catalogue pushed them.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.databases import has_database
    from smf_embed.encoder import BUILTIN, Encoder
    from smf_embed.interrupts import stop_after_batch
    from smf_embed.milvus import Milvus
    from smf_embed.neighbours import refresh_snapshots
    from smf_embed.shared_index import pull as move
    from smf_embed.shared_index import stores_of_encoder

    prepare_threads()
    started = time.monotonic()
    with ExitStack() as stack:
        milvus = stack.enter_context(Milvus(source))
        named: Encoder | str | None = named_encoder(encoder, prompt, backend, device="auto", isolate=False)
        if not has_database(catalogue):
            named = named if isinstance(named, Encoder) else Encoder(named or BUILTIN)
            stores_of_encoder(milvus, named.fingerprint)  # that it is the one of the vectors, before one is made for it
        opened = stack.enter_context(Catalogue(catalogue, create=True, encoder=named))
        with stop_after_batch("the batch in flight") as stop, progress("pulling") as update:
            done = move(opened, milvus, progress=update, stop=stop)
        if not done.stopped:
            refresh_snapshots(opened)
    if as_json:
        print(json.dumps(vars(done) | {"seconds": round(time.monotonic() - started, 1)}))
    else:
        print(
            f"{done.there:,} vectors in {source}, {done.added:,} of them new here; {done.mended:,} texts of clips have "
            f"their vectors again, {time.monotonic() - started:.1f} s"
        )
    _end_if(done.stopped)


@index.command("verify", epilog="Example: smf-embed index verify --to vectors.db")
def verify(
    to: Annotated[str, typer.Option("--to", "--from", metavar=_PLACE, help=_TOLD)],
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Compare all vectors there with those of the catalogue, and a sample of searches with exact ones.

    Exit code 0 when they agree, 3 when they do not.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.milvus import Milvus
    from smf_embed.shared_index import as_sentence
    from smf_embed.shared_index import verify as compare

    prepare_threads()
    with Catalogue(catalogue) as opened, Milvus(to) as milvus, progress("comparing") as update:
        compared = compare(opened, milvus, progress=update)
    for one in compared:
        print(json.dumps(vars(one) | {"agrees": one.agrees}) if as_json else as_sentence(one))
    differing = [one for one in compared if not one.agrees]
    if differing:
        # a push compares keys and facts, and would take vectors that have changed there for the same
        is_told = all(one.missing or one.surplus or one.other_facts for one in differing)
        again = "" if is_told and not any(one.other_vectors for one in differing) else "--replace "
        fields = ", ".join(one.field for one in differing)
        say(f"smf-embed: {to} differs from {catalogue} in {fields}; mend it: smf-embed index push {again}--to {to}")
        sys.exit(_DIFFERS)


@contextmanager
def opened_store(place: str | None, catalogue: Catalogue) -> Iterator[Callable[[str], NeighbourStore] | None]:
    """Open what the option --store names, and yield what returns the vectors of a field there; None for no option.

    Where they are not those of now, that is told once.
    """
    if place is None:
        yield None
        return
    from smf_embed.milvus import Milvus
    from smf_embed.milvus_store import store_of

    told: list[str] = []
    with Milvus(place) as milvus:

        def opened(field: str) -> NeighbourStore:
            store = store_of(milvus, field, catalogue)
            generation = catalogue.generation
            if store.pushed != f"{generation}:{catalogue.generation_token(generation)}" and not told:
                told.append(field)
                say(
                    f"{place} is no copy of the catalogue as it is now, and may miss what is new; bring it up to date: "
                    f"smf-embed index push --to {place}"
                )
            return store

        yield opened


def _end_if(stopped: bool) -> None:
    if stopped:
        say("smf-embed: stopped before the end; what is counted above is there, and the same command does the rest")
        sys.exit(_STOPPED)
