"""The commands that show how texts are prepared and that keep the lexicon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smf_embed.console import CatalogueOption, JsonOption, RejectedOption, print_table, report_rejected, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smf_embed.preparation import Preparation

CLEAN_EXAMPLE = 'Example: smf-embed clean "СМЕШAРИКИ 😂 #МашаИМедведь"   or: smf-embed clean clips.csv --json'

lexicon = typer.Typer(
    help="Keep the names and aliases of projects. Names that are in the labels are known without; fit mines others.",
    epilog="Example: smf-embed lexicon import rules.csv",
    no_args_is_help=True,
)


def clean(
    text: Annotated[str, typer.Argument(metavar="TEXT|TABLE", help="A title, or a CSV or Parquet file of clips.")],
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Show raw and prepared texts with every change and its reason.

    Words, boilerplate and names are those of the catalogue; without one, texts are cleaned and nothing is corrected.
    Of a table, only texts that were corrected or lost boilerplate are shown.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.clip_tables import iter_clips
    from smf_embed.clips import CLIP_FIELDS, TITLE
    from smf_embed.databases import has_database

    try:
        is_table = Path(text).is_file()
    except (OSError, ValueError):
        is_table = False  # longer than the name of a file may be
    clips: Iterator[dict[str, Any]] = (
        (clip for batch in iter_clips(text) for clip in batch.clips)
        if is_table
        else iter([dict.fromkeys(CLIP_FIELDS) | {TITLE: text}])
    )
    if has_database(catalogue):
        with Catalogue(catalogue) as opened:
            _show_prepared(clips, opened.preparation, is_table, as_json)
    else:
        from smf_embed.boilerplate import Boilerplate
        from smf_embed.lexicon import Lexicon
        from smf_embed.preparation import Preparation
        from smf_embed.typos import WordCounts

        say(f"{catalogue} holds no catalogue: texts are cleaned, but no typo can be known")
        _show_prepared(clips, Preparation(WordCounts(), Boilerplate(), Lexicon()), is_table, as_json)


def _show_prepared(clips: Iterator[dict[str, Any]], preparation: Preparation, is_table: bool, as_json: bool) -> None:
    from smf_embed.clips import TITLE

    seen = changed = 0
    for clip in clips:
        prepared = preparation.prepare(clip)
        seen += 1
        changed += bool(prepared.corrections or prepared.dropped)
        if is_table and not (prepared.corrections or prepared.dropped):
            continue
        changes = [vars(change) for change in prepared.corrections]
        shown = {"yt_reel_id": clip["yt_reel_id"], "raw": clip[TITLE], "prepared": prepared.texts["title"]}
        if as_json:
            print(json.dumps(shown | {"changes": changes, "dropped": list(prepared.dropped)}, ensure_ascii=False))
            continue
        print(f"raw       {shown['raw'] or ''}\nprepared  {shown['prepared']}")
        for change in prepared.corrections:
            print(f"  {change.before} → {change.after}: {change.reason}")
        for piece in prepared.dropped:
            print(f"  left out of the description: {' '.join(piece.split())}")
    if is_table:
        say(f"{seen:,} clips, {changed:,} of them with a correction or without their channel's boilerplate")


@lexicon.command("import", epilog="Example: smf-embed lexicon import rules.csv")
def import_rules(
    rules: Annotated[Path, typer.Argument(metavar="RULES.csv", help="A table key;project;channel.")],
    catalogue: CatalogueOption = Path("index"),
    rejected: RejectedOption = None,
) -> None:
    """Take the aliases of a rule table; `fit` learns with them."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened, opened.writing("lexicon"):
        names = opened.lexicon()
        report = names.import_rules(rules)
        opened.save_lexicon(names)
    report_rejected(report.rejected, {}, rejected)
    print(f"{report.added:,} aliases added, {len(report.rejected):,} rows rejected; the lexicon holds {len(names):,}")


@lexicon.command("list", epilog="Example: smf-embed lexicon list --json")
def list_names(catalogue: CatalogueOption = Path("index"), as_json: JsonOption = False) -> None:
    """List the aliases that were given."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened:
        entries = opened.lexicon().entries
    if as_json:
        for entry in entries:
            print(json.dumps(vars(entry), ensure_ascii=False))
        return
    print_table(
        ["alias", "channel", "source", "project"],
        [[entry.key, entry.channel or "any", entry.source, entry.project] for entry in entries],
    )


@lexicon.command("add", epilog='Example: smf-embed lexicon add "дядя федор" Простоквашино')
def add_name(
    alias: Annotated[str, typer.Argument(help="A name or phrase.")],
    project: Annotated[str, typer.Argument(help="The project that it means.")],
    channel: Annotated[str | None, typer.Option(help="Id or name of the one channel where it holds.")] = None,
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Give a project another name."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened, opened.writing("lexicon"):
        names = opened.lexicon()
        entry = names.add(alias, project, channel=channel)
        opened.save_lexicon(names)
    print(f"«{entry.key}» means {entry.project}")


@lexicon.command("remove", epilog='Example: smf-embed lexicon remove "дядя федор"')
def remove_name(
    alias: Annotated[str, typer.Argument(help="The name or phrase.")],
    channel: Annotated[str | None, typer.Option(help="Id or name of the one channel where it holds.")] = None,
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Take a name away again."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened, opened.writing("lexicon"):
        names = opened.lexicon()
        entry = names.remove(alias, channel=channel)
        opened.save_lexicon(names)
    print(f"«{entry.key}» no longer means {entry.project}")
