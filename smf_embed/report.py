"""The report: one HTML page with scores, plots and mistakes that needs nothing else, neither network nor scripts."""

from __future__ import annotations

import base64
import datetime as dt
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import Classifier
from smf_embed.clips import ID, LABEL
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import SmfEmbedError
from smf_embed.files import replace_atomically
from smf_embed.judging import Judged, right

_MISTAKES = 20
_PLOTS = {
    "f1-by-size": ("F1 by size of project", "Bars: the mean of the projects; dots: each project.", False),
    "reliability": (
        "Do confidences keep their word?",
        "On the dashed line, of decisions at 80 % four of five are right.",
        False,
    ),
    "precision-recall": ("Project or none", "What is found when decisions of lower confidence are taken, too.", False),
    "confusions": ("Confusions", "Labels and decisions that differ, for the projects with most of them.", False),
    "map": ("Map of the labelled clips", "A sample; titles that are alike lie together (t-SNE of the vectors).", True),
}


def require_libraries() -> None:
    """See that the libraries of the report are installed.

    Raises
    ------
    SmfEmbedError
        Naming the command that installs them.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise SmfEmbedError(f"the report needs {error.name}: pip install 'smf-embed[report]'") from error


def write_report(
    path: Path, judged: Judged, scores: dict[str, Any], clips: EncodedClips, plots_folder: Path | None = None
) -> list[str]:
    """Write the page, and the plots as files where a folder is named.

    Parameters
    ----------
    path : Path
    judged : Judged
        Its column `why` is shown; see `with_evidence`.
    scores : dict
        See `smf_embed.evaluation.evaluate`.
    clips : EncodedClips
        Labelled clips, for the map.
    plots_folder : Path, optional

    Returns
    -------
    list of str
        Names of the plots.
    """
    from jinja2 import Environment

    from smf_embed.plot_names import PlotNames
    from smf_embed.report_plots import DARK, LIGHT, draw_all, lay_out

    places, names = lay_out(clips), PlotNames()
    light, dark = (draw_all(judged, scores, places, theme, names) for theme in (LIGHT, DARK))
    plots = [
        {"id": name, "title": title, "told": told, "wide": wide, "light": _uri(light[name]), "dark": _uri(dark[name])}
        for name, (title, told, wide) in _PLOTS.items()
        if name in light
    ]
    # titles are hostile input: everything that is filled in is escaped
    environment = Environment(autoescape=True, trim_blocks=False)
    page = environment.from_string(resources.files("smf_embed").joinpath("report.html").read_text(encoding="utf-8"))
    text = page.render(
        how=judged.how,
        made=dt.datetime.now().strftime("%Y-%m-%d %H:%M"),
        scores=scores,
        tiles=_tiles(scores),
        plots=plots,
        numbered=names.numbered,
        tables=_tables(scores),
        mistakes=_mistakes(judged.table),
        late=bool(judged.table.attrs.get("late_evidence")),
    )
    with replace_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    if plots_folder is not None:
        for name, png in light.items():
            with replace_atomically(plots_folder / f"{name}.png") as temporary:
                temporary.write_bytes(png)
    return list(light)


def with_evidence(judged: Judged, model: Classifier, catalogue: Catalogue) -> Judged:
    """Return the decisions with the model's own evidence of the mistakes, where the decisions came without."""
    table = judged.table.copy()
    worst = worst_mistakes(table)
    ids = worst.loc[worst["why"] == "", ID].tolist()
    if ids:
        decisions = model.predict(catalogue.stored(ids)).set_index(ID)["why"]
        table["why"] = [decisions.get(one, why) for one, why in zip(table[ID], table["why"], strict=True)]
        table.attrs["late_evidence"] = True
    return Judged(table, judged.sizes, judged.how)


def worst_mistakes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the decisions that differ from their label, the surest first."""
    wrong = table[~right(table)]
    return wrong.sort_values(["confidence", ID], ascending=[False, True]).head(_MISTAKES)


def _mistakes(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {
            "id": row[ID],
            "title": row["title"] or "(no title)",
            "label": row["label"],
            "decided": row[LABEL],
            "confidence": f"{row['confidence']:.0%}",
            "runner_up": f"{row['runner_up']} {row['runner_up_confidence']:.0%}" if row["runner_up"] else "",
            "why": row["why"],
        }
        for row in worst_mistakes(table).to_dict("records")
    ]


def _tiles(scores: dict[str, Any]) -> list[tuple[str, str, str]]:
    either, calibration, intervals = scores["project_or_none"], scores["calibration"], scores["intervals"]
    recall = scores["recall_at_95_precision"]
    return [
        (name, _number(value), _ends(intervals.get(key)))
        for name, value, key in (
            ("macro-F1", scores["macro_f1"], "macro_f1"),
            ("weighted F1", scores["weighted_f1"], "weighted_f1"),
            ("project or none: precision", either["precision"], "project_or_none_precision"),
            ("project or none: recall", either["recall"], "project_or_none_recall"),
            ("recall at 95 % precision", recall["recall"], "recall_at_95_precision"),
            ("calibration error", calibration["error"], "calibration_error"),
        )
    ]


def _tables(scores: dict[str, Any]) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = [
        {
            "title": "By size of project",
            "header": ["labelled clips", "projects", "clips", "mean F1", "", "recall at 95 % precision", ""],
            "rows": [
                [
                    *(size, f"{row['projects']:,}", f"{row['clips']:,}", _number(row["f1"]), _ends(row["interval"])),
                    *(_number(row["recall_at_95_precision"]), _ends(row["recall_interval"])),
                ]
                for size, row in scores["by_size"].items()
            ],
        }
    ]
    for kind, rows in scores["slices"].items():
        tables.append(
            {
                "title": "By what is missing" if kind == "missing" else f"By {kind}",
                "header": [kind, "clips", "of projects", "precision", "recall", "F1", ""],
                "rows": [
                    [
                        *(name, f"{row['clips']:,}", f"{row['of_projects']:,}", _number(row["precision"])),
                        *(_number(row["recall"]), _number(row["f1"]), _ends(row["interval"])),
                    ]
                    for name, row in rows.items()
                ],
            }
        )
    worst_first = sorted(scores["by_project"].items(), key=lambda pair: (pair[1]["f1"], pair[0]))
    tables.append(
        {
            "title": "Projects, the worst first",
            "header": ["project", "clips", "precision", "recall", "F1"],
            "rows": [
                [name, f"{row['clips']:,}", _number(row["precision"]), _number(row["recall"]), _number(row["f1"])]
                for name, row in worst_first
            ],
        }
    )
    tables.append(
        {
            "title": "Pairs that are confused most",
            "header": ["label", "decided", "clips", "of the label's"],
            "rows": [
                [row["label"], row["decided"], f"{row['clips']:,}", f"{row['share']:.1%}"]
                for row in scores["confusions"]
            ],
        }
    )
    return [table for table in tables if table["rows"]]


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4f}"


def _ends(ends: list[float] | None) -> str:
    return "" if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"
