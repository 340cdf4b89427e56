"""What decides a shard, whichever engine runs it: the catalogue and the model, opened once, and one way through."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smf_embed.bulk.output import OutputFolder, decision_files
from smf_embed.bulk.shards import Shard, iter_shard, readable
from smf_embed.errors import CatalogueError, InputError


@dataclass(frozen=True)
class Deciding:
    """All that whoever decides shards must be told, so that all decide alike.

    Attributes
    ----------
    catalogue : str
        Its folder, the same for all.
    output : str
        The folder, or the address, for the decisions.
    columns : dict of str → str
        Our column name → the tables'.
    min_precision : float or None
    device : str
    isolate : bool
    facts : dict or None
        What `decider_facts` says of catalogue and model; None where it is not known yet.
    """

    catalogue: str
    output: str
    columns: dict[str, str]
    min_precision: float | None = None
    device: str = "auto"
    isolate: bool = False
    facts: dict[str, Any] | None = None


def decider_facts(deciding: Deciding) -> dict[str, Any]:
    """Return what decisions depend on: catalogue, generation, encoder, model, options, version of the program.

    Raises
    ------
    CatalogueError, ModelError
        None there.
    """
    from smf_embed import __version__
    from smf_embed.catalogue import Catalogue
    from smf_embed.files import file_digest
    from smf_embed.model_files import MODEL_FOLDER, read_manifest

    with Catalogue(deciding.catalogue) as catalogue, catalogue.reading() as generation:
        folder = catalogue.folder / MODEL_FOLDER
        read_manifest(folder)  # which holds the digests of all other files, and says what is wrong with it
        return {
            "catalogue": catalogue.catalogue_id,
            "generation": generation,
            # copies that went their own ways may have the same number
            "token": catalogue.generation_token(generation),
            "encoder": catalogue.fingerprint,
            "model": file_digest(folder / "manifest.json"),
            "columns": deciding.columns,
            "min_precision": deciding.min_precision,
            "version": __version__,
        }


class ShardDecider:
    """Decides shards with a catalogue and a model that are opened once.

    Parameters
    ----------
    deciding : Deciding

    Raises
    ------
    CatalogueError, ModelError
        None there, or others than those that `deciding.facts` are of.
    """

    def __init__(self, deciding: Deciding) -> None:
        from smf_embed.catalogue import Catalogue
        from smf_embed.classifier import MODEL_FOLDER, Classifier

        self._deciding = deciding
        self._output = OutputFolder(deciding.output)
        self._catalogue = Catalogue(deciding.catalogue, device=deciding.device, isolate=deciding.isolate)
        try:
            self._model = Classifier.load(Path(deciding.catalogue) / MODEL_FOLDER, self._catalogue)
            self._check()
        except BaseException:
            self._catalogue.close()
            raise

    def close(self) -> None:
        """Close the catalogue."""
        self._catalogue.close()

    def decide(self, shard: Shard) -> dict[str, Any]:
        """Decide the clips of a shard and write them, and what could not be used, to the output.

        Returns
        -------
        dict
            What the manifest tells of a shard that is done, see `smf_embed.bulk.output`; or `unread`: the reason why
            it could not be read, and its `sha256` where its bytes could be.

        Raises
        ------
        CatalogueError
            The catalogue or the model was changed since the run began.
        """
        from smf_embed.console import write_rejected
        from smf_embed.files import file_digest
        from smf_embed.table_decisions import decide_batches, write_decisions

        started = time.monotonic()
        file, report = decision_files(shard.name)
        bytes_read: dict[str, str] = {}
        try:
            with readable(shard) as table:
                bytes_read = {"sha256": file_digest(table.path)}
                batches = iter_shard(table, self._deciding.columns)
                decided = decide_batches(
                    batches, self._catalogue, self._model, min_precision=self._deciding.min_precision
                )
        except InputError as error:
            return {"unread": str(error)} | bytes_read
        except OSError as error:
            return {"unread": f"{shard.address}: cannot be read: {error.strerror or error}"} | bytes_read
        self._check()
        decisions = decided.decisions
        if decisions is None:  # a shard without a row, or without a good one, has decisions of the same columns
            decisions = self._model.predict(self._catalogue.encoded([])[0])
        if decided.rejected:
            with self._output.replacing(report) as temporary:
                write_rejected(decided.rejected, temporary)
        else:
            self._output.remove(report)
        with self._output.replacing(file) as temporary:
            write_decisions(decisions, temporary)
            size, written = temporary.stat().st_size, file_digest(temporary)
        projects = decisions.loc[decisions["cartoon"] != "none", "cartoon"]
        return {
            **bytes_read,
            "file": file,
            "file_bytes": size,
            "file_sha256": written,
            "clips": len(decisions),
            "of_projects": len(projects),
            "unsure": int(decisions["unsure"].sum()),
            "rejected": len(decided.rejected),
            "mended": sum(decided.mended.values()),
            "texts_encoded": decided.texts,
            "seconds": round(time.monotonic() - started, 3),
        }

    def _check(self) -> None:
        facts = self._deciding.facts
        if facts is not None and decider_facts(self._deciding) != facts:
            raise CatalogueError(
                f"{self._deciding.catalogue}: the catalogue or its model is not the one that the run began with, so "
                "that shards would not be decided alike. Start the same command again, on a copy of the folder where "
                "others go on writing to it"
            )


def decide_here(deciding: Deciding, shards: Sequence[Shard]) -> Iterator[tuple[Shard, dict[str, Any]]]:
    """Decide shards one after the other in this process; yields what `ShardDecider.decide` returns of each."""
    decider = ShardDecider(deciding)
    try:
        for shard in shards:
            yield shard, decider.decide(shard)
    finally:
        decider.close()
