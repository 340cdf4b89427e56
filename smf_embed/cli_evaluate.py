"""The command that scores decisions and the one that makes a page of the scores."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smf_embed.console import (
    CatalogueOption,
    ColumnOption,
    DeviceOption,
    IsolateOption,
    JsonOption,
    RejectedOption,
    SubtitlesOption,
    check_writable,
    prepare_threads,
    print_scores,
    print_table,
    progress,
    say,
)
from smf_embed.errors import InputError
from smf_embed.table_decisions import decide_table

if TYPE_CHECKING:
    from smf_embed.judging import Judged

# rows that are printed; --json has all
_PAIRS, _PROJECTS = 10, 12

TableArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[TABLE]", help="CSV or Parquet file with a filled column cartoon; without it, the folds of the fit."
    ),
]
FoldsOption = Annotated[
    int | None,
    typer.Option(min=2, max=50, help="Fit again without each of so many folds, and decide the fold: cross-validation."),
]
AfterOption = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Fit again on clips before YYYY-MM-DD, and decide those from that day on."),
]
SeedOption = Annotated[int, typer.Option(help="Seed of folds, fits and resamples.")]
ResamplesOption = Annotated[
    int, typer.Option(min=0, max=100_000, help="Of the bootstrap that gives the intervals; 0 gives none.")
]


def evaluate(
    table: TableArgument = None,
    catalogue: CatalogueOption = Path("index"),
    folds: FoldsOption = None,
    after: AfterOption = None,
    column: ColumnOption = None,
    subtitles: SubtitlesOption = None,
    rejected: RejectedOption = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Also tell what is right when only the surest decisions are taken.")
    ] = False,
    every_project: Annotated[bool, typer.Option("--projects", help="List all projects, not only the worst.")] = False,
    resamples: ResamplesOption = 1000,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    isolate: IsolateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score decisions against labels: by project, size, language, channel and missing fields, with intervals.

    Of a labelled table, decided by the model; or, on the catalogue's own labels, by models fitted anew: --folds, or
    --after, since new clips are later than all that was learned. With neither, the decisions of the last fit's folds,
    which only thresholds and calibration have seen. Brackets hold 95 % of bootstrap resamples.
    """
    started = time.monotonic()
    judged = judge(table, catalogue, folds, after, seed, column, subtitles, rejected, device, isolate)
    from smf_embed.evaluation import evaluate as score_all

    scores = score_all(judged, resamples=resamples, seed=seed)
    if coverage:
        from smf_embed.metrics import coverage_curve

        scores["coverage"] = coverage_curve(
            judged.table["label"].tolist(), judged.table["cartoon"].tolist(), judged.table["confidence"].tolist()
        )
    if as_json:
        print(json.dumps(scores, ensure_ascii=False, allow_nan=False))
        return
    by_size = scores.pop("by_size")
    print_scores(scores, f"{judged.how}, {time.monotonic() - started:.0f} s", False)
    _print_rest(scores | {"by_size": by_size}, every_project)


def report(
    table: TableArgument = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page to write.")] = Path(
        "report.html"
    ),
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="FOLDER", help="Write the plots there as PNG, too.")
    ] = None,
    catalogue: CatalogueOption = Path("index"),
    folds: FoldsOption = None,
    after: AfterOption = None,
    column: ColumnOption = None,
    subtitles: SubtitlesOption = None,
    rejected: RejectedOption = None,
    resamples: ResamplesOption = 1000,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    isolate: IsolateOption = False,
) -> None:
    """Write one HTML page with the scores of evaluate, plots, a map of the clips and the most confident mistakes.

    It takes what evaluate takes. The page holds all that it shows and loads nothing.
    """
    if output.suffix not in (".html", ".htm"):
        raise InputError(f"{output}: name a file that ends in .html")
    check_writable(output)
    check_writable(plots / "map.png" if plots is not None else None)
    from smf_embed.report import require_libraries

    require_libraries()
    judged = judge(table, catalogue, folds, after, seed, column, subtitles, rejected, device, isolate)
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.evaluation import evaluate as score_all
    from smf_embed.report import with_evidence, write_report

    scores = score_all(judged, resamples=resamples, seed=seed)
    with Catalogue(catalogue) as opened:
        if table is None and folds is None and after is None:
            judged = with_evidence(judged, Classifier.load(opened.folder / MODEL_FOLDER, opened), opened)
        drawn = write_report(output, judged, scores, opened.labelled(), plots)
    print(
        f"macro-F1 {scores['macro_f1']:.4f} over {scores['classes']} classes, {scores['clips']:,} clips "
        f"({judged.how}); {len(drawn)} plots. Written to {output}"
    )


