"""The commands that change the projects of a model without a new fit, and the one that explains its decisions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smf_embed.cli_labels import user_name
from smf_embed.console import CatalogueOption, JsonOption, prepare_threads, print_table, say
from smf_embed.errors import InputError

if TYPE_CHECKING:
    from smf_embed.explaining import Explanation

# columns that are shown, and the effect of the least; --json has all
_SHOWN, _SMALLEST = 12, 0.01


def teach(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Its name, a new one or one that is known.")],
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="Clips of the catalogue; before ids that begin with a hyphen write --."),
    ] = None,
    ids_from: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A text file with an id a line, or a table with yt_reel_id."),
    ] = None,
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Label a few clips of a project, so that others of it are found at once, without a new fit.

    Three clips are enough to begin with; teach more as they come. The next fit learns the project like all others.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.teaching import teach as learn
    from smf_embed.training import FEWEST_CLIPS

    wanted = [*(ids or []), *(_read_ids(ids_from) if ids_from is not None else [])]
    if not wanted:
        raise InputError(f"name the clips of {project!r} by their ids, or a file of ids by --from")
    prepare_threads()
    with Catalogue(catalogue) as opened:
        opened.person = user_name()
        taught = learn(opened, project, wanted)
    texts = ", ".join(f"{count:,} different {field} texts" for field, count in taught.texts.items() if count)
    print(f"{taught.project} is {'known now' if taught.is_new else 'taught anew'}: {taught.clips:,} clips, {texts}")
    if taught.aliases:
        print(f"phrases that speak for it: {', '.join(f'«{alias}»' for alias in taught.aliases[:5])}")
    if max(taught.texts.values()) < FEWEST_CLIPS:
        say(f"these are few: with {FEWEST_CLIPS} different texts and more, {taught.project} is found far more surely")


def forget(
    project: Annotated[str, typer.Argument(metavar="PROJECT")], catalogue: CatalogueOption = Path("index")
) -> None:
    """Take a project out of the model and its label from its clips; the history of labels keeps it."""
    from smf_embed.catalogue import Catalogue
    from smf_embed.teaching import forget as unlearn

    prepare_threads()
    with Catalogue(catalogue) as opened:
        clips = unlearn(opened, project)
    print(f"{project} is forgotten; {clips:,} clips have lost their label")


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD")],
    new: Annotated[str, typer.Argument(metavar="NEW")],
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Give a project another name, in all labels and in the model.

    Tables that still have the old name bring it back when they are added: rename it there, too.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.teaching import rename as name_anew

    prepare_threads()
    with Catalogue(catalogue) as opened:
        clips = name_anew(opened, old, new)
    print(f"{old} is {new} now; {clips:,} clips are labelled so. Tables with the old name bring it back")


def merge(
    source: Annotated[str, typer.Argument(metavar="FROM")],
    into: Annotated[str, typer.Argument(metavar="INTO")],
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Make one project of two: the clips and names of FROM become those of INTO."""
    from smf_embed.catalogue import Catalogue
    from smf_embed.teaching import merge as join

    prepare_threads()
    with Catalogue(catalogue) as opened:
        clips = join(opened, source, into)
    print(f"{source} is part of {into} now; {clips:,} clips are labelled so")


