"""Another encoder for a catalogue, or texts prepared anew: made beside what is there, and swapped at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smf_embed.catalogue import Catalogue, encoder_meta, prepared_columns
from smf_embed.clips import TEXT_FIELDS
from smf_embed.encoded_clips import text_digest
from smf_embed.encoder import Encoder
from smf_embed.schema import PREPARED
from smf_embed.vector_store import VectorStore

_BATCH = 2048


@dataclass
class ReencodeReport:
    """What was done: clips that were looked at, those with other texts, texts that were encoded; if it was stopped."""

    clips: int = 0
    changed_texts: int = 0
    encoded_texts: int = 0
    stopped: bool = False


def reencode(
    catalogue: Catalogue,
    encoder: str | Encoder | None = None,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ReencodeReport:
    """Prepare all texts with what has been learned by now, and encode those that the encoder has no vectors of.

    The vectors are stored in batches beside the old ones, so that a run that is killed or stopped goes on where it
    was; until the one transaction at the end, all others read the old ones. A model of another encoder is of no use
    afterwards.

    Parameters
    ----------
    catalogue : Catalogue
    encoder : str or Encoder, optional
        Another encoder, or its name; that of the catalogue where not given.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done.
    stop : callable, optional
        Asked after each batch.

    Raises
    ------
    EncoderError
        When the encoder cannot be loaded.
    CatalogueError
        When another process writes, or the file cannot be written.
    """
    say = progress or (lambda *_: None)
    report = ReencodeReport()
    with catalogue.writing("reindex"):
        if encoder is None or encoder == catalogue.encoder.name:
            chosen = catalogue.encoder
        else:
            chosen = encoder if isinstance(encoder, Encoder) else catalogue.named_encoder(encoder)
        meta = encoder_meta(chosen)
        store = VectorStore(catalogue.database.sql, meta["fingerprint"], catalogue.database.path)
        total = max(len(catalogue), 1)
        for batch in catalogue.clip_batches(_BATCH):
            texts = _texts(catalogue, batch)
            stored = store.keys(texts.values())
            missing = {text: digest for text, digest in texts.items() if digest not in stored}
            if missing:
                vectors = chosen.encode(list(missing))
                with catalogue.transaction("reindex"):
                    store.put(list(missing.values()), vectors)
            report.encoded_texts += len(missing)
            report.clips += len(batch)
            say(0.9 * report.clips / total, f"{report.clips:,} clips")
            if stop and stop():
                report.stopped = True
                return report
        say(0.9, "swapping")
        report.changed_texts = _swap(catalogue, store, meta)
    catalogue.read_meta()
    return report


def _texts(catalogue: Catalogue, clips: list[dict[str, Any]]) -> dict[str, bytes]:
    preparation = catalogue.preparation
    prepared = [prepared_columns(preparation, clip) for clip in clips]
    texts = (clip[f"{name}_text"] for clip in prepared for name in TEXT_FIELDS)
    return {text: text_digest(text) for text in texts if text}


def _swap(catalogue: Catalogue, store: VectorStore, meta: dict[str, str]) -> int:
    """Give every clip its new texts and vectors, and drop those of other encoders, in one transaction."""
    sql = catalogue.database.sql
    changed = 0
    update = f"UPDATE clips SET {', '.join(f'{name} = ?' for name in PREPARED)}, generation = ? WHERE clip_key = ?"
    with catalogue.transaction("reindex") as generation:
        preparation = catalogue.preparation
        for batch in catalogue.clip_batches(_BATCH):
            prepared = [clip | prepared_columns(preparation, clip) for clip in batch]
            texts = (clip[f"{name}_text"] for clip in prepared for name in TEXT_FIELDS)
            digests = {text: text_digest(text) for text in texts if text}
            keys = store.keys(digests.values())
            for clip, before in zip(prepared, batch, strict=True):
                for name in TEXT_FIELDS:
                    text = clip[f"{name}_text"]
                    clip[f"{name}_vector"] = keys[digests[text]] if text else None
                now = [clip[name] for name in PREPARED]
                if now != [before[name] for name in PREPARED]:
                    sql.execute(update, [*now, generation, clip["clip_key"]])
                changed += any(clip[f"{name}_text"] != before[f"{name}_text"] for name in TEXT_FIELDS)
        catalogue.put_meta(meta)
        sql.execute("DELETE FROM vectors WHERE fingerprint <> ?", (meta["fingerprint"],))
    return changed
