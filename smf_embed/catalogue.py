"""The catalogue: clips, labels and vectors in one SQLite file or a PostgreSQL database, which is the truth.

Everything else (FAISS snapshots, the model) can be made again from it. One `add` is many transactions, one a batch:
a run that is killed loses at most the batch in flight. Vectors are kept under the digest of the cleaned text, for the
one encoder that the catalogue is made for: no text is ever encoded twice, and vectors of two encoders never meet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.adding import AddReport, add_batches, learn_batches
from smf_embed.checked_sql import damaged
from smf_embed.clips import ID, TEXT_FIELDS, ClipBatch
from smf_embed.database import FILE_NAME as FILE_NAME
from smf_embed.databases import has_database, make_database, open_database
from smf_embed.encoded_clips import EncodedClips, text_digest
from smf_embed.encoder import BUILTIN, Encoder
from smf_embed.enrichment.watched import Watched
from smf_embed.errors import CatalogueError
from smf_embed.isolation import IsolatedEncoder
from smf_embed.learned import read_preparation, write_lexicon
from smf_embed.lexicon import Lexicon
from smf_embed.preparation import Preparation
from smf_embed.schema import PREPARED
from smf_embed.shared_address import local_folder
from smf_embed.stored_clips import StoredClips, project_name
from smf_embed.vector_store import VectorStore, rounded


class Catalogue(StoredClips):
    """A catalogue on disk.

    Any number of programs may read it while one writes; each `reading` sees one generation.

    Parameters
    ----------
    folder : path or str
        The folder that holds it, or the address of a shared one: see `smf_embed.shared_address`.
    create : bool
        Make an empty one where there is none, for `encoder`.
    encoder : str or Encoder, optional
        The encoder, or its name. A catalogue keeps the one that it was made with; naming another is an error.
    device : str
        Where texts are encoded: one of `smf_embed.devices.DEVICES`.
    isolate : bool
        Encode in a process of its own, see `smf_embed.isolation`.

    Raises
    ------
    CatalogueError
        No catalogue in the folder, one that is damaged, newer than this program, or of another encoder.
    EncoderError
        `encoder` cannot be loaded.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        create: bool = False,
        encoder: str | Encoder | None = None,
        device: str = "auto",
        isolate: bool = False,
    ) -> None:
        self.folder = local_folder(folder)
        self._device, self._isolate = device, isolate
        if self.folder.exists() and not self.folder.is_dir():
            raise CatalogueError(f"{self.folder}: is a file; a catalogue is a folder")
        if create and not has_database(self.folder):
            self._create(encoder if isinstance(encoder, Encoder) else self.named_encoder(encoder or BUILTIN))
        super().__init__(open_database(self.folder))
        self._meta: dict[str, str] = {}
        self._preparation: tuple[int, Preparation] | None = None
        #: The words of the table that is going to be added are known; see `learn`.
        self.learned_ahead = False
        self._seen = -1
        try:
            self.read_meta()
            if isinstance(encoder, Encoder):
                self._expect(encoder)
            elif encoder is not None and encoder != self.encoder.name:
                self._expect(self.named_encoder(encoder))
        except BaseException:
            self.database.close()
            raise

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Catalogue({str(self.folder)!r}, {len(self)} clips, encoder {self.encoder.name!r})"

    def close(self) -> None:
        """Close the file; the catalogue cannot be used afterwards."""
        self.database.close()

    def read_meta(self) -> None:
        """Read what holds for the catalogue as a whole, again when a writer has changed it."""
        before, self._meta = self._meta, self.database.meta()
        if before.get("fingerprint") != self.fingerprint:
            try:
                parts = json.loads(self._meta["fingerprint_parts"])
            except ValueError:
                raise damaged(self.database.path, "it does not say which encoder its vectors are of") from None
            self.encoder = self.named_encoder(
                self._meta["encoder"],
                prompt=parts.get("prompt") or "",
                backend=parts.get("backend", "torch"),
                revision=parts.get("revision"),
            )
            self._encoder_checked = False
        self.store = VectorStore(self.database.sql, self.fingerprint, self.database.path)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the encoder whose vectors are in use."""
        return self._meta["fingerprint"]

    @property
    def catalogue_id(self) -> str:
        """16 hexadecimal digits that no other catalogue has."""
        return self._meta["catalogue_id"]

    @property
    def preparation(self) -> Preparation:
        """What was learned from clips by this generation, to prepare the texts of others with."""
        generation = self.generation
        if self._preparation is None or self._preparation[0] != generation:
            self._preparation = (generation, read_preparation(self.database.sql, self.lexicon()))
            self.learned_ahead = False  # what was learned and not written is gone
        return self._preparation[1]

    def read_preparation_again(self) -> None:
        """Have `preparation` read anew: a project may have come or gone, whose name no typo correction may change."""
        self._preparation = None

    @contextmanager
    def reading(self) -> Iterator[int]:
        """See one generation of everything in the body, whatever is written meanwhile; yields its number."""
        with self.database.reading() as generation:
            if generation != self._seen:
                self._seen = generation
                if self.database.meta() != self._meta:
                    self.read_meta()
            yield generation

    def writing(self, command: str) -> AbstractContextManager[None]:
        """Keep other writers out in the body; each change alone does so, too.

        Raises
        ------
        CatalogueError
            When another process writes, naming it.
        """
        return self.database.writing(command)

    def adding(self, command: str, *, alone: bool = False) -> AbstractContextManager[None]:
        """Write in batches in the body: as `writing`, but others may write to a shared catalogue between two batches.

        With `alone`, none that is alone, too. What was read before a batch may have changed then.
        """
        return self.database.adding(command, alone=alone)

    def keeping(self, command: str) -> AbstractContextManager[int]:
        """See one generation in the body, whose files on this machine are going to be written.

        Nobody else can write meanwhile, but to a shared catalogue.
        """
        return self.database.keeping(command)

    @contextmanager
    def transaction(self, command: str) -> Iterator[int]:
        """Write all that is done in the body, or nothing; yields the new generation.

        Raises
        ------
        CatalogueError
            When it cannot be written, or another has given the catalogue another encoder since it was last read.
        """
        with self.database.transaction(command) as generation:
            if self.database.meta()["fingerprint"] != self.fingerprint:
                self.read_meta()  # so that the next try is by the new one
                raise CatalogueError(
                    f"{self.folder}: the encoder was changed meanwhile, and nothing was written by the old one; give "
                    "the same command again"
                )
            yield generation
        if self._preparation is not None:
            # the writer's own copy has learned what it wrote
            self._preparation = (generation, self._preparation[1])

    # ---------------------------------------------------------------------------------------------------- writing

    def learn(
        self,
        batches: Iterable[ClipBatch],
        progress: Callable[[ClipBatch], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """Learn the words and the boilerplate of a table that is going to be added.

        Without it, `add` learns from each batch before it prepares the batch, and the first clips of a table profit
        less than the last. Nothing is written before `add` is called with the same table, within the same `writing`.
        """
        learn_batches(self, batches, progress, stop)
        self.learned_ahead = True

    def add(
        self,
        batches: Iterable[ClipBatch],
        progress: Callable[[ClipBatch, AddReport], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> AddReport:
        """Insert new clips and update changed ones, a transaction a batch.

        A filled `cartoon` is a label from the table; an empty one leaves the label as it is. A label that a person
        gave stands until the table's own changes. An empty cell clears what is stored; a column that the table does
        not have leaves it.

        Parameters
        ----------
        batches : iterable of ClipBatch
            See `smf_embed.clip_tables.iter_clips`.
        progress : callable, optional
            Called after each batch is committed.
        stop : callable, optional
            Asked before each batch; what is added by then stays.

        Returns
        -------
        AddReport

        Raises
        ------
        CatalogueError
            When another process writes, or the file cannot be written; batches before it are stored.
        """
        try:
            with self.adding("add"):
                return add_batches(self, batches, progress, stop)
        except BaseException:
            # what was learned for the failed batch is not in the file; it is read again when it is next asked for
            self._preparation = None
            raise
        finally:
            self.learned_ahead = False

    def compact(self) -> int:
        """Drop vectors that no clip has any more and give their room back; return how many there were."""
        used = " UNION ALL ".join(
            f"SELECT {name}_vector FROM clips WHERE {name}_vector IS NOT NULL" for name in TEXT_FIELDS
        )
        with self.writing("compact"):
            with self.transaction("compact"):
                dropped = self.database.sql.execute(
                    f"DELETE FROM vectors WHERE fingerprint <> ? OR vector_key NOT IN ({used})", (self.fingerprint,)
                ).rowcount
            self.database.give_room_back()
        return int(dropped)

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Remove clips with their labels; return the ids that were stored.

        A `sync` does not bring them back. Vectors of texts stay, so that a clip that comes again is not encoded again;
        `compact` drops them.
        """
        known = self.clip_keys(ids)
        if known:
            with self.transaction("remove"):
                statement = "DELETE FROM clips WHERE clip_key = ?"
                self.database.sql.executemany(statement, [(key,) for key in known.values()])
                Watched(self).set_removed(list(known))
            self.read_preparation_again()
        return list(known)

    def label(self, ids: Sequence[str], project: str | None, source: str = "person") -> list[str]:
        """Give clips a label, or take theirs away; return the ids that are stored.

        Parameters
        ----------
        ids : sequence of str
        project : str or None
            `none` is a project, too; None takes the label away, and the clip is unlabelled.
        source : str
            `person` or `model`; labels of tables come by `add`.

        Raises
        ------
        InputError
            A project without a name.
        """
        if project is not None:
            project = project_name(project)
        known = self.clip_keys(ids)
        if known:
            with self.transaction("label" if project is not None else "unlabel") as generation:
                for key in known.values():
                    self.put_label(key, project, source, generation)
            self.read_preparation_again()
        return list(known)

    def set_index(self, kind: str, facts: dict[str, Any]) -> None:
        """Note which FAISS index is to be used, and what was measured of it."""
        with self.transaction("reindex"):
            self.put_meta({"index_kind": kind, "index_facts": json.dumps(facts)})

    def save_lexicon(self, lexicon: Lexicon) -> None:
        """Replace the names and aliases that people gave; `fit` learns with them."""
        with self.transaction("lexicon"):
            write_lexicon(self.database.sql, lexicon)
        self._preparation = None

    # --------------------------------------------------------------------------------------------------- encoding

    def encoded(
        self, clips: Sequence[dict[str, Any]], progress: Callable[[int], None] | None = None
    ) -> tuple[EncodedClips, int]:
        """Give clips of a table their vectors, from the store where their texts are known.

        Nothing is written. The encoder is loaded only if some text is new.

        Parameters
        ----------
        clips : sequence of dict
        progress : callable, optional
            Called with the number of texts that were encoded since the last call.

        Returns
        -------
        clips : EncodedClips
        encoded_texts : int
            How many texts had to be encoded.
        """
        with self.reading():
            self.preparation.expect(clips)
            prepared, keys, missing, new = self.prepare_and_encode(clips, self.stored_like(clips), progress)
            dimension = self.dimension or new.shape[1]
            order = {text: row for row, text in enumerate(missing)}
            vectors = {}
            for name in TEXT_FIELDS:
                column = [clip[f"{name}_text"] for clip in prepared]
                result = np.zeros((len(clips), dimension), dtype=np.float32)
                known = [row for row, text in enumerate(column) if text in keys]
                fresh = [row for row, text in enumerate(column) if text in order]
                if known:
                    result[known] = self.store.vectors([keys[column[row]] for row in known])
                # rounded as the store would, so that a clip is judged alike before and after it is added
                result[fresh] = rounded(new[[order[column[row]] for row in fresh]])
                vectors[name] = result
        return EncodedClips(prepared, vectors), len(missing)

    def encode_title(self, title: str) -> np.ndarray:
        """Return the vector of a title, float32, shape (dimension,); from the store where it is known."""
        text = self.preparation.prepare_title(title).text
        keys = self.store.keys([text_digest(text)])
        if keys:
            return self.store.vectors(list(keys.values()))[0]
        return rounded(self.encode_texts([text]))[0]

    # ------------------------------------------------------------------------------- for the modules of the catalogue

    def prepare_and_encode(
        self,
        clips: Sequence[dict[str, Any]],
        old: dict[str, dict[str, Any]],
        progress: Callable[[int], None] | None = None,
        *,
        encoded: Mapping[str, np.ndarray] | None = None,
    ) -> tuple[list[dict[str, Any]], dict[str, int], dict[str, bytes], np.ndarray]:
        """Prepare the texts of clips, and encode those that have no vector yet.

        Parameters
        ----------
        clips : sequence of dict
        old : dict of id → clip
            Stored clips whose prepared texts are taken as they are.
        progress : callable, optional
            Called with the number of texts that were encoded since the last call.
        encoded : mapping of text → vector, optional
            Texts that need not be encoded, since that was done before.

        Returns
        -------
        prepared : list of dict
            The clips with the columns `smf_embed.schema.PREPARED`.
        keys : dict of text → key of its stored vector
        missing : dict of text → digest
            The texts that had to be encoded, now or before.
        vectors : ndarray, shape (len(missing), dimension), float32
        """
        new_clips = [clip for clip in clips if clip[ID] not in old]
        preparation = self.preparation if new_clips else None  # whether it is of this generation takes a query
        prepared = []
        for clip in clips:
            if preparation is not None and clip[ID] not in old:
                prepared.append(clip | prepared_columns(preparation, clip))
            else:
                prepared.append(clip | {name: old[clip[ID]][name] for name in PREPARED})
        texts = (clip[f"{name}_text"] for clip in prepared for name in TEXT_FIELDS)
        digests = {text: text_digest(text) for text in texts if text}
        stored = self.store.keys(digests.values())
        keys = {text: stored[digest] for text, digest in digests.items() if digest in stored}
        missing = {text: digest for text, digest in digests.items() if digest not in stored}
        if not (encoded and missing):
            return prepared, keys, missing, self.encode_texts(list(missing), progress)
        new = [text for text in missing if text not in encoded]
        vectors = {**encoded, **dict(zip(new, self.encode_texts(new, progress), strict=True))}
        return prepared, keys, missing, np.array([vectors[text] for text in missing]).reshape(len(missing), -1)

    def encode_texts(self, texts: list[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Encode prepared texts by the catalogue's encoder, after a check that it is the one of the vectors."""
        if not texts:
            return np.empty((0, self.dimension or 0), dtype=np.float32)
        if not self._encoder_checked:
            self._expect(self.encoder)
            self._encoder_checked = True
        return self.encoder.encode(texts, progress)

    def put_meta(self, values: dict[str, str]) -> None:
        """Write what holds for the catalogue as a whole within an open transaction."""
        self.database.sql.executemany(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            values.items(),
        )

    def _expect(self, encoder: Encoder) -> None:
        if encoder.fingerprint != self.fingerprint:
            raise CatalogueError(
                f"{self.folder}: holds vectors of encoder {self._meta['encoder']!r} (fingerprint {self.fingerprint}), "
                f"not of {encoder.name!r} (fingerprint {encoder.fingerprint}); vectors of two encoders cannot be "
                f"compared. Change it to this one: smf-embed reindex {encoder.options()} --catalogue {self.folder}"
            )

    def named_encoder(self, name: str, **settings: Any) -> Encoder:
        """Return an encoder on the device, and in the process, that this catalogue was opened for."""
        return (IsolatedEncoder if self._isolate else Encoder)(name, device=self._device, **settings)

    def _create(self, encoder: Encoder) -> None:
        make_database(self.folder, encoder_meta(encoder))  # one that cannot be loaded leaves no catalogue behind


def prepared_columns(preparation: Preparation, clip: dict[str, Any]) -> dict[str, Any]:
    """Return the prepared texts of a clip and its corrections, as they are stored."""
    prepared = preparation.prepare(clip)
    changes = [[change.start, change.before, change.after, change.reason] for change in prepared.corrections]
    texts = {f"{name}_text": text or None for name, text in prepared.texts.items()}
    return texts | {"corrections": json.dumps(changes, ensure_ascii=False) if changes else None}


def encoder_meta(encoder: Encoder) -> dict[str, str]:
    """Return what a catalogue keeps of its encoder."""
    is_folder = encoder.name != BUILTIN and Path(encoder.name).is_dir()
    return {
        "encoder": str(Path(encoder.name).resolve()) if is_folder else encoder.name,
        "fingerprint": encoder.fingerprint,
        "fingerprint_parts": json.dumps(encoder.fingerprint_parts, ensure_ascii=False),
    }
