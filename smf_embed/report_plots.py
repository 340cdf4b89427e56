"""The plots of the report, as PNG bytes, in a light and a dark theme."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smf_embed.calibration_scores import Ranked
from smf_embed.clips import LABEL, NONE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.judging import Judged, best_candidates, right
from smf_embed.plot_names import PlotNames

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130
_CONFUSED = 18
# clips of projects and of none that are mapped, and projects that get a colour of their own
_MAPPED, _MAPPED_NONE, _COLOURED = 2_000, 700, 14
# fewer clips have no neighbours to be laid out by
_FEWEST_MAPPED = 8


@dataclass(frozen=True)
class Theme:
    """Colours of a plot."""

    background: str
    text: str
    faint: str
    first: str
    second: str
    ramp: str


LIGHT = Theme("#ffffff", "#1f2430", "#d5d9e0", "#2f6fdb", "#d9622b", "Blues")
DARK = Theme("#161a22", "#e6e9ef", "#3a4150", "#7aa7ff", "#ff9d6b", "Blues_r")


@dataclass(frozen=True)
class Map:
    """Places of some clips, shape (n, 2), and their labels, object, shape (n,)."""

    places: np.ndarray
    labels: np.ndarray


def draw_all(
    judged: Judged, scores: dict[str, Any], clips: Map | None, theme: Theme, names: PlotNames
) -> dict[str, bytes]:
    """Return name → PNG of all plots that can be drawn.

    Parameters
    ----------
    judged : Judged
    scores : dict
        See `smf_embed.evaluation.evaluate`.
    clips : Map or None
        See `lay_out`.
    theme : Theme
    names : PlotNames
        Takes note of the names that cannot be written.
    """
    figures = {
        "f1-by-size": _f1_by_size(scores, judged.sizes, theme),
        "reliability": _reliability(scores, theme),
        "precision-recall": _precision_recall(judged, theme),
        "confusions": _confusions(judged, theme, names),
        "map": None if clips is None else _map(clips, theme, names),
    }
    return {name: _png(figure) for name, figure in figures.items() if figure is not None}


def _figure(theme: Theme, width: float = 6.4, height: float = 4.2) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor=theme.background, layout="constrained")
    axes = figure.add_subplot(facecolor=theme.background)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.faint)
    axes.tick_params(colors=theme.text, labelsize=9, length=3)
    axes.grid(color=theme.faint, linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", facecolor=figure.get_facecolor())
    return stream.getvalue()


def _label(axes: Axes, theme: Theme, x: str, y: str) -> None:
    axes.set_xlabel(x, color=theme.text, fontsize=9)
    axes.set_ylabel(y, color=theme.text, fontsize=9)


def _legend(axes: Axes, theme: Theme, **place: Any) -> None:
    axes.legend(frameon=False, fontsize=8, labelcolor=theme.text, **place)


def _f1_by_size(scores: dict[str, Any], sizes: dict[str, int], theme: Theme) -> Figure | None:
    from smf_embed.evaluation import size_class

    rows = scores["by_size"]
    if not rows:
        return None
    figure, axes = _figure(theme)
    places = np.arange(len(rows))
    axes.bar(places, [row["f1"] for row in rows.values()], color=theme.first, alpha=0.35, width=0.62)
    for place, row in zip(places, rows.values(), strict=True):
        if row["interval"]:
            axes.plot([place, place], row["interval"], color=theme.first, linewidth=2)
    spread = np.random.default_rng(0)
    for name, row in scores["by_project"].items():
        size = size_class(sizes.get(name, 0))
        if name != NONE and size in rows:
            across = list(rows).index(size) + spread.uniform(-0.24, 0.24)
            axes.plot(across, row["f1"], "o", color=theme.text, markersize=3, alpha=0.55)
    axes.set_xticks(places, [f"{name}\n({row['projects']} projects)" for name, row in rows.items()])
    axes.set_ylim(0, 1.03)
    axes.grid(visible=False, axis="x")
    _label(axes, theme, "labelled clips of the project", "F1")
    return figure


def _reliability(scores: dict[str, Any], theme: Theme) -> Figure:
    figure, axes = _figure(theme)
    axes.plot([0, 1], [0, 1], "--", color=theme.faint, linewidth=1.2)
    for bins, colour, name in (
        (scores["calibration"]["bins"], theme.first, "all decisions"),
        (scores["calibration"]["bins_of_projects"], theme.second, "decided projects"),
    ):
        confidence, share = [row["confidence"] for row in bins], [row["right"] for row in bins]
        axes.plot(confidence, share, color=colour, linewidth=1.5, label=name)
        axes.scatter(confidence, share, [12 + 18 * np.log10(row["decisions"]) for row in bins], color=colour)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.04)
    _label(axes, theme, "confidence", "share that is right (larger dots: more decisions)")
    _legend(axes, theme, loc="upper left")
    return figure


def _confusions(judged: Judged, theme: Theme, names: PlotNames) -> Figure | None:
    table = judged.table[~right(judged.table)]
    if table.empty:
        return None
    errors = Counter([*table["label"], *table[LABEL]])
    shown = [NONE, *(name for name, _ in errors.most_common() if name != NONE)][:_CONFUSED]
    counts = np.array(
        [[((table["label"] == label) & (table[LABEL] == said)).sum() for said in shown] for label in shown], dtype=float
    )
    figure, axes = _figure(theme, 6.0, 5.2)
    axes.grid(visible=False)
    axes.imshow(np.where(counts > 0, np.log1p(counts), np.nan), cmap=theme.ramp, vmin=0, aspect="auto")
    strong = np.log1p(counts) > 0.55 * np.log1p(counts.max())
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = theme.background if strong[row, column] else theme.text
            axes.text(column, row, f"{count:.0f}", ha="center", va="center", fontsize=7, color=colour)
    ticks = [names.shown(name) for name in shown]
    axes.set_xticks(range(len(shown)), ticks, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_yticks(range(len(shown)), ticks, fontsize=7)
    _label(axes, theme, "decided", "label")
    return figure


def _precision_recall(judged: Judged, theme: Theme) -> Figure | None:
    table = judged.table
    is_project = (table["label"] != NONE).to_numpy()
    if not is_project.any():
        return None
    candidate, chance = best_candidates(table)
    figure, axes = _figure(theme)
    says_project = (table[LABEL] != NONE).to_numpy()
    for hit, colour, name in (
        (is_project, theme.first, "of some project"),
        (candidate == table["label"].to_numpy(), theme.second, "of the right project"),
    ):
        precision, recall = Ranked(chance, hit).curve(float(is_project.sum()))
        axes.plot(recall, precision, color=colour, linewidth=1.6, label=name)
        if says_project.any():
            taken = hit[says_project].sum()
            axes.plot(taken / is_project.sum(), taken / says_project.sum(), "o", color=colour, markersize=7)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.03)
    _label(axes, theme, "recall", "precision (dots: as decided)")
    _legend(axes, theme, loc="lower left")
    return figure


def lay_out(clips: EncodedClips, seed: int = 0) -> Map | None:
    """Give a sample of labelled clips places in the plane so that alike titles are neighbours; None for too few clips.

    References
    ----------
    van der Maaten and Hinton (2008), Visualizing data using t-SNE.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    labels = np.array([clip[LABEL] for clip in clips.clips], dtype=object)
    rng = np.random.default_rng(seed)
    there = clips.present("title")
    rows = np.concatenate(
        [
            np.sort(rng.permutation(np.flatnonzero(there & mask))[:most])
            for mask, most in ((labels == NONE, _MAPPED_NONE), (labels != NONE, _MAPPED))
        ]
    )
    if len(rows) < _FEWEST_MAPPED:
        return None
    vectors = clips.vectors["title"][rows]
    reduced = PCA(min(50, *vectors.shape), random_state=seed).fit_transform(vectors)
    perplexity = min(30.0, (len(rows) - 1) / 3)
    places = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    return Map(np.asarray(places), labels[rows])


def _map(clips: Map, theme: Theme, names: PlotNames) -> Figure:
    from matplotlib import colormaps

    label = clips.labels
    palette = colormaps["tab20"].colors  # type: ignore[attr-defined]
    figure, axes = _figure(theme, 8.0, 5.6)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])

    def draw(mask: np.ndarray, colour: Any, name: str, size: float = 7.0, alpha: float = 1.0) -> None:
        x, y = clips.places[mask].T
        axes.scatter(x, y, s=size, color=colour, alpha=alpha, label=name, linewidths=0)

    draw(label == NONE, theme.faint, NONE, size=5)
    common = [name for name, _ in Counter(label[label != NONE].tolist()).most_common()]
    for number, name in enumerate(common[:_COLOURED]):
        # every second colour of the palette is the pale twin of the one before
        draw(label == name, palette[(2 * number) % 20 + (number >= 10)], names.shown(name))
    if common[_COLOURED:]:
        rest = np.isin(label, np.array(common[_COLOURED:], dtype=object))
        draw(rest, theme.text, f"{len(common) - _COLOURED} others", alpha=0.45)
    _legend(axes, theme, loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=2)
    return figure
