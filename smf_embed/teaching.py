"""New projects without a new fit: teach, forget, rename and merge the projects of a catalogue and its model.

The trees judge any project by the same evidence, so a project needs only its own: votes, similarities and channel
shares come from the labels alone, and its lexical machine, its names and its aliases are made here. Labels are written
before the model: killed between the two, the model decides as before, and the same command does the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from smf_embed.aliases import Alias
from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, NONE, TEXT_FIELDS
from smf_embed.errors import InputError
from smf_embed.lexicon import Entry, Lexicon, names_in_label
from smf_embed.model_files import MODEL_FOLDER, ModelParts, read_model, write_model
from smf_embed.model_parts import (
    add_where_free,
    aliases_of,
    joined,
    names_for,
    of_project,
    renamed,
    renamed_entries,
    with_project,
    without_project,
)
from smf_embed.one_project import FieldTexts
from smf_embed.stored_clips import project_name


@dataclass(frozen=True)
class Taught:
    """What a project was taught from.

    Attributes
    ----------
    project : str
    is_new : bool
        The model did not know it before.
    clips : int
        Clips that are labelled so now; `smf_embed.training.FEWEST_CLIPS` and more are wanted.
    texts : dict of field → int
        Different texts among them.
    aliases : list of str
        The phrases of titles that speak for it, the surest first.
    """

    project: str
    is_new: bool
    clips: int
    texts: dict[str, int]
    aliases: list[str]


def teach(catalogue: Catalogue, project: str, ids: Sequence[str]) -> Taught:
    """Label clips and let the model know their project, a new one or one that gets more clips.

    The trees and what is known of other projects stay as they are.

    Parameters
    ----------
    catalogue : Catalogue
        With a fitted model.
    project : str
    ids : sequence of str
        Stored clips, at least one; all that were labelled so before count, too.

    Returns
    -------
    Taught

    Raises
    ------
    InputError
        `none`, a name that another project has but for case and spaces, clips that are not stored, or clips without
        any text. Nothing is changed then.
    ModelError, CatalogueError
        There is no model that fits the catalogue, or another process writes.
    """
    name = project_name(project)
    if name == NONE:
        raise InputError(f"{NONE!r} is no project that can be taught; to label clips so: smf-embed label ID... {NONE}")
    with catalogue.writing("teach"):
        parts = _read(catalogue)
        _check_free(name, [*_projects(parts), *catalogue.projects()])
        _check_clips(catalogue, name, ids)
        catalogue.label(ids, name)
        is_new = name not in _projects(parts)
        if is_new:
            parts = with_project(parts, name)
        parts, texts = _learned(catalogue, parts, name, entries=catalogue.lexicon())
        _write(catalogue, parts, taught=[*_taught(parts), name])
    number = _projects(parts).index(name)
    mined = [alias for alias in parts.names.aliases["title"].aliases if alias.project == number]
    return Taught(
        project=name,
        is_new=is_new,
        clips=parts.manifest["sizes"][name],
        texts=texts,
        aliases=[alias.text for alias in sorted(mined, key=lambda alias: (-alias.precision, alias.text))],
    )


def forget(catalogue: Catalogue, project: str) -> int:
    """Take a project from the model and from the labels of its clips, which their history keeps.

    Names that people gave it stay: they are names of a project that is not tracked.

    Returns
    -------
    int
        How many clips have lost their label.

    Raises
    ------
    InputError
        `none`, or a project that neither the model nor a label knows.
    ModelError, CatalogueError
        See `teach`.
    """
    name = project_name(project)
    _refuse_none(name, "forgotten")
    with catalogue.writing("forget"):
        parts = _read(catalogue)
        ids = _ids_of(catalogue, name)
        _check_known(name, ids, parts, catalogue)
        catalogue.label(ids, None)
        if name in _projects(parts):
            taught = [other for other in _taught(parts) if other != name]
            _write(catalogue, without_project(parts, name), taught)
    return len(ids)


def rename(catalogue: Catalogue, old: str, new: str) -> int:
    """Give a project another name: in the labels, in the names that people gave, and in the model.

    Returns
    -------
    int
        How many clips have the new label.

    Raises
    ------
    InputError
        `none`, a project that is not known, or a new name that another project has, be it in other case and spaces.
    ModelError, CatalogueError
        See `teach`.
    """
    old, new = project_name(old), project_name(new)
    for name in (old, new):
        _refuse_none(name, "renamed")
    with catalogue.writing("rename"):
        parts = _read(catalogue)
        ids = _ids_of(catalogue, old)
        _check_known(old, ids, parts, catalogue)
        if old == new:
            return 0
        # labels that a killed run has renamed already are no other project's
        half_done = not ids and old in _projects(parts) and new not in _projects(parts)
        others = [*_projects(parts), *([] if half_done else catalogue.projects())]
        if new in others:
            raise InputError(f"{new!r} is a project, too; to make one of both: smf-embed merge {old!r} {new!r}")
        _check_free(new, [name for name in others if name != old])
        catalogue.save_lexicon(renamed_entries(catalogue.lexicon(), old, new))
        catalogue.label(ids, new)
        if old in _projects(parts):
            taught = [new if name == old else name for name in _taught(parts)]
            _write(catalogue, renamed(parts, old, new), taught)
        return len(_ids_of(catalogue, new))


def merge(catalogue: Catalogue, source: str, into: str) -> int:
    """Make one project of two: the clips, names and aliases of `source` become those of `into`.

    Returns
    -------
    int
        How many clips have the label `into` now.

    Raises
    ------
    InputError
        `none`, twice the same project, or one that is not known.
    ModelError, CatalogueError
        See `teach`.
    """
    source, into = project_name(source), project_name(into)
    for name in (source, into):
        _refuse_none(name, "merged")
    if source == into:
        raise InputError(f"{into!r} and {source!r} are one project already")
    with catalogue.writing("merge"):
        parts = _read(catalogue)
        ids = _ids_of(catalogue, source)
        _check_known(source, ids, parts, catalogue)
        _check_known(into, _ids_of(catalogue, into), parts, catalogue)
        people = renamed_entries(catalogue.lexicon(), source, into)
        # whoever merges two spellings of a name says that both mean one project
        add_where_free(people, (Entry(key, into, None, "person") for key in names_in_label(source)))
        catalogue.save_lexicon(people)
        catalogue.label(ids, into)
        if into in _projects(parts):
            aliases = aliases_of(parts, source)
            parts = joined(parts, source, into)
            parts, _ = _learned(catalogue, parts, into, entries=people, more_aliases=aliases)
            _write(catalogue, parts, taught=[*(name for name in _taught(parts) if name != source), into])
        elif source in _projects(parts):
            taught = [into if name == source else name for name in _taught(parts)]
            parts, _ = _learned(catalogue, renamed(parts, source, into), into, entries=people)
            _write(catalogue, parts, taught)
        return len(_ids_of(catalogue, into))


# -------------------------------------------------------------------------------------------------------------- checks


def _refuse_none(name: str, what: str) -> None:
    if name == NONE:
        raise InputError(f"{NONE!r} is not a project but the lack of one; it cannot be {what}")


def _check_free(name: str, projects: Iterable[str]) -> None:
    for other in projects:
        if other != name and _folded(other) == _folded(name):
            raise InputError(
                f"{name!r} differs from the project {other!r} by case and spaces alone; use that name, or change it: "
                f"smf-embed rename {other!r} {name!r}"
            )


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _check_known(name: str, ids: list[str], parts: ModelParts, catalogue: Catalogue) -> None:
    if ids or name in _projects(parts):
        return
    alike = [other for other in [*_projects(parts), *catalogue.projects()] if _folded(other) == _folded(name)]
    hint = f"; did you mean {alike[0]!r}?" if alike else "; what there is: smf-embed info"
    raise InputError(f"{name!r}: neither the model nor a label has such a project{hint}")


def _check_clips(catalogue: Catalogue, project: str, ids: Sequence[str]) -> None:
    if not ids:
        raise InputError(f"to teach {project!r}, name at least one clip")
    clips = {clip[ID]: clip for clip in catalogue.clips(ids)}
    missing = [identifier for identifier in dict.fromkeys(ids) if identifier not in clips]
    if missing:
        more = f" and {len(missing) - 5:,} more" if len(missing) > 5 else ""
        raise InputError(
            f"{', '.join(missing[:5])}{more}: not in the catalogue {catalogue.folder}; nothing was changed. "
            f"Add them: smf-embed add TABLE"
        )
    if not any(clip[f"{field}_text"] for clip in clips.values() for field in TEXT_FIELDS):
        raise InputError(f"{', '.join(list(clips)[:5])}: has no text to learn {project!r} from; nothing was changed")


# ------------------------------------------------------------------------------------------------- parts of the model


def _read(catalogue: Catalogue) -> ModelParts:
    return read_model(catalogue.folder / MODEL_FOLDER, catalogue)


def _write(catalogue: Catalogue, parts: ModelParts, taught: Iterable[str]) -> None:
    manifest = parts.manifest | {"taught": list(dict.fromkeys(taught))}
    write_model(catalogue.folder / MODEL_FOLDER, parts._replace(manifest=manifest))


def _projects(parts: ModelParts) -> list[str]:
    return parts.manifest["projects"]


def _taught(parts: ModelParts) -> list[str]:
    return parts.manifest.get("taught", [])


def _ids_of(catalogue: Catalogue, project: str) -> list[str]:
    return [row[0] for row in catalogue.database.sql.execute(f"SELECT {ID} FROM clips WHERE project = ?", (project,))]


def _learned(
    catalogue: Catalogue,
    parts: ModelParts,
    name: str,
    entries: Iterable[Entry],
    more_aliases: dict[str, list[Alias]] | None = None,
) -> tuple[ModelParts, dict[str, int]]:
    """Learn a project of the model from its labelled clips, and take the names that people gave it.

    Tells how many different texts it had in each field, too.
    """
    number = _projects(parts).index(name)
    arrays, aliases, counts = dict(parts.arrays), {}, {}
    for field in TEXT_FIELDS:
        texts = FieldTexts.read(catalogue, field, name)
        counts[field] = int(texts.is_own.sum())
        weights, bias = (np.require(arrays[f"{field}_{part}"], requirements="W") for part in ("weights", "bias"))
        weights[:, number], bias[number] = texts.fit_column(catalogue, field, arrays[f"{field}_idf"])
        arrays |= {f"{field}_weights": weights, f"{field}_bias": bias}
        aliases[field] = [
            *texts.mine_aliases(number),
            *(of_project(alias, number) for alias in (more_aliases or {}).get(field, [])),
        ]
    sizes = catalogue.project_sizes()
    manifest = parts.manifest | {"sizes": parts.manifest["sizes"] | {name: sizes.get(name, 0)}}
    lexicon = Lexicon(parts.names.lexicon)
    add_where_free(lexicon, (entry for entry in entries if entry.project == name))
    names = names_for(parts, manifest["projects"], entries=lexicon, more_aliases=aliases)
    return ModelParts(manifest, parts.trees, arrays, names), counts
