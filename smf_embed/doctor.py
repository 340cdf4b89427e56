"""Checks a catalogue, its snapshots and its model from end to end, and mends what the truth can mend."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.checked_sql import Sql, verify
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clips import ID, TEXT_FIELDS
from smf_embed.database import FILE_NAME, Database, now
from smf_embed.encoded_clips import text_digest
from smf_embed.errors import CatalogueError, EncoderError, ModelError
from smf_embed.leftovers import TEMPORARY
from smf_embed.neighbours import Neighbours
from smf_embed.salvage import salvage
from smf_embed.shared_address import address_of, local_folder
from smf_embed.snapshots import remove_snapshot, snapshot_problems
from smf_embed.write_lock import WriteLock

_BATCH = 4096
# vectors are rounded to float16 when they are stored
_LENGTH_TOLERANCE = 0.01
_AGAIN = "smf-embed doctor --repair --catalogue {folder}"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or was.

    Attributes
    ----------
    where : str
        The file or the part.
    problem : str
    mended : bool
    remedy : str
        The command that mends it; empty where it is mended.
    """

    where: str
    problem: str
    mended: bool
    remedy: str = ""


def examine(
    folder: str | Path, *, repair: bool = False, progress: Callable[[float, str], None] | None = None
) -> list[Finding]:
    """Check all that a catalogue's folder holds.

    Parameters
    ----------
    folder : path
    repair : bool
        Mend what can be mended: the database from its sound rows, vectors by encoding their texts, labels from their
        history, snapshots from the vectors.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done.

    Returns
    -------
    list of Finding
        Empty when nothing is wrong.

    Raises
    ------
    CatalogueError
        No catalogue in the folder, one of a newer program, or, to repair, one that another process writes.
    """
    folder = local_folder(folder)
    again = _AGAIN.format(folder=folder)
    say = progress or (lambda *_: None)
    say(0.0, "structure and checksums")
    findings = list(_database(folder, repair, again))
    if any(not finding.mended for finding in findings):
        return findings
    with Catalogue(folder) as catalogue:
        if repair:
            with catalogue.writing("doctor"):
                findings += _parts(catalogue, repair, again, say)
        else:
            # what killed programs left is no damage, and goes when a writer opens the folder
            with suppress(CatalogueError), catalogue.writing("doctor"):
                pass
            findings += _parts(catalogue, repair, again, say)
    return findings


def _parts(catalogue: Catalogue, repair: bool, again: str, say: Callable[[float, str], None]) -> Iterator[Finding]:
    say(0.3, "clips and vectors")
    yield from _clips(catalogue, repair, again)
    say(0.7, "snapshots")
    yield from _snapshots(catalogue, repair, again)
    say(0.9, "model")
    yield from _model(catalogue, repair, again)


def _database(folder: Path, repair: bool, again: str) -> Iterator[Finding]:
    if address_of(folder) is not None:
        return  # the server keeps its files and references sound; what it cannot know is looked at below
    path = folder / FILE_NAME
    try:
        with closing(Database(folder, check=False)) as database:
            problems = verify(database.sql)
    except sqlite3.Error as error:
        problems = [str(error)]
    except CatalogueError as error:
        if not path.exists() or "newer smf-embed" in str(error):
            raise
        problems = [str(error)]
    if not problems:
        return
    if not repair:
        yield Finding(FILE_NAME, "; ".join(problems), False, again)
        return
    with WriteLock(folder).taken("doctor"):
        kept = salvage(path)
    if kept is None:
        remedy = f"restore a copy of {path}, or move it away and add the tables again: smf-embed add TABLE"
        yield Finding(FILE_NAME, f"{'; '.join(problems)}; too much is lost to mend it", False, remedy)
        return
    rows = ", ".join(f"{count:,} {table}" for table, count in kept.items() if table in ("clips", "labels", "vectors"))
    yield Finding(
        FILE_NAME,
        f"{'; '.join(problems)}. Kept are {rows}; what is missing comes back by adding its tables again. "
        f"The damaged file is {path.stem}.damaged{path.suffix}",
        True,
    )


def _clips(catalogue: Catalogue, repair: bool, again: str) -> Iterator[Finding]:
    """Compare texts with their vectors, and labels with their history."""
    sql = catalogue.database.sql
    wrong: list[tuple[int, str, str]] = []
    for batch in catalogue.clip_batches(_BATCH):
        for name in TEXT_FIELDS:
            keys = sorted({clip[f"{name}_vector"] for clip in batch if clip[f"{name}_vector"] is not None})
            sound = dict(_sound_vectors(catalogue, keys))
            for clip in batch:
                text, key = clip[f"{name}_text"], clip[f"{name}_vector"]
                if (text is None) != (key is None) or (text is not None and sound.get(key) != text_digest(text)):
                    wrong.append((clip["clip_key"], name, clip[ID]))
    if wrong:
        mended = repair and _encode_again(catalogue, wrong)
        example = ", ".join(dict.fromkeys(identifier for _, _, identifier in wrong[:3]))
        problem = f"{len(wrong):,} texts lack their vector or have a broken one, such as of {example}"
        yield Finding(FILE_NAME, problem, mended, "" if mended else again)
    newest = "SELECT project FROM labels WHERE labels.clip_key = clips.clip_key ORDER BY label_key DESC LIMIT 1"
    # no project is named by an empty text
    differ = f"coalesce(project, '') <> coalesce(({newest}), '')"
    count = sql.execute(f"SELECT count(*) FROM clips WHERE {differ}").fetchone()[0]
    if count:
        if repair:
            with catalogue.transaction("doctor") as generation:
                _write_lost_labels_again(sql, generation)
                sql.execute(f"UPDATE clips SET project = ({newest}) WHERE {differ}")
        problem = f"{count:,} clips have another label than their history says"
        yield Finding(FILE_NAME, problem, repair, "" if repair else again)