def judge(
    table: str | None,
    catalogue: Path,
    folds: int | None,
    after: str | None,
    seed: int,
    column: list[str] | None = None,
    subtitles: Path | None = None,
    rejected: Path | None = None,
    device: str = "auto",
    isolate: bool = False,
) -> Judged:
    """Decide what is to be scored, in the one way that is asked for."""
    if (table is not None) + (folds is not None) + (after is not None) > 1:
        raise InputError("name a TABLE, or --folds, or --after, and only one of them")
    if table is None and (column or subtitles or rejected):
        raise InputError("--column, --subtitles and --rejected are about a TABLE; name one")
    day = None if after is None else _day(after)
    prepare_threads()
    if table is not None:
        return _judge_table(table, catalogue, column, subtitles, rejected, device, isolate)
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.judging import by_folds_of_the_fit, cross_validated, split_by_time

    with Catalogue(catalogue) as opened, progress("fitting and deciding") as update:
        if folds is not None:
            return cross_validated(opened, folds, seed=seed, progress=update)
        if day is not None:
            return split_by_time(opened, day, seed=seed, progress=update)
        return by_folds_of_the_fit(Classifier.load(opened.folder / MODEL_FOLDER, opened), opened)


def _judge_table(
    table: str,
    catalogue: Path,
    column: list[str] | None,
    subtitles: Path | None,
    rejected: Path | None,
    device: str,
    isolate: bool,
) -> Judged:
    decisions, model, _, _ = decide_table(
        *(table, catalogue, column, subtitles, rejected),
        device=device,
        isolate=isolate,
        labelled_only=True,
        with_facts=True,
    )
    from smf_embed.judging import Judged, numbered

    seen = model.count_labelled(decisions["yt_reel_id"])
    if seen:
        say(f"{seen:,} of these clips are labelled in the catalogue; if the model learned from them, it is flattered")
    return Judged(numbered(decisions), dict(model.manifest["sizes"]), table)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--after {text}: is no day; write it as 2024-01-31") from None


# ------------------------------------------------------------------------------------------------------------ printing


def _print_rest(scores: dict[str, Any], every_project: bool) -> None:
    intervals = scores["intervals"]
    calibration, recall = scores["calibration"], scores["recall_at_95_precision"]
    print()
    print_table(
        ["figure", "value", "95 % interval"],
        [
            [name, _number(value), _ends(intervals.get(key))]
            for name, value, key in (
                ("macro-F1", scores["macro_f1"], "macro_f1"),
                ("weighted F1", scores["weighted_f1"], "weighted_f1"),
                ("project or none: precision", scores["project_or_none"]["precision"], "project_or_none_precision"),
                ("project or none: recall", scores["project_or_none"]["recall"], "project_or_none_recall"),
                ("project or none: F1", scores["project_or_none"]["f1"], "project_or_none_f1"),
                ("right project where both name one", scores["right_project"], "right_project"),
                (f"recall at 95 % precision{_from(recall['from'])}", recall["recall"], "recall_at_95_precision"),
                ("calibration error of confidence", calibration["error"], "calibration_error"),
                ("calibration error, decided projects", calibration["error_of_projects"], ""),
            )
        ],
    )
    print()
    print_table(
        ["training clips", "projects", "clips", "mean F1", "95 % interval", "recall at 95 % precision"],
        [
            [
                *(size, f"{row['projects']:,}", f"{row['clips']:,}", _number(row["f1"]), _ends(row["interval"])),
                f"{_number(row['recall_at_95_precision'])} {_ends(row['recall_interval'])}",
            ]
            for size, row in scores["by_size"].items()
        ],
    )
    for kind, rows in scores["slices"].items():
        print()
        print_table(
            [kind, "clips", "of projects", "precision", "recall", "F1", "95 % interval"],
            [
                [
                    *(name, f"{row['clips']:,}", f"{row['of_projects']:,}", _number(row["precision"])),
                    *(_number(row["recall"]), _number(row["f1"]), _ends(row["interval"])),
                ]
                for name, row in rows.items()
            ],
        )
    worst_first = sorted(scores["by_project"].items(), key=lambda pair: (pair[1]["f1"], pair[0]))
    shown = worst_first if every_project else worst_first[:_PROJECTS]
    print()
    print_table(
        ["project" if every_project else "the worst projects", "clips", "precision", "recall", "F1"],
        [
            [name, f"{row['clips']:,}", _number(row["precision"]), _number(row["recall"]), _number(row["f1"])]
            for name, row in shown
        ],
    )
    if scores["confusions"]:
        print()
        print_table(
            ["clips", "of the label's", "label", "decided"],
            [
                [f"{row['clips']:,}", f"{row['share']:.1%}", row["label"], row["decided"]]
                for row in scores["confusions"][:_PAIRS]
            ],
        )


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4f}"


def _ends(ends: list[float] | None) -> str:
    return "" if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"


def _from(bound: float | None) -> str:
    return "" if bound is None else f", confidence {bound:.2f} and more"


EVALUATE_EXAMPLE = "Example: smf-embed evaluate labelled.csv --coverage   or: smf-embed evaluate --folds 5 --json"

COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "report": (report, "Example: smf-embed report -o report.html   or: smf-embed report labelled.csv --plots plots"),
}
"""Command → its function and the example in its help."""
