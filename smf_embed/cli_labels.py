"""The commands that give clips their labels and take them away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smf_embed.audit_table import LABEL_WAS
from smf_embed.console import CatalogueOption, ColumnOption, parse_columns, report_rejected, say
from smf_embed.errors import InputError
from smf_embed.tables import unguarded

if TYPE_CHECKING:
    from smf_embed.clips import ClipBatch

# the columns that tell what an audit wrote, and a log of labels
_AUDIT, _LOG = LABEL_WAS, "at"

IdsArgument = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Ids of clips; before ids that begin with a hyphen write --.")
]


def label(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[ID... PROJECT]", help="Ids of clips, and the project last.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="A table with yt_reel_id and cartoon, such as audit writes."),
    ] = None,
    column: ColumnOption = None,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="With --from: note labels that stay as they are as looked at by a person."),
    ] = False,
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Give clips a project, or none; it stands until the label in their table changes, and counts from now on.

    From a file, each row whose cartoon differs from the clip's label is taken, and nothing else of it; empty cells are
    passed over, and so are rows whose label_was, where the file has it, is not the clip's label any more. In a log of
    labels, which has a column at, the last row of each clip counts. To take the proposals of an audit as they are:
    --column cartoon=suggested.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.stored_clips import project_name

    if table is not None:
        if words:
            raise InputError("name clips and their PROJECT, or --from FILE, and not both")
        _label_from(table, column, confirm, catalogue)
        return
    if column or confirm:
        raise InputError("--column and --confirm are about a file; name it by --from FILE")
    if len(words or []) < 2:
        raise InputError("name the ids of clips and their PROJECT last, or --from FILE")
    *ids, last = words or []
    project = project_name(last)
    with Catalogue(catalogue) as opened:
        if project in opened:
            raise InputError(f"{project}: is the id of a clip; the last word must be the project")
        new = project not in opened.projects()
        opened.person = user_name()
        done = opened.label(ids, project)
    if done and new:
        say(f"{project}: no clip had this project before")
    report_ids(ids, done, catalogue)
    print(f"labelled {len(done):,} clips {project}. To learn from it: smf-embed fit")


def _label_from(table: str, column: list[str] | None, confirm: bool, folder: Path) -> None:
    from smf_embed.catalogue import Catalogue
    from smf_embed.clips import ID, LABEL, TITLE
    from smf_embed.stored_clips import project_name

    columns = parse_columns(column)
    with Catalogue(folder) as opened, opened.writing("label"):
        opened.person = user_name()
        batches, kind = _read_labels(table, columns)
        report_rejected([row for batch in batches for row in batch.rejected], {}, None)
        # what a spreadsheet was kept from taking for a formula is what it was again
        given = [
            clip | {name: unguarded(clip[name]) for name in (ID, LABEL, TITLE)}
            for batch in batches
            for clip in batch.clips
        ]
        if kind == _LOG:
            given = list({clip[ID]: clip for clip in given}.values())
        if not any(LABEL in clip["given"] for clip in given):
            raise InputError(f"{table}: has no usable row with a column {LABEL}; name it: --column {LABEL}=suggested")
        now = {clip[ID]: clip[LABEL] for clip in opened.clips([clip[ID] for clip in given])}
        missing = dict.fromkeys(clip[ID] for clip in given if clip[ID] not in now)
        if not now:
            raise InputError(f"{table}: none of its {len(missing):,} ids is in the catalogue {folder}")
        change: dict[str, str] = {}
        same: dict[str, str] = {}
        stale: dict[str, str] = {}
        for clip in given:
            if clip[LABEL] is None or clip[ID] not in now:
                continue
            project = project_name(clip[LABEL])
            if project == now[clip[ID]]:
                same[clip[ID]] = project
            elif kind == _AUDIT and (clip[TITLE] and project_name(clip[TITLE])) != now[clip[ID]]:
                stale[clip[ID]] = project
            elif change.setdefault(clip[ID], project) != project:
                raise InputError(
                    f"{table}: gives {clip[ID]} two new projects, {change[clip[ID]]} and {project} in line "
                    f"{clip['line']}; nothing was changed"
                )
        known = set(opened.projects())
        # a clip that is listed twice, once as it was and once changed, is changed
        wanted = change | ({one: project for one, project in same.items() if one not in change} if confirm else {})
        for project in dict.fromkeys(wanted.values()):
            if project not in known:
                say(f"{project}: no clip had this project before")
            opened.label([one for one, given_to in wanted.items() if given_to == project], project)
    for identifier in list(missing)[:5]:
        say(f"{identifier}: is not in the catalogue")
    if len(missing) > 5:
        say(f"{len(missing) - 5:,} more ids are not in the catalogue")
    if stale:
        shown = ", ".join(f"{one} ({now[one] or 'no label'})" for one in list(stale)[:5])
        more = f" and {len(stale) - 5:,} more" if len(stale) > 5 else ""
        say(f"skipped, since their labels have changed after {table} was written: {shown}{more}")
    counted = ", ".join(f"{count:,} {name}" for name, count in Counter(change.values()).most_common(5))
    kept = len(same.keys() - change.keys())
    print(
        f"labelled {len(change):,} clips anew{f' ({counted})' if counted else ''}; {kept:,} "
        f"{'confirmed' if confirm else 'left as they are'}{f'; {len(stale):,} skipped' if stale else ''}. "
        "To learn from it: smf-embed fit"
    )


def _read_labels(table: str, columns: dict[str, str]) -> tuple[list[ClipBatch], str]:
    """Read a table of labels; tell by which column it says what the labels were, or when they were given, if by any.

    That column is read as the title, which a table of clips must have and nobody looks at here; without one, the ids
    will do.
    """
    from smf_embed.clip_tables import iter_clips, readable_again
    from smf_embed.clips import ID, LABEL, TEXT, TITLE

    identifier = columns.get(ID, ID)
    with readable_again(table) as file:
        # a log calls the label a project, but for the one that the page exports
        for kind, named in ((_AUDIT, {}), (_LOG, {LABEL: "project"}), (_LOG, {})):
            try:
                return list(iter_clips(file, named | columns | {TITLE: kind, TEXT: identifier})), kind
            except InputError:
                continue  # it has no such column; whatever else is wrong with it is wrong again
        return list(iter_clips(file, columns | {TITLE: identifier, TEXT: identifier})), ""


def unlabel(ids: IdsArgument, catalogue: CatalogueOption = Path("index")) -> None:
    """Take the labels of clips away; the history of labels keeps them."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened:
        opened.person = user_name()
        done = opened.label(ids, None)
    report_ids(ids, done, catalogue)
    print(f"{len(done):,} clips are unlabelled now. To learn from it: smf-embed fit")


def user_name() -> str | None:
    """Return the name that the system knows the user by, for the log of labels."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user that the system has no name for, as in some containers
        return None


def report_ids(wanted: list[str], done: list[str], catalogue: Path) -> None:
    """Say which clips are not there; it is an error when none is."""
    missing = [identifier for identifier in dict.fromkeys(wanted) if identifier not in set(done)]
    if missing and not done:
        raise InputError(f"{', '.join(missing[:5])}: not in the catalogue {catalogue}; nothing was changed")
    for identifier in missing:
        say(f"{identifier}: is not in the catalogue")


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "label": (label, 'Example: smf-embed label dQw4w9WgXcQ "Маша и медведь"   or: smf-embed label --from suspects.csv'),
    "unlabel": (unlabel, "Example: smf-embed unlabel dQw4w9WgXcQ"),
}
"""Command → its function and the example in its help."""
