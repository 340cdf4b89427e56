"""The command that looks for wrong labels, untracked series and what to label next."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smf_embed.console import CatalogueOption, JsonOption, check_writable, prepare_threads, print_table
from smf_embed.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# rows of a kind that are printed; the file has all
_SHOWN = 10


def audit(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write all findings, a row a clip.")
    ] = None,
    queue: Annotated[int, typer.Option("--queue", min=0, help="How many clips to propose for labelling.")] = 50,
    again: Annotated[bool, typer.Option("--again", help="Also doubt labels that a person gave or confirmed.")] = False,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Find labels that look wrong, and what is worth a label: from what the folds of the last fit said of each clip.

    Kinds of findings: label (the folds deny it), twins (clips of the same words, labelled differently), two names (a
    project that looks like two), untracked (a name that many clips of none share), review (unlabelled clips that
    would teach most). To act on them: correct the column cartoon in the file, then smf-embed label --from FILE.
    Rows that you leave as they are change nothing; --column cartoon=suggested takes the proposals. A row counts only
    as long as the clip has the label of the column label_was.
    """
    if output is not None and output.suffix != ".csv":
        raise InputError(f"{output}: name a file that ends in .csv")
    check_writable(output)
    prepare_threads()
    from smf_embed.audit import audit as look_through
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier

    with Catalogue(catalogue) as opened, opened.reading():
        findings = look_through(opened, Classifier.load(opened.folder / MODEL_FOLDER, opened), queue=queue, again=again)
        unlabelled = opened.counts()["clips"] - opened.counts()["labelled"]
    if output is not None:
        from smf_embed.files import replace_atomically
        from smf_embed.tables import guarded

        with replace_atomically(output) as temporary:
            findings.map(guarded).to_csv(temporary, index=False, encoding="utf-8-sig")
    if as_json:
        for line in findings.to_dict("records"):
            print(json.dumps(line, ensure_ascii=False))
        return
    _print_findings(findings)
    if not unlabelled and queue:
        print("review: no clip is unlabelled; add a table without labels, and audit says which to label first")
    if output is not None:
        print(
            f"{len(findings):,} rows written to {output}; correct cartoon there, then: smf-embed label --from {output}"
        )


def _print_findings(findings: pd.DataFrame) -> None:
    from smf_embed.audit_table import KINDS
    from smf_embed.decisions import shortened

    for kind, meaning in KINDS.items():
        rows = findings[findings["kind"] == kind]
        groups = f" in {rows['group'].nunique():,} groups" if kind in ("twins", "two names", "untracked") else ""
        print(f"{kind}: {len(rows):,} {meaning}{groups if len(rows) else ''}")
        if not len(rows):
            continue
        if kind in ("two names", "untracked"):
            first = rows.drop_duplicates(["group", "cartoon"]).head(_SHOWN)
            print_table(
                ["group", "project", "what", "for example"],
                [
                    [row["group"], row["cartoon"], row["reason"].partition(";")[0], shortened(row["reel_name"])]
                    for row in first.to_dict("records")
                ],
            )
        else:
            is_review = kind == "review"
            print_table(
                ["id", *(["doubt", "perhaps"] if is_review else ["label", "suggested", "score"]), "title"],
                [
                    [
                        row["yt_reel_id"],
                        *([] if is_review else [row["cartoon"], row["suggested"]]),
                        f"{row['score']:.3f}",
                        *([row["group"]] if is_review else []),
                        shortened(row["reel_name"]),
                    ]
                    for row in rows.head(_SHOWN).to_dict("records")
                ],
            )
        print()


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "audit": (
        audit,
        "Example: smf-embed audit -o suspects.csv, then correct the column cartoon in it, then: smf-embed label --from "
        "suspects.csv",
    ),
}
"""Command → its function and the example in its help."""
