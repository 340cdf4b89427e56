"""The command that compares encoders."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from smf_embed.console import (
    BackendOption,
    CatalogueOption,
    DeviceOption,
    JsonOption,
    prepare_threads,
    print_table,
    progress,
    say,
)
from smf_embed.errors import EncoderError

EXAMPLE = "Example: smf-embed encoders builtin intfloat/multilingual-e5-small ./my-model --clips 2000"


def encoders(
    names: Annotated[
        list[str], typer.Argument(metavar="ENCODER...", help="builtin, folders with a model, hub ids (ID@REVISION).")
    ],
    catalogue: CatalogueOption = Path("index"),
    clips: Annotated[int, typer.Option(min=20, help="Compare on so many labelled clips, half of them none.")] = 3000,
    backend: BackendOption = "torch",
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Compare encoders on the labelled clips of the catalogue: speed, memory, and how well neighbours tell projects.

    Each runs in its own process. The score is the macro-F1 of a vote of the ten nearest clips, near-duplicates left
    out; it tells encoders apart, and is not what predict reaches. The catalogue is not changed.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.encoder_comparison import EncoderScore, draw_sample, measure
    from smf_embed.isolation import IsolatedEncoder
    from smf_embed.model_loading import BUILTIN

    prepare_threads()
    with Catalogue(catalogue) as opened:
        sample = draw_sample(opened, clips)
    found: list[EncoderScore] = []
    failed: EncoderError | None = None
    with progress("comparing") as update:
        for place, name in enumerate(names):
            update(place / len(names), name)
            encoder = IsolatedEncoder(name, backend="torch" if name == BUILTIN else backend, device=device)
            try:
                found.append(measure(encoder, sample))
            except EncoderError as error:
                # the others are compared nevertheless
                if failed is not None:
                    say(f"smf-embed: {failed}")
                failed = error
            finally:
                encoder.close()
    if found and as_json:
        print(json.dumps([dataclasses.asdict(one) for one in found], ensure_ascii=False))
    elif found:
        print(f"{len(sample.labels):,} labelled clips, {len(set(sample.labels))} classes, {found[0].texts:,} texts")
        print_table(
            ["macro-F1", "texts/s", "MB", "GPU MB", "dimensions", "load s", "in windows", "encoder"],
            [
                [
                    f"{one.macro_f1:.4f}",
                    f"{one.texts_per_second:,.0f}",
                    f"{one.megabytes:,.0f}",
                    "–" if one.gpu_megabytes is None else f"{one.gpu_megabytes:,.0f}",
                    str(one.dimension),
                    f"{one.load_seconds:.1f}",
                    f"{one.windowed_texts:,}",
                    one.encoder + (f" (prompt {one.prompt!r})" if one.prompt else ""),
                ]
                for one in sorted(found, key=lambda one: -one.macro_f1)
            ],
        )
    if failed is not None:
        raise failed