def _write_lost_labels_again(sql: Sql, generation: int) -> None:
    """Give clips whose history is lost as a whole the label again that they have, as the log of labels tells it."""

    def logged(column: str) -> str:
        same = f"log.{ID} = clips.{ID} AND log.project = clips.project"
        return f"(SELECT {column} FROM label_log AS log WHERE {same} ORDER BY log_key DESC LIMIT 1)"

    sql.execute(
        "INSERT INTO labels (clip_key, project, source, at, generation) "
        f"SELECT clip_key, project, coalesce({logged('source')}, 'table'), coalesce({logged('at')}, ?), ? FROM clips "
        "WHERE project IS NOT NULL AND NOT EXISTS (SELECT 1 FROM labels WHERE labels.clip_key = clips.clip_key)",
        (now(), generation),
    )


def _sound_vectors(catalogue: Catalogue, keys: list[int]) -> Iterator[tuple[int, bytes]]:
    """Yield key and digest of those vectors that are finite and of unit length, of the catalogue's encoder."""
    digests = catalogue.store.digests(keys)
    if not digests:
        return
    there = sorted(digests)
    vectors = catalogue.store.vectors(there)
    length = np.linalg.norm(vectors, axis=1)
    for key, one in zip(there, length, strict=True):
        if abs(one - 1.0) < _LENGTH_TOLERANCE:  # not so for NaN
            yield key, digests[key]


def _encode_again(catalogue: Catalogue, wrong: list[tuple[int, str, str]]) -> bool:
    sql = catalogue.database.sql
    # a key never gets another vector, else a snapshot that holds it would be taken for sound
    with catalogue.transaction("doctor") as generation:
        for clip_key, name, _ in wrong:
            sql.execute(
                f"UPDATE clips SET {name}_vector = NULL, generation = ? WHERE clip_key = ?", (generation, clip_key)
            )
        # among keys of which one is NULL, NOT IN finds none
        used = " OR ".join(
            f"vector_key IN (SELECT {name}_vector FROM clips WHERE {name}_vector IS NOT NULL)" for name in TEXT_FIELDS
        )
        sql.execute(f"DELETE FROM vectors WHERE NOT ({used})")
    try:
        for start in range(0, len(wrong), _BATCH):
            part = wrong[start : start + _BATCH]
            texts = {
                (clip_key, name): sql.execute(
                    f"SELECT {name}_text FROM clips WHERE clip_key = ?", (clip_key,)
                ).fetchone()[0]
                for clip_key, name, _ in part
            }
            digests = {text: text_digest(text) for text in texts.values() if text}
            stored = catalogue.store.keys(digests.values())
            keys = {text: stored[digest] for text, digest in digests.items() if digest in stored}
            missing = [text for text in digests if text not in keys]
            vectors = catalogue.encode_texts(missing)
            with catalogue.transaction("doctor") as generation:
                new = catalogue.store.put([digests[text] for text in missing], vectors)
                keys |= dict(zip(missing, new, strict=True))
                for (clip_key, name), text in texts.items():
                    sql.execute(
                        f"UPDATE clips SET {name}_vector = ?, generation = ? WHERE clip_key = ?",
                        (keys.get(text), generation, clip_key),
                    )
    except EncoderError:
        return False
    return True


def _snapshots(catalogue: Catalogue, repair: bool, again: str) -> Iterator[Finding]:
    for path, problem in list(snapshot_problems(catalogue)):
        if repair:
            if path.suffix == ".faiss":
                remove_snapshot(path)
            path.unlink(missing_ok=True)
        yield Finding(path.name, problem, repair, "" if repair else again)
    for field in TEXT_FIELDS:
        index = Neighbours(catalogue, field)
        wanted = catalogue.vector_keys(field)
        if not np.array_equal(np.sort(index.keys), wanted):
            yield Finding(f"index of {field}", "holds other texts than the catalogue", False, again)


def _model(catalogue: Catalogue, repair: bool, again: str) -> Iterator[Finding]:
    folder = catalogue.folder / MODEL_FOLDER
    for path in sorted(folder.glob(".*")):
        if TEMPORARY.fullmatch(path.name):
            if repair:
                path.unlink(missing_ok=True)
            yield Finding(path.name, "was left behind by a fit that was killed", repair, "" if repair else again)
    if not (folder / "manifest.json").exists():
        if folder.exists() and any(folder.iterdir()):
            yield Finding(
                MODEL_FOLDER, "its manifest is missing", False, f"smf-embed fit --catalogue {catalogue.folder}"
            )
        return
    try:
        Classifier.load(folder, catalogue)
    except ModelError as error:
        yield Finding(MODEL_FOLDER, str(error), False, f"smf-embed fit --catalogue {catalogue.folder}")
