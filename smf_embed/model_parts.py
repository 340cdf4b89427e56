"""Changes of the parts of a model that its projects need when they come, go or change their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from smf_embed.aliases import Alias, MinedAliases
from smf_embed.clips import TEXT_FIELDS
from smf_embed.errors import InputError
from smf_embed.lexicon import Entry, Lexicon
from smf_embed.model_files import ModelParts
from smf_embed.names import Names
from smf_embed.out_of_fold import changed_arrays

# parts of the manifest that are by project, beside the metrics; what is not there yet comes with the next fit
_BY_PROJECT = ("sizes", "thresholds", "out_of_fold")


def with_project(parts: ModelParts, name: str) -> ModelParts:
    """Add a project that nothing is known of yet, as the last."""
    arrays = dict(parts.arrays)
    for field in TEXT_FIELDS:
        weights, bias = arrays[f"{field}_weights"], arrays[f"{field}_bias"]
        arrays[f"{field}_weights"] = np.pad(weights, ((0, 0), (0, 1)))
        arrays[f"{field}_bias"] = np.append(bias, np.float32(np.nan))
    manifest = parts.manifest | {"projects": [*parts.manifest["projects"], name]}
    return parts._replace(manifest=manifest, arrays=arrays, names=names_for(parts, manifest["projects"]))


def without_project(parts: ModelParts, name: str) -> ModelParts:
    """Take out a project with all that is known of it; the numbers of those after it change."""
    gone = parts.manifest["projects"].index(name)
    arrays = changed_arrays(parts.arrays, lambda said: said.without(name))
    for field in TEXT_FIELDS:
        for part in ("weights", "bias"):
            arrays[f"{field}_{part}"] = np.delete(arrays[f"{field}_{part}"], gone, axis=-1)
    manifest = parts.manifest | {"projects": [other for other in parts.manifest["projects"] if other != name]}

    def rest(by_project: dict[str, Any]) -> dict[str, Any]:
        return {other: value for other, value in by_project.items() if other != name}

    metrics = parts.manifest["metrics"]
    manifest |= {part: rest(parts.manifest[part]) for part in _BY_PROJECT}
    manifest["metrics"] = metrics | {"by_project": rest(metrics["by_project"])}

    def moved(alias: Alias) -> Alias | None:
        if alias.project == gone:
            return None
        return alias if alias.project < gone else of_project(alias, alias.project - 1)

    return parts._replace(manifest=manifest, arrays=arrays, names=names_for(parts, manifest["projects"], moved))


def renamed(parts: ModelParts, old: str, new: str) -> ModelParts:
    """Give a project another name."""

    def swapped(by_project: dict[str, Any]) -> dict[str, Any]:
        return {new if name == old else name: value for name, value in by_project.items()}

    metrics = parts.manifest["metrics"]
    manifest = parts.manifest | {
        "projects": [new if name == old else name for name in parts.manifest["projects"]],
        **{part: swapped(parts.manifest[part]) for part in _BY_PROJECT},
        "metrics": metrics | {"by_project": swapped(metrics["by_project"])},
    }
    entries = renamed_entries(parts.names.lexicon, old, new)
    return parts._replace(
        manifest=manifest,
        arrays=changed_arrays(parts.arrays, lambda said: said.renamed(old, new)),
        names=names_for(parts, manifest["projects"], entries=entries),
    )


def joined(parts: ModelParts, source: str, into: str) -> ModelParts:
    """Make one project of two that the model knows, or of one that it does not and one that it does.

    Names and what the folds said become those of `into`; its mined aliases and machine are to be learned anew.
    """
    # before the project goes, since with it would go what the folds said of its clips
    parts = parts._replace(arrays=changed_arrays(parts.arrays, lambda said: said.renamed(source, into)))
    if source in parts.manifest["projects"]:
        parts = without_project(parts, source)
    entries = renamed_entries(parts.names.lexicon, source, into)
    return parts._replace(names=names_for(parts, parts.manifest["projects"], entries=entries))


def names_for(
    parts: ModelParts,
    projects: list[str],
    moved: Callable[[Alias], Alias | None] = lambda alias: alias,
    *,
    entries: Iterable[Entry] | None = None,
    more_aliases: dict[str, list[Alias]] | None = None,
) -> Names:
    """Return the names of the model for other projects; the names in the labels are made anew."""
    lexicon = Lexicon(
        entry for entry in (parts.names.lexicon if entries is None else entries) if entry.source != "label"
    )
    for entry in Lexicon.from_labels(projects):
        lexicon.add(entry.key, entry.project, source=entry.source)
    aliases = {}
    for field, mined in parts.names.aliases.items():
        kept = [alias for alias in map(moved, mined.aliases) if alias is not None]
        best: dict[str, Alias] = {}
        # a phrase speaks for one project: the one that it is surer of, of two as sure the one it spoke for before
        for alias in [*kept, *(more_aliases or {}).get(field, [])]:
            there = best.get(alias.text)
            if there is None or alias.precision > there.precision:
                best[alias.text] = alias
        ordered = sorted(best.values(), key=lambda alias: (alias.project, -alias.precision, alias.text))
        aliases[field] = MinedAliases(ordered, len(projects))
    return Names(lexicon, aliases, projects, parts.names.known)


def aliases_of(parts: ModelParts, name: str) -> dict[str, list[Alias]]:
    """Return field → the mined aliases of a project; nothing where the model does not know it."""
    if name not in parts.manifest["projects"]:
        return {}
    number = parts.manifest["projects"].index(name)
    return {
        field: [alias for alias in mined.aliases if alias.project == number]
        for field, mined in parts.names.aliases.items()
    }


def of_project(alias: Alias, number: int) -> Alias:
    """Return the alias as one of another project."""
    return Alias(alias.text, number, alias.precision, alias.texts)


def renamed_entries(lexicon: Lexicon, old: str, new: str) -> Lexicon:
    """Return the entries with another name for one project."""
    others = Lexicon(entry for entry in lexicon if entry.project != old)
    add_where_free(
        others, (Entry(entry.key, new, entry.channel, entry.source) for entry in lexicon if entry.project == old)
    )
    return others


def add_where_free(lexicon: Lexicon, entries: Iterable[Entry]) -> None:
    """Add entries; those whose key names another project already are left out."""
    for entry in entries:
        try:
            lexicon.add(entry.key, entry.project, channel=entry.channel, source=entry.source)
        except InputError:
            continue