def explain(
    yt_reel_id: Annotated[str | None, typer.Argument(metavar="ID", help="A clip of the catalogue.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="A title to decide, instead of a clip.")] = None,
    columns: Annotated[bool, typer.Option("--columns", help="List all evidence with its range and meaning.")] = False,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Tell why a clip is decided as it is: what spoke for and against, names that matched, the nearest labelled clips.

    The neighbours of a labelled clip leave out itself; the rest of the model may have learned from it.
    Effects are log-odds: above 0 they speak for the project.
    """
    if columns + (yt_reel_id is not None) + (text is not None) != 1:
        raise InputError("name the id of a clip, or --text, or --columns, and only one of them")
    if columns:
        _list_columns(as_json)
        return
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.clips import CLIP_FIELDS, ID, MAX_TITLE, TITLE
    from smf_embed.text import clean

    if text is not None and (len(text) > MAX_TITLE or not clean(text)):
        raise InputError(
            f"{text[:60]!r}: is no title; it needs something readable, of {MAX_TITLE:,} characters at most"
        )
    prepare_threads()
    with Catalogue(catalogue) as opened:
        if yt_reel_id is not None and yt_reel_id not in opened:
            raise InputError(f"{yt_reel_id}: is not in the catalogue {catalogue}; add it: smf-embed add TABLE")
        model = Classifier.load(opened.folder / MODEL_FOLDER, opened)
        if yt_reel_id is not None:
            clips = opened.stored([yt_reel_id])
        else:
            clips, _ = opened.encoded([dict.fromkeys(CLIP_FIELDS) | {ID: "", TITLE: text}])
        explanation = model.explain(clips)[0]
    if as_json:
        print(json.dumps(explanation.to_json(), ensure_ascii=False, allow_nan=False))
    else:
        _print_explanation(explanation)


def _list_columns(as_json: bool) -> None:
    from smf_embed.evidence import COLUMNS
    from smf_embed.explaining import group_of

    if as_json:
        print(json.dumps({name: {"group": group_of(name), "meaning": told} for name, told in COLUMNS.items()}))
        return
    for name, meaning in COLUMNS.items():
        print(f"{name:<28}{group_of(name):<28}{meaning}")


def _print_explanation(explanation: Explanation) -> None:
    from smf_embed.evidence import COLUMNS

    print(explanation.title or "(no title)")
    print(explanation.sentence)
    if explanation.label is not None:
        print(f"Its label is {explanation.label}.")
    if explanation.candidates:
        best = next(
            (one for one in explanation.candidates if one.project == explanation.project), explanation.candidates[0]
        )
        others = ", ".join(f"{one.project} {one.score:+.1f}" for one in explanation.candidates if one is not best)
        print(f"\n{best.project}: {best.score:+.2f}, of which {best.base:+.2f} holds for every project", end="")
        print(f"; the others: {others}" if others else "")
        print_table(
            ["effect", "value", "evidence"],
            [
                [
                    f"{one.effect:+.2f}",
                    "missing" if one.value is None else f"{one.value:.3g}",
                    _told(one.column, COLUMNS),
                ]
                for one in best.effects[:_SHOWN]
                if abs(one.effect) >= _SMALLEST
            ],
        )
    if explanation.names:
        print()
        print_table(
            ["field", "how", "text", "project"],
            [[name.field, f"{name.how} {name.quality:.2f}", name.text, name.project] for name in explanation.names],
        )
    if explanation.nearest:
        print()
        print_table(
            ["field", "similarity", "id", "project", "title"],
            [
                [clip.field, f"{clip.similarity:.3f}", clip.yt_reel_id, clip.project, clip.title or ""]
                for clip in explanation.nearest
            ],
        )
    if explanation.channel:
        print(
            "\nlabelled clips of its channel: " + ", ".join(f"{n:,} {name}" for name, n in explanation.channel.items())
        )


def _told(column: str, meanings: dict[str, str]) -> str:
    # the range stands before the colon of most meanings
    return f"{column}: {meanings[column].rpartition(': ')[2]}"


def _read_ids(path: Path) -> list[str]:
    """Read ids from a text file, an id a line, or from the column yt_reel_id of a table."""
    import csv

    from smf_embed.clips import ID

    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix.lower() == ".parquet":
        import pyarrow
        import pyarrow.parquet

        try:
            ids = pyarrow.parquet.read_table(path, columns=[ID]).to_pydict()[ID]
        except (pyarrow.ArrowException, KeyError) as error:
            raise InputError(f"{path}: is no Parquet file with a column {ID}") from error
    else:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise InputError(f"{path}: is no text in UTF-8; write an id a line, or name a table") from None
        ids = lines
        if lines and ID in lines[0]:
            separator = max(";,\t|", key=lines[0].count)
            reader = csv.DictReader(lines, delimiter=separator)
            if ID not in (reader.fieldnames or ()):
                raise InputError(f"{path}: has no column {ID}; its first line reads {lines[0][:200]!r}")
            ids = [row[ID] for row in reader]
    found = [str(identifier).strip() for identifier in ids if identifier and str(identifier).strip()]
    if not found:
        raise InputError(f"{path}: there is no id in it")
    return found


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "teach": (teach, 'Example: smf-embed teach "Новый проект" dQw4w9WgXcQ 9bZkp7q19f0 kJQP7kiw5Fk'),
    "forget": (forget, 'Example: smf-embed forget "Новый проект"'),
    "rename": (rename, 'Example: smf-embed rename Буба "Буба и друзья"'),
    "merge": (merge, "Example: smf-embed merge Booba Буба"),
    "explain": (explain, 'Example: smf-embed explain dQw4w9WgXcQ   or: smf-embed explain --text "Маша и медведь"'),
}
"""Command → its function and the example in its help."""
